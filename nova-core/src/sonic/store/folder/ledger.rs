//! What the files of a lease say, and what follows from them at a given moment.
//!
//! There are two. `<id>.lease` says whose *turn* it is; only a claim writes it. `<id>.<token>.held` says that this turn
//! counts, and until when; only its holder writes it, and its name bears the token: whatever a holder writes late, when
//! it is another's turn, nobody looks at.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::sonic::store::{Holder, Standing};

/// A moment on the wall clock: microseconds since 1970. The only clock that several processes read alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Moment(u64);

impl Moment {
    #[allow(clippy::disallowed_methods, reason = "the end of a lease is written in the time that all processes share")]
    pub(super) fn now() -> Moment {
        SystemTime::now().into()
    }

    pub(super) fn after(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(micros(time)))
    }

    /// Returns the time from `earlier` until here; nothing when that is later.
    pub(super) fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Moment {
        Moment(time.duration_since(UNIX_EPOCH).map(micros).unwrap_or_default())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Turn {
    pub(super) token: u64,
    pub(super) holder: Holder,
}

impl Turn {
    /// Returns the turn after `last`, if that is known. Its token is one more, or the clock's microseconds if those are
    /// more. By the clock, tokens grow also where the last one is not known any more: a lease of a call that was
    /// removed is stale even when its id comes again.
    pub(super) fn after(last: Option<&Turn>, holder: &Holder, now: Moment) -> Turn {
        let token = last.map_or(0, |last| last.token.saturating_add(1)).max(now.0);
        Turn { token, holder: holder.clone() }
    }
}

/// That a turn counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// Which open store gave or renewed the lease; see [`presence`](super::presence).
    pub(super) presence: String,
    until: Moment,
}

impl Held {
    pub(super) fn from(now: Moment, life: Duration, presence: &str) -> Held {
        Held { presence: presence.to_owned(), until: now.after(life) }
    }

    /// Says whether the lease has not run out.
    pub(super) fn counts(&self, now: Moment) -> bool {
        self.until > now
    }

    pub(super) fn remaining(&self, now: Moment) -> Duration {
        self.until.since(now)
    }

    pub(super) fn standing(&self, holder: Holder, now: Moment) -> Standing {
        Standing::Held { holder, remaining: self.remaining(now) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const LIFE: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Moment {
        Moment(seconds * 1_000_000)
    }

    #[test]
    fn a_lease_counts_until_its_end_and_not_at_it() {
        let held = Held::from(at(100), LIFE, "p");
        for (now, good) in [(100, true), (109, true), (110, false), (1_000, false)] {
            assert_eq!(held.counts(at(now)), good, "{now}");
        }
        assert_eq!(held.remaining(at(103)), Duration::from_secs(7));
        assert_eq!(held.remaining(at(110)), Duration::ZERO);
    }

    #[test]
    fn tokens_grow_whatever_the_clock_does() {
        let me = Holder::new("here");
        let first = Turn::after(None, &me, at(100));
        // The clock went back by a minute and a half, and once more.
        let second = Turn::after(Some(&first), &me, at(10));
        let third = Turn::after(Some(&second), &me, at(1));
        assert!(first.token < second.token && second.token < third.token);
        // Of a call that was removed nothing is left, and its tokens are smaller all the same.
        assert!(Turn::after(None, &me, at(200)).token > third.token);
    }

    #[test]
    fn a_clock_that_jumps_ends_leases_early_or_late() {
        let held = Held::from(at(1_000), LIFE, "p");
        assert!(!held.counts(at(5_000)), "an hour forward: everybody's lease has run out");
        assert!(held.counts(at(10)), "back: the holder still holds");
        assert_eq!(held.remaining(at(10)), Duration::from_secs(1_000));
    }

    #[test]
    fn the_files_are_readable_by_the_next_version() {
        let text = r#"{"token":1790000000000000,"holder":{"process":"p","hint":"h"}}"#;
        let turn: Turn = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&turn).unwrap(), text);
        let text = r#"{"presence":"x","until":1790000015000000}"#;
        let held: Held = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&held).unwrap(), text);
    }
}
