//! One line: what is shown of it, and what was said of it.

use std::time::Duration;

use super::sentence::{Place, Sentence, Stage};
use super::sound::{self, Pace};
use crate::sonic::event::{Cut, ItemId, Transcript, TranscriptStage, TurnId};
use crate::sonic::wire::Role;

#[derive(Clone, Debug)]
pub(super) struct Line {
    item: ItemId,
    pub(super) turn: TurnId,
    pub(super) role: Role,
    pub(super) sentences: Vec<Sentence>,
    pub(super) state: LineState,
    next: Next,
    end: End,
    /// What the application knows of it.
    shown: Option<Transcript>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum LineState {
    /// Its turn goes on.
    Growing,
    /// Its turn is over; settled at this time at the latest.
    Waiting { until: Duration },
    /// It stands as it is, unless the service still contradicts it.
    Settled,
}

/// What becomes of a line's words when more of the user's come.
#[derive(Clone, Debug, PartialEq)]
enum Next {
    GoesOn,
    /// They will be heard again, so they stand only until then.
    BeginsAgain,
}

/// Whether somebody listened to the end.
#[derive(Clone, Debug)]
enum End {
    Open,
    Interrupted {
        /// Where the sound was cut.
        cut: Cut,
        /// How far the repeats since then have come; none came yet at the beginning.
        repeated: Option<Place>,
    },
}

impl Line {
    pub(super) fn new(item: ItemId, turn: TurnId, role: Role) -> Self {
        Line {
            item,
            turn,
            role,
            sentences: Vec::new(),
            state: LineState::Growing,
            next: Next::GoesOn,
            end: End::Open,
            shown: None,
        }
    }

    pub(super) fn until(&self) -> Option<Duration> {
        match self.state {
            LineState::Growing | LineState::Settled => None,
            LineState::Waiting { until } => Some(until),
        }
    }

    /// Over, and nothing of it is still to be repeated.
    pub(super) fn is_complete(&self) -> bool {
        let all_told = match self.end {
            End::Open => {
                self.sentences.iter().any(|sentence| matches!(sentence.stage, Stage::Spoken { .. }))
                    && self.sentences.iter().all(|sentence| sentence.stage != Stage::Sounded)
            }
            End::Interrupted { cut, repeated } => {
                repeated.is_some_and(|place| self.is_inside(place) || place >= self.heard(cut))
            }
        };
        all_told && matches!(self.state, LineState::Waiting { .. })
    }

    pub(super) fn is_cut(&self) -> bool {
        matches!(self.end, End::Interrupted { .. })
    }

    /// Adds words of the user's.
    pub(super) fn user_said(&mut self, text: &str) {
        if self.next == Next::BeginsAgain {
            self.next = Next::GoesOn;
            self.sentences.clear();
        }
        self.sentences.push(Sentence::said(text));
    }

    pub(super) fn begin_again(&mut self) {
        self.state = LineState::Growing;
        self.next = Next::BeginsAgain;
        self.sentences.retain(|sentence| sentence.stage != Stage::Announced);
    }

    /// The sound was cut, once and for all.
    pub(super) fn interrupted(&mut self, mut cut: Cut, pace: Pace) {
        if let End::Open = self.end {
            cut.error += sound::cut(&mut self.sentences, cut.heard, pace);
            self.end = End::Interrupted { cut, repeated: None };
        }
    }

    /// Notes how far a repeat has come.
    pub(super) fn note_repeat(&mut self, place: Place) {
        if let End::Interrupted { repeated, .. } = &mut self.end {
            *repeated = Some(repeated.map_or(place, |before| before.max(place)));
        }
    }

    /// What the application should know after a repeat.
    pub(super) fn update(&mut self) -> Option<Transcript> {
        match self.state {
            LineState::Settled => self.settle(),
            LineState::Waiting { .. } if self.is_complete() => self.settle(),
            _ if self.is_cut() => self.show_said(),
            LineState::Growing | LineState::Waiting { .. } => self.show(TranscriptStage::Speculative),
        }
    }

