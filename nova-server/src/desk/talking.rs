//! Both directions of a call on one WebSocket: events down, commands up; with the subprotocol for it, audio in binary.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use bedrock_nova::ids::Owner;
use bedrock_nova::sonic::api::Command;
use bedrock_nova::sonic::api::frame;
use bedrock_nova::sonic::{Pooled, Reader};
use bytes::Bytes;

use super::listening::Query;
use super::{Desk, Listener};
use crate::answer::Failure;

/// How audio is written on a WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// In JSON.
    #[default]
    Json,
    /// In binary messages.
    Binary,
}

/// A message of a WebSocket.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// JSON, in UTF-8.
    Text(Bytes),
    /// A frame of audio.
    Binary(Bytes),
}

/// A talk, in its two directions: each may be in a task of its own.
#[derive(Debug)]
pub struct Talk {
    /// What the client is told.
    pub down: Down,
    /// What the client says.
    pub up: Up,
}

/// What a client is told. It holds the call, which is not idle while somebody listens.
pub struct Down {
    events: Reader,
    encoding: Encoding,
    listener: Listener,
}

/// What a client says.
pub struct Up {
    desk: Desk,
    call: Pooled,
}

impl Encoding {
    /// The subprotocols, the best first.
    pub const PROTOCOLS: [&'static str; 2] = [Encoding::BINARY, Encoding::JSON];
    const BINARY: &'static str = "bedrock-nova.binary.v1";
    const JSON: &'static str = "bedrock-nova.v1";

    /// Returns what a subprotocol means that was agreed on; JSON if none was.
    #[must_use]
    pub fn of(protocol: Option<&str>) -> Self {
        match protocol {
            Some(Encoding::BINARY) => Encoding::Binary,
            _ => Encoding::Json,
        }
    }
}

impl Desk {
    /// Begins a talk on the route [`Talk`](crate::Route::Talk).
    ///
    /// Accept the socket before anything is checked: a browser is told neither status nor body of a refused handshake.
    /// What fails is told by [`Failure::message`], then the socket closes with [`Failure::close_code`]. After the last
    /// event it closes with 1000.
    ///
    /// # Errors
    /// As [`events`](Self::events).
    pub async fn talk(&self, owner: &Owner, session: &str, query: &Query, encoding: Encoding) -> Result<Talk, Failure> {
        let (part, from) = (query.part()?, query.after()?);
        let call = self.find(session, owner).await?;
        let down = Down { events: part.reader(&call, from), encoding, listener: Listener::new(self, call.clone()) };
        Ok(Talk { down, up: Up { desk: self.clone(), call } })
    }
}

impl Down {
    /// Returns the next message; `None` after the last event. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Message> {
        let entry = self.events.next().await?;
        let audio = match self.encoding {
            Encoding::Binary => frame::Down::of(&entry),
            Encoding::Json => None,
        };
        Some(match audio {
            Some(audio) => Message::Binary(audio.encode()),
            None => Message::Text(entry.json()),
        })
    }

    /// Polls for the [next](Self::next) message, for event loops that are not tokio's.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        pin!(self.next()).poll(cx)
    }
}

impl Up {
    /// Does what a client says; returns the message that tells it what cannot be done. The talk goes on in any case.
    pub async fn say(&self, said: Message) -> Option<Message> {
        self.desk.touch(&self.call);
        let done = match read(said) {
            Ok(command) => self.call.obey(command).await,
            Err(error) => Err(error),
        };
        done.err().map(|error| Message::Text(Failure::from(error).message()))
    }
}

fn read(said: Message) -> bedrock_nova::Result<Command> {
    match said {
        Message::Text(json) => Command::decode(&json),
        Message::Binary(bytes) => {
            let frame::Up { rate, pcm } = frame::Up::decode(bytes)?;
            Ok(Command::Audio { pcm, sample_rate: Some(rate) })
        }
    }
}

// What people say stays out of logs.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Message::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
        }
    }
}

impl fmt::Debug for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Down").field("call", &self.listener).field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

impl fmt::Debug for Up {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Up").field("call", &self.call).finish_non_exhaustive()
    }
}
