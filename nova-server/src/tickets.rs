//! Tickets for browsers, whose `EventSource` and `WebSocket` cannot set headers.
//!
//! A ticket says whose it is, for which call and until when, and is signed: a JSON list of the three, a point, and its
//! HMAC-SHA256, both in base64 for addresses. Servers that share the secret take each other's tickets, in whatever language.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bedrock_nova::ids::Owner;
use bedrock_nova::{Error, ErrorKind};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::answer::{Failure, written};

/// Long enough to open a connection, too short to be worth stealing.
const LIFE: Duration = Duration::from_secs(60);

/// Makes tickets and knows them again.
#[derive(Clone)]
pub struct Tickets {
    key: Vec<u8>,
    life: Duration,
}

impl Tickets {
    /// Signs with a secret; 60 s is a ticket's life.
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        Tickets { key: secret.into(), life: LIFE }
    }

    /// Sets how long a ticket is good.
    #[must_use]
    pub fn life(mut self, life: Duration) -> Self {
        self.life = life;
        self
    }

    /// Makes a ticket for an owner's call; returns it and its life.
    #[must_use]
    pub fn issue(&self, owner: &Owner, session: &str, now: SystemTime) -> (String, Duration) {
        let claim = written(&(owner, session, seconds(now) + self.life.as_secs_f64()));
        let signature = self.mac(&claim).finalize().into_bytes();
        (format!("{}.{}", BASE64.encode(&claim), BASE64.encode(signature)), self.life)
    }

    /// Returns whose ticket it is.
    ///
    /// # Errors
    /// 401 `ticket` if it is not good for this call, now.
    pub fn owner(&self, ticket: &str, session: &str, now: SystemTime) -> Result<Owner, Failure> {
        let claim = self.claim(ticket).ok_or_else(refused)?;
        match serde_json::from_slice::<(Owner, String, f64)>(&claim) {
            Ok((owner, its, until)) if its == session && until > seconds(now) => Ok(owner),
            _ => Err(refused()),
        }
    }

    /// Returns what is signed, if it is.
    fn claim(&self, ticket: &str) -> Option<Vec<u8>> {
        let (claim, signature) = ticket.split_once('.')?;
        let (claim, signature) = (BASE64.decode(claim).ok()?, BASE64.decode(signature).ok()?);
        self.mac(&claim).verify_slice(&signature).ok()?;
        Some(claim)
    }

    #[allow(clippy::expect_used, reason = "see the sentence")]
    fn mac(&self, claim: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of HMAC may have any length");
        mac.update(claim);
        mac
    }
}

impl Default for Tickets {
    /// With a secret that is made up now: no other server takes them.
    fn default() -> Self {
        Tickets::new([Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat())
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tickets({:?})", self.life)
    }
}

fn seconds(moment: SystemTime) -> f64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn refused() -> Failure {
    let error = Error::new(ErrorKind::Denied, "The ticket is not good for this call, or not any more.")
        .with_code("ticket")
        .with_hint("Fetch a new one with POST /ticket.");
    Failure::new(401, error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const NOW: Duration = Duration::from_secs(1_795_853_639);

    #[test]
    fn a_ticket_is_good_for_its_call_and_its_time() {
        let (tickets, now) = (Tickets::default(), UNIX_EPOCH + NOW);
        let (ticket, life) = tickets.issue(&"ann".into(), "call", now);
        assert_eq!(tickets.owner(&ticket, "call", now).unwrap(), Owner::from("ann"));
        tickets.owner(&ticket, "call", now + life - Duration::from_secs(1)).unwrap();
        for (ticket, session, at) in [
            (ticket.as_str(), "call", now + life),
            (ticket.as_str(), "another", now),
            (&ticket[1..], "call", now),
            (&ticket[..ticket.len() - 2], "call", now),
            ("a.b", "call", now),
            ("", "call", now),
        ] {
            assert_eq!(tickets.owner(ticket, session, at).unwrap_err().code(), "ticket", "{ticket}");
        }
        assert_eq!(Tickets::default().owner(&ticket, "call", now).unwrap_err().status(), 401, "another secret");
    }

    #[test]
    fn a_ticket_of_the_python_server_is_taken() {
        // Tickets("secret").issue("ann", "call") of bedrock_nova.fastapi at 1795853639.
        let ticket = "WyJhbm4iLCAiY2FsbCIsIDE3OTU4NTM2OTkuMF0.i1JBIkc7lFtopcm73_eUZs1Yat-5YX6QkHxQRBZb9ik";
        let owner = Tickets::new("secret").owner(ticket, "call", UNIX_EPOCH + NOW);
        assert_eq!(owner.unwrap(), Owner::from("ann"));
    }
}
