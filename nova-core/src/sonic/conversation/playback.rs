//! How much of each answer has been heard, as far as this side can know.
//!
//! The clock of an answer starts when the application takes its first audio, and runs no further than what it took.

use std::time::Duration;

use crate::sonic::event::TurnId;

/// The answer that is, or was last, played.
#[derive(Debug, Default)]
pub(super) struct Playback {
    answer: Option<Answer>,
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
        let answer = self.answer(turn);
        let offset = answer.delivered;
        answer.delivered += duration;
        offset
    }

    /// Notes audio that the application took.
    pub(super) fn taken(&mut self, now: Duration, turn: TurnId, duration: Duration) {
        let Some(answer) = self.answer.as_mut().filter(|answer| answer.turn == turn && answer.stopped.is_none()) else {
            return;
        };
        answer.taken += duration;
        answer.plays_until = Some(answer.plays_until.map_or(now, |until| until.max(now)) + duration);
    }

    /// Returns how much of a turn's answer has been heard.
    pub(super) fn heard(&self, now: Duration, turn: TurnId) -> Duration {
        match &self.answer {
            Some(answer) if answer.turn == turn => answer.heard(answer.stopped.unwrap_or(now)),
            _ => Duration::ZERO,
        }
    }

    /// Returns the turn whose answer is being played, or waits to be taken.
    pub(super) fn playing(&self, now: Duration) -> Option<TurnId> {
        let answer = self.answer.as_ref().filter(|answer| answer.stopped.is_none())?;
        let untaken = answer.taken < answer.delivered;
        (untaken || answer.plays_until.is_some_and(|until| now < until)).then_some(answer.turn)
    }

    /// Returns the turn whose answer was played last.
    pub(super) fn last(&self) -> Option<TurnId> {
        self.answer.as_ref().map(|answer| answer.turn)
    }

    /// Stops the clock of an answer: nothing more of it is heard.
    pub(super) fn stop(&mut self, now: Duration, turn: TurnId) {
        if let Some(answer) = self.answer.as_mut().filter(|answer| answer.turn == turn) {
            answer.stopped.get_or_insert(now);
        }
    }

    fn answer(&mut self, turn: TurnId) -> &mut Answer {
        if self.answer.as_ref().is_none_or(|answer| answer.turn != turn) {
            self.answer = None;
        }
        self.answer.get_or_insert(Answer {
            turn,
            delivered: Duration::ZERO,
            taken: Duration::ZERO,
            plays_until: None,
            stopped: None,
        })
    }
}

impl Answer {
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
        assert_eq!(playback.playing(ms(500)), Some(1), "it waits to be taken");
        playback.taken(ms(500), 1, ms(800));
        playback.taken(ms(510), 1, ms(200));
        assert_eq!(playback.heard(ms(900), 1), ms(400));
        playback.stop(ms(900), 1);
        assert_eq!(playback.heard(ms(2_000), 1), ms(400));
        assert_eq!(playback.playing(ms(901)), None);
    }

    #[test]
    fn an_answer_is_over_when_all_of_it_was_played() {
        let mut playback = Playback::default();
        playback.delivered(1, ms(100));
        playback.taken(ms(0), 1, ms(100));
        assert_eq!(playback.playing(ms(99)), Some(1));
        assert_eq!(playback.playing(ms(100)), None);
        assert_eq!(playback.heard(ms(5_000), 1), ms(100));
    }
}
