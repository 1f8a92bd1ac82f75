//! The clock of one call: the only thing in it that looks at the time.

use std::time::Duration;

use tokio::time::Instant;

/// Time since the call began, over all processes that have had it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    origin: Instant,
    /// What the call had lasted before.
    before: Duration,
}

impl Clock {
    /// Starts now, for a call that has lasted so long.
    #[allow(clippy::disallowed_methods, reason = "the clock of the call starts here")]
    pub(super) fn start(before: Duration) -> Self {
        Clock { origin: Instant::now(), before }
    }

    /// Returns the time since the call began.
    pub(super) fn now(&self) -> Duration {
        self.before + self.origin.elapsed()
    }

    /// Returns the moment of a time in the call; one before the start is the start.
    pub(super) fn moment(&self, at: Duration) -> Instant {
        self.origin + at.saturating_sub(self.before)
    }
}
