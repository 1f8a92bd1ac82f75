//! Whose a call is, and until when.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::CallId;

/// A life that suits most: a renewal every 5 s, 8 s in which a store may be away, and a caller who waits at most 15 s
/// for another process when theirs has died without a word.
pub const USUAL_LIFE: Duration = Duration::from_secs(15);

/// Who holds a call: one start of one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Names the start of the process; no other start has the same name.
    pub process: String,
    /// How the process is reached, a base URL for example. A client that asked another process is told it.
    pub hint: String,
}

impl Holder {
    /// Makes a holder with a name that nobody else has. A process makes one when it starts, and clones it.
    pub fn new(hint: impl Into<String>) -> Self {
        Holder { process: Uuid::new_v4().to_string(), hint: hint.into() }
    }
}

/// The right to a call for a time. It is shown with every change, and the store refuses it once it is stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The call.
    pub id: CallId,
    /// The fencing token: greater than that of every claim before.
    pub token: u64,
    /// How long the call is held from each renewal on.
    pub life: Duration,
}

/// A call that was claimed.
#[derive(Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The right to it.
    pub lease: Lease,
    /// What was saved last, if anything ever was.
    pub record: Option<Bytes>,
}

impl fmt::Debug for Claimed {
    // A record holds what people said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.record.as_ref().map(Bytes::len);
        f.debug_struct("Claimed").field("lease", &self.lease).field("record_bytes", &bytes).finish()
    }
}

/// What a store knows of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Somebody holds it.
    Held {
        /// Who.
        holder: Holder,
        /// How long still, unless it is renewed.
        remaining: Duration,
    },
    /// There is a record, and nobody holds it: a claim would succeed.
    Unheld,
}

/// When a holder renews, and when it must stop.
///
/// Pure: times are those of any clock that never goes back, as durations since whatever that clock began with. A tenure
/// counts from the moment *before* a claim or a renewal was sent. The store counts from when it was received, which is
/// later; so the holder stops before the store lets anybody else in, however long the answer took.
///
/// ```
/// use std::time::Duration;
/// use bedrock_nova::sonic::store::Tenure;
///
/// let s = Duration::from_secs;
/// let mut tenure = Tenure::new(s(15), s(100)); // the claim was sent at 100 s
/// assert_eq!((tenure.next_renewal(), tenure.lost_at()), (s(105), s(115)));
/// tenure.renewed(s(105));
/// assert_eq!((tenure.next_renewal(), tenure.lost_at()), (s(110), s(120)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    life: Duration,
    since: Duration,
    next: Duration,
}

impl Tenure {
    /// Begins with a claim that was sent at `sent_at` and succeeded.
    #[must_use]
    pub fn new(life: Duration, sent_at: Duration) -> Self {
        Tenure { life, since: sent_at, next: sent_at + life / 3 }
    }

    /// Notes a renewal that was sent at `sent_at` and succeeded. An answer that was overtaken by a later one changes
    /// nothing.
    pub fn renewed(&mut self, sent_at: Duration) {
        if sent_at >= self.since {
            *self = Tenure::new(self.life, sent_at);
        }
    }

    /// Notes at `now` that a renewal failed in a way that may pass: the next one is due after a twelfth of the life, so
    /// that there are several before the end and a store that is in trouble is not hurried.
    pub fn failed(&mut self, now: Duration) {
        self.next = now + self.life / 12;
    }

    /// Returns when the next renewal is to be sent: never later than [`lost_at`](Self::lost_at).
    #[must_use]
    pub fn next_renewal(&self) -> Duration {
        self.next.min(self.lost_at())
    }

    /// Returns when the holder must have stopped: from then on the call may be somebody else's.
    #[must_use]
    pub fn lost_at(&self) -> Duration {
        self.since + self.life
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_tenure_counts_from_when_the_last_good_renewal_was_sent() {
        let mut tenure = Tenure::new(s(12), s(10));
        assert_eq!((tenure.next_renewal(), tenure.lost_at()), (s(14), s(22)));
        tenure.renewed(s(14));
        assert_eq!((tenure.next_renewal(), tenure.lost_at()), (s(18), s(26)));
        tenure.renewed(s(13));
        assert_eq!(tenure.lost_at(), s(26), "an answer that comes late takes nothing back");
    }

    #[test]
    fn failed_renewals_are_tried_again_and_move_the_end_by_nothing() {
        let mut tenure = Tenure::new(s(12), s(0));
        let mut tries = 0;
        let mut now = tenure.next_renewal();
        while now < tenure.lost_at() {
            tries += 1;
            tenure.failed(now);
            assert!(tenure.next_renewal() > now && tenure.next_renewal() <= s(12));
            now = tenure.next_renewal();
        }
        assert_eq!((tries, tenure.lost_at()), (8, s(12)));
        tenure.renewed(s(11));
        assert_eq!((tenure.next_renewal(), tenure.lost_at()), (s(15), s(23)));
    }

    #[test]
    fn two_starts_of_a_process_are_two_holders() {
        let (one, other) = (Holder::new("http://here"), Holder::new("http://here"));
        assert_ne!(one.process, other.process);
        assert_eq!(one.hint, other.hint);
    }

    #[test]
    fn what_was_claimed_is_shown_without_its_words() {
        let lease = Lease { id: "c".into(), token: 1, life: s(1) };
        let shown = format!("{:?}", Claimed { lease, record: Some(Bytes::from_static(b"secret")) });
        assert!(shown.contains("record_bytes: Some(6)") && !shown.contains("secret"), "{shown}");
    }
}
