//! The call itself: one pure machine between the application, its links and the clock.
//!
//! ```text
//!   Dialing ──accepted──► Live ──finish──► Finishing ──────► Over
//!      ▲                   │
//!      └──passing failure──┘       (recovery.rs)
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::audio_in::{AudioIn, Next};
use super::closing::Finishing;
use super::history::History;
use super::io::{AudioPolicy, Input, LinkKey, Output};
use super::line::{Credit, Line, LineState};
use super::playback::Playback;
use super::recovery::Recovery;
use super::tools::{self, Tools};
use super::transcript::{Change, Transcripts};
use super::turns::Turns;
use super::usage::UsageSum;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{ContentId, PromptName, ToolUseId};
use crate::model::{Catalogue, Feature, Model};
use crate::sonic::config::{AudioDuringTools, Config};
use crate::sonic::event::{CloseReason, Event, Stamped, ToolCall, ToolOutcome, TurnEnd, TurnId};
use crate::transport::Target;

/// Typed texts that may wait for their moment.
const TYPED_BOUND: usize = 32;

/// A conversation as a pure machine: time and inputs in, outputs out. It never waits, sleeps or asks for the time.
///
/// Call [`handle`](Call::handle) for everything that happens, then [`poll`](Call::poll) until it returns
/// [`Output::Wait`], which comes once after every input and says when the next [`Input::Tick`] is due.
pub struct Call {
    pub(super) config: Config,
    pub(super) model: Model,
    pub(super) now: Duration,
    pub(super) phase: Phase,
    pub(super) line: Option<Line>,
    pub(super) recovery: Recovery,
    pub(super) audio_in: AudioIn,
    pub(super) turns: Turns,
    pub(super) transcripts: Transcripts,
    pub(super) history: History,
    pub(super) tools: Tools,
    pub(super) playback: Playback,
    pub(super) usage: UsageSum,
    /// Blocks of the service's that are open, and what they are part of.
    pub(super) blocks: VecDeque<(ContentId, Part)>,
    audio_while_tools: AudioWhileTools,
    typed: VecDeque<Typed>,
    outputs: VecDeque<Output>,
    next_audio: Option<Duration>,
    seed: u64,
    links: u32,
    seq: u64,
    waits: Waits,
}

// What people say, and what the assistant is told to be, stays out of logs.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("now", &self.now)
            .field("phase", &self.phase)
            .field("link", &self.line.as_ref().map(|line| line.key))
            .field("turns", &self.turns.ids())
            .field("typed", &self.typed.len())
            .field("outputs", &self.outputs.len())
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

/// How far a call has come.
#[derive(Debug)]
pub(super) enum Phase {
    /// No session has been accepted yet.
    Dialing,
    /// The application talks.
    Live,
    /// The application has said that it is done.
    Finishing(Finishing),
    /// Nothing more happens.
    Over,
}

/// What an open block of the service's is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A living answer.
    Answer(TurnId),
    /// An answer that was interrupted: nothing of it is passed on.
    Dead,
    /// Anything else.
    Other,
}

/// What has been seen of sending audio while a tool works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AudioWhileTools {
    Untried,
    Sent,
    Held,
}

struct Typed {
    text: String,
    /// The turn that it continues; a new one of its own otherwise.
    turn: Option<TurnId>,
}

/// Whether the current wait has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    Told,
    Untold,
}

impl Call {
    /// Begins a call: the first output opens a link.
    ///
    /// `seed` scatters the pauses between attempts, so that a thousand calls do not come back at the same moment.
    ///
    /// # Errors
    /// `Invalid` when the model does not take something of the configuration; the sentence says what and why.
    pub fn new(config: Config, catalogue: &Catalogue, seed: u64) -> Result<Self> {
        let model = catalogue.model(&config.model);
        let mut call = Call {
            now: Duration::ZERO,
            phase: Phase::Dialing,
            line: None,
            recovery: Recovery::new(seed),
            audio_in: AudioIn::new(config.input_rate),
            turns: Turns::new(config.timeouts.answer),
            transcripts: Transcripts::default(),
            history: History::new(&config.history),
            tools: Tools::default(),
            playback: Playback::default(),
            usage: UsageSum::default(),
            blocks: VecDeque::new(),
            audio_while_tools: match config.audio_during_tools {
                AudioDuringTools::Hold => AudioWhileTools::Held,
                AudioDuringTools::Adapt | AudioDuringTools::Send => AudioWhileTools::Untried,
            },
            typed: VecDeque::new(),
            outputs: VecDeque::new(),
            next_audio: None,
            seed,
            links: 0,
            seq: 0,
            waits: Waits::Untold,
            config,
            model,
        };
        call.dial()?;
        Ok(call)
    }

