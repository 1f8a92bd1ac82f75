//! The transcript: one line per speaker and turn, first as announced, then as spoken and heard, never twice.
//!
//! The service announces each sentence of an answer (SPECULATIVE), speaks it, and repeats what was spoken (FINAL)
//! under another id: seconds later, after the next input, or never (reference §3.3). So a FINAL is matched to the
//! oldest announced sentences that it can be, and a line that never gets its FINAL is settled by time. A settled line
//! is remembered for a while, because its FINAL may still come, and must neither be shown twice nor be lost.
//!
//! An answer that is interrupted is cut where its sound had got to, at once. A FINAL that comes later may shorten it;
//! it never makes it longer than what was played, since what the service delivered need not have been heard.
//!
//! This is the only place where words are kept: what the application is shown and what a session is told are both
//! read from here.
//!
//! | file | concern |
//! |---|---|
//! | `line` | one line: what is shown of it, what was said of it |
//! | `sentence` | a sentence, its letters and its words |
//! | `matching` | which sentences a FINAL repeats |
//! | `sound` | where in the words a place in the sound is |

mod line;
mod matching;
mod sentence;
mod sound;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use self::line::{Line, LineState};
use self::sentence::{Sentence, letters};
use self::sound::Pace;
use super::history::{History, Shaped, Trimmed};
use crate::model::Model;
use crate::sonic::config::Message;
use crate::sonic::event::{Cut, ItemId, Transcript, TranscriptStage, TurnId};
use crate::sonic::snapshot::Line as Told;
use crate::sonic::wire::Role;

/// How long after its turn a line may wait for its FINAL: 9 s were seen (reference §3.3).
const SETTLE: Duration = Duration::from_secs(15);
/// Lines that are remembered, so that a repeat which comes later still is not taken for something new.
const REMEMBERED: usize = 32;

/// The words of a call. What changes is returned as the application should see it.
#[derive(Debug, Default)]
pub(super) struct Transcripts {
    last: ItemId,
    lines: VecDeque<Line>,
    /// Lines that nothing more can happen to.
    older: History,
    pace: Pace,
}

impl Transcripts {
    /// Begins with what was said before the call.
    pub(super) fn new(before: &[Message]) -> Self {
        Transcripts { older: History::new(before), ..Transcripts::default() }
    }

    /// Goes on after a snapshot, with numbers after the `last` one.
    pub(super) fn restored(older: History, last: ItemId) -> Self {
        Transcripts { older, last, ..Transcripts::default() }
    }

    /// Returns what was said so far, of answers that are being played as far as they were heard; what was given up; and
    /// the lines that the application knows and that may still change.
    pub(super) fn told(&self, playing: &[(TurnId, Cut)]) -> (Vec<Told>, Trimmed, Vec<Transcript>) {
        let now = |line: &Line| match playing.iter().find(|(turn, _)| *turn == line.turn) {
            Some((_, cut)) if line.role == Role::Assistant => line.as_heard(*cut, self.pace),
            _ => line.as_said(),
        };
        let (lines, gone) = self.older.told(self.lines.iter().map(now));
        let unsettled = self.lines.iter().filter(|line| line.is_shown() && line.state != LineState::Settled);
        (lines, gone, unsettled.map(now).collect())
    }

    /// Returns the number of the last line.
    pub(super) fn last(&self) -> ItemId {
        self.last
    }

    /// Returns what the user said in a turn, if that is known.
    pub(super) fn question(&self, turn: TurnId) -> Option<String> {
        let line = self.lines.iter().find(|line| line.turn == turn && line.role == Role::User)?;
        Some(line.as_said().text).filter(|text| !text.is_empty())
    }

