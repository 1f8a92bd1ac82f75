//! Whom the server knows, and the keys that follow from a secret.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// An access key with its secret, and a session token where the pair is temporary.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
}

impl Credentials {
    /// Makes a pair without a session token; requests may then carry any token, as long as it is signed.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self { access_key: access_key.into(), secret_key: secret_key.into(), session_token: None }
    }

    /// Adds the session token that every request must then carry.
    pub fn with_session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(token.into());
        self
    }

    /// The access key.
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// The secret key.
    pub fn secret_key(&self) -> &str {
        &self.secret_key
    }

    /// The session token, if the pair is temporary.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// The key that signs in a scope: a day as `yyyymmdd`, a region, a service.
    pub(crate) fn signing_key(&self, day: &str, region: &str, service: &str) -> [u8; 32] {
        let secret = format!("AWS4{}", self.secret_key);
        let day = hmac(secret.as_bytes(), day.as_bytes());
        let region = hmac(&day, region.as_bytes());
        let service = hmac(&region, service.as_bytes());
        hmac(&service, b"aws4_request")
    }
}

/// The example pair of AWS's own documents and of reference §1.9; it opens nothing at Amazon.
impl Default for Credentials {
    fn default() -> Self {
        Self::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    }
}

impl fmt::Debug for Credentials {
    /// Shows nothing of the three.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// HMAC-SHA256; any length of key is fine.
pub(crate) fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    mac(key, data).map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default()
}

/// Whether `signature` is the HMAC of `data`, in constant time.
pub(crate) fn hmac_matches(key: &[u8], data: &[u8], signature: &[u8]) -> bool {
    mac(key, data).is_some_and(|mac| mac.verify_slice(signature).is_ok())
}

pub(crate) fn sha256_hex(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

fn mac(key: &[u8], data: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(data);
    Some(mac)
}
