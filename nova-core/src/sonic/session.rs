//! One stream to the service as a pure machine: no clock, no IO, no tasks.
//!
//! Commands say what to send; [`Session::handle`] takes what came; [`Session::poll`] gives out, in order, payloads to
//! send and what was [`Heard`]. A command that the order forbids returns `Misuse` and changes nothing. Whoever drives a
//! session polls until `None` after each command and input: it queues, and only audio has a bound
//! ([`WAITING_AUDIO_BYTES`](crate::sonic::limits::WAITING_AUDIO_BYTES), refused as `Limit`).
//!
//! ```
//! use bedrock_nova::audio::SampleRate;
//! use bedrock_nova::model::{Catalogue, ModelId, Voice};
//! use bedrock_nova::sonic::content::Content;
//! use bedrock_nova::sonic::session::{Inference, PromptConfig, Session};
//!
//! let mut session = Session::new(&Catalogue::built_in().model(&ModelId::default()));
//! session.start(&Inference::default(), None)?;
//! session.start_prompt(&PromptConfig::new(Voice::Tiffany, SampleRate::Hz24000))?;
//! let system = session.open(Content::System)?;
//! session.text(&system, "Answer in two or three sentences.")?;
//! session.close(&system)?;
//! session.open(Content::Audio { rate: SampleRate::Hz16000 })?;
//! session.audio(&[0; 1024])?;
//!
//! let sent = std::iter::from_fn(|| session.poll()).count();
//! assert_eq!(sent, 7);
//! # Ok::<(), bedrock_nova::Error>(())
//! ```
#![doc = include_str!("../../docs/transitions.md")]

mod check;
mod heard;
mod prompt;
mod reader;
pub(crate) mod rule;
mod schema;
mod tools;

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

pub use check::Check;
pub use heard::Heard;
pub use prompt::{Endpointing, Inference, PromptConfig, ToolChoice, ToolSpec};
pub(crate) use reader::is_interruption;
pub use rule::Rule;
pub use schema::plain_schema;

pub use crate::sonic::content::Content;
pub use crate::sonic::state::{BlockKind, Downstream, Move, Priming, Upstream};
pub use crate::sonic::wire::{Stage, Stop, Tokens, UsageReport};

use crate::audio::{SampleRate, whole_samples};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{ContentName, PromptName};
use crate::model::{Feature, Model};
use crate::sonic::content::Blocks;
use crate::sonic::failure;
use crate::sonic::limits;
use crate::sonic::wire::{ClientEvent, ServerEvent};
use crate::transport;
pub(crate) use prompt::{invalid, unsupported};
use reader::Reader;
use tools::ToolUses;

/// One stream.
pub struct Session {
    model: Model,
    prompt: PromptName,
    upstream: Upstream,
    blocks: Blocks,
    tools: ToolUses,
    reader: Reader,
    out: VecDeque<Output>,
    waiting: usize,
}

/// What came from the link.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// One whole event.
    Payload(&'a [u8]),
    /// The service ended the stream in order.
    Ended,
    /// The stream failed.
    Failed(transport::Failure),
}

/// What a session gives out.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// Send this payload, in this order.
    Send(Bytes),
    /// This was heard.
    Heard(Heard),
}

impl Session {
    /// Makes a session that has sent nothing, with a fresh random prompt name.
    #[must_use]
    pub fn new(model: &Model) -> Session {
        Session::with_prompt(model, PromptName::from(Uuid::new_v4().to_string()))
    }

    /// Makes a session with a prompt name of the caller's: the same commands then give the same bytes.
    #[must_use]
    pub fn with_prompt(model: &Model, prompt: PromptName) -> Session {
        Session {
            model: model.clone(),
            blocks: Blocks::new(prompt.clone()),
            prompt,
            upstream: Upstream::Connected,
            tools: ToolUses::default(),
            reader: Reader::default(),
            out: VecDeque::new(),
            waiting: 0,
        }
    }

    /// Opens the session.
    ///
    /// # Errors
    /// `Invalid` for values out of range, or turn detection on a model that does not take it; `Misuse` out of order.
    pub fn start(&mut self, inference: &Inference, turn_detection: Option<Endpointing>) -> Result<()> {
        self.permit(Move::Start)?;
        inference.check(&self.model)?;
        if turn_detection.is_some() && !self.model.has(Feature::TurnDetection) {
            return Err(unsupported(&self.model, "turn detection"));
        }
        self.send(ClientEvent::SessionStart { inference, turn_detection }.encode());
        self.upstream = Upstream::Started;
        Ok(())
    }

