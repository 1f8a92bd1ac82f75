//! One stream: event payloads out of frames, event payloads into frames (reference §1.4–§1.6).

use std::future::poll_fn;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova_emulator::frame::{Decoder, Message};
use bytes::Bytes;
use h2::{RecvStream, SendStream};

/// An accepted stream; its two halves can be parted.
pub struct Stream {
    /// What the client says.
    pub up: Up,
    /// What it hears.
    pub down: Down,
}

/// The half that comes from the client.
pub struct Up {
    stream: RecvStream,
    frames: Decoder,
}

/// The half that goes to the client.
pub struct Down {
    stream: SendStream<Bytes>,
}

/// The client is gone, or sent what is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl Stream {
    pub(super) fn new(up: RecvStream, down: SendStream<Bytes>) -> Self {
        Stream { up: Up { stream: up, frames: Decoder::default() }, down: Down { stream: down } }
    }
}

impl Up {
    /// Waits for the next event payload; `None` once the client has ended its half, in whichever manner.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(outer) = self.frames.next_message().ok()? {
                return payload(&outer);
            }
            let piece = self.stream.data().await?.ok()?;
            self.stream.flow_control().release_capacity(piece.len()).ok()?;
            self.frames.push(&piece);
        }
    }
}

impl Down {
    /// Sends an event payload as soon as the client's window has room for all of it.
    ///
    /// # Errors
    /// [`Gone`] when the client takes nothing more.
    pub async fn send(&mut self, payload: &[u8]) -> Result<(), Gone> {
        let frame = frame(payload);
        self.stream.reserve_capacity(frame.len());
        while self.stream.capacity() < frame.len() {
            poll_fn(|cx| self.stream.poll_capacity(cx)).await.and_then(Result::ok).ok_or(Gone)?;
        }
        self.stream.send_data(frame, false).map_err(|_| Gone)
    }
}

/// Unwraps one signed frame; the empty one that ends a stream has nothing inside.
fn payload(outer: &Message) -> Option<Vec<u8>> {
    let mut inner = Decoder::default();
    inner.push(outer.payload());
    let inner = inner.next_message().ok()??;
    let body = std::str::from_utf8(inner.payload()).ok()?;
    STANDARD.decode(body.strip_prefix(r#"{"bytes":""#)?.split('"').next()?).ok()
}

fn frame(payload: &[u8]) -> Bytes {
    let mut body = String::with_capacity(payload.len().div_ceil(3) * 4 + 12);
    body.push_str(r#"{"bytes":""#);
    STANDARD.encode_string(payload, &mut body);
    body.push_str(r#""}"#);
    Message::new(body)
        .with_text(":event-type", "chunk")
        .with_text(":content-type", "application/json")
        .with_text(":message-type", "event")
        .encode()
}
