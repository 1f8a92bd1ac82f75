//! The transcript: one line per speaker and turn, first as announced, then as spoken, never twice.
//!
//! The service announces each sentence of an answer (SPECULATIVE), speaks it, and repeats what was spoken (FINAL)
//! under another id: seconds later, after the next input, or never (reference §3.3). So a FINAL is matched to the
//! oldest announced sentence that it can be, and a line that never gets its FINAL is settled by time.

use std::collections::VecDeque;
use std::time::Duration;

use crate::sonic::event::{ItemId, Transcript, TranscriptStage, TurnId};
use crate::sonic::wire::Role;

/// How long after its turn a line may wait for its FINAL: 9 s were seen (reference §3.3).
const SETTLE: Duration = Duration::from_secs(15);
/// Lines that are remembered, so that a repeat which comes later still is not taken for something new.
const REMEMBERED: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Transcripts {
    last: ItemId,
    lines: VecDeque<Line>,
}

#[derive(Debug)]
struct Line {
    item: ItemId,
    turn: TurnId,
    role: Role,
    sentences: Vec<Sentence>,
    state: LineState,
    /// What the application knows of it.
    shown: Option<(String, TranscriptStage)>,
}

#[derive(Debug, PartialEq)]
enum LineState {
    /// Its turn goes on.
    Growing,
    /// Its turn is over; settled at this time at the latest.
    Waiting { until: Duration },
    /// It stands as it is, unless the service still contradicts it.
    Settled,
}

#[derive(Debug)]
struct Sentence {
    text: String,
    stage: SentenceStage,
}

#[derive(Debug, PartialEq)]
enum SentenceStage {
    Announced,
    /// Its audio came, at least in part.
    Sounded,
    Spoken,
}

/// What changed, and what was settled for good.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// Tell the application.
    Show(Transcript),
    /// Keep it as history; the application knows it already.
    Settled(Transcript),
}

impl Transcripts {
    /// Adds what the user said; a second piece in the same turn goes on the same line.
    pub(super) fn user(&mut self, turn: TurnId, text: &str) -> Option<Change> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let line = self.line(turn, Role::User);
        line.sentences.push(Sentence { text: text.to_owned(), stage: SentenceStage::Spoken });
        line.show(TranscriptStage::Final)
    }

    /// Begins a sentence of the answer.
    pub(super) fn begin_sentence(&mut self, turn: TurnId) {
        self.line(turn, Role::Assistant)
            .sentences
            .push(Sentence { text: String::new(), stage: SentenceStage::Announced });
    }

    /// Adds a piece to the sentence that is being announced.
    pub(super) fn announce(&mut self, turn: TurnId, text: &str) -> Option<Change> {
        let line = self.line(turn, Role::Assistant);
        let sentence = line.sentences.last_mut()?;
        sentence.text.push_str(text);
        if sentence.text.trim().is_empty() {
            return None;
        }
        line.show(TranscriptStage::Speculative)
    }

    /// Notes that the sentence announced last is being spoken.
    pub(super) fn sounds(&mut self, turn: TurnId) {
        if let Some(sentence) = self.line(turn, Role::Assistant).sentences.last_mut()
            && sentence.stage == SentenceStage::Announced
        {
            sentence.stage = SentenceStage::Sounded;
        }
    }

    /// Takes a FINAL text of the assistant's; `turn` is where it goes if nothing announced it.
    pub(super) fn spoken(&mut self, turn: TurnId, text: &str) -> Option<Change> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let Some(at) = self.lines.iter().position(|line| line.matches(text)) else {
            let line = self.line(turn, Role::Assistant);
            line.sentences.push(Sentence { text: text.to_owned(), stage: SentenceStage::Spoken });
            return line.show(TranscriptStage::Final);
        };
        let line = &mut self.lines[at];
        line.spoken(text);
        match line.state {
            LineState::Settled => line.show(TranscriptStage::Final),
            _ => line.show(line.stage()),
        }
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
    pub(super) fn settle(&mut self, now: Option<Duration>) -> Vec<Change> {
        let mut changes = Vec::new();
        for line in self.lines.iter_mut().filter(|line| line.state != LineState::Settled) {
            let due = match now {
                None => true,
                Some(now) => line.is_complete() || line.until().is_some_and(|until| until <= now),
            };
            if due {
                changes.extend(line.settle());
            }
        }
        while self.lines.len() > REMEMBERED {
            changes.extend(
                self.lines
                    .pop_front()
                    .filter(|line| line.state != LineState::Settled)
                    .into_iter()
                    .flat_map(|mut line| line.settle()),
            );
        }
        changes
    }

    fn line(&mut self, turn: TurnId, role: Role) -> &mut Line {
        if let Some(at) = self
            .lines
            .iter()
            .position(|line| line.turn == turn && line.role == role && line.state != LineState::Settled)
        {
            return &mut self.lines[at];
        }
        self.last += 1;
        self.lines.push_back(Line {
            item: self.last,
            turn,
            role,
            sentences: Vec::new(),
            state: LineState::Growing,
            shown: None,
        });
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }
}

