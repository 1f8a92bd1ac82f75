//! The call itself: one pure machine between the application, its links and the clock.
//!
//! ```text
//!   Dialing ──accepted──► Live ──finish, idle──► Finishing ──► Over
//!                        ▲    │
//!                        └────┘  another session: renewal.rs, recovery.rs
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use super::audio_in::AudioIn;
use super::budget::Spending;
use super::closing::Finishing;
use super::idle::Quiet;
use super::io::{Input, LinkKey, Output};
use super::keeping::Keeping;
use super::line::{Credit, Line, LineState, Opening};
use super::lines::{Lines, Part};
use super::playback::Playback;
use super::recovery::Recovery;
use super::renewal::Renewal;
use super::review::Review;
use super::sending::{AudioWhileTools, Typed, TypedBy};
use super::tools::{self, Tools};
use super::transcript::Transcripts;
use super::turns::Turns;
use super::usage::UsageSum;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{ContentId, PromptName, ToolUseId};
use crate::model::{Catalogue, Model};
use crate::sonic::config::Config;
use crate::sonic::event::{CloseReason, Event, RenewReason, Stamped, Transcript, TurnEnd, TurnId};
use crate::transport::Target;
use crate::usage::BudgetScope;

/// A conversation as a pure machine: time and inputs in, outputs out. It never waits, sleeps or asks for the time.
///
/// Call [`handle`](Call::handle) for everything that happens, then [`poll`](Call::poll) until it returns
/// [`Output::Wait`], which comes once after every input and says when the next [`Input::Tick`] is due.
pub struct Call {
    pub(super) config: Config,
    pub(super) model: Model,
    pub(super) now: Duration,
    pub(super) phase: Phase,
    pub(super) lines: Lines,
    pub(super) renewal: Renewal,
    pub(super) recovery: Recovery,
    pub(super) quiet: Quiet,
    pub(super) review: Review,
    pub(super) audio_in: AudioIn,
    pub(super) turns: Turns,
    pub(super) transcripts: Transcripts,
    pub(super) tools: Tools,
    pub(super) playback: Playback,
    pub(super) usage: UsageSum,
    pub(super) spending: Spending,
    pub(super) keeping: Keeping,
    /// Blocks of the service's that are open, and what they are part of.
    pub(super) blocks: VecDeque<Block>,
    pub(super) audio_while_tools: AudioWhileTools,
    pub(super) typed: VecDeque<Typed>,
    /// Texts that a farewell came before.
    pub(super) withheld: VecDeque<Typed>,
    pub(super) outputs: VecDeque<Output>,
    pub(super) next_audio: Option<Duration>,
    /// When audio that was given up was last told of.
    pub(super) dropped_told: Option<Duration>,
    /// Sessions that were put to use.
    pub(super) sessions: u32,
    pub(super) seq: u64,
    seed: u64,
    links: u32,
    waits: Waits,
}

// What people say, and what the assistant is told to be, stays out of logs.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("now", &self.now)
            .field("phase", &self.phase)
            .field("link", &self.lines.current_key())
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
    /// Nothing more is said; what is owed is still delivered.
    Finishing(Finishing),
    /// Nothing more happens.
    Over,
}

/// An open block of the service's.
pub(super) struct Block {
    pub(super) link: LinkKey,
    pub(super) id: ContentId,
    pub(super) part: BlockPart,
}

