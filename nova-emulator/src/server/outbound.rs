//! The service's frames (reference §1.6), whole or broken on purpose.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use serde_json::json;

use super::failure::Failure;
use crate::{frame::Message, switches::Toggle};

/// Writes frames; knows whether payloads are padded.
#[derive(Debug)]
pub(crate) struct Outbound {
    padding: Toggle,
    count: usize,
}

impl Outbound {
    pub(crate) fn new(padding: Toggle) -> Self {
        Self { padding, count: 0 }
    }

    /// The frame of one event payload.
    pub(crate) fn chunk(&mut self, payload: &[u8]) -> Bytes {
        self.count += 1;
        let bytes = BASE64_STANDARD.encode(payload);
        let body = match self.padding {
            Toggle::On => json!({ "bytes": bytes, "p": &PADDING[..self.count * 7 % PADDING.len() + 1] }).to_string(),
            Toggle::Off => json!({ "bytes": bytes }).to_string(),
        };
        event("chunk", body).encode()
    }
}

/// The first half of a frame.
pub(crate) fn cut(frame: &Bytes) -> Bytes {
    frame.slice(..frame.len() / 2)
}

/// The frame with its last checksum wrong.
pub(crate) fn spoil(frame: &[u8]) -> Bytes {
    let mut broken = BytesMut::from(frame);
    if let Some(last) = broken.last_mut() {
        *last ^= 0xff;
    }
    broken.freeze()
}

/// A frame whose `:event-type` is in no model.
pub(crate) fn unknown_event_type() -> Bytes {
    event("novelty", json!({ "bytes": BASE64_STANDARD.encode("{}") }).to_string()).encode()
}

/// The frame that ends a stream in an error: an exception if the error is a member of the output, else an error message.
pub(crate) fn failure(failure: &Failure) -> Bytes {
    match failure.member {
        Some(member) => Message::new(failure.body())
            .with_text(":exception-type", member)
            .with_text(":content-type", "application/json")
            .with_text(":message-type", "exception")
            .encode(),
        None => error(&failure.name, &failure.message),
    }
}

/// An unmodelled error message: headers only.
pub(crate) fn error(code: &str, message: &str) -> Bytes {
    Message::default()
        .with_text(":error-code", code)
        .with_text(":error-message", message)
        .with_text(":message-type", "error")
        .encode()
}

fn event(kind: &str, body: String) -> Message {
    Message::new(body)
        .with_text(":event-type", kind)
        .with_text(":content-type", "application/json")
        .with_text(":message-type", "event")
}

/// What other response streams of the service pad with (reference §1.6).
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
