//! Where in the words a place in the sound is.
//!
//! A sentence's audio comes behind its announcement, so the sound of an answer is known sentence by sentence. Within
//! one, time goes by letters. That is an estimate, exact at both ends and at its worst in the middle.

use std::ops::Range;
use std::time::Duration;

use super::sentence::{Place, Rest, Sentence, Stage, count_letters, whole_words};

/// Speech is uneven by about a quarter: numbers take longer than their letters, names less, and there are pauses.
/// Our own guess; the service tells nothing about it.
const UNEVEN: u32 = 4;

/// How fast the assistant speaks, as measured in this call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    letters: usize,
    sound: Duration,
}

impl Default for Pace {
    /// English at 170 words of five letters a minute, until there is something better.
    fn default() -> Self {
        Pace { letters: 14, sound: Duration::from_secs(1) }
    }
}

impl Pace {
    fn learn(&mut self, span: &Span) {
        if span.letters > 0 {
            self.letters += span.letters;
            self.sound += span.length;
        }
    }

    fn length_of(&self, letters: usize) -> Duration {
        self.sound.mul_f64(letters as f64 / self.letters as f64)
    }
}

/// Some sentences that share a stretch of sound.
struct Span {
    sentences: Range<usize>,
    start: Duration,
    length: Duration,
    letters: usize,
}

impl Span {
    fn end(&self) -> Duration {
        self.start + self.length
    }

    /// Returns how many of its letters are through at a position.
    fn letters_at(&self, position: Duration) -> usize {
        if position >= self.end() {
            return self.letters;
        }
        let into = position.saturating_sub(self.start).as_nanos() * self.letters as u128 / self.length.as_nanos();
        usize::try_from(into).unwrap_or(self.letters)
    }
}

/// Adds sound to the sentence announced last.
pub(super) fn add(sentences: &mut Vec<Sentence>, duration: Duration) {
    if sentences.is_empty() {
        // Sound without words: they may come with a FINAL.
        sentences.push(Sentence::default());
    }
    let silent = |sentence: &&mut Sentence| sentence.stage == Stage::Announced && sentence.sound.is_zero();
    sentences.iter_mut().rev().take_while(silent).for_each(|sentence| sentence.stage = Stage::Sounded);
    if let Some(last) = sentences.last_mut() {
        last.sound += duration;
        last.rest = Rest::ToCome;
    }
}

/// All the sound of the sentences so far has come.
pub(super) fn end(sentences: &mut [Sentence], pace: &mut Pace) {
    let spans = spans(sentences);
    if let (Some(last), Some(span)) = (sentences.last_mut(), spans.last())
        && last.rest == Rest::ToCome
        && !last.sound.is_zero()
    {
        last.rest = Rest::Came;
        pace.learn(span);
    }
}

/// Notes that no more sound comes. A sentence that was cut while it was made is as long as the assistant would have
/// taken for it. Returns how far from the truth the words at a position may be.
pub(super) fn cut(sentences: &mut [Sentence], position: Duration, pace: Pace) -> Duration {
    let made = spans(sentences);
    let mut far_end = Rest::Came;
    if let (Some(last), Some(span)) = (sentences.last_mut(), made.last())
        && last.rest == Rest::ToCome
        && !last.sound.is_zero()
    {
        last.sound = last.sound.max(pace.length_of(span.letters));
        last.rest = Rest::Came;
        far_end = if position >= span.start { Rest::ToCome } else { Rest::Came };
    }
    let inside = spans(sentences).into_iter().find(|span| position < span.end());
    inside.map_or(Duration::ZERO, |span| {
        let from_start = position.saturating_sub(span.start);
        match far_end {
            Rest::ToCome => from_start / UNEVEN,
            Rest::Came => from_start.min(span.length - from_start) / UNEVEN,
        }
    })
}

/// Returns the end of the last word that is through at a position.
pub(super) fn place_at(sentences: &[Sentence], position: Duration) -> Place {
    let mut place = Place::default();
    for span in spans(sentences).into_iter().take_while(|span| span.start <= position) {
        let mut left = span.letters_at(position);
        for at in span.sentences.clone() {
            let text = &sentences[at].text;
            let all = count_letters(text);
            let byte = if left >= all { text.len() } else { whole_words(text, left) };
            if byte > 0 {
                place = Place { sentence: at, byte };
            }
            if left < all {
                return place;
            }
            left -= all;
        }
    }
    place
}

/// Returns when a place is through: the way back of [`place_at`]; none for words without sound.
pub(super) fn position_of(sentences: &[Sentence], place: Place) -> Option<Duration> {
    let span = spans(sentences).into_iter().find(|span| span.sentences.contains(&place.sentence))?;
    let before = sentences[span.sentences.start..place.sentence].iter().map(|sentence| sentence.text.as_str());
    let within = &sentences[place.sentence].text[..place.byte];
    let through: usize = before.chain([within]).map(count_letters).sum();
    let share = if through == 0 { 0.0 } else { through as f64 / span.letters as f64 };
    Some(span.start + span.length.mul_f64(share))
}

