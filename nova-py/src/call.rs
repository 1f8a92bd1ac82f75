//! A call, as Python holds it.

use std::path::PathBuf;

use bedrock_nova::Error;
use bedrock_nova::sonic::api::{Command, ToolAnswer};
use bedrock_nova::sonic::{Builder, Ending, Pooled, Sender, SharedConversation, Snapshot};
use bedrock_nova::{ErrorKind, Result};
use bedrock_nova_bindings::describe::{self, Log, seconds};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;

use crate::bell::Bell;
use crate::errors::raise;
use crate::inbox::Inbox;
use crate::op::{Made, Op};
use crate::reader::{self, Reader};
use crate::runtime::check_fork;
use crate::service::Service;

/// A call. While Python holds one of a pool's, the pool does not take it for forgotten.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Call {
    call: SharedConversation,
    pooled: Option<Pooled>,
}

impl Call {
    pub(crate) fn alone(call: SharedConversation) -> Made {
        Box::new(move |py| Ok(Py::new(py, Call { call, pooled: None })?.into_any()))
    }

    pub(crate) fn pooled(pooled: Pooled) -> Call {
        Call { call: SharedConversation::clone(&pooled), pooled: Some(pooled) }
    }

    pub(crate) fn made(pooled: Pooled) -> Made {
        Box::new(move |py| Ok(Py::new(py, Call::pooled(pooled))?.into_any()))
    }

    fn sender(&self) -> Sender {
        Sender::clone(&self.call)
    }
}

/// Opens a call; the act comes to a `Call`.
#[pyfunction]
#[pyo3(signature = (bell, service, options, tools, *, record=None, record_in_full=false))]
pub(crate) fn connect(
    py: Python<'_>,
    bell: &Bell,
    service: &Service,
    options: &[u8],
    tools: &Inbox,
    record: Option<PathBuf>,
    record_in_full: bool,
) -> PyResult<Op> {
    let log = record.map(|path| Log { path, in_full: record_in_full });
    let builder = raise(py, describe::anew(options, &tools.wishes, log))?;
    begin(py, bell, service, builder)
}

/// Goes on with a call from a snapshot; `offers` are the tools that Python runs. The act comes to a `Call`.
#[pyfunction]
#[pyo3(signature = (bell, service, snapshot, offers, tools, *, record=None, record_in_full=false))]
pub(crate) fn resume(
    py: Python<'_>,
    bell: &Bell,
    service: &Service,
    snapshot: &[u8],
    offers: &[u8],
    tools: &Inbox,
    record: Option<PathBuf>,
    record_in_full: bool,
) -> PyResult<Op> {
    let log = record.map(|path| Log { path, in_full: record_in_full });
    let builder = raise(py, describe::again(snapshot, offers, &tools.wishes, log))?;
    begin(py, bell, service, builder)
}

fn begin(py: Python<'_>, bell: &Bell, service: &Service, builder: Builder) -> PyResult<Op> {
    let way = std::sync::Arc::clone(&service.way);
    let act = async move { Ok(builder.transport(way.transport().await?).connect().await?.share()) };
    raise(py, Op::start(bell, act, Call::alone))
}

#[pymethods]
impl Call {
    /// Hands audio over and returns nothing if there was room for it at once, else the act that waits for room.
    fn send_audio(&self, py: Python<'_>, bell: &Bell, pcm: PyBuffer<u8>) -> PyResult<Option<Op>> {
        let pcm = pcm.to_vec(py)?;
        raise(py, check_fork())?;
        let sender = self.sender();
        let op = raise(py, Op::start_unit(bell, async move { sender.send_audio(pcm).await }))?;
        if op.was_begun() {
            return Ok(Some(op));
        }
        op.finished(py)?;
        Ok(None)
    }

    /// Hands live audio over without waiting: all of it, or nothing and a failure.
    fn try_send_audio(&self, py: Python<'_>, pcm: PyBuffer<u8>) -> PyResult<()> {
        raise(py, check_fork())?;
        raise(py, self.call.try_send_audio(pcm.to_vec(py)?))
    }

    fn end_audio(&self, py: Python<'_>, bell: &Bell) -> PyResult<Op> {
        let sender = self.sender();
        raise(py, Op::start_unit(bell, async move { sender.end_audio().await }))
    }

    fn send_text(&self, py: Python<'_>, bell: &Bell, text: String) -> PyResult<Op> {
        let sender = self.sender();
        raise(py, Op::start_unit(bell, async move { sender.send_text(text).await }))
    }

    fn greet(&self, py: Python<'_>, bell: &Bell, text: String) -> PyResult<Op> {
        let sender = self.sender();
        raise(py, Op::start_unit(bell, async move { sender.greet(text).await }))
    }

    /// Answers a tool call with JSON, or with a sentence that says why not.
    #[pyo3(signature = (bell, id, json, *, error=None))]
    fn answer_tool(&self, py: Python<'_>, bell: &Bell, id: &str, json: &str, error: Option<String>) -> PyResult<Op> {
        let answer = match error {
            Some(sentence) => ToolAnswer::Error(sentence),
            None => ToolAnswer::Result(raise(py, read(json))?),
        };
        let (sender, id) = (self.sender(), id.into());
        raise(py, Op::start_unit(bell, async move { sender.answer_tool(&id, answer.into()).await }))
    }

