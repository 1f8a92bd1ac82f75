//! Who calls. A call belongs to its opener, so every route but the operators' needs an owner.

use std::collections::BTreeMap;
use std::fmt;

use bedrock_nova::ids::Owner;
use bedrock_nova::{Error, ErrorKind};
use sha2::{Digest, Sha256};

use crate::answer::Failure;

/// What is known of whoever sent a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller<'a> {
    /// The owner, where the application itself knows its people, by a cookie for instance. Nothing else is asked then.
    pub owner: Option<&'a Owner>,
    /// Why the application itself does not let it in; nothing else is asked then either.
    pub refused: Option<&'a Failure>,
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
    /// The ticket in the address, see [`Query::ticket`](crate::Query::ticket); it counts on the routes of
    /// [listeners](crate::Admission::Listener) alone.
    pub ticket: Option<&'a str>,
    /// Where the request comes from, as far as it is known: whoever has no name is counted by it.
    pub address: &'a str,
}

/// Whose requests there are.
#[derive(Clone)]
pub struct Owners {
    who: Who,
}

#[derive(Clone)]
enum Who {
    Everybody,
    /// By digests, so that the time of a search says nothing about a token.
    Tokens(BTreeMap<[u8; 32], Owner>),
}

/// Whose a request is, and as whom it is counted.
pub(crate) struct Known {
    pub(crate) owner: Owner,
    pub(crate) client: String,
}

impl Owners {
    /// Everybody may call, and everybody is one owner.
    #[must_use]
    pub fn everybody() -> Self {
        Owners { who: Who::Everybody }
    }

    /// Knows owners by `Authorization: Bearer TOKEN`.
    #[must_use]
    pub fn tokens(tokens: impl IntoIterator<Item = (impl AsRef<str>, impl Into<Owner>)>) -> Self {
        let tokens = tokens.into_iter().map(|(token, owner)| (digest(token.as_ref()), owner.into()));
        Owners { who: Who::Tokens(tokens.collect()) }
    }

    /// Finds whose a request is by its header.
    pub(crate) fn by_header(&self, caller: &Caller<'_>) -> Result<Known, Failure> {
        match &self.who {
            // Several people may share an address, and one may have several.
            Who::Everybody => Ok(Known { owner: Owners::nobody(), client: at(caller.address) }),
            Who::Tokens(tokens) => {
                let token = caller.authorization.and_then(bearer).ok_or_else(stranger)?;
                tokens.get(&digest(token)).cloned().map(Known::of).ok_or_else(stranger)
            }
        }
    }

    /// The owner where nobody has to say who they are.
    pub(crate) fn nobody() -> Owner {
        Owner::from("everybody")
    }
}

impl Known {
    /// One who is known by name is counted by it.
    pub(crate) fn of(owner: Owner) -> Self {
        Known { client: format!("owner {owner}"), owner }
    }
}

/// The client behind an address.
pub(crate) fn at(address: &str) -> String {
    format!("address {address}")
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn stranger() -> Failure {
    let error = Error::new(ErrorKind::Denied, "The request has no token, or an unknown one.")
        .with_code("token")
        .with_hint("Send `Authorization: Bearer …`; for EventSource and WebSocket fetch a ticket with POST /ticket.");
    Failure::new(401, error).with_header("www-authenticate", "Bearer")
}

// Tokens are secrets.
impl fmt::Debug for Owners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Who::Everybody => write!(f, "Everybody"),
            Who::Tokens(tokens) => write!(f, "{} tokens", tokens.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn an_owner_is_known_by_a_token_alone() {
        let owners = Owners::tokens([("a-token", "ann"), ("b-token", "bob")]);
        let by = |authorization| owners.by_header(&Caller { authorization, ..Caller::default() });
        assert_eq!(by(Some("Bearer a-token")).unwrap().owner, Owner::from("ann"));
        assert_eq!(by(Some("bearer  b-token ")).unwrap().client, "owner bob");
        for wrong in [None, Some(""), Some("a-token"), Some("Basic a-token"), Some("Bearer "), Some("Bearer c")] {
            let refused = by(wrong).map(|known| known.owner).unwrap_err().answer();
            assert_eq!(refused.status, 401);
            assert!(refused.headers.contains(&("www-authenticate", "Bearer".to_owned())), "{wrong:?}");
        }
    }
}