/// The sentences that have sound, each with those before it that have none.
fn spans(sentences: &[Sentence]) -> Vec<Span> {
    let (mut spans, mut first, mut start) = (Vec::new(), 0, Duration::ZERO);
    for (at, sentence) in sentences.iter().enumerate().filter(|(_, sentence)| !sentence.sound.is_zero()) {
        let letters = sentences[first..=at].iter().map(|sentence| count_letters(&sentence.text)).sum();
        spans.push(Span { sentences: first..at + 1, start, length: sentence.sound, letters });
        start += sentence.sound;
        first = at + 1;
    }
    spans
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sentence::letters;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn sentence(text: &str, sound: Duration) -> Sentence {
        Sentence { text: text.to_owned(), sound, rest: Rest::Came, ..Sentence::default() }
    }

    fn text_at(sentences: &[Sentence], position: Duration) -> String {
        let place = place_at(sentences, position);
        let whole = sentences[..place.sentence].iter().map(|sentence| sentence.text.as_str());
        whole.chain([&sentences[place.sentence].text[..place.byte]]).collect()
    }

    #[test]
    fn a_position_is_the_end_of_a_whole_word() {
        let sentences = [sentence("It is sunny.", SECOND), sentence(" Take a hat.", 2 * SECOND)];
        let texts =
            [(0, ""), (200, ""), (250, "It"), (999, "It is"), (1_000, "It is sunny."), (2_999, "It is sunny. Take a")];
        for (ms, text) in texts {
            assert_eq!(text_at(&sentences, Duration::from_millis(ms)), text, "{ms} ms");
        }
        assert_eq!(text_at(&sentences, 9 * SECOND), "It is sunny. Take a hat.");
    }

    #[test]
    fn sentences_without_sound_of_their_own_share_the_next() {
        let sentences =
            [sentence("One two.", Duration::ZERO), sentence("Six ten.", 2 * SECOND), sentence("No.", Duration::ZERO)];
        assert_eq!(text_at(&sentences, SECOND), "One two.");
        assert_eq!(text_at(&sentences, Duration::from_millis(1_500)), "One two.Six");
        assert_eq!(text_at(&sentences, 9 * SECOND), "One two.Six ten.", "what never sounded is not heard");
        assert_eq!(position_of(&sentences, Place { sentence: 1, byte: 3 }), Some(Duration::from_millis(1_500)));
        assert_eq!(position_of(&sentences, Place { sentence: 2, byte: 3 }), None);
    }

    #[test]
    fn a_sentence_that_was_cut_while_it_was_made_is_as_long_as_it_would_have_become() {
        let mut sentences = vec![sentence("It is sunny today.", Duration::ZERO)];
        let mut pace = Pace::default();
        add(&mut sentences, SECOND);
        let error = cut(&mut sentences, SECOND, pace);
        assert_eq!(error, Duration::ZERO, "14 letters a second: that was all of it");
        assert_eq!(text_at(&sentences, SECOND), "It is sunny today.");

        let mut slow = vec![sentence("It is sunny today.", Duration::ZERO)];
        add(&mut slow, 30 * SECOND);
        end(&mut slow, &mut pace);
        end(&mut slow, &mut pace);
        assert_eq!((pace.letters, pace.sound), (28, 31 * SECOND), "learned once");
        let mut sentences = vec![sentence("It is sunny today.", Duration::ZERO)];
        add(&mut sentences, 8 * SECOND);
        assert_eq!(cut(&mut sentences, 8 * SECOND, pace), 2 * SECOND, "nobody knows how near the end is");
        assert_eq!(text_at(&sentences, 8 * SECOND), "It is");
    }

    #[test]
    fn the_error_grows_towards_the_middle_of_a_sentence() {
        let sentences = || vec![sentence("It is sunny.", 2 * SECOND), sentence("Take a hat.", 2 * SECOND)];
        for (ms, error) in [(0, 0), (400, 100), (1_000, 250), (1_600, 100), (2_000, 0), (3_000, 250), (4_000, 0)] {
            let found = cut(&mut sentences(), Duration::from_millis(ms), Pace::default());
            assert_eq!(found, Duration::from_millis(error), "{ms} ms");
        }
    }

    proptest! {
        #[test]
        fn what_is_heard_is_the_beginning_of_what_was_announced_and_only_grows(
            said in prop::collection::vec(("[ a-zäßİ0-9'.,-]{0,40}", 0u64..3_000), 1..6),
            mut positions in prop::collection::vec(0u64..20_000, 2..20),
        ) {
            let sentences: Vec<_> = said.iter().map(|(text, ms)| sentence(text, Duration::from_millis(*ms))).collect();
            let sounded = sentences.iter().rposition(|sentence| !sentence.sound.is_zero()).map_or(0, |last| last + 1);
            let all: String = said[..sounded].iter().map(|(text, _)| letters(text)).collect();
            let end: u64 = said.iter().map(|(_, ms)| ms).sum();
            positions.sort_unstable();
            let mut before = (Place::default(), String::new());
            for position in positions {
                let place = place_at(&sentences, Duration::from_millis(position));
                let text = letters(&text_at(&sentences, Duration::from_millis(position)));
                prop_assert!(all.starts_with(&text));
                prop_assert!(text.starts_with(&before.1) && place >= before.0);
                if position >= end {
                    prop_assert_eq!(&text, &all);
                }
                if !text.is_empty() {
                    let latest = Duration::from_millis(position) + Duration::from_nanos(10);
                    prop_assert!(position_of(&sentences, place).is_some_and(|through| through <= latest));
                }
                before = (place, text);
            }
        }
    }
}
