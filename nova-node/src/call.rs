//! A call, as JavaScript holds it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bedrock_nova::sonic::api::frame::Up;
use bedrock_nova::sonic::api::{Command, ToolAnswer};
use bedrock_nova::sonic::{Builder, Ending, Pooled, ReadFrom, Sender, SharedConversation, Snapshot};
use bedrock_nova::{Error, ErrorKind, Result};
use bedrock_nova_bindings::describe::{self, Log, seconds};
use bytes::Bytes;
use napi::bindgen_prelude::{BufferSlice, JavaScriptClassExt, ToNapiValue};
use napi_derive::napi;
use serde_json::json;

use crate::bell::Bell;
use crate::errors::{raise, thrown};
use crate::inbox::Inbox;
use crate::op::{Made, Op, text};
use crate::reader::Reader;
use crate::service::Service;

/// A call. While JavaScript holds one of a pool's, the pool does not take it for forgotten.
#[napi]
pub struct Call {
    /// None once it was dropped: JavaScript's own collector comes too late, or never.
    held: Mutex<Option<Held>>,
    input_rate: u32,
    id: Option<String>,
    owner: Option<String>,
}

#[derive(Clone)]
struct Held {
    call: SharedConversation,
    /// Kept, so that the pool knows that somebody holds the call.
    pooled: Option<Arc<Pooled>>,
}

impl Call {
    pub(crate) fn alone(call: SharedConversation) -> Call {
        let input_rate = call.input_rate().hz();
        Call { held: Mutex::new(Some(Held { call, pooled: None })), input_rate, id: None, owner: None }
    }

    pub(crate) fn pooled(pooled: Pooled) -> Call {
        let (id, owner) = (pooled.id().as_str().to_owned(), pooled.owner().as_str().to_owned());
        let call = SharedConversation::clone(&pooled);
        let input_rate = call.input_rate().hz();
        let held = Held { call, pooled: Some(Arc::new(pooled)) };
        Call { held: Mutex::new(Some(held)), input_rate, id: Some(id), owner: Some(owner) }
    }

    pub(crate) fn made(call: Call) -> Made {
        Box::new(move |env| call.into_instance(env)?.into_unknown(env))
    }

    fn call(&self) -> napi::Result<SharedConversation> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map(|held| held.call.clone()).ok_or_else(|| thrown(&dropped()))
    }

    fn sender(&self) -> napi::Result<Sender> {
        self.call().map(|call| Sender::clone(&call))
    }
}

fn dropped() -> Error {
    Error::new(ErrorKind::Misuse, "This call was dropped.").with_code("not-open").with_hint("Open another one.")
}

/// Opens a call; the act comes to a `Call`.
#[napi]
pub fn connect(
    bell: &Bell,
    service: &Service,
    options: String,
    tools: &Inbox,
    record: Option<String>,
    record_in_full: bool,
) -> napi::Result<Op> {
    let builder = raise(describe::anew(options.as_bytes(), &tools.wishes, log(record, record_in_full)))?;
    begin(bell, service, builder)
}

/// Goes on with a call from a snapshot; `offers` are the tools that JavaScript runs. The act comes to a `Call`.
#[napi]
pub fn resume(bell: &Bell, service: &Service, snapshot: String, offers: String, tools: &Inbox) -> napi::Result<Op> {
    let builder = raise(describe::again(snapshot.as_bytes(), offers.as_bytes(), &tools.wishes, None))?;
    begin(bell, service, builder)
}

/// Where a flight log goes.
pub(crate) fn log(record: Option<String>, in_full: bool) -> Option<Log> {
    record.map(|path| Log { path: path.into(), in_full })
}

fn begin(bell: &Bell, service: &Service, builder: Builder) -> napi::Result<Op> {
    let way = Arc::clone(&service.way);
    let act = async move { Ok(builder.transport(way.transport().await?).connect().await?.share()) };
    Op::start(bell, act, |call| Call::made(Call::alone(call)))
}

