//! A sentence of a line: its words, its sound, and what is known to be spoken of it.

use std::ops::Range;
use std::time::Duration;

/// Some words that were announced, or said, in one piece.
#[derive(Clone, Debug, Default)]
pub(super) struct Sentence {
    pub(super) text: String,
    pub(super) stage: Stage,
    /// The audio that came while it was announced last. It speaks the sentences without sound before it too.
    pub(super) sound: Duration,
    pub(super) rest: Rest,
}

/// How far a sentence has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nobody has heard it yet, or its repeat said that the answer was cut before it.
    #[default]
    Announced,
    /// Its audio came, at least in part.
    Sounded,
    /// Its beginning was repeated, up to this byte.
    Spoken { to: usize },
}

/// Whether more of a sentence's sound may come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Rest {
    #[default]
    ToCome,
    Came,
}

/// A place in a line: so many bytes into a sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) sentence: usize,
    pub(super) byte: usize,
}

impl Sentence {
    /// Words that are known to be said.
    pub(super) fn said(text: &str) -> Self {
        let mut sentence = Sentence { text: text.to_owned(), ..Sentence::default() };
        sentence.spoken_whole();
        sentence
    }

    pub(super) fn spoken_whole(&mut self) {
        self.stage = Stage::Spoken { to: self.text.len() };
    }

    /// Returns how much of it was repeated.
    pub(super) fn spoken_to(&self) -> usize {
        match self.stage {
            Stage::Spoken { to } => to,
            Stage::Announced | Stage::Sounded => 0,
        }
    }

    /// Says whether something of it is still to be repeated.
    pub(super) fn waits(&self) -> bool {
        self.stage != Stage::Spoken { to: self.text.len() }
    }
}

/// A text as it is compared: only letters and digits, since spacing and punctuation vary between the two versions.
pub(super) fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

pub(super) fn count_letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_lowercase().count()).sum()
}

/// Returns where so many letters are through; the marks that end a word belong to it.
pub(super) fn after_letters(text: &str, letters: usize) -> usize {
    let mut left = letters;
    for word in words(text) {
        let mut through = word.start;
        for (at, c) in text[word.clone()].char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            if left == 0 {
                return through;
            }
            left = left.saturating_sub(c.to_lowercase().count());
            through = word.start + at + c.len_utf8();
        }
        if left == 0 {
            return word.end;
        }
    }
    text.len()
}

/// Returns where the last word ends that is whole in so many letters; zero if none is.
pub(super) fn whole_words(text: &str, letters: usize) -> usize {
    let (mut end, mut through) = (0, 0);
    for word in words(text) {
        through += count_letters(&text[word.clone()]);
        if through > letters {
            break;
        }
        end = word.end;
    }
    end
}

/// Where the words of a text stand: what is between spaces.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(|c: char| !c.is_whitespace())?;
        from = text[start..].find(char::is_whitespace).map_or(text.len(), |length| start + length);
        Some(start..from)
    })
}
