//! A certificate authority for tests, and the server's certificate under it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use time::OffsetDateTime;

/// The files of the authority and of the server, in one folder.
#[derive(Debug, Clone)]
pub struct Certificates {
    folder: PathBuf,
    ca_pem: String,
    config: Arc<ServerConfig>,
}

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be written or read.
    #[error("cannot use {path} for the test certificates: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A certificate cannot be made, e.g. as a host name is not one.
    #[error("cannot make a certificate for {names}: {source}")]
    Certificate {
        /// For which names.
        names: String,
        /// What is wrong.
        source: rcgen::Error,
    },
    /// TLS itself refuses the certificate.
    #[error("cannot set TLS up: {0}")]
    Tls(#[from] rustls::Error),
}

impl Certificates {
    /// Makes a certificate for localhost, 127.0.0.1, ::1 and `names`, and writes `ca.pem`, `ca-key.pem`, `server.pem` and
    /// `server-key.pem` into the folder.
    ///
    /// An authority that an earlier run left in the folder goes on being used, so that clients keep trusting it. Its key
    /// is readable by its owner only; it belongs in no trust store of a system.
    ///
    /// # Errors
    /// The folder cannot be used, or one of the names is no host name.
    pub fn issue(folder: &Path, names: &[String]) -> Result<Self, TlsError> {
        fs::create_dir_all(folder).map_err(|source| TlsError::File { path: folder.to_owned(), source })?;
        let mut all: Vec<String> = ALWAYS.iter().map(ToString::to_string).collect();
        all.extend(names.iter().filter(|name| !ALWAYS.contains(&name.as_str())).cloned());
        let failed = |source| TlsError::Certificate { names: all.join(", "), source };
        let authority = Authority::in_folder(folder, &failed)?;
        let key = KeyPair::generate().map_err(&failed)?;
        let server = server_params(&all)
            .and_then(|params| params.signed_by(&key, &Issuer::new(authority_params(), &authority.key)))
            .map_err(&failed)?;
        write(&folder.join("server.pem"), &server.pem(), Secrecy::Public)?;
        write(&folder.join("server-key.pem"), &key.serialize_pem(), Secrecy::Secret)?;
        let config = server_config(server.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())?;
        Ok(Self { folder: folder.to_owned(), ca_pem: authority.pem, config: Arc::new(config) })
    }

    /// The authority's certificate, as PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The file with the authority's certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

struct Authority {
    key: KeyPair,
    pem: String,
}

impl Authority {
    fn in_folder(folder: &Path, failed: &impl Fn(rcgen::Error) -> TlsError) -> Result<Self, TlsError> {
        let (pem_file, key_file) = (folder.join("ca.pem"), folder.join("ca-key.pem"));
        if pem_file.exists() && key_file.exists() {
            let key = KeyPair::from_pem(&read(&key_file)?).map_err(failed)?;
            return Ok(Self { key, pem: read(&pem_file)? });
        }
        let key = KeyPair::generate().map_err(failed)?;
        let pem = authority_params().self_signed(&key).map_err(failed)?.pem();
        write(&key_file, &key.serialize_pem(), Secrecy::Secret)?;
        write(&pem_file, &pem, Secrecy::Public)?;
        Ok(Self { key, pem })
    }
}

/// The same on every run: together with the key they are what a leaf has to name.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "bedrock-nova emulator test CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2060, 1, 1);
    params
}

/// A year around now: some clients refuse a server certificate that lives longer.
fn server_params(names: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "bedrock-nova emulator");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = OffsetDateTime::now_utc() - time::Duration::days(1);
    params.not_after = OffsetDateTime::now_utc() + time::Duration::days(365);
    Ok(params)
}

fn server_config(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Public,
    Secret,
}

fn read(path: &Path) -> Result<String, TlsError> {
    fs::read_to_string(path).map_err(|source| TlsError::File { path: path.to_owned(), source })
}

fn write(path: &Path, text: &str, secrecy: Secrecy) -> Result<(), TlsError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if secrecy == Secrecy::Secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = secrecy;
    options
        .open(path)
        .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|source| TlsError::File { path: path.to_owned(), source })
}

const ALWAYS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_second_run_keeps_the_authority() {
        let folder = tempfile::tempdir().unwrap();
        let first = Certificates::issue(folder.path(), &[]).unwrap();
        let second = Certificates::issue(folder.path(), &["bedrock.test".to_owned()]).unwrap();
        assert_eq!(first.ca_pem(), second.ca_pem());
        assert_eq!(fs::read_to_string(second.ca_file()).unwrap(), second.ca_pem());
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("taken");
        fs::write(&file, "").unwrap();
        let error = Certificates::issue(&file, &[]).unwrap_err().to_string();
        assert!(error.contains("taken"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_their_owner_s_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Certificates::issue(folder.path(), &[]).unwrap();
        for name in ["ca-key.pem", "server-key.pem"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }
}