    /// Fixes voice, output rate and tools for the whole session.
    ///
    /// # Errors
    /// `Invalid` for a voice, a tool or a choice that the model does not take, `Misuse` out of order.
    pub fn start_prompt(&mut self, prompt: &PromptConfig) -> Result<()> {
        self.permit(Move::StartPrompt)?;
        prompt.check(&self.model)?;
        let payload = ClientEvent::PromptStart { prompt: &self.prompt, config: prompt }.encode();
        fits("The prompt's voice and tools", &payload)?;
        self.send(payload);
        self.reader.expect_rate(prompt.output_rate);
        self.upstream = Upstream::Prompted;
        Ok(())
    }

    /// Opens a content block and returns its name.
    ///
    /// # Errors
    /// `Invalid` for content that the model does not take, `Misuse` out of order.
    pub fn open(&mut self, content: Content) -> Result<ContentName> {
        let Some(attempt) = content.opening() else {
            return Err(self.refuse(Rule::HistoryRole, Move::OpenHistoryUser));
        };
        self.permit(attempt)?;
        self.check_content(&content)?;
        let name = self.blocks.next_name();
        self.send(ClientEvent::ContentStart { prompt: &self.prompt, content: &name, start: &content }.encode());
        if let Content::ToolResult { tool_use_id } = &content {
            self.tools.begin_answer(tool_use_id);
        }
        self.blocks.open(name.clone(), content);
        self.upstream.opened(attempt, name.clone());
        Ok(name)
    }

    /// Puts text into an open text block, in several pieces if it is long; nothing is sent for empty text.
    ///
    /// # Errors
    /// `Invalid`, code `E-HISTMAX`, for more history than the model takes; `Misuse` out of order.
    pub fn text(&mut self, block: &ContentName, text: &str) -> Result<()> {
        self.permit(Move::Text)?;
        self.own(block, Move::Text)?;
        self.check_history(block, text.len())?;
        for piece in pieces(text) {
            self.send(ClientEvent::TextInput { prompt: &self.prompt, content: block, text: piece }.encode());
        }
        if !text.is_empty() {
            self.blocks.feed(block, text.len());
            self.count_history(text.len());
        }
        Ok(())
    }

    /// Puts 16-bit little-endian samples into the open audio block, in pieces of 100 ms at most; nothing is sent for
    /// none. Real-time pace is the caller's business.
    ///
    /// # Errors
    /// `Invalid`, code `half-sample`, for an odd number of bytes; `Limit`, code `audio-waiting`, if nobody polls;
    /// `Misuse` out of order, above all while a text block is open.
    pub fn audio(&mut self, pcm: &[u8]) -> Result<()> {
        self.permit(Move::Audio)?;
        whole_samples(pcm)?;
        let Some((name, rate)) = self.audio_block() else {
            return Err(self.refuse(Rule::NoSuchBlock, Move::Audio));
        };
        if self.waiting.saturating_add(pcm.len()) > limits::WAITING_AUDIO_BYTES {
            return Err(audio_waiting(self.waiting));
        }
        for piece in pcm.chunks(rate.bytes(limits::AUDIO_PIECE)) {
            let payload = ClientEvent::AudioInput { prompt: &self.prompt, content: &name, pcm: piece }.encode();
            self.send(payload);
        }
        if !pcm.is_empty() {
            self.blocks.feed(&name, pcm.len());
        }
        Ok(())
    }

    /// Puts the result into an open tool block, once. What is no JSON object is sent as `{"result": …}`, since the
    /// service takes nothing else (reference §2.4).
    ///
    /// # Errors
    /// `Invalid`, code `too-large`, beyond the size of one event; `Misuse` out of order or a second time.
    pub fn tool_result(&mut self, block: &ContentName, json: &Value) -> Result<()> {
        self.permit(Move::ToolResult)?;
        let fed = self.own(block, Move::ToolResult)?;
        if fed > 0 {
            return Err(self.refuse(Rule::ToolOnce, Move::ToolResult));
        }
        let text = if json.is_object() { json.to_string() } else { json!({ "result": json }).to_string() };
        let payload = ClientEvent::ToolResult { prompt: &self.prompt, content: block, json: &text }.encode();
        fits("The tool's result", &payload)?;
        self.send(payload);
        self.blocks.feed(block, text.len());
        Ok(())
    }

