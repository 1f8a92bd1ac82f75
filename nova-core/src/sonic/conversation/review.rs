//! A sentence of an answer is looked at before anybody sees or hears it: the place for a guardrail.
//!
//! What the service says of an answer waits from the beginning of a sentence until the application has decided on it, or
//! until its time is over. Then it goes on as if it had just come. What is refused leaves no trace: neither its words
//! nor its sound nor their repeat reach the application or the history.

use std::collections::VecDeque;
use std::time::Duration;

use super::call::Call;
use super::io::{LinkKey, Output, Verdict};
use super::line::Gate;
use crate::ids::ContentId;
use crate::sonic::config::Unreviewed;
use crate::sonic::event::{Event, ReviewOutcome, TurnId};
use crate::sonic::session::{BlockKind, Heard, Stage, Stop};

/// Refused sentences that are remembered, to know their repeats.
const REFUSED: usize = 32;
/// Things that may wait for a decision, about half a minute of an answer; beyond it the decision is made without one.
const HELD: usize = 512;

#[derive(Default)]
pub(super) struct Review {
    state: State,
    held: VecDeque<(LinkKey, Heard)>,
    asked: u64,
    /// The link whose sentence was refused: its sound is not passed on.
    muted: Option<LinkKey>,
    refused: VecDeque<String>,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    /// The service still writes the sentence.
    Writing { link: LinkKey, block: ContentId, text: String },
    /// The application has until then to decide.
    Asked { id: u64, link: LinkKey, block: ContentId, text: String, turn: TurnId, until: Duration },
}

/// What becomes of something heard.
enum Flow {
    Now(Heard),
    Held,
    /// It is held, and completes the sentence.
    Complete,
}

impl Review {
    pub(super) fn wake(&self) -> Option<Duration> {
        match self.state {
            State::Asked { until, .. } => Some(until),
            _ => None,
        }
    }

    /// Says whether sound on a link belongs to a refused sentence.
    pub(super) fn mutes(&self, link: LinkKey) -> bool {
        self.muted == Some(link)
    }

    /// Says whether a repeat holds a refused sentence.
    pub(super) fn refused(&self, text: &str) -> bool {
        let plain = letters(text);
        // A sentence without a letter has no repeat that could be known.
        let mut refused = self.refused.iter().filter(|refused| !refused.is_empty());
        !plain.is_empty() && refused.any(|refused| plain.contains(refused.as_str()) || refused.contains(&plain))
    }

    /// Forgets what waits of a link: it is lost, or its answer was cut. Says whether anything did.
    pub(super) fn forget(&mut self, link: LinkKey) -> bool {
        let before = self.held.len();
        self.held.retain(|(of, _)| *of != link);
        if matches!(&self.state, State::Writing { link: of, .. } | State::Asked { link: of, .. } if *of == link) {
            self.state = State::Idle;
        }
        self.held.len() < before
    }

    fn take(&mut self, link: LinkKey, heard: Heard) -> Flow {
        match (&mut self.state, &heard) {
            (State::Idle, Heard::BlockStarted { id, kind: BlockKind::AssistantText(Stage::Speculative) }) => {
                self.state = State::Writing { link, block: id.clone(), text: String::new() };
                self.muted = None;
            }
            (State::Idle, _) => return Flow::Now(heard),
            (_, heard_now) if !is_of_an_answer(heard_now) => return Flow::Now(heard),
            (State::Writing { block, text, .. }, Heard::Text { id, text: piece, .. }) if id == block => {
                text.push_str(piece);
            }
            (State::Writing { block, .. }, Heard::BlockEnded { id, .. }) if id == block => {
                self.held.push_back((link, heard));
                return Flow::Complete;
            }
            _ => {}
        }
        self.held.push_back((link, heard));
        Flow::Held
    }

    /// Takes out the sentence that was decided on, as it was, or with other words.
    fn sentence(&mut self, block: &ContentId, words: Option<&str>) -> Vec<(LinkKey, Heard)> {
        let ends = |(_, heard): &(LinkKey, Heard)| matches!(heard, Heard::BlockEnded { id, .. } if id == block);
        let end = self.held.iter().position(ends).map_or(self.held.len(), |at| at + 1);
        let mut sentence: Vec<(LinkKey, Heard)> = self.held.drain(..end).collect();
        if let Some(words) = words {
            let mut words = Some(words.to_owned()).filter(|words| !words.is_empty());
            for (_, heard) in &mut sentence {
                match heard {
                    Heard::Text { text, .. } => *text = words.take().unwrap_or_default(),
                    Heard::BlockEnded { text, .. } => text.clear(),
                    _ => {}
                }
            }
        }
        sentence
    }
}

