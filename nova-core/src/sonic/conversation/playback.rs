//! How much of each answer has been heard, as far as this side can know.
//!
//! The clock of an answer starts when the application takes its first audio, and runs no further than what it took. An
//! application that knows how far its loudspeaker is says so, which sets the clock right.

use std::collections::VecDeque;
use std::time::Duration;

use crate::sonic::event::{Cut, TurnId};

/// Answers that are remembered; several may wait for their turn, since the model is faster than speech.
const ANSWERS: usize = 32;
/// How late sound may come out after it was taken: the buffers of a sound card, and of a browser behind a network.
/// Our own guess, as is the next; the application's acknowledgements replace it.
const UNTOLD: Duration = Duration::from_millis(300);
/// How far the application's own word may be off: it speaks of buffers of some ten milliseconds, and now and then.
const TOLD: Duration = Duration::from_millis(100);

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
    /// The last position that the application told.
    told: Option<Duration>,
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

    /// Notes where the loudspeaker is in an answer. It cannot be behind where it was, nor beyond what was taken; of an
    /// answer that was stopped nothing is played.
    pub(super) fn played(&mut self, now: Duration, turn: TurnId, position: Duration) {
        let Some(at) = self.answers.iter().position(|answer| answer.turn == turn && answer.stopped.is_none()) else {
            return;
        };
        let answer = &mut self.answers[at];
        let Some(before) = answer.plays_until else { return };
        let position = position.max(answer.told.unwrap_or_default()).min(answer.taken);
        let until = now.saturating_add(answer.taken - position);
        answer.told = Some(position);
        answer.plays_until = Some(until);
        // Sound is played in order: what is before is through, what is behind waits for this.
        for earlier in self.answers.iter_mut().take(at) {
            earlier.plays_until = earlier.plays_until.map(|earlier| earlier.min(now));
        }
        for later in self.answers.iter_mut().skip(at + 1).filter(|answer| answer.stopped.is_none()) {
            later.plays_until = later.plays_until.map(|later| (later + until).saturating_sub(before));
        }
    }

    /// Returns how much of a turn's answer has been heard, and how sure that is.
    pub(super) fn heard(&self, now: Duration, turn: TurnId) -> Cut {
        let answer = self.answers.iter().find(|answer| answer.turn == turn);
        answer.map(|answer| answer.heard(answer.stopped.unwrap_or(now))).unwrap_or_default()
    }

    /// Returns the turns whose answers are being played, or wait to be.
    pub(super) fn playing(&self, now: Duration) -> Vec<TurnId> {
        self.answers.iter().filter(|answer| answer.plays(now)).map(|answer| answer.turn).collect()
    }

    /// Says whether an answer is being played, or waits to be.
    pub(super) fn is_playing(&self, now: Duration) -> bool {
        self.answers.iter().any(|answer| answer.plays(now))
    }

    /// Returns the answers that are being played, or wait to be: how much of each was heard, and how much came.
    pub(super) fn ledger(&self, now: Duration) -> impl Iterator<Item = (TurnId, Cut, Duration)> + '_ {
        let playing = self.answers.iter().filter(move |answer| answer.plays(now));
        playing.map(move |answer| (answer.turn, answer.heard(now), answer.delivered))
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
        self.answers.push_back(Answer { turn, delivered, taken, plays_until: None, told: None, stopped: None });
    }
}

impl Answer {
    fn plays(&self, now: Duration) -> bool {
        let untaken = self.taken < self.delivered;
        self.stopped.is_none() && (untaken || self.plays_until.is_some_and(|until| now < until))
    }

