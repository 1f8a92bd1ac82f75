//! A call written down, and taken up again where it was.
//!
//! The sessions of the old process are gone, and with them the sound of what the user said. So what was asked and not
//! answered is asked again in words; an answer that had begun to sound ends as lost, cut where it was heard; and a tool
//! of which nobody knows how far it came is not run again, unless that does no harm.

use super::budget::Spending;
use super::call::{Call, Phase};
use super::history::{History, Trimmed};
use super::io::Output;
use super::sending::{Typed, TypedBy};
use super::transcript::Transcripts;
use super::usage::UsageSum;
use crate::error::{Error, Result};
use crate::model::{Catalogue, Feature};
use crate::sonic::config::Config;
use crate::sonic::event::{CloseReason, Event, TurnEnd, TurnId, Unsent};
use crate::sonic::snapshot::{
    Answer, Left, OpenTurn, PendingTool, Playing, Snapshot, TextFrom, ToldResult, WaitingText,
};

/// Numbers that are left out of the sequence of events when a call is resumed. The old process may have told of more than
/// its last snapshot holds: a minute of a service that speaks twenty times as fast as it sounds.
const EVENTS_LEFT_OUT: u64 = 100_000;
/// The same for turns and lines.
const TURNS_LEFT_OUT: u64 = 100;

impl Call {
    /// Writes the call down as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let heard: Vec<_> = self.playback.ledger(self.now).collect();
        let cuts: Vec<_> = heard.iter().map(|(turn, cut, _)| (*turn, *cut)).collect();
        let (lines, trimmed, unsettled) = self.transcripts.told(&cuts);
        let playing =
            heard.iter().map(|(turn, cut, delivered)| Playing { turn: *turn, heard: cut.heard, delivered: *delivered });
        let tool = |(call, run)| PendingTool { call: Clone::clone(call), run };
        let told =
            |(call, result, outcome)| ToldResult { call: Clone::clone(call), result: Clone::clone(result), outcome };
        Snapshot {
            snapshot: Snapshot::FORM,
            at: self.now,
            seq: self.seq,
            // What they hold stands in the lines, or was said.
            config: Config { history: Vec::new(), greeting: None, ..self.config.clone() },
            lines,
            trimmed: Left { lines: trimmed.lines, bytes: trimmed.bytes },
            unsettled,
            items: self.transcripts.last(),
            turns: self.turns.last().unwrap_or_default(),
            open: self.open_turns(),
            tools: self.tools.pending().map(tool).collect(),
            results: self.tools.told().map(told).collect(),
            typed: self.unasked_texts().filter_map(waiting).collect(),
            playing: playing.collect(),
            usage: self.usage(),
            budget_told: self.spending.told().to_vec(),
            sessions: self.sessions,
            user_samples: self.audio_in.sent_to(),
        }
    }

    fn open_turns(&self) -> Vec<OpenTurn> {
        let open = self.turns.questions().map(|(turn, typed)| OpenTurn {
            turn,
            question: typed.map(str::to_owned).or_else(|| self.transcripts.question(turn)),
            answer: if self.turns.has_sounded(turn) { Answer::Begun } else { Answer::Owed },
        });
        open.collect()
    }

    /// Takes a call up again from its snapshot: the first output opens a link. Time goes on where the snapshot was
    /// taken, so that the first `now` is [`Snapshot::at`].
    ///
    /// `seed` scatters the pauses between attempts.
    ///
    /// # Errors
    /// `Invalid` when the model does not take something of the configuration; the sentence says what and why.
    pub fn resume(snapshot: Snapshot, catalogue: &Catalogue, seed: u64) -> Result<Self> {
        let mut call = Call::idle(snapshot.config, catalogue, seed)?;
        let turns = snapshot.turns + TURNS_LEFT_OUT;
        let Left { lines, bytes } = snapshot.trimmed;
        let older = History::restored(&snapshot.lines, Trimmed { lines, bytes });
        call.now = snapshot.at;
        call.seq = snapshot.seq + EVENTS_LEFT_OUT;
        call.sessions = snapshot.sessions;
        call.usage = UsageSum::from(snapshot.usage.tokens);
        call.spending = Spending::restored(snapshot.budget_told);
        call.transcripts = Transcripts::restored(older, snapshot.items + TURNS_LEFT_OUT);
        call.audio_in.begin_at(snapshot.user_samples);
        call.turns.restore(call.now, turns, snapshot.user_samples);
        call.settled(snapshot.unsettled);
        call.typed = snapshot.typed.into_iter().map(Typed::from).collect();
        for told in snapshot.results {
            call.resume_result(told.call, told.result, told.outcome);
        }
        let is_a_tools = |turn: TurnId| snapshot.tools.iter().any(|tool| tool.call.turn == turn);
        for open in snapshot.open {
            let in_hand = is_a_tools(open.turn) || call.tools.in_hand(open.turn);
            call.reopen(open, in_hand);
        }
        for PendingTool { call: tool, run } in snapshot.tools {
            call.resume_tool(tool, run);
        }
        call.dial_first()?;
        call.start_tools();
        Ok(call)
    }

    /// Takes up a turn that was not over: what was asked is asked again, as far as there are words for it.
    fn reopen(&mut self, open: OpenTurn, in_hand: bool) {
        let can_be_typed = self.model.has(Feature::InteractiveText);
        match (open.answer, open.question) {
            (Answer::Owed, Some(question)) if can_be_typed => self.turns.reopen(self.now, open.turn, question),
            // Its answer follows from the tool's result.
            (_, question) if in_hand && can_be_typed => {
                self.turns.reopen(self.now, open.turn, question.unwrap_or_default());
            }
            (_, _) => self.event(Event::TurnEnded {
                turn: open.turn,
                end: TurnEnd::Lost,
                latency: crate::sonic::event::Latency::default(),
            }),
        }
    }

    /// Gives the call up as it is: another process goes on with it. What is open stays so, and tools are stopped.
    pub(super) fn park(&mut self, error: Option<Error>) {
        let running: Vec<_> = self.tools.pending().map(|(call, _)| call.id.clone()).collect();
        for id in running {
            self.outputs.push_back(Output::CancelTool { id });
        }
        self.hang_up();
        self.phase = Phase::Over;
        let reason = if error.is_some() { CloseReason::Failed } else { CloseReason::Parked };
        self.event(Event::Closed { reason, error, unsent: Unsent::default() });
    }
}

/// What the next process types; what it is asked again anyway is not among it.
fn waiting(typed: &Typed) -> Option<WaitingText> {
    let from = match typed.by {
        TypedBy::User(None) => TextFrom::User,
        TypedBy::User(Some(_)) => return None,
        TypedBy::Greeting => TextFrom::Application,
        TypedBy::Aside(turn) => TextFrom::Call(turn),
    };
    Some(WaitingText { text: typed.text.clone(), from })
}

impl From<WaitingText> for Typed {
    fn from(waiting: WaitingText) -> Self {
        let by = match waiting.from {
            TextFrom::User => TypedBy::User(None),
            TextFrom::Application => TypedBy::Greeting,
            TextFrom::Call(turn) => TypedBy::Aside(turn),
        };
        Typed { text: waiting.text, by }
    }
}