impl Call {
    /// Something was heard on a link: it goes on at once, or waits for a decision.
    pub(super) fn review(&mut self, link: LinkKey, heard: Heard) {
        // What is dead already needs no decision.
        if self.config.review.is_none() || self.gate(link) == Gate::Shut {
            return self.heard(link, heard);
        }
        match self.review.take(link, heard) {
            Flow::Now(heard) => self.heard(link, heard),
            Flow::Held => self.turns.touch(self.now),
            Flow::Complete => self.ask_for_review(),
        }
        if self.review.held.len() > HELD {
            if let State::Writing { .. } = self.review.state {
                self.ask_for_review();
            }
            self.review_overdue();
        }
    }

    fn ask_for_review(&mut self) {
        let Some(review) = self.config.review else { return };
        self.turns.touch(self.now);
        let State::Writing { link, block, text } = std::mem::take(&mut self.review.state) else { return };
        self.review.asked += 1;
        let id = self.review.asked;
        let turn =
            self.turns.next(link, |turn| self.tools.holds(turn)).or_else(|| self.turns.last()).unwrap_or_default();
        self.outputs.push_back(Output::Review { id, turn, text: text.clone() });
        let until = self.now + review.deadline;
        self.review.state = State::Asked { id, link, block, text, turn, until };
    }

    /// The application has decided. A decision that comes too late changes nothing.
    pub(super) fn reviewed(&mut self, id: u64, verdict: &Verdict) {
        if matches!(self.review.state, State::Asked { id: asked, .. } if asked == id) {
            match verdict {
                Verdict::Pass => self.decide(None, None),
                Verdict::Replace { text } => self.decide(Some(text), Some(ReviewOutcome::Replaced)),
            }
        }
    }

    /// The time for a decision may be over.
    pub(super) fn review_if_overdue(&mut self) {
        if self.review.wake().is_some_and(|until| until <= self.now) {
            self.review_overdue();
        }
    }

    fn review_overdue(&mut self) {
        match self.config.review.map(|review| review.unreviewed) {
            Some(Unreviewed::Withhold) => self.decide(Some(""), Some(ReviewOutcome::Withheld)),
            _ => self.decide(None, Some(ReviewOutcome::Unreviewed)),
        }
    }

    fn decide(&mut self, words: Option<&str>, outcome: Option<ReviewOutcome>) {
        let (link, block, text, turn) = match std::mem::take(&mut self.review.state) {
            State::Asked { link, block, text, turn, .. } => (link, block, text, turn),
            other => {
                self.review.state = other;
                return;
            }
        };
        if words.is_some() {
            self.review.muted = Some(link);
            self.review.refused.push_back(letters(&text));
            if self.review.refused.len() > REFUSED {
                self.review.refused.pop_front();
            }
        }
        if let Some(outcome) = outcome {
            self.event(Event::Reviewed { turn, outcome });
        }
        for (link, heard) in self.review.sentence(&block, words) {
            self.heard(link, heard);
        }
        if words.is_some_and(|words| !words.is_empty()) {
            self.transcripts.given_in_place(turn);
        }
        // What came meanwhile, as if it came now: the next sentence waits in its turn.
        for (link, heard) in std::mem::take(&mut self.review.held) {
            self.review(link, heard);
        }
    }
}

/// Says whether something heard is part of an answer, and so keeps its order behind a sentence that waits.
fn is_of_an_answer(heard: &Heard) -> bool {
    match heard {
        // The word of an interruption waits for nobody.
        Heard::BlockEnded { stop: Stop::Interrupted, .. } => false,
        Heard::BlockStarted { kind, .. } | Heard::Text { kind, .. } | Heard::BlockEnded { kind, .. } => {
            *kind != BlockKind::UserText
        }
        Heard::Audio { .. } | Heard::ToolUse { .. } => true,
        _ => false,
    }
}

/// A text as its repeat is recognised: the service spaces and points it otherwise.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
