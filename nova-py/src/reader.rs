//! The events of a call, one after the other, polled by the loop's own thread straight from the core's log: there is no
//! second queue, and what is not taken stays where it is.

use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

use bedrock_nova::sonic::{Entry, Event, ReadFrom, SharedConversation};
use bedrock_nova_bindings::{Next, Rope, Source};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyString};

use crate::bell::Bell;
use crate::errors::raise;

/// A place in a call's log.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Reader {
    token: u64,
    waker: Waker,
    source: Mutex<Option<Source>>,
}

/// Begins to read a view of a call's events.
pub(crate) fn open(
    bell: &Bell,
    call: &SharedConversation,
    view: &str,
    after: Option<u64>,
) -> bedrock_nova::Result<Reader> {
    let source = Source::open(call, view, after.map_or(ReadFrom::Oldest, ReadFrom::After))?;
    let ring = bell.ring();
    let token = ring.token();
    Ok(Reader { token, waker: Rope::waker(&ring, token), source: Mutex::new(Some(source)) })
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
        // No lock is held while Python is called.
        let next = match self.source.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            None => Ok(Next::Ended),
            Some(source) => source.poll(&mut Context::from_waker(&self.waker)),
        };
        Ok(match raise(py, next)? {
            Next::Later => py.None().into_bound(py),
            Next::Ended => PyBool::new(py, false).to_owned().into_any(),
            Next::Json(bytes) | Next::Part(bytes) | Next::Frame(bytes) => PyBytes::new(py, &bytes).into_any(),
            Next::Text(text) => PyString::from_bytes(py, &text)?.into_any(),
            Next::Audio(entry) => return sound(py, &entry),
        })
    }

    /// Returns the number of the last event that was taken.
    #[getter]
    fn position(&self) -> Option<u64> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.position()
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
