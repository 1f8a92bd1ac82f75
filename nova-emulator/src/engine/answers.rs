//! What has been said, how much of it must have been heard by now, and which FINAL texts are still owed.

use std::time::Duration;

/// The sentences whose FINAL text is owed, oldest first. A turn's worth at most waits here, besides a late one.
#[derive(Debug, Default)]
pub(super) struct Answers {
    spoken: Vec<Spoken>,
    /// When the loudspeaker will have played everything that was sent.
    played_until: Duration,
}

/// A sentence on its way to the user's ear.
#[derive(Debug)]
struct Spoken {
    text: String,
    starts: Duration,
    ends: Duration,
}

impl Answers {
    /// Notes a sentence that begins to be sent.
    pub(super) fn begin(&mut self, now: Duration, text: &str) {
        let starts = self.played_until.max(now);
        self.spoken.push(Spoken { text: text.to_owned(), starts, ends: starts });
    }

    /// Notes audio of the sentence under way; a player plays it behind what it already has.
    pub(super) fn sent(&mut self, now: Duration, length: Duration) {
        self.played_until = self.played_until.max(now) + length;
        if let Some(spoken) = self.spoken.last_mut() {
            spoken.ends = self.played_until;
        }
    }

    /// Whether a player must still be playing.
    pub(super) fn is_playing(&self, now: Duration) -> bool {
        self.played_until > now
    }

    /// Whether FINAL texts are owed.
    pub(super) fn owes(&self) -> bool {
        !self.spoken.is_empty()
    }

    /// Takes all texts, whole.
    pub(super) fn take_whole(&mut self) -> Vec<String> {
        self.spoken.drain(..).map(|spoken| spoken.text).collect()
    }

    /// Takes the texts as far as they were played: whole sentences, and the words of the one that was cut.
    pub(super) fn take_heard(&mut self, now: Duration) -> Vec<String> {
        self.played_until = now;
        self.spoken.drain(..).filter_map(|spoken| spoken.heard(now)).collect()
    }
}

impl Spoken {
    fn heard(self, now: Duration) -> Option<String> {
        if now >= self.ends {
            return Some(self.text);
        }
        let whole = (self.ends - self.starts).as_secs_f64();
        let share = now.saturating_sub(self.starts).as_secs_f64() / whole.max(f64::EPSILON);
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let heard = (words.len() as f64 * share) as usize;
        (heard > 0).then(|| words[..heard.min(words.len())].join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_played_is_left_after_a_cut() {
        let second = Duration::from_secs;
        let mut answers = Answers::default();
        for text in ["One two.", "Three four five six.", "Never heard."] {
            answers.begin(second(10), text);
            answers.sent(second(10), second(4));
        }
        assert!(answers.is_playing(second(21)) && !answers.is_playing(second(22)));
        assert_eq!(answers.take_heard(second(16)), ["One two.", "Three four"]);
        assert!(!answers.owes() && !answers.is_playing(second(16)));
    }
}
