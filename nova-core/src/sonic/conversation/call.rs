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

use uuid::Uuid;

use super::audio_in::AudioIn;
use super::closing::Finishing;
use super::history::{History, Trimmed};
use super::io::{Input, LinkKey, Output};
use super::line::{Credit, Line, LineState};
use super::playback::Playback;
use super::recovery::Recovery;
use super::sending::{AudioWhileTools, Typed};
use super::tools::Tools;
use super::transcript::{Change, Transcripts};
use super::turns::Turns;
use super::usage::UsageSum;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{ContentId, PromptName, ToolUseId};
use crate::model::{Catalogue, Model};
use crate::sonic::config::Config;
use crate::sonic::event::{CloseReason, DropReason, Event, RenewReason, Stamped, ToolOutcome, TurnEnd, TurnId, Unsent};
use crate::transport::Target;

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
    pub(super) audio_while_tools: AudioWhileTools,
    pub(super) typed: VecDeque<Typed>,
    pub(super) outputs: VecDeque<Output>,
    pub(super) next_audio: Option<Duration>,
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
            audio_while_tools: AudioWhileTools::at_first(config.audio_during_tools),
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
            Input::Opened { link, request_id, .. } => self.opened(link, request_id),
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
            Input::Text { text } | Input::Greet { text } => return self.text(text),
            Input::Played { .. } => {}
            Input::Interrupt => {
                self.barge_in();
            }
            Input::Finish => self.finish(),
            Input::Tick => {}
        }
        Ok(())
    }

    // ---- links

    /// Opens a session with what was said so far.
    pub(super) fn dial(&mut self) -> Result<()> {
        self.links += 1;
        let link = LinkKey(self.links);
        let until = self.now + self.config.timeouts.connect;
        let history = self.history.shaped(&self.model, &[]);
        // From the seed and not from chance: a replay of the same inputs gives the same bytes.
        let prompt = PromptName::from(Uuid::from_u64_pair(self.seed, link.0.into()).to_string());
        let (line, opening) = Line::open(link, &self.config, &self.model, &history.messages, prompt, until)?;
        self.line = Some(line);
        self.blocks.clear();
        let target = Target { model: self.config.model.to_string(), region: self.config.regions.first().cloned() };
        self.outputs.push_back(Output::Open { link, target, opening });
        let Trimmed { lines, bytes } = history.trimmed;
        if bytes > 0 {
            self.event(Event::HistoryTrimmed { lines, bytes });
        }
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
        let event = match link.0 {
            1 => Event::Connected { request_id },
            session => Event::Renewed {
                session,
                request_id,
                reason: RenewReason::Recovery,
                replayed: Duration::ZERO,
                lost: Duration::ZERO,
            },
        };
        self.event(event);
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
            self.event(Event::InputDropped { duration, why: DropReason::Closed });
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
        self.event(Event::Closed { reason, error, unsent: Unsent::default() });
    }

    /// Ends the call because a rule of our own was broken by ourselves.
    pub(super) fn bug(&mut self, cause: &Error) {
        let error = Error::new(ErrorKind::Bug, format!("The conversation broke a rule of its own session: {cause}"))
            .with_hint("Please report it with the sequence of events that led here.");
        self.over(CloseReason::Failed, Some(error));
    }
}
