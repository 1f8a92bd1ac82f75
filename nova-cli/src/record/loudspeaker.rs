//! When a loudspeaker would play what arrives.

use std::time::Duration;

/// What a player gathers before it starts, so that the next piece is there when the first has sounded.
const CUSHION: Duration = Duration::from_millis(60);

/// A loudspeaker with a queue: it plays pieces one behind the other, faster arrival only makes its queue longer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Loudspeaker {
    free_at: Duration,
}

impl Loudspeaker {
    /// Takes a piece that arrived at `at` and lasts `length`; returns when it begins to sound.
    pub(crate) fn play(&mut self, at: Duration, length: Duration) -> Duration {
        let begin = if self.free_at > at { self.free_at } else { at + CUSHION };
        self.free_at = begin + length;
        begin
    }

    /// Empties the queue at `at`: what has not sounded by then never will.
    pub(crate) fn flush(&mut self, at: Duration) {
        self.free_at = self.free_at.min(at);
    }

    /// Returns when it falls silent, as far as it knows.
    pub(crate) fn silent_at(&self) -> Duration {
        self.free_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn pieces_that_come_fast_sound_without_a_hole() {
        let mut speaker = Loudspeaker::default();
        let begins: Vec<_> = (0..4).map(|n| speaker.play(MS(1000 + 20 * n), MS(80))).collect();
        assert_eq!(begins, [MS(1060), MS(1140), MS(1220), MS(1300)]);
        assert_eq!(speaker.silent_at(), MS(1380));
    }

    #[test]
    fn an_interruption_empties_the_queue() {
        let mut speaker = Loudspeaker::default();
        speaker.play(MS(0), MS(5000));
        speaker.flush(MS(700));
        assert_eq!(speaker.silent_at(), MS(700));
        assert_eq!(speaker.play(MS(2000), MS(80)), MS(2060));
        speaker.flush(MS(9000));
        assert_eq!(speaker.silent_at(), MS(2140));
    }
}
