//! From pieces of the request body to event payloads (reference §1.4).

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;

use super::{
    failure::Failure,
    report::{Closing, Signature},
};
use crate::{
    ExceptionKind, Strictness,
    frame::{Decoder, Message},
    sigv4::{Chain, ChainError},
};

/// What the client said.
#[derive(PartialEq, Eq)]
pub(crate) enum Arrival {
    /// One event payload.
    Payload(Bytes),
    /// The empty message: no event follows.
    End,
}

/// Unwraps and judges the frames of one stream.
#[derive(Debug)]
pub(crate) struct Inbound {
    frames: Decoder,
    chain: Chain,
    signature: Signature,
    ended: bool,
}

impl Inbound {
    pub(crate) fn new(chain: Chain) -> Self {
        let signature = if chain.is_checked() { Signature::Verified } else { Signature::Unchecked };
        Self { frames: Decoder::default(), chain, signature, ended: false }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.frames.push(piece);
    }

    /// Gives what the next whole frame says, or `None` until more is pushed.
    pub(crate) fn next_arrival(&mut self) -> Result<Option<Arrival>, Failure> {
        let Some(message) = self.frames.next_message().map_err(|_| Failure::unparsable())? else { return Ok(None) };
        if self.ended {
            return Err(Failure::unparsable());
        }
        self.chain.verify(&message).map_err(|error| self.broken(error))?;
        if message.payload().is_empty() {
            self.ended = true;
            return Ok(Some(Arrival::End));
        }
        unwrap(message).map(|payload| Some(Arrival::Payload(payload)))
    }

    /// Judges the end of the body.
    pub(crate) fn close(&self, strictness: Strictness) -> Result<Closing, Failure> {
        match (self.ended, strictness) {
            _ if self.frames.is_inside_frame() => Err(Failure::unparsable()),
            (true, _) => Ok(Closing::EmptyMessage),
            (false, Strictness::Strict) => {
                let text = "The stream ended without the signed empty message that closes it.";
                Err(Failure::unmodelled(StatusCode::FORBIDDEN, INVALID, text))
            }
            (false, Strictness::Tolerant) => Ok(Closing::BodyOnly),
        }
    }

    /// Whether the empty message has come.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn signature(&self) -> Signature {
        self.signature
    }

    fn broken(&mut self, error: ChainError) -> Failure {
        self.signature = Signature::Broken;
        let text = match error {
            ChainError::Unsigned => "An event of the stream carries no signature.",
            ChainError::Mismatch => {
                "The event signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details."
            }
        };
        Failure::unmodelled(StatusCode::FORBIDDEN, INVALID, text)
    }
}

/// Takes the event out of the inner message and its JSON; where nothing is signed, the inner message may come bare.
fn unwrap(outer: Message) -> Result<Bytes, Failure> {
    let inner = if outer.header(":event-type").is_some() { outer } else { only_message(outer.payload())? };
    if inner.text(":message-type") != Some("event") || inner.text(":event-type") != Some("chunk") {
        return Err(Failure::unparsable());
    }
    let part: Part<'_> = serde_json::from_slice(inner.payload()).map_err(|_| Failure::unparsable())?;
    let payload = BASE64_STANDARD.decode(part.bytes.as_bytes()).map_err(|_| Failure::unparsable())?;
    if payload.len() > MAX_BLOB {
        let text = format!(
            "1 validation error detected: Value at 'chunk.bytes' failed to satisfy constraint: Member must have length \
             less than or equal to {MAX_BLOB}"
        );
        return Err(Failure::new(ExceptionKind::Validation, text));
    }
    Ok(payload.into())
}

fn only_message(bytes: &[u8]) -> Result<Message, Failure> {
    let mut frames = Decoder::default();
    frames.push(bytes);
    let message = frames.next_message().ok().flatten();
    message.filter(|_| !frames.is_inside_frame()).ok_or_else(Failure::unparsable)
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    bytes: Cow<'a, str>,
}

const INVALID: &str = "InvalidSignatureException";
/// Reference §1.3.
const MAX_BLOB: usize = 1_000_000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::frame::Value;

    #[test]
    fn an_event_is_taken_out_of_its_wrappers() {
        for message in [outer(&inner(EVENT)), inner(EVENT)] {
            let mut inbound = Inbound::new(Chain::Unchecked);
            inbound.push(&message.encode());
            assert!(inbound.next_arrival().unwrap() == Some(Arrival::Payload(Bytes::from_static(EVENT))));
            assert!(inbound.next_arrival().unwrap().is_none());
        }
    }

    #[test]
    fn the_empty_message_ends_it_and_nothing_may_follow() {
        let mut inbound = Inbound::new(Chain::Unchecked);
        assert_eq!(inbound.close(Strictness::Tolerant).unwrap(), Closing::BodyOnly);
        assert!(inbound.close(Strictness::Strict).is_err());
        inbound.push(&Message::default().encode());
        assert!(inbound.next_arrival().unwrap() == Some(Arrival::End));
        assert_eq!(inbound.close(Strictness::Strict).unwrap(), Closing::EmptyMessage);
        inbound.push(&outer(&inner(EVENT)).encode());
        assert!(inbound.next_arrival().is_err());
    }

    #[test]
    fn a_body_that_ends_inside_a_frame_is_refused() {
        let mut inbound = Inbound::new(Chain::Unchecked);
        inbound.push(&outer(&inner(EVENT)).encode()[..50]);
        assert!(inbound.next_arrival().unwrap().is_none());
        assert!(inbound.close(Strictness::Tolerant).is_err());
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let large = vec![b' '; MAX_BLOB + 1];
        for message in [
            outer(&Message::new("x")),
            outer(&inner(EVENT)).with_text(":event-type", "other"),
            outer(
                &Message::new(r#"{"byte":""}"#).with_text(":event-type", "chunk").with_text(":message-type", "event"),
            ),
            outer(&Message::new("{}").with_text(":exception-type", "x").with_text(":message-type", "exception")),
            Message::new([inner(EVENT).encode(), inner(EVENT).encode()].concat()),
            outer(&inner(&large)),
        ] {
            let mut inbound = Inbound::new(Chain::Unchecked);
            inbound.push(&message.encode());
            assert!(inbound.next_arrival().is_err(), "{message:?}");
        }
    }

    fn outer(inner: &Message) -> Message {
        Message::new(inner.encode()).with(":date", Value::Timestamp(0))
    }

    fn inner(event: &[u8]) -> Message {
        Message::new(format!(r#"{{"bytes":"{}","p":"abc"}}"#, BASE64_STANDARD.encode(event)))
            .with_text(":event-type", "chunk")
            .with_text(":message-type", "event")
    }

    const EVENT: &[u8] = br#"{"event":{"sessionEnd":{}}}"#;
}
