//! How much of each answer has been heard, as far as this side can know.
//!
//! The clock of an answer starts when the application takes its first audio, and runs no further than what it took.

use std::collections::VecDeque;
use std::time::Duration;

use crate::sonic::event::TurnId;

/// Answers that are remembered; several may wait for their turn, since the model is faster than speech.
const ANSWERS: usize = 32;

/// The answers that are, will be, or were played: one after another, oldest first.
#[derive(Debug, Default)]
pub(super) struct Playback {
    answers: VecDeque<Answer>,
}

#[derive(Debug)]
struct Answer {
    turn: TurnId,
    delivered: Duration,
    taken: Duration,
    /// When playing what has been taken so far will be over.
    plays_until: Option<Duration>,
    stopped: Option<Duration>,
}

impl Playback {
    /// Notes audio that is on its way to the application; returns where in the answer it begins.
    pub(super) fn delivered(&mut self, turn: TurnId, duration: Duration) -> Duration {
        if self.answers.iter().all(|answer| answer.turn != turn) {
            self.begin(turn);
        }
        let Some(answer) = self.answers.iter_mut().find(|answer| answer.turn == turn) else { return Duration::ZERO };
        let offset = answer.delivered;
        answer.delivered += duration;
        offset
    }

    /// Notes audio that the application took.
    pub(super) fn taken(&mut self, now: Duration, turn: TurnId, duration: Duration) {
        let Some(at) = self.answers.iter().position(|answer| answer.turn == turn && answer.stopped.is_none()) else {
            return;
        };
        for earlier in self.answers.iter_mut().take(at) {
            // Sound is taken in order: what is left of an earlier answer was dropped from a full queue.
            earlier.delivered = earlier.taken;
        }
        let played = self.answers.iter().filter(|answer| answer.stopped.is_none());
        let from = played.filter_map(|answer| answer.plays_until).fold(now, Duration::max);
        let answer = &mut self.answers[at];
        answer.taken = answer.taken.saturating_add(duration);
        answer.plays_until = Some(from.saturating_add(duration));
    }

    /// Returns how much of a turn's answer has been heard.
    pub(super) fn heard(&self, now: Duration, turn: TurnId) -> Duration {
        let answer = self.answers.iter().find(|answer| answer.turn == turn);
        answer.map_or(Duration::ZERO, |answer| answer.heard(answer.stopped.unwrap_or(now)))
    }

    /// Returns the turns whose answers are being played, or wait to be.
    pub(super) fn playing(&self, now: Duration) -> Vec<TurnId> {
        self.answers.iter().filter(|answer| answer.plays(now)).map(|answer| answer.turn).collect()
    }

    /// Says whether an answer is being played, or waits to be.
    pub(super) fn is_playing(&self, now: Duration) -> bool {
        self.answers.iter().any(|answer| answer.plays(now))
    }

    /// Returns when playing all that was taken will be over.
    pub(super) fn plays_until(&self) -> Option<Duration> {
        self.answers.iter().filter(|answer| answer.stopped.is_none()).filter_map(|answer| answer.plays_until).max()
    }

    /// Returns the turn whose answer came last.
    pub(super) fn last(&self) -> Option<TurnId> {
        self.answers.back().map(|answer| answer.turn)
    }

    /// Stops the clock of an answer: nothing more of it is heard.
    pub(super) fn stop(&mut self, now: Duration, turn: TurnId) {
        if let Some(answer) = self.answers.iter_mut().find(|answer| answer.turn == turn) {
            answer.stopped.get_or_insert(now);
        }
    }

    fn begin(&mut self, turn: TurnId) {
        if self.answers.len() == ANSWERS {
            self.answers.pop_front();
        }
        let (delivered, taken) = (Duration::ZERO, Duration::ZERO);
        self.answers.push_back(Answer { turn, delivered, taken, plays_until: None, stopped: None });
    }
}

impl Answer {
    fn plays(&self, now: Duration) -> bool {
        let untaken = self.taken < self.delivered;
        self.stopped.is_none() && (untaken || self.plays_until.is_some_and(|until| now < until))
    }

    fn heard(&self, now: Duration) -> Duration {
        let left = self.plays_until.map_or(Duration::ZERO, |until| until.saturating_sub(now));
        self.taken.saturating_sub(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn the_clock_starts_when_audio_is_taken_and_stops_at_an_interruption() {
        let mut playback = Playback::default();
        assert_eq!(playback.delivered(1, ms(800)), ms(0));
        assert_eq!(playback.delivered(1, ms(200)), ms(800));
        assert_eq!(playback.heard(ms(500), 1), ms(0));
        assert_eq!(playback.playing(ms(500)), [1], "it waits to be taken");
        playback.taken(ms(500), 1, ms(800));
        playback.taken(ms(510), 1, ms(200));
        assert_eq!(playback.heard(ms(900), 1), ms(400));
        playback.stop(ms(900), 1);
        assert_eq!(playback.heard(ms(2_000), 1), ms(400));
        assert!(playback.playing(ms(901)).is_empty());
    }

    #[test]
    fn an_answer_is_over_when_all_of_it_was_played() {
        let mut playback = Playback::default();
        playback.delivered(1, ms(100));
        playback.taken(ms(0), 1, ms(100));
        assert_eq!(playback.playing(ms(99)), [1]);
        assert!(playback.playing(ms(100)).is_empty());
        assert_eq!(playback.heard(ms(5_000), 1), ms(100));
    }
    #[test]
    fn a_second_answer_is_played_behind_the_first() {
        let mut playback = Playback::default();
        for turn in [1, 2] {
            playback.delivered(turn, ms(1_000));
            playback.taken(ms(0), turn, ms(1_000));
        }
        assert_eq!(playback.playing(ms(500)), [1, 2]);
        assert_eq!((playback.heard(ms(500), 1), playback.heard(ms(500), 2)), (ms(500), ms(0)));
        assert_eq!(playback.playing(ms(1_500)), [2]);
        assert_eq!((playback.heard(ms(1_500), 1), playback.heard(ms(1_500), 2)), (ms(1_000), ms(500)));
    }

    #[test]
    fn what_a_full_queue_dropped_is_not_waited_for() {
        let mut playback = Playback::default();
        playback.delivered(1, ms(1_000));
        playback.delivered(2, ms(100));
        playback.taken(ms(0), 2, ms(100));
        assert_eq!(playback.playing(ms(50)), [2]);
    }
}
