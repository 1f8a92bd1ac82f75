//! The two enums between the engine and whatever carries its payloads.

use bytes::Bytes;

use super::Exception;
use crate::faults::WireFault;

/// What a carrier tells the engine.
#[derive(Debug, Clone, Copy)]
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
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// Release the response headers (status 200); comes at most once and before any event.
    Accept,
    /// Send one event payload, `{"event":{…}}`, as a `chunk`.
    Event(Bytes),
    /// Fail: an HTTP error while the headers are unsent, else an exception message; the stream ends either way.
    Exception(Exception),
    /// End the stream in order.
    End,
    /// Do something to the wire that a healthy service would not.
    Wire(WireFault),
}
