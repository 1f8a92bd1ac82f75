//! Turns: what the user said and what the assistant answered, each ended exactly once.
//!
//! ```text
//!   speech starts      speech ends          answer begins          END_TURN, interruption, deadline
//!  ───────────────► UserSpeaking ───────► Waiting ───────► Answering ───────────────────────► over
//!        typed text ──────────────────────────┘ ▲ user goes on │
//!                                               └──────────────┘ (before the answer)
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use crate::sonic::event::{Latency, TurnId};

/// An utterance cannot outlast its session (reference §4.5).
const LONGEST_UTTERANCE: Duration = Duration::from_secs(480);

#[derive(Debug)]
pub(super) struct Turns {
    last: TurnId,
    open: VecDeque<Turn>,
    gate: Gate,
    /// When anything last happened in any turn.
    progress: Duration,
    patience: Duration,
}

/// Whether what comes next belongs to a living answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    /// The user spoke into an answer; what still comes of it is dead until the service has noticed.
    Shut,
}

#[derive(Debug)]
pub(super) struct Turn {
    pub(super) id: TurnId,
    asked: Asked,
    state: TurnState,
    began: Duration,
    latency: Latency,
}

/// How a turn was begun: words that are heard are no part of one that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Aloud,
    InText,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TurnState {
    UserSpeaking,
    Waiting { since: Duration },
    Answering { since: Option<Duration>, voice: Voice },
}

/// Whether an answer has been heard yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Silent,
    Sounding,
}

impl Turns {
    pub(super) fn new(patience: Duration) -> Self {
        Turns { last: 0, open: VecDeque::new(), gate: Gate::Open, progress: Duration::ZERO, patience }
    }

