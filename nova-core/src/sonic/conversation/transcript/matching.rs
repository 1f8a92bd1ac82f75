//! Which sentences a FINAL text repeats.

use super::line::Line;
use super::sentence::{Place, Sentence, Stage, after_letters, letters};
use crate::sonic::wire::Role;

/// How well a FINAL text fits a line; the better comes first, then the earlier place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match {
    fit: Fit,
    from: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is all that was announced there.
    Whole,
    /// It is the beginning of that: the answer was cut short.
    Cut,
    /// What it repeats was repeated before, and is said anew.
    Again,
}

impl Match {
    /// Says whether exactly these words were still to be repeated.
    pub(super) fn is_waited_for(&self) -> bool {
        self.fit == Fit::Whole
    }
}

impl Line {
    /// Finds where a FINAL text can be the repeat of something announced here: some sentences that follow each
    /// other, or the beginning of them (the answer was cut short).
    pub(super) fn matches(&self, plain: &str) -> Option<Match> {
        if self.role != Role::Assistant {
            return None;
        }
        let all = self.sentences.iter().enumerate();
        let waiting = all.clone().filter(|(_, sentence)| sentence.waits());
        let waiting = waiting.map(|(sentence, s)| (Place { sentence, byte: s.spoken_to() }, None));
        // A cut may be told in one piece after the pieces before it, or be widened by a second one.
        let again = all.filter(|(_, s)| s.spoken_to() > 0 && (s.waits() || self.is_cut()));
        let again = again.map(|(sentence, _)| (Place { sentence, byte: 0 }, Some(Fit::Again)));
        let fits = waiting.chain(again).filter_map(|(from, fit)| Some((self.fit(from, plain)?, fit, from)));
        fits.map(|(found, instead, from)| Match { fit: instead.unwrap_or(found), from }).min()
    }

    /// Says whether a FINAL text is a repeat of a repeat: the line, or a sentence of it, as it is known to be spoken.
    pub(super) fn has_said(&self, plain: &str) -> bool {
        let spoken = || self.sentences.iter().map(|s| letters(&s.text[..s.spoken_to()])).filter(|s| !s.is_empty());
        self.role == Role::Assistant && (spoken().collect::<String>() == plain || spoken().any(|said| said == plain))
    }

    /// Takes a FINAL text that matches.
    pub(super) fn repeated(&mut self, found: Match, plain: &str) {
        let (mut rest, mut byte) = (plain, found.from.byte);
        for at in found.from.sentence..self.sentences.len() {
            let text = &self.sentences[at].text;
            let known = letters(&text[byte..]);
            let Some(after) = rest.strip_prefix(known.as_str()) else {
                // What is behind was not heard, unless a further repeat says that it was.
                let to = byte + after_letters(&text[byte..], rest.chars().count());
                self.unheard_from(at + 1);
                return self.spoken_to(Place { sentence: at, byte: to });
            };
            self.spoken_to(Place { sentence: at, byte: text.len() });
            if after.is_empty() {
                return;
            }
            (rest, byte) = (after, 0);
        }
    }

    /// Takes a FINAL text that matches nothing: the service words it otherwise than it announced it.
    pub(super) fn spoken_otherwise(&mut self, text: &str) {
        let at = self.sentences.iter().position(|sentence| sentence.stage == Stage::Sounded);
        let at = at.unwrap_or_else(|| {
            self.sentences.push(Sentence::default());
            self.sentences.len() - 1
        });
        self.sentences[at].text = text.to_owned();
        self.spoken_to(Place { sentence: at, byte: text.len() });
    }

    fn fit(&self, from: Place, plain: &str) -> Option<Fit> {
        let (mut rest, mut byte) = (plain, from.byte);
        for sentence in &self.sentences[from.sentence..] {
            let known = letters(&sentence.text[byte..]);
            match rest.strip_prefix(known.as_str()) {
                Some("") => return Some(Fit::Whole),
                Some(after) => rest = after,
                None if known.starts_with(rest) => return Some(Fit::Cut),
                None => return None,
            }
            byte = 0;
        }
        None
    }

    fn spoken_to(&mut self, place: Place) {
        let sentence = &mut self.sentences[place.sentence];
        sentence.stage = Stage::Spoken { to: sentence.spoken_to().max(place.byte) };
        self.note_repeat(place);
    }

    /// Takes back that sentences were heard, unless a repeat said so.
    fn unheard_from(&mut self, from: usize) {
        for sentence in self.sentences[from..].iter_mut().filter(|s| s.stage == Stage::Sounded) {
            sentence.stage = Stage::Announced;
        }
    }
}
