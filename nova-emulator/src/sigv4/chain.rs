//! The chain of event signatures behind a request (reference §1.5).

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{
    Credentials, Stamp,
    credentials::{hex, hmac_matches, sha256_hex},
};
use crate::frame::{Message, Value, encode_header};

/// What the next event has to be signed on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Chain {
    /// Nothing is judged.
    Unchecked,
    /// Every event is judged.
    Checked(Box<Checked>),
}

/// The state of a chain that is judged.
#[derive(Clone)]
pub struct Checked {
    credentials: Credentials,
    scope: Scope,
    previous: [u8; 32],
    /// The day of the last event and its key: a stream that crosses midnight changes both.
    key: Option<(String, [u8; 32])>,
}

/// Why an event does not belong to the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// `:date` or `:chunk-signature` is not there, or of the wrong type.
    #[error("an event carries no signature")]
    Unsigned,
    /// The signature is another.
    #[error("the signature of an event does not match")]
    Mismatch,
}

/// Where a signature counts, but for the day.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Chain {
    pub(crate) fn begin(credentials: Credentials, scope: Scope, seed: [u8; 32]) -> Self {
        Self::Checked(Box::new(Checked { credentials, scope, previous: seed, key: None }))
    }

    /// Whether events are judged.
    pub fn is_checked(&self) -> bool {
        matches!(self, Self::Checked(_))
    }

    /// Judges one outer message and moves on to the next.
    ///
    /// # Errors
    /// The message is unsigned or signed wrongly; nothing behind it can be trusted.
    pub fn verify(&mut self, message: &Message) -> Result<(), ChainError> {
        match self {
            Self::Unchecked => Ok(()),
            Self::Checked(chain) => chain.verify(message),
        }
    }
}

impl Checked {
    fn verify(&mut self, message: &Message) -> Result<(), ChainError> {
        let Some(date @ Value::Timestamp(millis)) = message.header(":date") else { return Err(ChainError::Unsigned) };
        let Some(Value::Bytes(signature)) = message.header(":chunk-signature") else {
            return Err(ChainError::Unsigned);
        };
        let stamp = Stamp::from_millis(*millis).ok_or(ChainError::Mismatch)?;
        let text = self.string_to_sign(stamp, &encode_header(":date", date), message.payload());
        let previous = <[u8; 32]>::try_from(&signature[..]).map_err(|_| ChainError::Mismatch)?;
        if !hmac_matches(&self.key_of(stamp), text.as_bytes(), signature) {
            return Err(ChainError::Mismatch);
        }
        self.previous = previous;
        Ok(())
    }

    fn string_to_sign(&self, stamp: Stamp, date_header: &[u8], payload: &Bytes) -> String {
        [
            "AWS4-HMAC-SHA256-PAYLOAD",
            &stamp.to_string(),
            &self.scope.on(stamp),
            &hex(&self.previous),
            &sha256_hex(date_header),
            &hex(&Sha256::digest(payload)),
        ]
        .join("\n")
    }

    fn key_of(&mut self, stamp: Stamp) -> [u8; 32] {
        let day = stamp.day();
        match &self.key {
            Some((of, key)) if *of == day => *key,
            _ => {
                let key = self.credentials.signing_key(&day, &self.scope.region, &self.scope.service);
                self.key = Some((day, key));
                key
            }
        }
    }
}

impl std::fmt::Debug for Checked {
    /// Shows where the chain counts, no key and no signature.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checked").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl Scope {
    /// The scope on the day of a moment, e.g. `20260102/us-east-1/bedrock/aws4_request`.
    pub(crate) fn on(&self, stamp: Stamp) -> String {
        format!("{}/{}/{}/aws4_request", stamp.day(), self.region, self.service)
    }
}
