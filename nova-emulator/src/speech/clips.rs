//! The recorded clips: the assistant's sentences and a user's questions (see `clips/make.sh`).

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::{mulaw, resample::resample};

/// A recorded clip: what is said, and the sound.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Clip {
    /// The words.
    pub text: &'static str,
    /// Samples per second.
    pub rate: u32,
    /// 16-bit mono samples.
    pub pcm: Vec<i16>,
}

impl Clip {
    /// The same clip at another rate, in samples per second.
    pub fn at(&self, rate: u32) -> Self {
        Self { text: self.text, rate, pcm: resample(&self.pcm, self.rate, rate) }
    }
}

/// A question of the recorded user, by name; the names are those of [`questions`].
pub fn question(name: &str) -> Option<Clip> {
    let entry = INDEX.iter().find(|entry| entry.kind == Kind::Question && entry.name.as_deref() == Some(name))?;
    Some(Clip { text: &entry.text, rate: RATE, pcm: entry.pcm() })
}

/// The names of the recorded questions: `who what bye` for small talk, `weather time` for tools, `sea stop` for the long
/// answer, `wer wann` for German.
pub fn questions() -> impl Iterator<Item = &'static str> {
    INDEX.iter().filter(|entry| entry.kind == Kind::Question).filter_map(|entry| entry.name.as_deref())
}

/// The assistant's clip with exactly this text, at `rate`.
pub(super) fn sentence(text: &str, rate: u32) -> Option<Arc<[i16]>> {
    let place = INDEX.iter().position(|entry| entry.kind == Kind::Answer && entry.text == text)?;
    Some(render(place, rate))
}

/// The longest word clip that a list of words begins with, at `rate`, and how many words it covers.
pub(super) fn words(list: &[String], rate: u32) -> Option<(Arc<[i16]>, usize)> {
    let fits = |(_, words): &&(usize, Vec<String>)| list.starts_with(words);
    let (place, words) = WORDS.iter().filter(fits).max_by_key(|(_, words)| words.len())?;
    Some((render(*place, rate), words.len()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Option<String>,
    kind: Kind,
    #[serde(rename = "language")]
    _language: String,
    text: String,
    start: usize,
    samples: usize,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Answer,
    Word,
    Question,
}

impl Entry {
    fn pcm(&self) -> Vec<i16> {
        let sound = SOUND.get(self.start..self.start + self.samples).unwrap_or_default();
        sound.iter().map(|byte| mulaw::decode(*byte)).collect()
    }
}

/// Renders a clip once for each rate: many sessions say the same sentences.
fn render(place: usize, rate: u32) -> Arc<[i16]> {
    let make = || resample(&INDEX[place].pcm(), RATE, rate).into();
    match RATES.iter().position(|known| *known == rate) {
        Some(column) => Arc::clone(RENDERED[place][column].get_or_init(make)),
        None => make(),
    }
}

type Rendered = [std::sync::OnceLock<Arc<[i16]>>; RATES.len()];

/// The rate of the recordings.
const RATE: u32 = 8000;
const RATES: [u32; 3] = [8000, 16000, 24000];
static SOUND: &[u8] = include_bytes!("../../clips/clips.ul");
/// A test reads the index, so the empty one is never seen.
static INDEX: LazyLock<Vec<Entry>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../clips/index.json")).unwrap_or_default());
static RENDERED: LazyLock<Vec<Rendered>> = LazyLock::new(|| INDEX.iter().map(|_| Rendered::default()).collect());
static WORDS: LazyLock<Vec<(usize, Vec<String>)>> = LazyLock::new(|| {
    let words = INDEX.iter().enumerate().filter(|(_, entry)| entry.kind == Kind::Word);
    words.map(|(place, entry)| (place, super::numbers::spoken_words(&entry.text))).collect()
});

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn clips_stay_under_a_megabyte_and_fill_their_file() {
        let last = INDEX.last().unwrap();
        assert_eq!(last.start + last.samples, SOUND.len());
        assert!(SOUND.len() <= 1_000_000);
    }

    #[test]
    fn every_clip_is_loud_enough_and_nowhere_clipped() {
        for entry in INDEX.iter() {
            let peak = entry.pcm().iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            assert!((15_000..30_000).contains(&peak), "{}: peak {peak}", entry.text);
        }
    }

    #[test]
    fn questions_are_there_by_name() {
        assert!(questions().count() >= 7);
        for name in questions() {
            let clip = question(name).unwrap();
            assert!(clip.pcm.len() > 4000 && clip.at(24_000).pcm.len() == clip.pcm.len() * 3);
        }
        assert_eq!(question("nothing"), None);
    }
}
