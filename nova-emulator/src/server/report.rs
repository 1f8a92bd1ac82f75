//! What the server tells about a stream.

use crate::{Breach, Ledger};

/// One stream, as the server saw it; taken while it lives or after its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionReport {
    /// Counts the requests to the operation from 1, refused ones included.
    pub number: u64,
    /// The model id of the path, percent-decoded.
    pub model: String,
    /// How the request came.
    pub protocol: Protocol,
    /// What is known of the signatures.
    pub signature: Signature,
    /// Events taken in so far.
    pub events_in: u64,
    /// Events handed out so far.
    pub events_out: u64,
    /// How the client ended its half, if it has.
    pub closing: Option<Closing>,
    /// Deviations that were tolerated.
    pub breaches: Vec<Breach>,
    /// What was heard, said and billed.
    pub ledger: Ledger,
    /// How the stream ended, or `None` while it lives.
    pub ended: Option<Ended>,
}

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// HTTP/2 without TLS, by prior knowledge.
    Http2Clear,
    /// HTTP/2 over TLS.
    Http2Tls,
    /// HTTP/1.1 without TLS.
    Http1Clear,
    /// HTTP/1.1 over TLS.
    Http1Tls,
}

/// What is known of a stream's signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signature {
    /// The request's was right, and every event's so far.
    Verified,
    /// Nothing was judged: no secret is configured, or a bearer token was let pass.
    Unchecked,
    /// The request's was refused.
    Refused,
    /// The request's was right, an event's was not.
    Broken,
}

/// How a client ended its half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Closing {
    /// With the empty message, then the end of the body.
    EmptyMessage,
    /// With the end of the body alone, as older Python releases do (reference §1.9a).
    BodyOnly,
}

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The server ended its answer.
    InOrder,
    /// With an HTTP error in place of an answer.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The name in `x-amzn-errortype`.
        name: String,
    },
    /// With an exception or error message inside the answer.
    Failed {
        /// The name of the error, e.g. `ValidationException`.
        name: String,
    },
    /// By a fault that was asked for.
    Fault,
    /// The client reset the stream or its connection closed.
    Gone,
    /// The client read nothing for a minute while its answer waited.
    Unread,
    /// The emulator was stopped.
    Stopped,
}
