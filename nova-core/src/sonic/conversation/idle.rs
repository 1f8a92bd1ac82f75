//! A call that nobody ends: it is told of, then closed in order.

use std::time::Duration;

use super::call::{Call, Phase};
use crate::sonic::event::{CloseReason, Event};

/// How long nothing has happened.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// When the user or the assistant last had a word, or something was owed.
    since: Duration,
    /// How often the application was told since then.
    told: u32,
}

impl Call {
    /// Tells of a call in which nothing happens, and closes one that is abandoned or too long.
    pub(super) fn watch_idle(&mut self) {
        let Phase::Live = self.phase else { return };
        let last = self.last_word();
        if last > self.quiet.since {
            self.quiet = Quiet { since: last, told: 0 };
        }
        let silent = self.now.saturating_sub(self.quiet.since);
        if self.config.idle.longest_call <= self.now {
            return self.finish(CloseReason::LongestCall);
        }
        if self.config.idle.hang_up <= silent {
            return self.finish(CloseReason::Idle);
        }
        if self.tell_at() <= self.now {
            self.quiet.told = (silent.as_nanos() / self.config.idle.tell.as_nanos().max(1)) as u32;
            self.event(Event::UserIdle { silent });
        }
    }

    pub(super) fn idle_wake(&self) -> Option<Duration> {
        let Phase::Live = self.phase else { return None };
        let idle = &self.config.idle;
        let since = self.quiet.since;
        [self.tell_at(), since.saturating_add(idle.hang_up), idle.longest_call].into_iter().min()
    }

    fn tell_at(&self) -> Duration {
        let tell = self.config.idle.tell.max(Duration::from_secs(1));
        self.quiet.since.saturating_add(tell.saturating_mul(self.quiet.told + 1))
    }

    /// When anybody last had a word: what is owed, or still being played, counts as one.
    fn last_word(&self) -> Duration {
        let busy = !self.turns.is_empty() || !self.tools.is_empty() || self.playback.is_playing(self.now);
        if busy { self.now } else { self.turns.last_word() }
    }
}
