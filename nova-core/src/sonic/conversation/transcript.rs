//! The transcript: one line per speaker and turn, first as announced, then as spoken, never twice.
//!
//! The service announces each sentence of an answer (SPECULATIVE), speaks it, and repeats what was spoken (FINAL)
//! under another id: seconds later, after the next input, or never (reference §3.3). So a FINAL is matched to the
//! oldest announced sentences that it can be, and a line that never gets its FINAL is settled by time. A settled line
//! is remembered for a while, because its FINAL may still come, and must neither be shown twice nor be lost.

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
    listened: Listened,
    next: Next,
    /// What the application knows of it.
    shown: Option<(String, TranscriptStage)>,
}

/// Whether somebody listened to the end.
#[derive(Debug, PartialEq)]
enum Listened {
    ToTheEnd,
    /// The answer was interrupted: if anything of it is repeated, then what is not repeated was not heard.
    InPart,
}

/// What becomes of a line's words when more of the user's come.
#[derive(Debug, PartialEq)]
enum Next {
    GoesOn,
    /// They will be heard again, so they stand only until then.
    BeginsAgain,
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

/// How well a FINAL text fits a line; the better comes first, then the earlier sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    fit: Fit,
    from: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Cut,
}

#[derive(Debug)]
struct Sentence {
    text: String,
    stage: SentenceStage,
}