    pub(super) fn settle(&mut self) -> Option<Transcript> {
        self.state = LineState::Settled;
        self.show_said()
    }

    /// All the words of the line, as the application should see them now, if it does not see them like that already.
    pub(super) fn show(&mut self, stage: TranscriptStage) -> Option<Transcript> {
        let version = Transcript { stage, ..self.as_announced() };
        self.show_version(version)
    }

    /// What was said, for an application that knows of the line.
    pub(super) fn show_said(&mut self) -> Option<Transcript> {
        let version = self.as_said();
        self.shown.is_some().then(|| self.show_version(version)).flatten()
    }

    /// All the words of the line.
    pub(super) fn as_announced(&self) -> Transcript {
        let text = join(self.sentences.iter().map(|sentence| sentence.text.as_str()));
        self.version(text, TranscriptStage::Final)
    }

    /// What was said: up to the cut, or else the sentences that were spoken, or sounded and were never contradicted.
    pub(super) fn as_said(&self) -> Transcript {
        let text = match &self.end {
            End::Open => join(self.sentences.iter().map(|sentence| match sentence.stage {
                Stage::Announced => "",
                Stage::Sounded => sentence.text.as_str(),
                Stage::Spoken { to } => &sentence.text[..to],
            })),
            End::Interrupted { cut, repeated } => {
                let limit = self.limit(*cut, *repeated);
                let whole = self.sentences[..limit.sentence].iter().map(|sentence| sentence.text.as_str());
                let last = self.sentences.get(limit.sentence).map(|sentence| &sentence.text[..limit.byte]);
                join(whole.chain(last))
            }
        };
        self.version(text, TranscriptStage::Final)
    }

    /// What was said, if it were cut there now.
    pub(super) fn as_heard(&self, cut: Cut, pace: Pace) -> Transcript {
        let mut line = self.clone();
        line.interrupted(cut, pace);
        line.as_said()
    }

    /// Says whether the application knows of the line.
    pub(super) fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    fn version(&self, text: String, stage: TranscriptStage) -> Transcript {
        let cut = match self.end {
            End::Interrupted { cut, repeated } if repeated == Some(self.limit(cut, repeated)) => {
                // The words are the service's own.
                Some(Cut { error: Duration::ZERO, ..cut })
            }
            End::Interrupted { cut, .. } => Some(cut),
            End::Open => None,
        };
        Transcript { item: self.item, turn: self.turn, role: self.role, text, stage, cut }
    }

    fn show_version(&mut self, version: Transcript) -> Option<Transcript> {
        if self.shown.as_ref() == Some(&version) {
            return None;
        }
        self.shown = Some(version.clone());
        Some(version)
    }

    /// Where the line ends that was interrupted: where its sound was cut, or where a repeat says. What was delivered
    /// need not have been heard, so a repeat makes the line longer only as far as the clock may be wrong; and
    /// sentences are repeated one by one, so one that ends between two of them is the last only after some time.
    fn limit(&self, cut: Cut, repeated: Option<Place>) -> Place {
        let heard = self.heard(cut);
        match repeated {
            Some(place) if place > heard => {
                let through = sound::position_of(&self.sentences, place);
                let may_be = through.is_some_and(|through| through <= cut.heard.saturating_add(cut.error));
                if may_be { place } else { heard }
            }
            Some(place) if self.state == LineState::Settled || self.is_inside(place) => place,
            _ => heard,
        }
    }

    fn heard(&self, cut: Cut) -> Place {
        sound::place_at(&self.sentences, cut.heard)
    }

    /// Says whether a place is amid a sentence.
    fn is_inside(&self, place: Place) -> bool {
        self.sentences.get(place.sentence).is_some_and(|sentence| place.byte < sentence.text.len())
    }
}

/// Some pieces of text as one.
fn join<'a>(pieces: impl Iterator<Item = &'a str>) -> String {
    pieces.map(str::trim).filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" ")
}