    /// Notes that something happened: the deadline of what is owed begins anew.
    pub(super) fn touch(&mut self, now: Duration) {
        self.progress = now;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Returns the turn that is, or will next be, answered.
    pub(super) fn front(&self) -> Option<TurnId> {
        self.open.front().map(|turn| turn.id)
    }

    /// Returns the turn that is being answered.
    pub(super) fn answering(&self) -> Option<TurnId> {
        self.open.front().filter(|turn| matches!(turn.state, TurnState::Answering { .. })).map(|turn| turn.id)
    }

    /// Returns the turn that began last.
    pub(super) fn last(&self) -> Option<TurnId> {
        Some(self.last).filter(|last| *last > 0)
    }

    /// Says whether a turn is not over yet.
    pub(super) fn is_open(&self, id: TurnId) -> bool {
        self.open.iter().any(|turn| turn.id == id)
    }

    /// Says whether any sound of a turn's answer has come.
    pub(super) fn has_sounded(&self, id: TurnId) -> bool {
        self.open
            .iter()
            .any(|turn| turn.id == id && matches!(turn.state, TurnState::Answering { voice: Voice::Sounding, .. }))
    }

    /// The user speaks: a new turn, or more of one that has no answer yet.
    pub(super) fn speech_started(&mut self, now: Duration) {
        self.touch(now);
        match self.aloud() {
            Some(turn) if matches!(turn.state, TurnState::Waiting { .. } | TurnState::UserSpeaking) => {
                turn.state = TurnState::UserSpeaking;
            }
            _ => {
                self.push(now, Asked::Aloud, TurnState::UserSpeaking);
            }
        }
    }

    /// The user stopped speaking some time ago.
    pub(super) fn speech_ended(&mut self, now: Duration, ago: Duration) {
        self.touch(now);
        self.gate = Gate::Open;
        let ended = now.saturating_sub(ago);
        match self.aloud().map(|turn| &mut turn.state) {
            Some(state @ TurnState::UserSpeaking) => *state = TurnState::Waiting { since: ended },
            // The words were there before the end was told; the user has waited since the end all the same.
            Some(TurnState::Waiting { since }) => *since = ended.min(*since),
            _ => {}
        }
    }

    /// The user cannot speak any more: what was begun is waited for, whether or not its end is told.
    pub(super) fn speech_over(&mut self, now: Duration) {
        if let Some(turn) = self.open.iter_mut().find(|turn| turn.state == TurnState::UserSpeaking) {
            turn.state = TurnState::Waiting { since: now };
            self.touch(now);
        }
    }

    /// The service wrote down what the user said; returns the turn it belongs to.
    pub(super) fn user_said(&mut self, now: Duration) -> TurnId {
        self.touch(now);
        self.gate = Gate::Open;
        match self.aloud() {
            // Without boundary events this is the only sign of an utterance; after an answer has sounded it is the next.
            Some(turn) if !matches!(turn.state, TurnState::Answering { voice: Voice::Sounding, .. }) => {
                if turn.state == TurnState::UserSpeaking {
                    turn.state = TurnState::Waiting { since: now };
                }
                turn.id
            }
            _ => self.push(now, Asked::Aloud, TurnState::Waiting { since: now }),
        }
    }

    /// The application typed something; returns its turn.
    pub(super) fn typed(&mut self, now: Duration) -> TurnId {
        self.touch(now);
        self.gate = Gate::Open;
        self.push(now, Asked::InText, TurnState::Waiting { since: now })
    }

    /// A part of an answer begins; none if it belongs to an answer that was interrupted.
    pub(super) fn answer_begins(&mut self, now: Duration) -> Option<TurnId> {
        self.touch(now);
        if self.gate == Gate::Shut {
            return None;
        }
        if self.open.is_empty() {
            // Nobody asked: a tool's late result, or the model speaks first.
            return Some(self.push(now, Asked::Aloud, TurnState::Answering { since: None, voice: Voice::Silent }));
        }
        let turn = self.open.front_mut()?;
        turn.state = match turn.state {
            TurnState::UserSpeaking => TurnState::Answering { since: Some(now), voice: Voice::Silent },
            TurnState::Waiting { since } => TurnState::Answering { since: Some(since), voice: Voice::Silent },
            answering @ TurnState::Answering { .. } => answering,
        };
        Some(turn.id)
    }

    /// Words of an answer came.
    pub(super) fn text_came(&mut self, now: Duration, id: TurnId) {
        self.touch(now);
        if let Some((turn, since)) = self.answered(id) {
            let waited = since.map(|since| now.saturating_sub(since));
            turn.latency.first_text = turn.latency.first_text.or(waited);
        }
    }

    /// Sound of an answer came.
    pub(super) fn audio_came(&mut self, now: Duration, id: TurnId) {
        self.touch(now);
        if let Some((turn, since)) = self.answered(id) {
            let waited = since.map(|since| now.saturating_sub(since));
            turn.latency.first_audio = turn.latency.first_audio.or(waited);
            turn.state = TurnState::Answering { since, voice: Voice::Sounding };
        }
    }

    fn answered(&mut self, id: TurnId) -> Option<(&mut Turn, Option<Duration>)> {
        self.open.iter_mut().find(|turn| turn.id == id).and_then(|turn| match turn.state {
            TurnState::Answering { since, .. } => Some((turn, since)),
            _ => None,
        })
    }

    /// Ends a turn; none if it is over already.
    pub(super) fn end(&mut self, now: Duration, id: TurnId) -> Option<Latency> {
        self.touch(now);
        let at = self.open.iter().position(|turn| turn.id == id)?;
        self.open.remove(at).map(|turn| turn.latency)
    }

    /// What still comes of the answer is dead.
    pub(super) fn shut(&mut self) {
        self.gate = Gate::Shut;
    }

    /// The service has noticed: what comes next is alive.
    pub(super) fn reopen(&mut self) {
        self.gate = Gate::Open;
    }

    /// Returns when the turn that is owed an answer runs out of time.
    pub(super) fn wake(&self) -> Option<Duration> {
        self.open.front().map(|turn| match turn.state {
            TurnState::UserSpeaking => self.progress + LONGEST_UTTERANCE,
            TurnState::Waiting { .. } | TurnState::Answering { .. } => self.progress + self.patience,
        })
    }

    /// Returns the open turns, oldest first.
    pub(super) fn ids(&self) -> Vec<TurnId> {
        self.open.iter().map(|turn| turn.id).collect()
    }

    /// The latest turn that what the user says may be part of.
    fn aloud(&mut self) -> Option<&mut Turn> {
        self.open.iter_mut().rev().find(|turn| turn.asked == Asked::Aloud)
    }

    fn push(&mut self, now: Duration, asked: Asked, state: TurnState) -> TurnId {
        self.last += 1;
        self.open.push_back(Turn { id: self.last, asked, state, began: now, latency: Latency::default() });
        self.last
    }
}