    fn heard(&self, now: Duration) -> Cut {
        let Some(until) = self.plays_until else { return Cut::default() };
        let heard = self.taken.saturating_sub(until.saturating_sub(now));
        let late = if self.told.is_some() { TOLD } else { UNTOLD };
        // The longer it should be over, the surer it is.
        Cut { heard, error: late.saturating_sub(now.saturating_sub(until)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn heard(playback: &Playback, at: u64, turn: TurnId) -> u128 {
        playback.heard(ms(at), turn).heard.as_millis()
    }

    /// An answer of two seconds, taken whole at the beginning.
    fn two_seconds() -> Playback {
        let mut playback = Playback::default();
        playback.delivered(1, ms(2_000));
        playback.taken(ms(0), 1, ms(2_000));
        playback
    }

    #[test]
    fn the_clock_starts_when_audio_is_taken_and_stops_at_an_interruption() {
        let mut playback = Playback::default();
        assert_eq!(playback.delivered(1, ms(800)), ms(0));
        assert_eq!(playback.delivered(1, ms(200)), ms(800));
        assert_eq!(playback.heard(ms(500), 1), Cut::default(), "it is certain that nothing was");
        assert_eq!(playback.playing(ms(500)), [1], "it waits to be taken");
        playback.taken(ms(500), 1, ms(800));
        playback.taken(ms(510), 1, ms(200));
        assert_eq!(playback.heard(ms(900), 1).heard, ms(400));
        playback.stop(ms(900), 1);
        assert_eq!(playback.heard(ms(2_000), 1).heard, ms(400));
        assert!(playback.playing(ms(901)).is_empty());
    }

    #[test]
    fn an_answer_is_over_when_all_of_it_was_played() {
        let mut playback = Playback::default();
        playback.delivered(1, ms(100));
        playback.taken(ms(0), 1, ms(100));
        assert_eq!(playback.playing(ms(99)), [1]);
        assert!(playback.playing(ms(100)).is_empty());
        assert_eq!(playback.heard(ms(5_000), 1).heard, ms(100));
    }

    #[test]
    fn a_second_answer_is_played_behind_the_first() {
        let mut playback = Playback::default();
        for turn in [1, 2] {
            playback.delivered(turn, ms(1_000));
            playback.taken(ms(0), turn, ms(1_000));
        }
        assert_eq!(playback.playing(ms(500)), [1, 2]);
        assert_eq!((heard(&playback, 500, 1), heard(&playback, 500, 2)), (500, 0));
        assert_eq!(playback.playing(ms(1_500)), [2]);
        assert_eq!((heard(&playback, 1_500, 1), heard(&playback, 1_500, 2)), (1_000, 500));
    }

    #[test]
    fn what_a_full_queue_dropped_is_not_waited_for() {
        let mut playback = Playback::default();
        playback.delivered(1, ms(1_000));
        playback.delivered(2, ms(100));
        playback.taken(ms(0), 2, ms(100));
        assert_eq!(playback.playing(ms(50)), [2]);
    }

    #[test]
    fn the_applications_word_sets_the_clock_right() {
        let mut playback = two_seconds();
        playback.played(ms(1_000), 1, ms(600));
        assert_eq!(heard(&playback, 1_000, 1), 600);
        assert_eq!(heard(&playback, 1_500, 1), 1_100, "and goes on from there");
        assert_eq!(playback.playing(ms(2_300)), [1], "for as long as what was taken lasts");
        assert_eq!(heard(&playback, 9_000, 1), 2_000);
        playback.played(ms(1_600), 1, ms(1_900));
        assert_eq!(heard(&playback, 1_650, 1), 1_950, "it may be ahead too");
    }

    #[test]
    fn a_word_that_cannot_be_is_bent_to_what_can() {
        let mut playback = two_seconds();
        playback.delivered(1, ms(500));
        playback.played(ms(100), 1, ms(60_000));
        assert_eq!(heard(&playback, 100, 1), 2_000, "not beyond what was taken");
        let mut playback = two_seconds();
        playback.played(ms(1_000), 1, ms(800));
        playback.played(ms(1_100), 1, ms(300));
        assert_eq!(heard(&playback, 1_100, 1), 800, "not behind where it was");
        playback.played(ms(1_200), 7, ms(100));
        assert_eq!(heard(&playback, 1_200, 1), 900, "an answer that nobody knows changes nothing");
        playback.stop(ms(1_200), 1);
        playback.played(ms(1_300), 1, ms(1_500));
        assert_eq!(heard(&playback, 9_000, 1), 900, "nor does one that was stopped");
        let mut untaken = Playback::default();
        untaken.delivered(1, ms(500));
        untaken.played(ms(100), 1, ms(200));
        assert_eq!(heard(&untaken, 100, 1), 0);
    }

    #[test]
    fn the_word_about_one_answer_moves_those_around_it() {
        let mut playback = two_seconds();
        playback.delivered(2, ms(1_000));
        playback.taken(ms(10), 2, ms(1_000));
        playback.played(ms(500), 1, ms(100));
        assert_eq!((heard(&playback, 2_400, 1), heard(&playback, 2_400, 2)), (2_000, 0));
        assert_eq!(heard(&playback, 2_900, 2), 500, "the second begins later");
        playback.played(ms(2_000), 2, ms(300));
        assert_eq!((heard(&playback, 2_000, 1), heard(&playback, 2_000, 2)), (2_000, 300), "so the first is through");
        assert_eq!(playback.playing(ms(2_000)), [2]);
    }

    #[test]
    fn it_is_said_how_sure_the_clock_is() {
        let mut playback = two_seconds();
        assert_eq!(playback.heard(ms(1_000), 1).error, UNTOLD);
        assert_eq!(playback.heard(ms(2_200), 1).error, ms(100), "it should have been over for a while");
        assert_eq!(playback.heard(ms(9_000), 1).error, ms(0));
        playback.played(ms(1_000), 1, ms(900));
        assert_eq!(playback.heard(ms(1_500), 1).error, TOLD);
    }
}
