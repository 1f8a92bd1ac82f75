//! The events of a call, one after the other, polled straight from the core's log; what is not taken stays where it is.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bedrock_nova::sonic::api::frame::Down;
use bedrock_nova::sonic::{Entry, Event, ReadFrom, Reader, SharedConversation};
use bedrock_nova::{Error, ErrorKind, Result};
use bytes::Bytes;
use futures::Stream;

use crate::runtime::runtime;

/// A place in a call's log, and what its events are made into.
pub enum Source {
    /// Sound as it is, everything else as JSON: for a language's own event classes.
    Events(Reader),
    /// JSON texts, sound as JSON too: for a WebSocket.
    Texts(Reader),
    /// JSON texts, sound as binary frames: for a WebSocket whose client has agreed on them.
    Frames(Reader),
    /// The body of a `text/event-stream` answer, with its heartbeat.
    Sse(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

/// What a poll came to; no lock need be held while the language is given it.
pub enum Next {
    /// The bell will ring for it.
    Later,
    /// There are no more.
    Ended,
    /// A piece of sound.
    Audio(Arc<Entry>),
    /// JSON of an event.
    Json(Bytes),
    /// A part of a stream's body.
    Part(Bytes),
    /// JSON that is to be sent as text.
    Text(Bytes),
    /// A binary frame.
    Frame(Bytes),
}

impl Source {
    /// Begins to read: `events`, `audio`, `transcripts`, `json`, `frames` or `sse`, where `player-` before the name makes
    /// it the call's player.
    ///
    /// # Errors
    /// `Bug` for a view of another name.
    pub fn open(call: &SharedConversation, view: &str, from: ReadFrom) -> Result<Source> {
        Ok(match view {
            "player" => Source::Events(call.player(from)),
            "events" => Source::Events(call.reader(from)),
            "audio" => Source::Events(call.audio(from)),
            "transcripts" => Source::Events(call.transcripts(from)),
            "player-json" => Source::Texts(call.player(from)),
            "json" => Source::Texts(call.reader(from)),
            "player-frames" => Source::Frames(call.player(from)),
            "frames" => Source::Frames(call.reader(from)),
            "player-sse" => Source::Sse(Box::pin(call.player(from).sse().into_stream())),
            "sse" => Source::Sse(Box::pin(call.reader(from).sse().into_stream())),
            _ => return Err(Error::new(ErrorKind::Bug, format!("There is no view {view:?}."))),
        })
    }

    /// Polls for the next event.
    ///
    /// # Errors
    /// As [`runtime`]: the heartbeat of a stream is a timer of the runtime's.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Result<Next> {
        let Source::Sse(stream) = self else { return Ok(self.poll_event(context)) };
        let _inside = runtime()?.enter();
        Ok(match stream.as_mut().poll_next(context) {
            Poll::Pending => Next::Later,
            Poll::Ready(None) => Next::Ended,
            Poll::Ready(Some(bytes)) => Next::Part(bytes),
        })
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Next {
        let (Source::Events(reader) | Source::Texts(reader) | Source::Frames(reader)) = self else {
            return Next::Ended;
        };
        let entry = match Pin::new(reader).poll_next(context) {
            Poll::Pending => return Next::Later,
            Poll::Ready(None) => return Next::Ended,
            Poll::Ready(Some(entry)) => entry,
        };
        match self {
            Source::Events(_) if matches!(entry.event, Event::Audio(_)) => Next::Audio(entry),
            Source::Events(_) => Next::Json(entry.json()),
            Source::Frames(_) => {
                Down::of(&entry).map_or_else(|| Next::Text(entry.json()), |frame| Next::Frame(frame.encode()))
            }
            Source::Texts(_) | Source::Sse(_) => Next::Text(entry.json()),
        }
    }

    /// Returns the number of the last event that was taken.
    pub fn position(&self) -> Option<u64> {
        match self {
            Source::Events(reader) | Source::Texts(reader) | Source::Frames(reader) => Some(reader.position()),
            Source::Sse(_) => None,
        }
    }
}