#[napi]
impl Call {
    /// Hands audio over and returns nothing if there was room for it at once, else the act that waits for room.
    #[napi]
    pub fn send_audio(&self, bell: &Bell, pcm: &[u8]) -> napi::Result<Option<Op>> {
        let (sender, pcm) = (self.sender()?, pcm.to_vec());
        Op::start_unit(bell, async move { sender.send_audio(pcm).await })?.unless_done()
    }

    /// Hands live audio over without waiting: all of it, or nothing and a failure.
    #[napi]
    pub fn try_send_audio(&self, pcm: &[u8]) -> napi::Result<()> {
        // Fifty times a second: the call is lent, not shared.
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        raise(held.as_ref().ok_or_else(|| thrown(&dropped()))?.call.try_send_audio(pcm))
    }

    /// Says that the microphone is off.
    #[napi]
    pub fn end_audio(&self, bell: &Bell) -> napi::Result<Op> {
        let sender = self.sender()?;
        Op::start_unit(bell, async move { sender.end_audio().await })
    }

    /// Sends typed text.
    #[napi]
    pub fn send_text(&self, bell: &Bell, text: String) -> napi::Result<Op> {
        let sender = self.sender()?;
        Op::start_unit(bell, async move { sender.send_text(text).await })
    }

    /// Makes the assistant speak by an instruction.
    #[napi]
    pub fn greet(&self, bell: &Bell, text: String) -> napi::Result<Op> {
        let sender = self.sender()?;
        Op::start_unit(bell, async move { sender.greet(text).await })
    }

    /// Answers a tool call with JSON, or with a sentence that says why not.
    #[napi]
    pub fn answer_tool(&self, bell: &Bell, id: String, json: String, error: Option<String>) -> napi::Result<Op> {
        let answer = match error {
            Some(sentence) => ToolAnswer::Error(sentence),
            None => ToolAnswer::Result(raise(read(&json))?),
        };
        let (sender, id) = (self.sender()?, id.as_str().into());
        Op::start_unit(bell, async move { sender.answer_tool(&id, answer.into()).await })
    }

    /// Does what a client says, in the JSON of commands.
    #[napi]
    pub fn command(&self, bell: &Bell, json: String) -> napi::Result<Op> {
        let command = raise(Command::decode(json.as_bytes()))?;
        let sender = self.sender()?;
        Op::start_unit(bell, async move { sender.obey(command).await })
    }

    /// Takes a binary frame of the user's voice.
    #[napi]
    pub fn frame(&self, bell: &Bell, frame: &[u8]) -> napi::Result<Op> {
        let up = raise(Up::decode(Bytes::copy_from_slice(frame)))?;
        let sender = self.sender()?;
        let command = Command::Audio { pcm: up.pcm, sample_rate: Some(up.rate) };
        Op::start_unit(bell, async move { sender.obey(command).await })
    }

    /// Stops the answer that is being given.
    #[napi]
    pub fn interrupt(&self) -> napi::Result<()> {
        self.call()?.interrupt();
        Ok(())
    }

    /// Says how much of an answer has come out of the loudspeaker.
    #[napi]
    pub fn played(&self, turn: f64, position_ms: f64) -> napi::Result<()> {
        self.call()?.played(turn as u64, seconds(position_ms / 1e3));
        Ok(())
    }

    /// Says that there will be no more input.
    #[napi]
    pub fn finish(&self) -> napi::Result<()> {
        self.call()?.finish();
        Ok(())
    }

    /// The act comes to the snapshot's JSON.
    #[napi]
    pub fn snapshot(&self, bell: &Bell) -> napi::Result<Op> {
        let sender = self.sender()?;
        Op::start(bell, async move { sender.snapshot().await }, snapshot)
    }

    /// The act comes to the snapshot's JSON.
    #[napi]
    pub fn park(&self, bell: &Bell) -> napi::Result<Op> {
        let sender = self.sender()?;
        Op::start(bell, async move { sender.park().await }, snapshot)
    }

