//! What a failure of Redis means.
//!
//! A server's sentence may quote what it was sent, and what it was sent are words of people. So no sentence of a server
//! gets into an error of ours: only its code, and what the operating system says of a connection.

use std::time::Duration;

use ::redis::{ErrorKind as Kind, RedisError};

use super::line::Trouble;
use crate::error::{Error, ErrorKind};
use crate::sonic::store::refusal;

/// Makes an error of what went wrong.
pub(super) fn read(trouble: &Trouble, deadline: Duration) -> Error {
    match trouble {
        Trouble::Late => refusal::late(deadline),
        Trouble::Redis(error) => match error.kind() {
            Kind::Io => unreachable(error),
            Kind::AuthenticationFailed => denied("it refuses the name or the password"),
            Kind::InvalidClientConfig => bad_address(),
            _ => refused(error.code().unwrap_or("an answer that cannot be read")),
        },
    }
}

/// The address is none. It is not repeated: it may hold a password.
pub(super) fn bad_address() -> Error {
    Error::new(ErrorKind::Invalid, "The address of the Redis server cannot be used.")
        .with_code("store-address")
        .with_hint("It looks like redis://user:password@host:6379/0, or rediss://… for TLS.")
}

fn unreachable(error: &RedisError) -> Error {
    Error::new(ErrorKind::Unavailable, format!("The Redis server cannot be reached: {error}."))
        .with_code("store-unreachable")
        .with_hint("Look whether it runs and whether the address leads to it; the store connects again by itself.")
}

fn denied(why: &str) -> Error {
    Error::new(ErrorKind::Denied, format!("The Redis server lets nobody in like that: {why}."))
        .with_code("store-denied")
        .with_hint(
            "Give the address a user that may run EVALSHA, SCRIPT LOAD and the commands of hashes on these keys.",
        )
}

fn refused(code: &str) -> Error {
    match code {
        "NOAUTH" | "WRONGPASS" | "NOPERM" => denied(code),
        "MOVED" | "ASK" | "CROSSSLOT" => Error::new(ErrorKind::Invalid, "The Redis server is one node of a cluster.")
            .with_code("store-unusable")
            .with_hint(
                "The store speaks to one server: give it one without cluster mode, or a proxy before the cluster.",
            ),
        _ => Error::new(ErrorKind::Unavailable, format!("The Redis server refuses for now: {code}."))
            .with_code("store-refused")
            .with_hint(
                "LOADING, BUSY, READONLY, MASTERDOWN pass by themselves; for OOM give it memory; else read its log.",
            ),
    }
}

#[cfg(test)]
mod tests {
    use ::redis::ServerErrorKind;

    use super::*;

    fn said(code: &'static str, words: &str) -> Error {
        let error = ::redis::make_extension_error(code.to_owned(), Some(words.to_owned()));
        read(&Trouble::Redis(error), Duration::from_secs(2))
    }

    #[test]
    fn whose_move_it_is_after_what_a_server_says() {
        for (code, kind) in [
            ("NOAUTH", ErrorKind::Denied),
            ("NOPERM", ErrorKind::Denied),
            ("MOVED", ErrorKind::Invalid),
            ("READONLY", ErrorKind::Unavailable),
            ("OOM", ErrorKind::Unavailable),
            ("ERR", ErrorKind::Unavailable),
        ] {
            let error = said(code, "with args beginning with: 'my secret'");
            assert_eq!(error.kind(), kind, "{code}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
        let loading = RedisError::from((Kind::Server(ServerErrorKind::BusyLoading), "loading"));
        assert!(read(&Trouble::Redis(loading), Duration::from_secs(2)).is_retryable());
        assert_eq!(read(&Trouble::Late, Duration::from_secs(2)).kind(), ErrorKind::Timeout);
    }
}