impl Line {
    fn until(&self) -> Option<Duration> {
        match self.state {
            LineState::Growing | LineState::Settled => None,
            LineState::Waiting { until } => Some(until),
        }
    }

    /// Over, and nothing of it is still to be repeated.
    fn is_complete(&self) -> bool {
        self.state != LineState::Growing && self.sentences.iter().all(|s| s.stage == SentenceStage::Spoken)
    }

    fn stage(&self) -> TranscriptStage {
        if self.sentences.iter().all(|s| s.stage == SentenceStage::Spoken) {
            TranscriptStage::Final
        } else {
            TranscriptStage::Speculative
        }
    }

    fn waiting(&self) -> impl Iterator<Item = &Sentence> {
        self.sentences.iter().filter(|s| s.stage != SentenceStage::Spoken)
    }

    /// Says whether a FINAL text can be the repeat of something announced here: the same sentence, its beginning
    /// (it was cut short), or several sentences in one.
    fn matches(&self, text: &str) -> bool {
        let text = letters(text);
        self.role == Role::Assistant
            && self.waiting().any(|s| {
                let sentence = letters(&s.text);
                !sentence.is_empty() && (sentence.starts_with(&text) || text.starts_with(&sentence))
            })
    }

    fn spoken(&mut self, text: &str) {
        let mut rest = letters(text);
        let mut whole = Some(text);
        for sentence in self.sentences.iter_mut().filter(|s| s.stage != SentenceStage::Spoken) {
            let known = letters(&sentence.text);
            if let Some(after) = rest.strip_prefix(known.as_str()).filter(|_| !known.is_empty()) {
                // The whole sentence was spoken, perhaps with more behind it.
                sentence.stage = SentenceStage::Spoken;
                if after.is_empty() {
                    return;
                }
                rest = after.to_owned();
                whole = None;
            } else if known.starts_with(&rest) {
                // Cut short: keep the service's words where they are all of it, else as much of ours.
                sentence.text = whole.map_or_else(|| cut(&sentence.text, &rest), str::to_owned);
                sentence.stage = SentenceStage::Spoken;
                return;
            }
        }
    }

    fn text(&self, keep: impl Fn(&Sentence) -> bool) -> String {
        let words: Vec<&str> = self.sentences.iter().filter(|s| keep(s)).map(|s| s.text.trim()).collect();
        words.iter().filter(|s| !s.is_empty()).copied().collect::<Vec<_>>().join(" ")
    }

    fn show(&mut self, stage: TranscriptStage) -> Option<Change> {
        self.show_text(self.text(|_| true), stage)
    }

    /// The line as the application should see it now, if it does not see it like that already.
    fn show_text(&mut self, text: String, stage: TranscriptStage) -> Option<Change> {
        if self.shown.as_ref().is_some_and(|(shown, as_stage)| *shown == text && *as_stage == stage) {
            return None;
        }
        self.shown = Some((text.clone(), stage));
        Some(Change::Show(self.version(text, stage)))
    }

