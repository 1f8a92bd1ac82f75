//! What the lease file of a call says, and what follows from it at a given moment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::sonic::store::{Holder, Lease, Standing, refusal};

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

/// The lease file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// The last token that was given; it stays when the lease goes.
    token: u64,
    held: Option<Held>,
}

/// Who holds the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    holder: Holder,
    /// Which open store gave or renewed the lease; see [`presence`](super::presence).
    pub(super) presence: String,
    until: Moment,
}

impl Ledger {
    /// Writes a new lease.
    pub(super) fn claimed(last: Option<&Ledger>, holder: &Holder, presence: &str, now: Moment, life: Duration) -> Self {
        let held = Held { holder: holder.clone(), presence: presence.to_owned(), until: now.after(life) };
        Ledger { token: next_token(last, now), held: Some(held) }
    }

    /// Returns the token of the lease that was written last.
    pub(super) fn token(&self) -> u64 {
        self.token
    }

    /// Returns who holds the call, as far as the clock knows.
    pub(super) fn held(&self, now: Moment) -> Option<&Held> {
        self.held.as_ref().filter(|held| held.until > now)
    }

    /// Returns whom the file names, whether or not the lease has run out.
    pub(super) fn holder(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// Checks that a lease is the one that counts.
    ///
    /// # Errors
    /// `lease-lost`.
    pub(super) fn check(&self, lease: &Lease, now: Moment) -> Result<&Held> {
        self.held(now).filter(|_| self.token == lease.token).ok_or_else(refusal::lease_lost)
    }

    /// Writes the lease anew, from now on; it lives with the store that renews it.
    pub(super) fn renewed(&self, held: &Held, presence: &str, now: Moment, life: Duration) -> Self {
        let held = Held { holder: held.holder.clone(), presence: presence.to_owned(), until: now.after(life) };
        Ledger { token: self.token, held: Some(held) }
    }

    /// Takes the lease away and keeps the token.
    pub(super) fn released(&self) -> Self {
        Ledger { token: self.token, held: None }
    }
}

impl Held {
    pub(super) fn remaining(&self, now: Moment) -> Duration {
        self.until.since(now)
    }

    pub(super) fn hint(&self) -> &str {
        &self.holder.hint
    }

    pub(super) fn standing(&self, now: Moment) -> Standing {
        Standing::Held { holder: self.holder.clone(), remaining: self.remaining(now) }
    }
}

/// One more than the last token, or the clock's microseconds if those are more. By the clock, tokens grow also where
/// the last one is not known any more: a lease of a call that was removed is stale even when its id comes again.
fn next_token(last: Option<&Ledger>, now: Moment) -> u64 {
    last.map_or(0, |ledger| ledger.token.saturating_add(1)).max(now.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const LIFE: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Moment {
        Moment(seconds * 1_000_000)
    }

    fn claim(last: Option<&Ledger>, now: Moment) -> (Ledger, Lease) {
        let ledger = Ledger::claimed(last, &Holder::new("here"), "p", now, LIFE);
        let lease = Lease { id: "call".into(), token: ledger.token(), life: LIFE };
        (ledger, lease)
    }

    #[test]
    fn a_lease_counts_until_its_end_and_not_at_it() {
        let (ledger, lease) = claim(None, at(100));
        for (now, good) in [(100, true), (109, true), (110, false), (1_000, false)] {
            assert_eq!(ledger.check(&lease, at(now)).is_ok(), good, "{now}");
            assert_eq!(ledger.held(at(now)).is_some(), good, "{now}");
        }
        let renewed = ledger.renewed(ledger.check(&lease, at(109)).unwrap(), "q", at(109), LIFE);
        assert!(renewed.check(&lease, at(118)).is_ok() && renewed.check(&lease, at(119)).is_err());
    }

    #[test]
    fn only_the_last_token_counts_and_it_grows_whatever_the_clock_does() {
        let (first, old) = claim(None, at(100));
        // The clock went back by a minute and a half, and once more.
        let (second, new) = claim(Some(&first.released()), at(10));
        assert!(new.token > old.token);
        assert!(second.check(&new, at(11)).is_ok());
        assert_eq!(second.check(&old, at(11)).unwrap_err().code(), "lease-lost");
        assert_eq!(second.released().check(&new, at(11)).unwrap_err().code(), "lease-lost");
        let (_, third) = claim(Some(&second.released()), at(1));
        assert!(third.token > new.token);
        // Of a call that was removed nothing is left, and its old lease is stale all the same.
        let (anew, latest) = claim(None, at(200));
        assert!(latest.token > third.token && anew.check(&third, at(200)).is_err());
    }

    #[test]
    fn a_clock_that_jumps_ends_leases_early_or_late_and_never_lets_two_in() {
        let (ledger, lease) = claim(None, at(1_000));
        assert!(ledger.check(&lease, at(5_000)).is_err(), "an hour forward: everybody's lease has run out");
        assert!(ledger.check(&lease, at(10)).is_ok(), "back: the holder still holds");
        assert_eq!(ledger.held(at(10)).map(|held| held.remaining(at(10))), Some(Duration::from_secs(1_000)));
    }

    #[test]
    fn the_file_is_readable_by_the_next_version() {
        let text =
            r#"{"token":7,"held":{"holder":{"process":"p","hint":"h"},"presence":"x","until":1790000000000000}}"#;
        let ledger: Ledger = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&ledger).unwrap(), text);
        assert_eq!(serde_json::to_string(&ledger.released()).unwrap(), r#"{"token":7,"held":null}"#);
    }
}