    /// Closes a block that something was put into.
    ///
    /// # Errors
    /// `Misuse` for an empty or unknown block, or out of order.
    pub fn close(&mut self, block: &ContentName) -> Result<()> {
        let content = self.blocks.get(block).map(|open| open.content.clone());
        let attempt = content.as_ref().map_or(Move::CloseText, Content::closing);
        self.permit(attempt)?;
        if self.own(block, attempt)? == 0 {
            return Err(self.refuse(Rule::Empty, attempt));
        }
        self.send(ClientEvent::ContentEnd { prompt: &self.prompt, content: block }.encode());
        if let Some(Content::ToolResult { tool_use_id }) = &content {
            self.tools.end_answer(tool_use_id);
        }
        self.blocks.close(block);
        self.upstream.closed();
        Ok(())
    }

    /// Ends the prompt.
    ///
    /// # Errors
    /// `Misuse` out of order: every block must be closed, and audio must have been sent.
    pub fn end_prompt(&mut self) -> Result<()> {
        self.permit(Move::EndPrompt)?;
        self.send(ClientEvent::PromptEnd { prompt: &self.prompt }.encode());
        self.upstream = Upstream::PromptClosed;
        Ok(())
    }

    /// Ends the session. An answer under way is lost if the link is finished before the service ends it.
    ///
    /// # Errors
    /// `Misuse` out of order.
    pub fn end(&mut self) -> Result<()> {
        self.permit(Move::End)?;
        self.send(ClientEvent::SessionEnd.encode());
        self.upstream = Upstream::Closed;
        Ok(())
    }

    /// Takes what came from the link. After an end or a failure nothing more is taken.
    pub fn handle(&mut self, input: Input<'_>) {
        if self.reader.state().is_over() {
            return;
        }
        match input {
            Input::Payload(payload) => match ServerEvent::decode(payload) {
                Ok(event) => self.read(event),
                Err(error) => self.fail(error),
            },
            Input::Ended => self.ended(),
            Input::Failed(failure) => self.fail(failure::classify(&failure, &self.model)),
        }
    }

    /// Gives out what is next, or nothing.
    pub fn poll(&mut self) -> Option<Output> {
        let next = self.out.pop_front()?;
        if let Output::Send(payload) = &next {
            self.waiting -= payload.len();
        }
        Some(next)
    }

    /// Says whether [`poll`](Session::poll) has something to give out.
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.out.is_empty()
    }

    /// Returns what we have sent.
    #[must_use]
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Returns what the model is doing.
    #[must_use]
    pub fn downstream(&self) -> &Downstream {
        self.reader.state()
    }

    /// Returns the model this session is for.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Returns the name of the session's prompt.
    #[must_use]
    pub fn prompt(&self) -> &PromptName {
        &self.prompt
    }

    /// Says whether audio may be sent right now.
    #[must_use]
    pub fn can_send_audio(&self) -> bool {
        self.upstream.allows(Move::Audio).is_ok()
    }

    /// Returns the open audio block.
    #[must_use]
    pub fn open_audio(&self) -> Option<&ContentName> {
        self.upstream.audio()
    }

    /// Returns what the session died of.
    #[must_use]
    pub fn failure(&self) -> Option<&Error> {
        match self.reader.state() {
            Downstream::Failed(error) => Some(error),
            _ => None,
        }
    }
}

impl Session {
    fn send(&mut self, payload: Bytes) {
        self.waiting += payload.len();
        self.out.push_back(Output::Send(payload));
    }

    /// Checks the order. A dead session answers with what it died of.
    fn permit(&self, attempt: Move) -> Result<()> {
        if let Some(error) = self.failure() {
            return Err(error.clone());
        }
        self.upstream.allows(attempt).map_err(|rule| self.refuse(rule, attempt))
    }

    fn refuse(&self, rule: Rule, attempt: Move) -> Error {
        rule.refuse(attempt, &self.upstream)
    }

    /// Returns how much was put into an open block that a command names and may touch.
    fn own(&self, name: &ContentName, attempt: Move) -> Result<usize> {
        let fits = |content: &Content| match attempt {
            Move::Text => content.closing() == Move::CloseText,
            Move::ToolResult => content.closing() == Move::CloseTool,
            _ => true,
        };
        let block = self.blocks.get(name).filter(|block| fits(&block.content));
        block.map(|block| block.life.bytes()).ok_or_else(|| self.refuse(Rule::NoSuchBlock, attempt))
    }