    /// Adds what the user said; a second piece in the same turn goes on the same line.
    pub(super) fn user(&mut self, turn: TurnId, text: &str) -> Option<Transcript> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let line = self.growing(turn, Role::User);
        line.user_said(text);
        line.show(TranscriptStage::Final)
    }

    /// Adds what the assistant was told in the user's place: later sessions are told it too, and it is never shown.
    pub(super) fn unseen_user(&mut self, turn: TurnId, text: &str) {
        self.growing(turn, Role::User).user_said(text.trim());
    }

    /// Begins a sentence of the answer.
    pub(super) fn begin_sentence(&mut self, turn: TurnId) {
        self.growing(turn, Role::Assistant).sentences.push(Sentence::default());
    }

    /// Adds a piece to the sentence that is being announced.
    pub(super) fn announce(&mut self, turn: TurnId, text: &str) -> Option<Transcript> {
        let line = self.line(turn, Role::Assistant);
        let sentence = line.sentences.last_mut()?;
        sentence.text.push_str(text);
        if sentence.text.trim().is_empty() {
            return None;
        }
        line.show(TranscriptStage::Speculative)
    }

    /// Adds sound: the sentence announced last is being spoken, and with it those before it that had no sound of
    /// their own.
    pub(super) fn sounds(&mut self, turn: TurnId, duration: Duration) {
        sound::add(&mut self.line(turn, Role::Assistant).sentences, duration);
    }

    /// Notes that all the sound of the sentences announced so far has come.
    pub(super) fn sound_ended(&mut self, turn: TurnId) {
        let line = self.lines.iter_mut().find(|line| line.turn == turn && line.role == Role::Assistant);
        if let Some(line) = line {
            sound::end(&mut line.sentences, &mut self.pace);
        }
    }

    /// Cuts an answer to what was heard of it. If that is no word, then its line is shown as empty and was never said.
    pub(super) fn interrupted(&mut self, now: Duration, turn: TurnId, cut: Cut) -> Option<Transcript> {
        let pace = self.pace;
        let line = self.line(turn, Role::Assistant);
        line.state = LineState::Waiting { until: now + SETTLE };
        line.interrupted(cut, pace);
        line.show_said()
    }

    /// Notes that an answer was given in text alone: what was announced counts as delivered.
    pub(super) fn given_as_text(&mut self, turn: TurnId) {
        self.line(turn, Role::Assistant).sentences.iter_mut().for_each(Sentence::spoken_whole);
    }

    /// Notes that the sentence announced last stands without sound: it took the place of another.
    pub(super) fn given_in_place(&mut self, turn: TurnId) {
        if let Some(sentence) = self.line(turn, Role::Assistant).sentences.last_mut() {
            sentence.spoken_whole();
        }
    }

    /// Takes a FINAL text of the assistant's; `turn` is where it goes if nothing announced it. A session repeats nothing
    /// that was said before it: lines of turns before `since` stay as they are.
    pub(super) fn spoken(&mut self, since: TurnId, turn: TurnId, text: &str) -> Option<Transcript> {
        let text = text.trim();
        let plain = letters(text);
        if plain.is_empty() {
            return None;
        }
        let own = || self.lines.iter().enumerate().filter(|(_, line)| line.turn >= since);
        let best = own().filter_map(|(at, line)| Some((line.matches(&plain)?, at))).min();
        let waited_for = best.is_some_and(|(found, _)| found.is_waited_for());
        if !waited_for && own().any(|(_, line)| line.has_said(&plain)) {
            return None;
        }
        let line = match best {
            Some((_, at)) => &mut self.lines[at],
            None => self.line(turn, Role::Assistant),
        };
        match best {
            Some((found, _)) => line.repeated(found, &plain),
            None => line.spoken_otherwise(text),
        }
        line.update()
    }

    /// Notes that another session is told what the user said in an open turn. Its lines stay the same items: the next
    /// words of the user's take the place of those before, and what was announced and never sounded is taken back.
    /// What the application sees of that stands until the line's next version.
    pub(super) fn begin_again(&mut self, turn: TurnId) {
        self.lines.iter_mut().filter(|line| line.turn == turn).for_each(Line::begin_again);
    }

    /// Notes that a turn is over: its lines have until some time later to be repeated.
    pub(super) fn turn_ended(&mut self, turn: TurnId, now: Duration) {
        for line in self.lines.iter_mut().filter(|line| line.turn == turn && line.state == LineState::Growing) {
            line.state = LineState::Waiting { until: now + SETTLE };
        }
    }

    /// Returns when the next line is to be settled.
    pub(super) fn wake(&self) -> Option<Duration> {
        self.lines.iter().filter_map(Line::until).min()
    }

    /// Settles every line whose time has come, oldest first; all of them with `None`.
    pub(super) fn settle(&mut self, now: Option<Duration>) -> Vec<Transcript> {
        match now {
            None => self.settle_all_but(&[]),
            Some(now) => self.settle_those(|line| line.is_complete() || line.until().is_some_and(|until| until <= now)),
        }
    }

    /// Settles every line but those of some turns, which go on: the session that began them is gone.
    pub(super) fn settle_all_but(&mut self, turns: &[TurnId]) -> Vec<Transcript> {
        self.settle_those(|line| line.state != LineState::Settled && !turns.contains(&line.turn))
    }

    /// Returns what was said so far as the model takes it; see [`History::shaped`]. Of an answer that goes on, what was
    /// announced counts as said, unless its turn is one that a session is told again.
    pub(super) fn shaped(&self, model: &Model, without: &[TurnId]) -> Shaped {
        let recent = self.lines.iter().map(|line| match line.state {
            LineState::Growing if !without.contains(&line.turn) => line.as_announced(),
            _ => line.as_said(),
        });
        self.older.shaped(recent, model, without)
    }

    /// Keeps the newer half of what was said, for good; see [`History::shrink`].
    pub(super) fn shrink(&mut self) {
        self.older.shrink(self.lines.iter().map(Line::as_said));
    }

    /// Tells no session of a turn any more; see [`History::refuse`].
    pub(super) fn refuse(&mut self, turn: TurnId) {
        self.older.refuse(turn);
    }

    fn settle_those(&mut self, due: impl Fn(&Line) -> bool) -> Vec<Transcript> {
        let due = self.lines.iter_mut().filter(|line| due(line));
        let mut changes: Vec<Transcript> = due.filter_map(Line::settle).collect();
        while self.lines.len() > REMEMBERED {
            // A turn that waits for a tool may be older than many that are over.
            let oldest = self.lines.iter().position(|line| line.state != LineState::Growing).unwrap_or(0);
            if let Some(mut line) = self.lines.remove(oldest) {
                changes.extend(line.settle());
                self.older.keep(line.as_said());
            }
        }
        changes
    }

    /// The line of a turn, which goes on; it is made if there is none.
    fn growing(&mut self, turn: TurnId, role: Role) -> &mut Line {
        let line = self.line(turn, role);
        line.state = LineState::Growing;
        line
    }

    fn line(&mut self, turn: TurnId, role: Role) -> &mut Line {
        if let Some(at) = self.lines.iter().position(|line| line.turn == turn && line.role == role) {
            return &mut self.lines[at];
        }
        self.last += 1;
        self.lines.push_back(Line::new(self.last, turn, role));
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }
}
