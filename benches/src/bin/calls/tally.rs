//! What one side saw of the audio that came to it.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock;
use crate::histogram::Histogram;
use crate::stamp::Stamp;

/// All pieces that came in one direction.
#[derive(Clone, Default)]
pub(crate) struct Tally {
    /// From when a piece was due until it was here.
    pub(crate) late: Histogram,
    /// From when it was handed over until it was here.
    pub(crate) way: Histogram,
    /// Pieces that should have come between two that did.
    pub(crate) missing: u64,
    /// Pieces of silence that somebody filled in.
    pub(crate) silence: u64,
}

/// A tally that many tasks write to.
#[derive(Clone, Default)]
pub(crate) struct SharedTally(Arc<Mutex<Tally>>);

/// One call's entry in a shared tally.
pub(crate) struct Ear {
    tally: SharedTally,
    next: Option<u32>,
}

impl SharedTally {
    /// Takes everything out.
    pub(crate) fn take(&self) -> Tally {
        std::mem::take(&mut *self.lock())
    }

    /// Begins to listen to one call.
    pub(crate) fn ear(&self) -> Ear {
        Ear { tally: self.clone(), next: None }
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ear {
    /// Notes a piece that is here now.
    pub(crate) fn hear(&mut self, pcm: &[u8]) {
        let mut tally = self.tally.lock();
        let Some(stamp) = Stamp::read(pcm) else {
            tally.silence += 1;
            return;
        };
        let now = clock::now();
        tally.late.record(now.saturating_sub(stamp.due));
        tally.way.record(now.saturating_sub(stamp.sent));
        tally.missing += u64::from(self.next.map_or(0, |next| stamp.seq.abs_diff(next)));
        self.next = Some(stamp.seq.wrapping_add(1));
    }
}

/// `missing silence;late;way`
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {};{};{}", self.missing, self.silence, self.late, self.way)
    }
}

impl FromStr for Tally {
    type Err = crate::Failure;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = line.split(';').collect();
        let [counts, late, way] = parts[..] else { return Err("the peer's report has three parts".into()) };
        let (missing, silence) = counts.split_once(' ').ok_or("the peer's report begins with two counts")?;
        Ok(Tally { late: late.parse()?, way: way.parse()?, missing: missing.parse()?, silence: silence.parse()? })
    }
}
