//! An error as an HTTP status: one table for all servers, in whatever language.
//!
//! A status says to a client whose move it is: 4xx is its own, 5xx is not. So what the service thinks of *the server* never
//! becomes a 4xx: with credentials that Bedrock refuses, the server is at fault, and its client need not sign in again.

use crate::error::{Error, ErrorKind};

/// Values that a server's own configuration has, and that none of its clients chose.
const OF_THE_SERVER: [&str; 7] =
    ["catalogue", "configuration", "endpoint", "ca-bundle", "lease-life", "store-address", "store-unusable"];

/// Returns the HTTP status with which a server answers a request that failed.
///
/// | Status | When |
/// |---|---|
/// | 400 | a value is wrong and will be wrong again: `Invalid`, `ModelRetired`, `Filtered` |
/// | 404 | there is no such call, or it is not this owner's: code `no-such-call` |
/// | 409 | the call's state does not allow it: `Misuse`, `Closed` |
/// | 413 | it does not fit one event of the service's: code `too-large` |
/// | 429 | a limit of the server's own, of which the client has its share: `Limit` |
/// | 500 | the server's own mistake: `Bug`, a tool without a handler, and `Invalid` about its configuration |
/// | 502 | what is behind the server answers wrongly, late or not at all, or refuses the server: `Denied`, `Wire`, `Protocol`, `Transport`, `Timeout`, `Unavailable` |
/// | 503 | it passes: another process has the call, the store is away, this process drains, the service asks for a pause (`Throttled`) |
///
/// `Throttled` is 503 and not 429: all of the server's clients together were too many, and the one that asks may have
/// come for the first time. Whether trying again can help is [`Error::is_retryable`], under every status; with 429 and
/// 503 a server says after how long (`Retry-After`). 401 is none of a call's: a server that asks who somebody is says it.
#[must_use]
#[allow(clippy::match_same_arms, reason = "a row for each kind")]
pub fn status(error: &Error) -> u16 {
    match (error.kind(), error.code()) {
        (ErrorKind::Invalid, "no-such-call") => 404,
        (ErrorKind::Invalid, "too-large") => 413,
        (ErrorKind::Invalid, code) if OF_THE_SERVER.contains(&code) => 500,
        (ErrorKind::Invalid | ErrorKind::ModelRetired | ErrorKind::Filtered, _) => 400,
        // The program has a tool without the code that runs it.
        (ErrorKind::Misuse, "tool-handler") => 500,
        (ErrorKind::Misuse | ErrorKind::Closed, _) => 409,
        (ErrorKind::Limit, "draining") => 503,
        (ErrorKind::Limit, _) => 429,
        (ErrorKind::Throttled, _) => 503,
        // Whoever asks again finds the process that has the call, or the call free.
        (ErrorKind::Unavailable, "held-elsewhere" | "lease-lost") => 503,
        (ErrorKind::Unavailable | ErrorKind::Transport | ErrorKind::Timeout, code) if code.starts_with("store-") => 503,
        (ErrorKind::Unavailable | ErrorKind::Transport | ErrorKind::Timeout, _) => 502,
        (ErrorKind::Wire | ErrorKind::Protocol | ErrorKind::Denied, _) => 502,
        (ErrorKind::Bug, _) => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out for each kind, and for each code that makes a difference.
    fn table(kind: ErrorKind) -> &'static [(&'static str, u16)] {
        match kind {
            ErrorKind::Misuse => &[("", 409), ("call-exists", 409), ("E-GEN", 409), ("tool-handler", 500)],
            ErrorKind::Closed => &[("", 409)],
            ErrorKind::Invalid => &[
                ("", 400),
                ("no-such-call", 404),
                ("too-large", 413),
                ("command", 400),
                ("E-VOICE1", 400),
                ("E-HISTMAX", 400),
                ("call-id", 400),
                ("snapshot", 400),
                ("store-address", 500),
            ],
            ErrorKind::ModelRetired | ErrorKind::Filtered => &[("", 400)],
            ErrorKind::Limit => &[
                ("", 429),
                ("pool-full", 429),
                ("owner-full", 429),
                ("owner-budget", 429),
                ("audio-queue-full", 429),
                ("draining", 503),
            ],
            ErrorKind::Throttled => &[("", 503), ("throttlingException", 503)],
            ErrorKind::Unavailable => &[
                ("", 502),
                ("serviceUnavailableException", 502),
                ("held-elsewhere", 503),
                ("lease-lost", 503),
                ("store-busy", 503),
                ("store-unreachable", 503),
            ],
            ErrorKind::Timeout => &[("", 502), ("connect-timeout", 502), ("store-timeout", 503)],
            ErrorKind::Transport => &[("", 502), ("peer-ended", 502)],
            ErrorKind::Wire | ErrorKind::Protocol => &[("", 502)],
            ErrorKind::Denied => &[("", 502), ("no-credentials", 502), ("store-denied", 502)],
            ErrorKind::Bug => &[("", 500)],
        }
    }

    #[test]
    fn every_kind_has_its_status_and_no_other_comes_out() {
        for kind in ErrorKind::ALL {
            for (code, wanted) in table(kind) {
                let error = Error::new(kind, "It went wrong.");
                let error = if code.is_empty() { error } else { error.with_code(*code) };
                assert_eq!(status(&error), *wanted, "{kind} {code}");
            }
            for code in OF_THE_SERVER.into_iter().chain(["", "no-such-call", "too-large", "draining", "store-x"]) {
                let status = status(&Error::new(kind, "It went wrong.").with_code(code));
                assert!([400, 401, 404, 409, 413, 429, 500, 502, 503].contains(&status), "{kind} {code}: {status}");
            }
        }
    }
}
