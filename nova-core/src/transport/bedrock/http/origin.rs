//! Where a connection leads.

use std::fmt;

use http::Uri;

/// Scheme, host and port of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    /// Host name or address; an IPv6 address without its brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

/// How an origin is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scheme {
    /// HTTP/2 with prior knowledge.
    Http,
    /// TLS, then what ALPN gives.
    Https,
}

impl Origin {
    /// Reads the origin of a request; `None` when it has no host or a scheme that is not HTTP.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let (scheme, port) = match uri.scheme_str()? {
            "http" => (Scheme::Http, 80),
            "https" => (Scheme::Https, 443),
            _ => return None,
        };
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Origin { scheme, host, port: uri.port_u16().unwrap_or(port) })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn ports_follow_the_scheme_and_brackets_stay_out_of_the_host() {
        let read = |text: &str| Origin::of(&text.parse().unwrap()).map(|origin| (origin.to_string(), origin.scheme));
        assert_eq!(read("https://a.example/x"), Some(("a.example:443".into(), Scheme::Https)));
        assert_eq!(read("http://[::1]:8/"), Some(("[::1]:8".into(), Scheme::Http)));
        assert_eq!(read("ftp://a.example/"), None);
        assert_eq!(read("/path"), None);
    }
}
