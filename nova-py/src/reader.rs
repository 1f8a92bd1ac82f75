//! The events of a call, one after the other, polled by the loop's own thread straight from the core's log: there is no
//! second queue, and what is not taken stays where it is.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bedrock_nova::sonic::api::frame::Down;
use bedrock_nova::sonic::{Entry, Event, ReadFrom, Reader as CoreReader, SharedConversation};
use bytes::Bytes;
use futures::Stream;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyString};

use crate::bell::{Bell, Rope};
use crate::errors::raise;
use crate::runtime::runtime;

/// A place in a call's log.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Reader {
    token: u64,
    waker: Waker,
    source: Mutex<Option<Source>>,
}

/// What a reader's events are made into.
enum Source {
    /// Sound as a tuple, everything else as JSON: for the package's event classes.
    Events(CoreReader),
    /// JSON texts, sound as JSON too or as binary frames: for a WebSocket.
    Messages { reader: CoreReader, binary: bool },
    /// The body of a `text/event-stream` answer, with its heartbeat.
    Sse(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

/// Which of a call's events, and for whom.
pub(crate) fn open(bell: &Bell, call: &SharedConversation, view: &str, after: Option<u64>) -> Option<Reader> {
    let from = after.map_or(ReadFrom::Oldest, ReadFrom::After);
    let source = match view {
        "player" => Source::Events(call.player(from)),
        "events" => Source::Events(call.reader(from)),
        "audio" => Source::Events(call.audio(from)),
        "transcripts" => Source::Events(call.transcripts(from)),
        "player-json" => Source::Messages { reader: call.player(from), binary: false },
        "json" => Source::Messages { reader: call.reader(from), binary: false },
        "player-frames" => Source::Messages { reader: call.player(from), binary: true },
        "frames" => Source::Messages { reader: call.reader(from), binary: true },
        "player-sse" => Source::Sse(Box::pin(call.player(from).sse().into_stream())),
        "sse" => Source::Sse(Box::pin(call.reader(from).sse().into_stream())),
        _ => return None,
    };
    let token = bell.wire.token();
    Some(Reader { token, waker: Rope::waker(&bell.wire, token), source: Mutex::new(Some(source)) })
}

/// What a poll came to, before Python has it: no lock is held while Python is called.
enum Next {
    Later,
    Ended,
    Audio(Arc<Entry>),
    Json(Bytes),
    Text(Bytes),
    Frame(Bytes),
}

impl Source {
    fn poll(&mut self, context: &mut Context<'_>) -> Next {
        match self {
            Source::Events(reader) => match Pin::new(reader).poll_next(context) {
                Poll::Pending => Next::Later,
                Poll::Ready(None) => Next::Ended,
                Poll::Ready(Some(entry)) if matches!(entry.event, Event::Audio(_)) => Next::Audio(entry),
                Poll::Ready(Some(entry)) => Next::Json(entry.json()),
            },
            Source::Messages { reader, binary } => match Pin::new(reader).poll_next(context) {
                Poll::Pending => Next::Later,
                Poll::Ready(None) => Next::Ended,
                Poll::Ready(Some(entry)) => match Down::of(&entry).filter(|_| *binary) {
                    Some(frame) => Next::Frame(frame.encode()),
                    None => Next::Text(entry.json()),
                },
            },
            Source::Sse(stream) => match stream.as_mut().poll_next(context) {
                Poll::Pending => Next::Later,
                Poll::Ready(None) => Next::Ended,
                Poll::Ready(Some(bytes)) => Next::Json(bytes),
            },
        }
    }
}

#[pymethods]
impl Reader {
    #[getter]
    fn token(&self) -> u64 {
        self.token
    }

    /// Returns the next thing: an event's JSON as `bytes`, a piece of sound as `(seq, at, turn, pcm, rate, offset)`, a text
    /// as `str`; `None` when the bell will ring for it, `False` after the last one.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let next = {
            let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
            match source.as_mut() {
                None => Next::Ended,
                Some(live) => {
                    // The heartbeat of a stream is a timer of the runtime's.
                    let _inside = match live {
                        Source::Sse(_) => Some(raise(py, runtime())?.enter()),
                        Source::Events(_) | Source::Messages { .. } => None,
                    };
                    live.poll(&mut Context::from_waker(&self.waker))
                }
            }
        };
        Ok(match next {
            Next::Later => py.None().into_bound(py),
            Next::Ended => PyBool::new(py, false).to_owned().into_any(),
            Next::Json(bytes) | Next::Frame(bytes) => PyBytes::new(py, &bytes).into_any(),
            Next::Text(text) => PyString::from_bytes(py, &text)?.into_any(),
            Next::Audio(entry) => return sound(py, &entry),
        })
    }

    /// Returns the number of the last event that was taken.
    #[getter]
    fn position(&self) -> Option<u64> {
        match self.source.lock().unwrap_or_else(PoisonError::into_inner).as_ref()? {
            Source::Events(reader) | Source::Messages { reader, .. } => Some(reader.position()),
            Source::Sse(_) => None,
        }
    }

    /// Stops reading; whoever waits is told so by the bell.
    fn close(&self) {
        let gone = self.source.lock().unwrap_or_else(PoisonError::into_inner).take();
        if gone.is_some() {
            self.waker.wake_by_ref();
        }
    }
}

fn sound<'py>(py: Python<'py>, entry: &Entry) -> PyResult<Bound<'py, PyAny>> {
    let Event::Audio(audio) = &entry.event else { return Ok(py.None().into_bound(py)) };
    let pcm = PyBytes::new(py, &audio.pcm);
    let (at, offset) = (entry.at.as_secs_f64(), audio.offset.as_secs_f64());
    (entry.seq, at, audio.turn, pcm, audio.rate.hz(), offset).into_pyobject(py).map(Bound::into_any)
}