#[derive(Debug, PartialEq)]
enum SentenceStage {
    /// Nobody has heard it yet, or its repeat said that the answer was cut before it.
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
        let line = self.growing(turn, Role::User);
        if line.next == Next::BeginsAgain {
            line.next = Next::GoesOn;
            line.sentences.clear();
        }
        line.sentences.push(Sentence { text: text.to_owned(), stage: SentenceStage::Spoken });
        line.show(TranscriptStage::Final)
    }

    /// Adds what the assistant was told in the user's place: it is kept as history and never shown.
    pub(super) fn unseen_user(&mut self, turn: TurnId, text: &str) {
        let sentence = Sentence { text: text.trim().to_owned(), stage: SentenceStage::Spoken };
        self.growing(turn, Role::User).sentences.push(sentence);
    }

    /// Begins a sentence of the answer.
    pub(super) fn begin_sentence(&mut self, turn: TurnId) {
        self.growing(turn, Role::Assistant)
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

    /// Notes that an answer was interrupted.
    pub(super) fn interrupted(&mut self, turn: TurnId) {
        for line in self.lines.iter_mut().filter(|line| line.turn == turn && line.role == Role::Assistant) {
            line.listened = Listened::InPart;
        }
    }

    /// Notes that an answer was given in text alone: what was announced counts as delivered.
    pub(super) fn given_as_text(&mut self, turn: TurnId) {
        for sentence in &mut self.line(turn, Role::Assistant).sentences {
            sentence.stage = SentenceStage::Spoken;
        }
    }

    /// Takes a FINAL text of the assistant's; `turn` is where it goes if nothing announced it.
    pub(super) fn spoken(&mut self, turn: TurnId, text: &str) -> Vec<Change> {
        let text = text.trim();
        let plain = letters(text);
        if plain.is_empty() || self.lines.iter().any(|line| line.has_said(&plain)) {
            return Vec::new();
        }
        let best = self.lines.iter().enumerate().filter_map(|(at, line)| Some((line.matches(&plain)?, at))).min();
        let line = match best {
            Some((_, at)) => &mut self.lines[at],
            None => self.line(turn, Role::Assistant),
        };
        match best {
            Some((Match { from, .. }, _)) => line.spoken(from, text),
            None => line.spoken_otherwise(text),
        }
        line.update()
    }

    /// Notes that another session is told what the user said in an open turn. Its lines stay the same items: the next
    /// words of the user's take the place of those before, and what was announced and never sounded is taken back.
    /// What the application sees of that stands until the line's next version.
    pub(super) fn begin_again(&mut self, turn: TurnId) {
        for line in self.lines.iter_mut().filter(|line| line.turn == turn) {
            line.state = LineState::Growing;
            line.next = Next::BeginsAgain;
            line.sentences.retain(|sentence| sentence.stage != SentenceStage::Announced);
        }
    }

    /// Notes that a turn is over: its lines have until some time later to be repeated.
    pub(super) fn turn_ended(&mut self, turn: TurnId, now: Duration) {
        for line in self.lines.iter_mut().filter(|line| line.turn == turn && line.state == LineState::Growing) {
            line.state = LineState::Waiting { until: now + SETTLE };
        }
    }

    /// Returns the lines of some turns as they stand: what was announced of an answer counts as said.
    pub(super) fn as_they_stand(&self, turns: &[TurnId]) -> Vec<Transcript> {
        let lines = self.lines.iter().filter(|line| turns.contains(&line.turn));
        lines.map(|line| line.version(line.text(|_| true), TranscriptStage::Final)).collect()
    }

    /// Returns when the next line is to be settled.
    pub(super) fn wake(&self) -> Option<Duration> {
        self.lines.iter().filter_map(Line::until).min()
    }

    /// Settles every line whose time has come, oldest first; all of them with `None`.
    pub(super) fn settle(&mut self, now: Option<Duration>) -> Vec<Change> {
        match now {
            None => self.settle_all_but(&[]),
            Some(now) => self.settle_those(|line| line.is_complete() || line.until().is_some_and(|until| until <= now)),
        }
    }

    /// Settles every line but those of some turns, which go on: the session that began them is gone.
    pub(super) fn settle_all_but(&mut self, turns: &[TurnId]) -> Vec<Change> {
        self.settle_those(|line| line.state != LineState::Settled && !turns.contains(&line.turn))
    }

    fn settle_those(&mut self, due: impl Fn(&Line) -> bool) -> Vec<Change> {
        let due = self.lines.iter_mut().filter(|line| due(line));
        let mut changes: Vec<Change> = due.flat_map(Line::settle).collect();
        while self.lines.len() > REMEMBERED {
            let forgotten = self.lines.pop_front().filter(|line| line.state != LineState::Settled);
            changes.extend(forgotten.into_iter().flat_map(|mut line| line.settle()));
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
        self.lines.push_back(Line {
            item: self.last,
            turn,
            role,
            sentences: Vec::new(),
            state: LineState::Growing,
            listened: Listened::ToTheEnd,
            next: Next::GoesOn,
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
        matches!(self.state, LineState::Waiting { .. })
            && self.sentences.iter().any(|s| s.stage == SentenceStage::Spoken)
            && self.sentences.iter().all(|s| s.stage != SentenceStage::Sounded)
    }

    /// Says whether a FINAL text is a repeat of a repeat: the line, or a sentence of it, as it is known to be spoken.
    fn has_said(&self, plain: &str) -> bool {
        let spoken = || self.sentences.iter().filter(|s| s.stage == SentenceStage::Spoken);
        let waits = self.sentences.iter().any(|s| s.stage != SentenceStage::Spoken && letters(&s.text) == plain);
        let all: String = spoken().map(|s| letters(&s.text)).collect();
        self.role == Role::Assistant && !waits && (all == plain || spoken().any(|s| letters(&s.text) == plain))
    }

    /// Finds where a FINAL text can be the repeat of something announced here: some sentences that follow each
    /// other, or the beginning of them (the answer was cut short).
    fn matches(&self, plain: &str) -> Option<Match> {
        if self.role != Role::Assistant {
            return None;
        }
        let waiting = (0..self.sentences.len()).filter(|at| self.sentences[*at].stage != SentenceStage::Spoken);
        let fits = waiting.filter_map(|from| {
            let mut rest = plain;
            for sentence in &self.sentences[from..] {
                let known = letters(&sentence.text);
                match rest.strip_prefix(known.as_str()) {
                    Some("") => return Some(Match { fit: Fit::Whole, from }),
                    Some(after) => rest = after,
                    None if known.starts_with(rest) => return Some(Match { fit: Fit::Cut, from }),
                    None => return None,
                }
            }
            None
        });
        fits.min()
    }

    /// Takes a FINAL text that matches from one sentence on.
    fn spoken(&mut self, from: usize, text: &str) {
        let mut rest = letters(text);
        for at in from..self.sentences.len() {
            let known = letters(&self.sentences[at].text);
            if let Some(after) = rest.strip_prefix(known.as_str()) {
                self.sentences[at].stage = SentenceStage::Spoken;
                if after.is_empty() {
                    return;
                }
                rest = after.to_owned();
            } else {
                return self.cut_at(at, &rest);
            }
        }
    }

    /// The answer was cut inside a sentence: what is behind was not heard, unless a further repeat says that it was.
    fn cut_at(&mut self, at: usize, heard: &str) {
        let said = cut(&self.sentences[at].text, heard);
        let left = self.sentences[at].text.split_off(said);
        self.sentences[at].stage = SentenceStage::Spoken;
        self.sentences.insert(at + 1, Sentence { text: left, stage: SentenceStage::Announced });
        self.unheard_from(at + 1);
    }

    /// Takes back that sentences were heard, unless a repeat said so.
    fn unheard_from(&mut self, from: usize) {
        for sentence in self.sentences[from..].iter_mut().filter(|s| s.stage == SentenceStage::Sounded) {
            sentence.stage = SentenceStage::Announced;
        }
    }

    /// Takes a FINAL text that matches nothing: the service words it otherwise than it announced it.
    fn spoken_otherwise(&mut self, text: &str) {
        let spoken = Sentence { text: text.to_owned(), stage: SentenceStage::Spoken };
        match self.sentences.iter_mut().find(|s| s.stage == SentenceStage::Sounded) {
            Some(sentence) => *sentence = spoken,
            None => self.sentences.push(spoken),
        }
    }

    /// What the application and the history should know after a repeat.
    fn update(&mut self) -> Vec<Change> {
        match self.state {
            LineState::Settled => self.settle(),
            LineState::Waiting { .. } if self.is_complete() => self.settle(),
            LineState::Growing | LineState::Waiting { .. } => {
                self.show(TranscriptStage::Speculative).into_iter().collect()
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
        if self.listened == Listened::InPart && self.sentences.iter().any(|s| s.stage == SentenceStage::Spoken) {
            self.unheard_from(0);
        }
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

/// Where in `text` as many letters as in `heard` are through.
fn cut(text: &str, heard: &str) -> usize {
    let mut left = heard.chars().count();
    let end = text.char_indices().find(|(_, c)| {
        let reached = left == 0;
        if c.is_alphanumeric() {
            left = left.saturating_sub(c.to_lowercase().count());
        }
        reached
    });
    end.map_or(text.len(), |(at, _)| at)
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
        assert_eq!(lines.spoken(1, "It is sunny."), [], "nothing that the application does not see already");
        let settled = lines.spoken(2, "Take a hat.");
        assert!(matches!(settled.as_slice(), [Change::Show(_), Change::Settled(_)]));
        assert_eq!(shown(settled.into_iter().next()), ("It is sunny. Take a hat.".into(), TranscriptStage::Final));
        assert_eq!(lines.settle(None), [], "settled once");
    }

    #[test]
    fn a_final_may_hold_several_sentences_and_be_cut_short() {
        let mut lines = two_sentences();
        lines.turn_ended(1, Duration::ZERO);
        assert_eq!(shown(lines.spoken(1, "It is sunny. Take").pop()).0, "It is sunny. Take");
        let mut lines = two_sentences();
        lines.turn_ended(1, Duration::ZERO);
        assert_eq!(shown(lines.spoken(1, "It is").pop()).0, "It is", "what comes behind a cut was not heard");
    }

    #[test]
    fn a_repeat_of_a_repeat_changes_nothing() {
        let mut lines = two_sentences();
        lines.turn_ended(1, Duration::ZERO);
        lines.spoken(1, "It is sunny. Take a hat.");
        assert_eq!(lines.spoken(2, "It is sunny. Take a hat."), []);
        assert_eq!(lines.spoken(2, "Take a hat."), []);
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
        assert_eq!(lines.spoken(2, "Take a hat.").len(), 1, "later still, it is known to be a repeat, and only kept");
    }

    #[test]
    fn what_was_announced_and_never_sounded_does_not_stay() {
        let mut lines = two_sentences();
        lines.begin_sentence(1);
        lines.announce(1, "And an umbrella.");
        assert_eq!(shown(lines.settle(None).pop()).0, "It is sunny. Take a hat.");
    }

    #[test]
    fn a_turn_that_begins_again_keeps_its_lines_and_replaces_its_words() {
        let mut lines = Transcripts::default();
        lines.user(1, "Will it");
        assert_eq!(shown(lines.user(1, "rain?")).0, "Will it rain?");
        lines.begin_sentence(1);
        lines.announce(1, "No.");
        assert_eq!(lines.settle_all_but(&[1]), [], "its words are not certain");
        lines.begin_again(1);
        let Some(Change::Show(user)) = lines.user(1, "Will it rain today?") else { panic!("the user is heard again") };
        assert_eq!((user.item, user.text.as_str()), (1, "Will it rain today?"));
        assert_eq!(shown(lines.user(1, "Or not?")).0, "Will it rain today? Or not?", "and goes on");
        lines.begin_sentence(1);
        let Some(Change::Show(answer)) = lines.announce(1, "Yes.") else { panic!("the answer is announced again") };
        assert_eq!((answer.item, answer.text.as_str()), (2, "Yes."));
    }

    #[test]
    fn a_turn_that_begins_again_and_is_not_heard_again_keeps_what_is_certain() {
        let mut lines = two_sentences();
        lines.user(1, "Will it rain?");
        lines.begin_sentence(1);
        lines.announce(1, "And an umbrella.");
        lines.begin_again(1);
        lines.turn_ended(1, Duration::ZERO);
        let kept: Vec<_> =
            lines.settle(None).into_iter().filter(|change| matches!(change, Change::Settled(_))).collect();
        let kept: Vec<_> = kept.into_iter().map(|change| shown(Some(change)).0).collect();
        assert_eq!(kept, ["It is sunny. Take a hat.", "Will it rain?"]);
    }

    #[test]
    fn an_announcement_that_is_taken_back_disappears() {
        let mut lines = Transcripts::default();
        lines.begin_sentence(1);
        lines.announce(1, "No.");
        lines.begin_again(1);
        lines.turn_ended(1, Duration::ZERO);
        let settled = lines.settle(None);
        assert!(matches!(settled.as_slice(), [Change::Show(line)] if line.text.is_empty()), "shown, and not kept");
    }
}