    /// Does what a client says, in the JSON of commands.
    fn command(&self, py: Python<'_>, bell: &Bell, json: &[u8]) -> PyResult<Op> {
        let command = raise(py, Command::decode(json))?;
        let sender = self.sender();
        raise(py, Op::start_unit(bell, async move { sender.obey(command).await }))
    }

    /// Takes a binary frame of the user's voice.
    fn frame(&self, py: Python<'_>, bell: &Bell, frame: &[u8]) -> PyResult<Op> {
        let up = raise(py, bedrock_nova::sonic::api::frame::Up::decode(bytes::Bytes::copy_from_slice(frame)))?;
        let sender = self.sender();
        let command = Command::Audio { pcm: up.pcm, sample_rate: Some(up.rate) };
        raise(py, Op::start_unit(bell, async move { sender.obey(command).await }))
    }

    fn interrupt(&self) {
        self.call.interrupt();
    }

    fn played(&self, turn: u64, position: f64) {
        self.call.played(turn, seconds(position));
    }

    fn finish(&self) {
        self.call.finish();
    }

    /// The act comes to the snapshot's JSON.
    fn snapshot(&self, py: Python<'_>, bell: &Bell) -> PyResult<Op> {
        let sender = self.sender();
        raise(py, Op::start(bell, async move { sender.snapshot().await }, snapshot))
    }

    /// The act comes to the snapshot's JSON.
    fn park(&self, py: Python<'_>, bell: &Bell) -> PyResult<Op> {
        let sender = self.sender();
        raise(py, Op::start(bell, async move { sender.park().await }, snapshot))
    }

    /// The act comes to JSON.
    fn usage(&self, py: Python<'_>, bell: &Bell) -> PyResult<Op> {
        let sender = self.sender();
        raise(
            py,
            Op::start(bell, async move { sender.usage().await }, |usage| {
                written(json!(usage).to_string().into_bytes())
            }),
        )
    }

    /// The act comes to JSON.
    fn stats(&self, py: Python<'_>, bell: &Bell) -> PyResult<Op> {
        let sender = self.sender();
        let act = async move { sender.stats().await };
        raise(py, Op::start(bell, act, |stats| written(json!(stats).to_string().into_bytes())))
    }

    /// The JSON of what had been used at the last event that told it.
    fn latest_usage<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let usage = self.call.latest_usage()?;
        Some(PyBytes::new(py, json!(usage).to_string().as_bytes()))
    }

    /// Ends the call in order.
    fn close(&self, py: Python<'_>, bell: &Bell, deadline: f64) -> PyResult<Op> {
        let (call, deadline) = (self.call.clone(), seconds(deadline));
        raise(py, Op::start_unit(bell, async move { call.close(deadline).await }))
    }

    /// Waits for the end; the act comes to `(JSON of reason, error and unsent, PCM that was never sent)`.
    fn closed(&self, py: Python<'_>, bell: &Bell) -> PyResult<Op> {
        let call = self.call.clone();
        raise(py, Op::start(bell, async move { Ok(call.closed().await) }, ending))
    }

    #[getter]
    fn elapsed(&self) -> f64 {
        self.call.elapsed().as_secs_f64()
    }

    #[getter]
    fn input_rate(&self) -> u32 {
        self.call.input_rate().hz()
    }

    #[getter]
    fn id(&self) -> Option<&str> {
        self.pooled.as_ref().map(|pooled| pooled.id().as_str())
    }

    #[getter]
    fn owner(&self) -> Option<&str> {
        self.pooled.as_ref().map(|pooled| pooled.owner().as_str())
    }

    /// Begins to read; see `reader` for the views.
    #[pyo3(signature = (bell, view, after=None))]
    fn reader(&self, py: Python<'_>, bell: &Bell, view: &str, after: Option<u64>) -> PyResult<Reader> {
        raise(py, check_fork())?;
        raise(py, reader::open(bell, &self.call, view, after))
    }

    /// Reads the `Last-Event-ID` with which a browser comes back.
    #[pyo3(signature = (bell, view, last_event_id=None))]
    fn sse(&self, py: Python<'_>, bell: &Bell, view: &str, last_event_id: Option<&str>) -> PyResult<Reader> {
        use bedrock_nova::sonic::ReadFrom;
        let after = match ReadFrom::last_event_id(last_event_id) {
            ReadFrom::After(seq) => Some(seq),
            _ => None,
        };
        self.reader(py, bell, view, after)
    }
}

fn read(json: &str) -> Result<serde_json::Value> {
    serde_json::from_str(json).map_err(|cause| {
        Error::new(ErrorKind::Invalid, format!("The tool's result is no JSON: {cause}.")).with_code("tool-result")
    })
}

fn snapshot(snapshot: Snapshot) -> Made {
    written(snapshot.to_json().to_vec())
}

fn ending(ending: Ending) -> Made {
    let Ending { reason, error, unsent, .. } = ending;
    let text = json!({ "reason": reason, "error": error, "unsent": unsent }).to_string();
    Box::new(move |py| {
        let pair = (PyBytes::new(py, text.as_bytes()), PyBytes::new(py, &unsent.pcm));
        Ok(pair.into_pyobject(py)?.into_any().unbind())
    })
}

/// Bytes, made where Python is at hand.
pub(crate) fn written(bytes: Vec<u8>) -> Made {
    Box::new(move |py| Ok(PyBytes::new(py, &bytes).into_any().unbind()))
}