    /// Takes in what happened. `now` is the time since the call began; it never runs backwards.
    ///
    /// # Errors
    /// A command of the application's that cannot be carried out is refused with `Misuse`, `Invalid` or `Limit`, and
    /// changes nothing. Everything else that goes wrong becomes an event.
    pub fn handle(&mut self, now: Duration, input: Input) -> Result<()> {
        self.now = self.now.max(now);
        self.waits = Waits::Untold;
        if let Phase::Over = self.phase {
            return match input {
                Input::Text { .. } | Input::Interrupt => Err(Error::new(ErrorKind::Closed, "The call is over.")),
                _ => Ok(()),
            };
        }
        let result = self.take(input);
        self.expire();
        self.advance_closing();
        self.pump();
        result
    }

    /// Returns the next thing to do; after [`Output::Wait`] nothing until the next input.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if self.waits == Waits::Told {
            return None;
        }
        self.waits = Waits::Told;
        Some(Output::Wait { until: self.wake() })
    }

    /// Returns the rate of the audio that goes in.
    #[must_use]
    pub fn input_rate(&self) -> crate::audio::SampleRate {
        self.config.input_rate
    }

    /// Returns how many bytes of audio the call would take now; the application waits at zero.
    #[must_use]
    pub fn audio_room(&self) -> usize {
        match self.phase {
            // Too late to be sent: it is taken and given up, rather than letting a sender wait for ever.
            Phase::Over => usize::MAX,
            _ => self.audio_in.room(),
        }
    }

    /// Says whether the call is over: [`Event::Closed`] is out, or about to come out of [`poll`](Call::poll).
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    fn take(&mut self, input: Input) -> Result<()> {
        match input {
            Input::Opened { link, request_id } => self.opened(link, request_id),
            Input::Ready { link } => {
                if let Some(line) = self.line.as_mut().filter(|line| line.key == link) {
                    line.credit = Credit::One;
                }
            }
            Input::Frame { link, payload } => self.frame(link, &payload),
            Input::Ended { link } => self.ended(link),
            Input::Failed { link, failure } => self.failed(link, &failure),
            Input::ToolDone { id, result } => return self.tool_done(&id, result),
            Input::Taken { turn, duration } => self.playback.taken(self.now, turn, duration),
            Input::Audio { pcm, policy, at } => return self.audio(pcm, policy, at),
            Input::Text { text } => return self.text(text),
            Input::Interrupt => self.interrupt(),
            Input::Finish => self.finish(),
            Input::Tick => {}
        }
        Ok(())
    }

    // ---- what the application says

    fn audio(&mut self, pcm: bytes::Bytes, policy: AudioPolicy, at: Duration) -> Result<()> {
        if let Phase::Finishing(_) = self.phase {
            return Err(Error::new(ErrorKind::Misuse, "No audio is taken after finish()."));
        }
        if policy == AudioPolicy::Live {
            self.audio_in.make_room();
        }
        if self.audio_in.room() == 0 {
            return Err(Error::new(ErrorKind::Limit, "As much audio waits as may wait.")
                .with_code("audio-waiting")
                .with_retryable(true)
                .with_hint("Wait until `audio_room` says that there is room."));
        }
        self.audio_in.push(pcm, policy, at);
        Ok(())
    }

    fn text(&mut self, text: String) -> Result<()> {
        if let Phase::Finishing(_) = self.phase {
            return Err(Error::new(ErrorKind::Misuse, "No text is taken after finish()."));
        }
        if text.trim().is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "The text is empty: there is nothing to answer."));
        }
        if !self.model.has(Feature::InteractiveText) {
            let message = format!("{} does not answer typed text: only speech starts an answer.", self.config.model);
            return Err(Error::new(ErrorKind::Invalid, message).with_hint("Use a newer model, or send audio."));
        }
        if self.typed.len() >= TYPED_BOUND {
            let message = format!("{TYPED_BOUND} texts are waiting to be sent already.");
            return Err(Error::new(ErrorKind::Limit, message).with_hint("Send the next one after an answer."));
        }
        self.typed.push_back(Typed { text, turn: None });
        Ok(())
    }

    fn interrupt(&mut self) {
        self.barge_in();
    }

    fn tool_done(&mut self, id: &ToolUseId, result: std::result::Result<Value, String>) -> Result<()> {
        let outcome = if result.is_ok() { ToolOutcome::Answered } else { ToolOutcome::Failed };
        if self.answer_tool(id, result, outcome) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Misuse, format!("No tool call {id} is waiting for a result."))
            .with_hint("Each call is answered exactly once, before its deadline."))
    }

    // ---- tools

    /// Takes on a call of the model's.
    pub(super) fn begin_tool(&mut self, link: LinkKey, id: ToolUseId, name: String, arguments: Value) {
        // A call out of an answer that was interrupted belongs to that one, which is over.
        let asking = self.turns.front().or_else(|| self.turns.answer_begins(self.now)).or_else(|| self.turns.last());
        let turn = asking.unwrap_or_default();
        self.turns.touch(self.now);
        let call = ToolCall { turn, id, name, arguments };
        let known = self.config.tools.iter().any(|tool| tool.name == call.name);
        let begun = self.tools.begin(&call, link, self.now + self.config.timeouts.tool);
        self.event(Event::ToolCall(call.clone()));
        match begun {
            Err(reason) => self.tell_tool_result(&call.id, call.name, link, turn, Err(reason), ToolOutcome::Failed),
            Ok(()) if !known => {
                let reason = format!("there is no tool named {}", call.name);
                self.answer_tool(&call.id, Err(reason), ToolOutcome::Failed);
            }
            Ok(()) => self.outputs.push_back(Output::RunTool(call)),
        }
    }

    fn answer_tool(
        &mut self,
        id: &ToolUseId,
        result: std::result::Result<Value, String>,
        outcome: ToolOutcome,
    ) -> bool {
        let Some(pending) = self.tools.finish(id) else { return false };
        self.turns.touch(self.now);
        self.tell_tool_result(id, pending.name, pending.link, pending.turn, result, outcome);
        true
    }

    fn tell_tool_result(
        &mut self,
        id: &ToolUseId,
        name: String,
        asked_on: LinkKey,
        turn: TurnId,
        result: std::result::Result<Value, String>,
        outcome: ToolOutcome,
    ) {
        let result = tools::as_object(result);
        let mut outcome = outcome;
        match self.line.as_mut().filter(|line| line.key == asked_on && line.state == LineState::Live) {
            Some(line) => match line.answer_tool(id, &result, outcome) {
                Ok(sent) => outcome = sent,
                Err(error) => return self.bug(&error),
            },
            // Another session does not know the id and would fail on it: it is told in words.
            None => {
                let text = json!({ "tool": name, "result": result }).to_string();
                self.typed.push_back(Typed { text: format!("(Result of a tool: {text})"), turn: Some(turn) });
            }
        }
        self.event(Event::ToolDone { id: id.clone(), name, outcome });
    }

    // ---- the way up

    /// Sends whatever is due while the link takes it.
    fn pump(&mut self) {
        self.next_audio = None;
        self.send_typed();
        let held = self.holds_audio();
        let Some(line) = self.line.as_mut().filter(|line| line.credit == Credit::One) else { return };
        let payload = match line.next_payload() {
            Some(payload) => payload,
            None if held || !line.takes_audio() => return,
            None => match self.audio_in.next(self.now) {
                Next::Wait(until) => {
                    self.next_audio = Some(until);
                    return;
                }
                Next::Audio(pcm) => {
                    let sent = line.audio(&pcm).map(|()| line.next_payload());
                    match sent {
                        Ok(Some(payload)) => {
                            self.note_audio_while_tools();
                            payload
                        }
                        Ok(None) => return,
                        Err(error) => return self.bug(&error),
                    }
                }
            },
        };
        if let Some(line) = &mut self.line {
            line.credit = Credit::None { since: self.now };
            self.outputs.push_back(Output::Send { link: line.key, payload });
        }
        if let Some(duration) = self.audio_in.take_dropped() {
            self.event(Event::InputDropped { duration });
        }
    }

    fn send_typed(&mut self) {
        // One at a time: what has left this queue is out of its bound.
        if self.audio_in.is_primed()
            && let Some(line) = self.line.as_mut().filter(|line| line.takes_audio())
            && line.is_sent()
            && let Some(typed) = self.typed.pop_front()
        {
            if let Err(error) = line.type_text(&typed.text) {
                return self.bug(&error);
            }
            if typed.turn.is_none() {
                self.typed_turn(&typed.text);
            }
        }
    }

    fn typed_turn(&mut self, text: &str) {
        let turn = self.turns.typed(self.now);
        let change = self.transcripts.user(turn, text);
        self.changed(change);
    }

    fn holds_audio(&self) -> bool {
        self.audio_while_tools == AudioWhileTools::Held && self.tool_is_due()
    }

    /// Says whether the current session waits for a tool; what an earlier one waits for is none of its business.
    fn tool_is_due(&self) -> bool {
        self.line.as_ref().is_some_and(|line| self.tools.holds_link(line.key))
    }

    fn note_audio_while_tools(&mut self) {
        if self.audio_while_tools == AudioWhileTools::Untried && self.tool_is_due() {
            self.audio_while_tools = AudioWhileTools::Sent;
        }
    }

    /// After a refusal: says whether audio during a tool may be the cause, and holds it from now on if so. The tool
    /// may be done by the time the refusal is here.
    pub(super) fn adapt_audio_to_tools(&mut self) -> bool {
        let suspect = self.config.audio_during_tools == AudioDuringTools::Adapt
            && self.audio_while_tools == AudioWhileTools::Sent;
        if suspect {
            self.audio_while_tools = AudioWhileTools::Held;
        }
        suspect
    }

    /// Says whether anything the application handed over still waits.
    pub(super) fn has_input_left(&self) -> bool {
        !self.audio_in.is_empty() || !self.typed.is_empty()
    }

    // ---- links

    /// Opens a session with what was said so far.
    pub(super) fn dial(&mut self) -> Result<()> {
        self.links += 1;
        let link = LinkKey(self.links);
        let until = self.now + self.config.timeouts.connect;
        let history = self.history.shaped(&self.model);
        // From the seed and not from chance: a replay of the same inputs gives the same bytes.
        let prompt = PromptName::from(Uuid::from_u64_pair(self.seed, link.0.into()).to_string());
        let (line, opening) = Line::open(link, &self.config, &self.model, &history, prompt, until)?;
        self.line = Some(line);
        self.blocks.clear();
        let target = Target { model: self.config.model.to_string(), region: self.config.region.clone() };
        self.outputs.push_back(Output::Open { link, target, opening });
        Ok(())
    }

    fn opened(&mut self, link: LinkKey, request_id: Option<String>) {
        let opening = |line: &&mut Line| line.key == link && matches!(line.state, LineState::Opening { .. });
        let Some(line) = self.line.as_mut().filter(opening) else { return };
        line.credit = Credit::None { since: self.now };
        if let Err(error) = line.accepted(&self.config) {
            return self.bug(&error);
        }
        self.recovery.accepted(self.now);
        self.audio_in.begin_block(self.now);
        if let Phase::Dialing = self.phase {
            self.phase = Phase::Live;
        }
        self.event(Event::Connected { session: link.0, request_id });
    }

    /// Drops the current link, if any.
    pub(super) fn hang_up(&mut self) {
        if let Some(line) = self.line.take() {
            self.outputs.push_back(Output::Abort { link: line.key });
        }
        self.usage.session_over();
    }

    /// Ends the sending half of the current link.
    pub(super) fn end_stream(&mut self) {
        if let Some(line) = &self.line {
            self.outputs.push_back(Output::Finish { link: line.key });
        }
    }

    // ---- time

    fn expire(&mut self) {
        if self
            .line
            .as_ref()
            .is_some_and(|line| matches!(line.state, LineState::Opening { until } if until <= self.now))
        {
            self.not_accepted_in_time();
        }
        self.redial_if_due();
        while let Some((id, pending)) = self.tools.expire(self.now) {
            self.outputs.push_back(Output::CancelTool { id: id.clone() });
            let seconds = self.config.timeouts.tool.as_secs();
            let reason = format!("the tool did not answer within {seconds} s");
            self.turns.touch(self.now);
            self.tell_tool_result(&id, pending.name, pending.link, pending.turn, Err(reason), ToolOutcome::TimedOut);
        }
        while let Some(turn) = self.turns.front().filter(|_| self.turns.wake().is_some_and(|until| until <= self.now)) {
            // What a tool keeps waiting has the tool's deadline, and what no session hears has the link's.
            if self.tools.holds(turn) || !self.is_connected() {
                self.turns.touch(self.now);
                break;
            }
            self.end_turn(turn, TurnEnd::NoAnswer);
        }
        let settled = self.transcripts.settle(Some(self.now));
        self.settled(settled);
    }

    pub(super) fn is_connected(&self) -> bool {
        self.line.as_ref().is_some_and(|line| !matches!(line.state, LineState::Opening { .. }))
    }

    fn wake(&self) -> Option<Duration> {
        if self.is_over() {
            return None;
        }
        let opening = self.line.as_ref().and_then(|line| match line.state {
            LineState::Opening { until } => Some(until),
            _ => None,
        });
        [
            opening,
            self.next_audio,
            self.recovery.wake(),
            self.tools.wake(),
            self.turns.wake(),
            self.transcripts.wake(),
            self.closing_wake(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    // ---- what the application is told

    /// Tells the application.
    pub(super) fn event(&mut self, event: Event) {
        self.seq += 1;
        self.outputs.push_back(Output::Event(Stamped { seq: self.seq, at: self.now, event }));
    }

    /// Tells the application to throw away audio that it has not taken.
    pub(super) fn flush(&mut self, turn: TurnId) {
        self.outputs.push_back(Output::Flush { turn });
    }

    /// Tells the application to stop a tool.
    pub(super) fn cancel_tool(&mut self, id: ToolUseId) {
        self.outputs.push_back(Output::CancelTool { id });
    }

    pub(super) fn changed(&mut self, change: Option<Change>) {
        self.settled(change.into_iter().collect());
    }

    pub(super) fn settled(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Show(line) => self.event(Event::Transcript(line)),
                Change::Settled(line) => self.history.keep(&line),
            }
        }
    }

    /// Ends a turn, if it is still open.
    pub(super) fn end_turn(&mut self, turn: TurnId, end: TurnEnd) {
        if let Some(latency) = self.turns.end(self.now, turn) {
            self.transcripts.turn_ended(turn, self.now);
            self.event(Event::TurnEnded { turn, end, latency });
        }
    }

    /// Says what becomes of input that was taken and never sent.
    fn give_up_input(&mut self) {
        for typed in std::mem::take(&mut self.typed).into_iter().filter(|typed| typed.turn.is_none()) {
            self.typed_turn(&typed.text);
        }
        self.audio_in.give_up();
        if let Some(duration) = self.audio_in.take_dropped() {
            self.event(Event::InputDropped { duration });
        }
    }

    /// Ends the call.
    pub(super) fn over(&mut self, reason: CloseReason, error: Option<Error>) {
        let end = if reason == CloseReason::Finished { TurnEnd::Closed } else { TurnEnd::Lost };
        self.give_up_input();
        for turn in self.turns.ids() {
            self.end_turn(turn, end);
        }
        for (id, pending) in self.tools.drain().collect::<Vec<_>>() {
            self.cancel_tool(id.clone());
            self.event(Event::ToolDone { id, name: pending.name, outcome: ToolOutcome::Abandoned });
        }
        let settled = self.transcripts.settle(None);
        self.settled(settled);
        self.hang_up();
        self.phase = Phase::Over;
        self.event(Event::Closed { reason, error });
    }

    /// Ends the call because a rule of our own was broken by ourselves.
    pub(super) fn bug(&mut self, cause: &Error) {
        let error = Error::new(ErrorKind::Bug, format!("The conversation broke a rule of its own session: {cause}"))
            .with_hint("Please report it with the sequence of events that led here.");
        self.over(CloseReason::Failed, Some(error));
    }
}
