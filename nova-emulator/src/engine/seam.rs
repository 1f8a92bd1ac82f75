//! The two enums between the engine and whatever carries its payloads.

use std::fmt;

use bytes::Bytes;

use super::Exception;
use crate::faults::WireFault;

/// What a carrier tells the engine.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Input<'a> {
    /// One event payload, `{"event":{…}}`, out of its frames.
    Payload(&'a [u8]),
    /// The client has ended its half of the stream in order.
    InputEnded,
    /// The client vanished: a reset, or a connection that closed without an end.
    Gone,
    /// The time named by [`Engine::wake`](super::Engine::wake) has come.
    Tick,
}

/// What the engine wants done, in order.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// Release the response headers (status 200); comes at most once and before any event.
    Accept,
    /// Send one event payload, `{"event":{…}}`, as a `chunk`.
    Event(Bytes),
    /// Fail: an HTTP error while the headers are unsent, else an exception message; the stream ends either way.
    Exception(Exception),
    /// End the stream in order; may come before the headers, which then go out first.
    End,
    /// Do something to the wire that a healthy service would not.
    Wire(WireFault),
}

// Payloads hold prompts, transcripts and audio: `Debug` shows how long they are and nothing else.

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload(payload) => write!(f, "Payload({} bytes)", payload.len()),
            Self::InputEnded => f.write_str("InputEnded"),
            Self::Gone => f.write_str("Gone"),
            Self::Tick => f.write_str("Tick"),
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("Accept"),
            Self::Event(payload) => write!(f, "Event({} bytes)", payload.len()),
            Self::Exception(exception) => write!(f, "Exception({})", exception.kind.name()),
            Self::End => f.write_str("End"),
            Self::Wire(fault) => write!(f, "Wire({fault:?})"),
        }
    }
}