    fn audio_block(&self) -> Option<(ContentName, SampleRate)> {
        let block = self.blocks.get(self.upstream.audio()?)?;
        match block.content {
            Content::Audio { rate } => Some((block.name.clone(), rate)),
            _ => None,
        }
    }

    /// Checks what depends on the model and on what the service has asked for.
    fn check_content(&self, content: &Content) -> Result<()> {
        match content {
            Content::SystemSpeech if !self.model.has(Feature::SystemSpeech) => {
                Err(unsupported(&self.model, "a SYSTEM_SPEECH block"))
            }
            // It takes the text and never answers (reference §7.1).
            Content::UserText if !self.model.has(Feature::InteractiveText) => {
                Err(unsupported(&self.model, "typed text"))
            }
            Content::ToolResult { tool_use_id } => {
                self.tools.may_answer(tool_use_id).map_err(|rule| self.refuse(rule, Move::OpenTool))
            }
            _ => Ok(()),
        }
    }

    /// Checks the size of history before audio (reference §4.5); later texts are no history.
    fn check_history(&self, block: &ContentName, more: usize) -> Result<()> {
        let Upstream::PrimingText { becomes: Priming::History { bytes }, .. } = &self.upstream else { return Ok(()) };
        let model_limits = self.model.limits();
        let message = self.own(block, Move::Text)? + more;
        if message > model_limits.history_message_bytes {
            return Err(history_max("This message", message, model_limits.history_message_bytes));
        }
        if bytes + more > model_limits.history_bytes {
            return Err(history_max("The history", bytes + more, model_limits.history_bytes));
        }
        Ok(())
    }

    fn count_history(&mut self, more: usize) {
        if let Upstream::PrimingText { becomes: Priming::History { bytes }, .. } = &mut self.upstream {
            *bytes += more;
        }
    }

    fn read(&mut self, event: ServerEvent) {
        for heard in self.reader.read(event) {
            let heard = match heard {
                Heard::ToolUse { id, name, arguments } => match self.tools.ask(id.clone()) {
                    Ok(()) => Heard::ToolUse { id, name, arguments },
                    Err(breach) => Heard::Warning(breach),
                },
                other => other,
            };
            self.out.push_back(Output::Heard(heard));
        }
    }

    fn ended(&mut self) {
        if self.upstream != Upstream::Closed {
            let sentence = format!("The service ended the stream while we were in state {}.", self.upstream.name());
            self.out.push_back(Output::Heard(Heard::Warning(sentence)));
        }
        self.upstream.cut();
        self.reader.end();
        self.out.push_back(Output::Heard(Heard::Ended));
    }

    /// Ends the session for good: what waits to be sent has nowhere to go, what was heard is still given out.
    fn fail(&mut self, error: Error) {
        self.upstream.cut();
        self.out.retain(|waiting| matches!(waiting, Output::Heard(_)));
        self.waiting = 0;
        self.reader.fail(error.clone());
        self.out.push_back(Output::Heard(Heard::Failed(error)));
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("model", self.model.id())
            .field("prompt", &self.prompt)
            .field("upstream", &self.upstream)
            .field("blocks", &self.blocks)
            .field("downstream", &self.reader.state().name())
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Output::Send(payload) => write!(f, "Send({} bytes)", payload.len()),
            Output::Heard(heard) => f.debug_tuple("Heard").field(heard).finish(),
        }
    }
}

/// Cuts text into pieces of the guidance size, never inside a character.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(limits::TEXT_PIECE_BYTES));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn fits(what: &str, payload: &[u8]) -> Result<()> {
    if payload.len() <= limits::EVENT_BYTES {
        return Ok(());
    }
    let sentence = format!("{what} take {} bytes; one event holds {}.", payload.len(), limits::EVENT_BYTES);
    Err(invalid("too-large", sentence))
}

fn history_max(what: &str, bytes: usize, limit: usize) -> Error {
    invalid("E-HISTMAX", format!("{what} has {bytes} bytes; the model takes {limit}."))
        .with_hint("Leave out the oldest messages, or shorten them.")
}

fn audio_waiting(bytes: usize) -> Error {
    Error::new(ErrorKind::Limit, format!("{bytes} bytes wait to be sent and nobody takes them."))
        .with_code("audio-waiting")
        .with_retryable(true)
        .with_hint("Poll the session, or send in real time.")
}