    /// The act comes to JSON.
    #[napi]
    pub fn usage(&self, bell: &Bell) -> napi::Result<Op> {
        let sender = self.sender()?;
        Op::start(bell, async move { sender.usage().await }, |usage| text(json!(usage).to_string()))
    }

    /// The act comes to JSON.
    #[napi]
    pub fn stats(&self, bell: &Bell) -> napi::Result<Op> {
        let sender = self.sender()?;
        Op::start(bell, async move { sender.stats().await }, |stats| text(json!(stats).to_string()))
    }

    /// The JSON of what had been used at the last event that told it.
    #[napi]
    pub fn latest_usage(&self) -> napi::Result<Option<String>> {
        Ok(self.call()?.latest_usage().map(|usage| json!(usage).to_string()))
    }

    /// Ends the call in order.
    #[napi]
    pub fn close(&self, bell: &Bell, deadline_ms: f64) -> napi::Result<Op> {
        let (call, deadline) = (self.call()?, seconds(deadline_ms / 1e3));
        Op::start_unit(bell, async move { call.close(deadline).await })
    }

    /// Waits for the end; the act comes to `[JSON of atMs, reason, error and unsent, PCM that was never sent]`.
    #[napi]
    pub fn closed(&self, bell: &Bell) -> napi::Result<Op> {
        let call = self.call()?;
        let act = async move { Ok((call.closed().await, call.elapsed())) };
        Op::start(bell, act, |(end, at)| ending(end, at))
    }

    /// Hangs up; a call of a pool is only let go of.
    #[napi]
    pub fn drop(&self) {
        let gone = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Held { call, pooled: None }) = gone {
            call.hang_up();
        }
    }

    /// Milliseconds since the call began.
    #[napi(getter)]
    pub fn elapsed_ms(&self) -> napi::Result<f64> {
        Ok(self.call()?.elapsed().as_secs_f64() * 1e3)
    }

    /// Samples a second of the audio that goes in.
    #[napi(getter)]
    pub fn input_rate(&self) -> u32 {
        self.input_rate
    }

    /// A pool's name for the call.
    #[napi(getter)]
    pub fn id(&self) -> Option<String> {
        self.id.clone()
    }

    /// Whose it is, in a pool.
    #[napi(getter)]
    pub fn owner(&self) -> Option<String> {
        self.owner.clone()
    }

    /// Begins to read a view of the events, behind a number if there is one.
    #[napi]
    pub fn reader(&self, bell: &Bell, view: String, after: Option<f64>) -> napi::Result<Reader> {
        let from = after.map_or(ReadFrom::Oldest, |seq| ReadFrom::After(seq as u64));
        Reader::open(bell, &self.call()?, &view, from)
    }

    /// As `reader`, behind the `Last-Event-ID` with which a browser comes back.
    #[napi]
    pub fn sse(&self, bell: &Bell, view: String, last_event_id: Option<String>) -> napi::Result<Reader> {
        Reader::open(bell, &self.call()?, &view, ReadFrom::last_event_id(last_event_id.as_deref()))
    }
}

fn read(json: &str) -> Result<serde_json::Value> {
    serde_json::from_str(json).map_err(|cause| {
        Error::new(ErrorKind::Invalid, format!("The tool's result is no JSON: {cause}.")).with_code("tool-result")
    })
}

fn snapshot(snapshot: Snapshot) -> Made {
    Box::new(move |env| crate::reader::text(env, &snapshot.to_json()))
}

fn ending(ending: Ending, at: Duration) -> Made {
    let Ending { reason, error, unsent, .. } = ending;
    let at = at.as_secs_f64() * 1e3;
    let text = json!({ "atMs": at, "reason": reason, "error": error, "unsent": unsent }).to_string();
    Box::new(move |env| (text, BufferSlice::copy_from(env, &unsent.pcm)?).into_unknown(env))
}
