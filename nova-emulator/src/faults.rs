//! What can go wrong on purpose, and when.

use std::{str::FromStr, time::Duration};

use bytes::Bytes;

use crate::engine::ExceptionKind;

/// One thing that goes wrong once.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Fault {
    /// When it happens.
    pub at: Trigger,
    /// What happens.
    pub what: FaultKind,
}

/// When a fault happens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// Before the response headers, whatever the client sends.
    Opening,
    /// When the nth input event (from 1) arrives, before it is judged.
    Input(u32),
    /// In front of the nth output event (from 1).
    Output(u32),
    /// At the nth event of this name (from 1), in either direction.
    Event {
        /// The event's name, e.g. `audioOutput`.
        name: String,
        /// Which one, from 1.
        nth: u32,
    },
    /// This long after the connection opened (scaled by the clock).
    After(Duration),
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// Fails with a modelled error.
    Exception(ExceptionKind),
    /// The response headers come this much later than they would.
    LateHeaders(Duration),
    /// The stream ends in order in the middle of everything.
    End,
    /// Something that the carrier does.
    Wire(WireFault),
}

/// What the server does to the wire; the engine only decides when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireFault {
    /// Send the frame of this payload cut in the middle, then end the stream.
    CutFrame(Bytes),
    /// Send the frame of this payload with a wrong checksum; the session goes on.
    BadCrc(Bytes),
    /// RST_STREAM with this HTTP/2 error code; over HTTP/1.1 the connection closes. Nothing follows.
    ResetStream(u32),
    /// GOAWAY on the connection; this stream goes on.
    GoAway,
    /// Close the TCP connection without ceremony. Nothing follows.
    DropTcp,
    /// Send and read nothing for this long, then go on.
    Stall(Duration),
    /// Send a frame whose `:event-type` no client knows.
    UnknownEventType,
    /// Send an unmodelled `error` message (`:error-code`, `:error-message`), then end the stream.
    ErrorMessage {
        /// `:error-code`.
        code: String,
        /// `:error-message`.
        message: String,
    },
    /// Answer the request with this bare HTTP status and a body that is not AWS's. Nothing follows.
    HttpStatus(u16),
}

/// A fault text that nobody can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the fault {text:?}: {why}")]
pub struct FaultSyntax {
    text: String,
    why: String,
}

impl Fault {
    /// Reads a list of faults separated by commas, as the header `x-bedrock-nova-fault` carries it.
    ///
    /// # Errors
    /// The first fault that cannot be read.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, FaultSyntax> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::parse).collect()
    }
}

impl FromStr for Fault {
    type Err = FaultSyntax;

    fn from_str(text: &str) -> Result<Self, FaultSyntax> {
        Err(FaultSyntax { text: text.to_owned(), why: "not yet".to_owned() })
    }
}
