//! What a call has used, over all of its sessions.

use crate::sonic::wire::Tokens;

/// Sums up sessions: within one the service's totals accumulate, and the last one counts (reference §3.1).
#[derive(Debug, Default)]
pub(super) struct UsageSum {
    earlier: Tokens,
    current: Tokens,
}

impl UsageSum {
    /// Takes the running total of the current session; returns the call's, if it has changed.
    pub(super) fn report(&mut self, total: Tokens) -> Option<Tokens> {
        let before = self.total();
        self.current = total;
        Some(self.total()).filter(|total| *total != before)
    }

    /// Closes the current session's account.
    pub(super) fn session_over(&mut self) {
        self.earlier = self.total();
        self.current = Tokens::default();
    }

    fn total(&self) -> Tokens {
        self.earlier + self.current
    }
}
