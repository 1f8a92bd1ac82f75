//! Whose certificates are believed.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::{Error, ErrorKind};

/// Root certificates and the TLS configuration made of them.
#[derive(Clone, Debug)]
pub(in crate::transport::bedrock) struct Trust {
    pub(super) tls: Arc<ClientConfig>,
    /// The bundle in PEM when it is not the system's.
    bundle: Option<Arc<[u8]>>,
}

impl Trust {
    /// Believes the system's roots, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR` when they are set.
    ///
    /// # Errors
    /// `Invalid`, code `ca-bundle`, when there is no root at all.
    pub(in crate::transport::bedrock) fn system() -> Result<Self, Error> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (added, _unreadable) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let why = found.errors.first().map_or_else(|| "none is installed".to_owned(), ToString::to_string);
            return Err(bad(format!("No root certificates were found: {why}.")));
        }
        Ok(Trust { tls: Arc::new(config(roots)?), bundle: None })
    }

    /// Believes the roots of a PEM file and no others.
    ///
    /// # Errors
    /// `Invalid`, code `ca-bundle`, when the file cannot be read or holds no certificate.
    pub(in crate::transport::bedrock) fn file(path: &Path) -> Result<Self, Error> {
        let pem = std::fs::read(path)
            .map_err(|error| bad(format!("The CA bundle {} cannot be read: {error}.", path.display())))?;
        Self::bundle(pem, &path.display().to_string())
    }

    /// Believes the roots of a PEM text and no others; `name` is for the sentence of an error.
    ///
    /// # Errors
    /// `Invalid`, code `ca-bundle`, when it holds no certificate.
    pub(in crate::transport::bedrock) fn bundle(pem: Vec<u8>, name: &str) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| bad(format!("The CA bundle {name} is no PEM: {error}.")))?;
            roots.add(certificate).map_err(|error| bad(format!("The CA bundle {name} is not usable: {error}.")))?;
        }
        if roots.is_empty() {
            return Err(bad(format!("The CA bundle {name} holds no certificate.")));
        }
        Ok(Trust { tls: Arc::new(config(roots)?), bundle: Some(pem.into()) })
    }

    /// Returns the PEM text when it is not the system's.
    pub(in crate::transport::bedrock) fn pem(&self) -> Option<&[u8]> {
        self.bundle.as_deref()
    }
}

fn config(roots: RootCertStore) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Bug, format!("TLS cannot be set up: {error}.")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn bad(sentence: String) -> Error {
    Error::new(ErrorKind::Invalid, sentence)
        .with_code("ca-bundle")
        .with_hint("Name a PEM file with root certificates in AWS_CA_BUNDLE, or unset it.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn a_bundle_without_certificates_is_refused_with_its_name() {
        for error in [
            Trust::bundle(Vec::new(), "empty.pem").unwrap_err(),
            Trust::bundle(b"just text".to_vec(), "empty.pem").unwrap_err(),
            Trust::file(Path::new("/nowhere/empty.pem")).unwrap_err(),
        ] {
            assert_eq!(error.code(), "ca-bundle");
            assert!(error.message().contains("empty.pem"), "{error}");
        }
    }
}