    fn version(&self, text: String, stage: TranscriptStage) -> Transcript {
        Transcript { item: self.item, turn: self.turn, role: self.role, text, stage }
    }

    /// What stays: sentences that were spoken, or sounded and were never contradicted.
    fn settle(&mut self) -> Vec<Change> {
        self.state = LineState::Settled;
        let text = self.text(|s| s.stage != SentenceStage::Announced);
        let shown = if self.shown.is_some() { self.show_text(text.clone(), TranscriptStage::Final) } else { None };
        let kept = (!text.is_empty()).then(|| Change::Settled(self.version(text, TranscriptStage::Final)));
        shown.into_iter().chain(kept).collect()
    }
}

/// A text as it is compared: only letters and digits, since spacing and punctuation vary between the two versions.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The beginning of `text` that holds as many letters as `letters_kept`.
fn cut(text: &str, letters_kept: &str) -> String {
    let mut left = letters_kept.chars().count();
    text.chars()
        .take_while(|c| {
            let keep = left > 0;
            if c.is_alphanumeric() {
                left = left.saturating_sub(c.to_lowercase().count());
            }
            keep
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(change: Option<Change>) -> (String, TranscriptStage) {
        match change {
            Some(Change::Show(line) | Change::Settled(line)) => (line.text, line.stage),
            None => panic!("nothing changed"),
        }
    }

    fn two_sentences() -> Transcripts {
        let mut lines = Transcripts::default();
        for sentence in ["It is sunny. ", " Take a hat."] {
            lines.begin_sentence(1);
            lines.announce(1, sentence);
            lines.sounds(1);
        }
        lines
    }

    #[test]
    fn finals_replace_what_was_announced() {
        let mut lines = two_sentences();
        lines.turn_ended(1, Duration::ZERO);
        assert_eq!(lines.spoken(1, "It is sunny."), None, "nothing that the application does not see already");
        assert_eq!(shown(lines.spoken(2, "Take a hat.")), ("It is sunny. Take a hat.".into(), TranscriptStage::Final));
        let settled = lines.settle(Some(Duration::ZERO));
        assert!(matches!(settled.as_slice(), [Change::Settled(_)]), "shown already, only kept");
    }

    #[test]
    fn a_final_may_hold_several_sentences_and_be_cut_short() {
        let mut lines = two_sentences();
        assert_eq!(shown(lines.spoken(1, "It is sunny. Take")).0, "It is sunny. Take");
        let mut lines = two_sentences();
        lines.turn_ended(1, Duration::ZERO);
        lines.spoken(1, "It is");
        assert_eq!(shown(lines.settle(None).pop()).0, "It is Take a hat.");
    }

    #[test]
    fn a_late_final_finds_its_turn_and_a_missing_one_is_settled_by_time() {
        let mut lines = two_sentences();
        lines.turn_ended(1, Duration::ZERO);
        lines.begin_sentence(2);
        lines.announce(2, "Next answer.");
        lines.spoken(2, "It is sunny.");
        assert_eq!(lines.wake(), Some(SETTLE));
        let settled = lines.settle(Some(SETTLE));
        assert_eq!(settled.len(), 2, "the first line is shown and kept, the second turn still goes on");
        assert_eq!(shown(settled.into_iter().next()), ("It is sunny. Take a hat.".into(), TranscriptStage::Final));
        assert_eq!(lines.spoken(2, "Take a hat."), None, "later still, it is known to be a repeat");
    }

    #[test]
    fn what_was_announced_and_never_sounded_does_not_stay() {
        let mut lines = two_sentences();
        lines.begin_sentence(1);
        lines.announce(1, "And an umbrella.");
        assert_eq!(shown(lines.settle(None).pop()).0, "It is sunny. Take a hat.");
    }
}