/// What an open block is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockPart {
    /// A living answer.
    Answer(TurnId),
    /// An answer that was interrupted, or is given elsewhere: nothing of it is passed on.
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
        let mut call = Call::idle(config, catalogue, seed)?;
        call.dial_first()?;
        if let Some(greeting) = call.config.greeting.clone() {
            call.text(greeting, TypedBy::Greeting)?;
        }
        Ok(call)
    }

    /// A call in which nothing has happened yet.
    pub(super) fn idle(config: Config, catalogue: &Catalogue, seed: u64) -> Result<Self> {
        let model = catalogue.model(&config.model);
        tools::check(&config.tools, &model)?;
        config.budget.check(&model)?;
        Ok(Call {
            now: Duration::ZERO,
            phase: Phase::Dialing,
            lines: Lines::default(),
            renewal: Renewal::default(),
            recovery: Recovery::new(seed),
            quiet: Quiet::default(),
            review: Review::default(),
            audio_in: AudioIn::new(config.input_rate),
            turns: Turns::new(config.timeouts.answer),
            transcripts: Transcripts::new(&config.history),
            tools: Tools::default(),
            playback: Playback::default(),
            usage: UsageSum::default(),
            spending: Spending::default(),
            keeping: Keeping::default(),
            blocks: VecDeque::new(),
            audio_while_tools: AudioWhileTools::at_first(config.audio_during_tools),
            typed: VecDeque::new(),
            withheld: VecDeque::new(),
            outputs: VecDeque::new(),
            next_audio: None,
            dropped_told: None,
            sessions: 0,
            seed,
            links: 0,
            seq: 0,
            waits: Waits::Untold,
            config,
            model,
        })
    }

    /// Asks for the first session.
    pub(super) fn dial_first(&mut self) -> Result<()> {
        let again = self.turns_to_ask_again();
        let history = self.transcripts.shaped(&self.model, &again);
        self.told_trimmed(history.trimmed);
        self.lines.current = Some(self.open(Opening::Whole(&history.messages))?);
        Ok(())
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
                Input::Text { .. } | Input::Greet { .. } | Input::Interrupt => {
                    Err(Error::new(ErrorKind::Closed, "The call is over."))
                }
                _ => Ok(()),
            };
        }
        let result = self.take(input);
        self.expire();
        self.watch_idle();
        self.watch_budget();
        self.advance_renewal();
        self.advance_closing();
        self.pump();
        self.advance_keeping();
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

    /// Returns the time since the call began, as it was last told.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
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
            Input::Opened { link, request_id, identity_expires } => self.opened(link, request_id, identity_expires),
            Input::Ready { link } => {
                if let Some(line) = self.lines.get_mut(link) {
                    line.credit = Credit::One;
                }
            }
            Input::Frame { link, payload } => self.frame(link, &payload),
            Input::Ended { link } => self.ended(link),
            Input::Failed { link, failure } => self.failed(link, &failure),
            Input::ToolDone { id, result } => return self.tool_done(&id, result),
            Input::Taken { turn, duration } => self.playback.taken(self.now, turn, duration),
            Input::Audio { pcm, policy, at } => return self.audio(pcm, policy, at),
            Input::EndAudio => self.end_audio(),
            Input::Text { text } => return self.text(text, TypedBy::User(None)),
            Input::Greet { text } => return self.text(text, TypedBy::Greeting),
            Input::Reviewed { id, verdict } => self.reviewed(id, &verdict),
            Input::Interrupt => self.barge_in(),
            Input::Saved { revision } => self.saved(revision),
            Input::OwnerBudget { measure, level } => self.budget_reached(BudgetScope::Owner, measure, level),
            Input::Park { error } => self.park(error),
            Input::Finish => self.finish(CloseReason::Finished),
            Input::Played { turn, position } => self.playback.played(self.now, turn, position),
            Input::Tick => {}
        }
        Ok(())
    }

    // ---- links

    /// Begins another session; it is asked for with the next output.
    pub(super) fn open(&mut self, opening: Opening<'_>) -> Result<Line> {
        self.links += 1;
        let link = LinkKey(self.links);
        let until = self.now + self.config.timeouts.connect;
        // From the seed and not from chance: a replay of the same inputs gives the same bytes.
        let prompt = PromptName::from(Uuid::from_u64_pair(self.seed, link.0.into()).to_string());
        let (line, events) = Line::open(link, &self.config, &self.model, opening, prompt, until)?;
        let region = self.config.regions.get(self.recovery.region()).cloned();
        let target = Target { model: self.config.model.to_string(), region };
        self.outputs.push_back(Output::Open { link, target, opening: events });
        Ok(line)
    }

    fn opened(&mut self, link: LinkKey, request_id: Option<String>, expires: Option<Duration>) {
        let opening = |line: &&mut Line| matches!(line.state, LineState::Opening { .. });
        let Some(line) = self.lines.get_mut(link).filter(opening) else { return };
        line.accepted(self.now, request_id, expires);
        if self.lines.part(link) == Some(Part::Current) {
            let reason = match self.phase {
                Phase::Dialing => RenewReason::Resumed,
                _ => RenewReason::Recovery,
            };
            if let Phase::Dialing = self.phase {
                self.phase = Phase::Live;
            }
            self.adopt(reason);
        }
    }

    /// Drops a link that was taken out; nothing more is heard of it.
    pub(super) fn drop_line(&mut self, line: &Line) {
        self.usage.session_over(line.key);
        self.blocks.retain(|block| block.link != line.key);
        self.review.forget(line.key);
        self.outputs.push_back(Output::Abort { link: line.key });
    }

    pub(super) fn hang_up(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        for line in [lines.leaving, lines.current, lines.spare].into_iter().flatten() {
            self.drop_line(&line);
        }
    }

    // ---- time

    fn expire(&mut self) {
        for link in self.lines.refused_by_silence(self.now) {
            self.not_accepted_in_time(link);
        }
        if self.is_over() {
            return;
        }
        self.redial_if_due();
        self.review_if_overdue();
        self.expire_tools();
        for turn in self.turns.overdue(self.now) {
            // What a tool keeps waiting has the tool's deadline, and what no session hears has the link's.
            if self.tools.holds(turn) || self.lines.in_use().is_none() {
                self.turns.touch(self.now);
                break;
            }
            self.end_turn(turn, TurnEnd::NoAnswer);
        }
        let settled = self.transcripts.settle(Some(self.now));
        self.settled(settled);
    }

    fn wake(&self) -> Option<Duration> {
        if self.is_over() {
            return None;
        }
        [
            self.lines.opening_wake(),
            self.next_audio,
            self.recovery.wake(),
            self.renewal_wake(),
            self.idle_wake(),
            self.budget_wake(),
            self.keeping_wake(),
            self.review.wake(),
            self.tools_wake(),
            self.aside_wake(),
            // What is overdue and cannot end yet, since no session or a tool has it in hand, waits for those.
            self.turns.wake().filter(|until| *until > self.now),
            self.transcripts.wake(),
            self.closing_wake(),
            self.dropped_wake(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    // ---- what the application is told

    /// Tells the application.
    pub(super) fn event(&mut self, event: Event) {
        self.note_for_keeping(&event);
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

    pub(super) fn changed(&mut self, change: Option<Transcript>) {
        self.settled(change.into_iter().collect());
    }

    pub(super) fn settled(&mut self, changes: Vec<Transcript>) {
        for line in changes {
            self.event(Event::Transcript(line));
        }
    }

    /// Ends a turn, if it is still open.
    pub(super) fn end_turn(&mut self, turn: TurnId, end: TurnEnd) {
        let latency = match end {
            TurnEnd::NoAnswer => self.turns.give_up(turn),
            _ => self.turns.end(self.now, turn),
        };
        if let Some(latency) = latency {
            self.tools.answered(turn);
            self.transcripts.turn_ended(turn, self.now);
            self.event(Event::TurnEnded { turn, end, latency });
        }
    }

    /// Ends the call.
    pub(super) fn over(&mut self, reason: CloseReason, error: Option<Error>) {
        let end = match reason {
            CloseReason::Finished | CloseReason::Idle | CloseReason::LongestCall | CloseReason::Budget => {
                TurnEnd::Closed
            }
            _ => TurnEnd::Lost,
        };
        let unsent = self.unsent();
        for turn in self.turns.ids() {
            self.end_turn(turn, end);
        }
        self.abandon_tools();
        let settled = self.transcripts.settle(None);
        self.settled(settled);
        self.hang_up();
        self.phase = Phase::Over;
        self.event(Event::Closed { reason, error, unsent });
    }

    /// Ends the call because a rule of our own was broken by ourselves.
    pub(super) fn bug(&mut self, cause: &Error) {
        let error = Error::new(ErrorKind::Bug, format!("The conversation broke a rule of its own session: {cause}"))
            .with_hint("Please report it with the sequence of events that led here.");
        self.over(CloseReason::Failed, Some(error));
    }
}
