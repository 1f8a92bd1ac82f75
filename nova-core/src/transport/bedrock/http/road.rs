//! Why a connection could not be made, with the code and the sentence that go to the user.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use super::origin::Origin;

/// A closed road: nothing of the request was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transport::bedrock) struct RoadError {
    /// `unreachable`, `connect-timeout` or `untrusted-certificate`.
    pub(in crate::transport::bedrock) code: &'static str,
    /// One sentence with the address and the reason.
    pub(in crate::transport::bedrock) message: String,
}

impl RoadError {
    /// Makes the error of a name that does not resolve.
    pub(super) fn unresolved(origin: &Origin, reason: &io::Error) -> Self {
        let host = &origin.host;
        Self::unreachable(format!("The name {host} cannot be resolved: {reason}."))
    }

    /// Makes the error of an address that does not let us in.
    pub(super) fn refused(origin: &Origin, reason: &io::Error) -> Self {
        Self::unreachable(format!("{origin} cannot be reached: {reason}."))
    }

    /// Makes the error of a connection that took too long.
    pub(super) fn slow(origin: &Origin, seconds: f32) -> Self {
        RoadError { code: "connect-timeout", message: format!("{origin} gave no connection within {seconds} s.") }
    }

    /// Makes the error of a failed TLS handshake; a certificate that is refused has a code of its own.
    pub(super) fn tls(origin: &Origin, error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(reason)) => RoadError {
                code: "untrusted-certificate",
                message: format!("The certificate of {origin} is not trusted: {reason}."),
            },
            _ => Self::unreachable(format!("{origin} does not speak TLS with us: {error}.")),
        }
    }

    /// Makes the error of a connection that broke while HTTP began on it.
    pub(super) fn http(origin: &Origin, error: &hyper::Error) -> Self {
        Self::unreachable(format!("{origin} does not speak HTTP with us: {}.", chain(error)))
    }

    /// Makes the error of a peer that allows no stream at all.
    pub(super) fn full(origin: &Origin) -> Self {
        Self::unreachable(format!("{origin} takes no streams for now."))
    }

    fn unreachable(message: String) -> Self {
        RoadError { code: "unreachable", message }
    }
}

impl fmt::Display for RoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for RoadError {}

/// Joins the messages of an error and of what caused it, each once.
pub(in crate::transport::bedrock) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let message = error.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        next = error.source();
    }
    text
}
