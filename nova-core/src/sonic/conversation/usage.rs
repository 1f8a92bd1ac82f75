//! What a call has used, over all of its sessions.

use crate::sonic::wire::Tokens;

use super::io::LinkKey;

/// Sums up sessions: within one the service's totals accumulate, and the last one counts (reference §3.1).
#[derive(Debug, Default)]
pub(super) struct UsageSum {
    over: Tokens,
    /// The sessions that may still report.
    open: Vec<(LinkKey, Tokens)>,
}

impl UsageSum {
    /// Goes on from what was used before.
    pub(super) fn from(before: Tokens) -> Self {
        UsageSum { over: before, open: Vec::new() }
    }

    /// Takes the running total of a session; returns the call's and what is new in it, if it has changed.
    pub(super) fn report(&mut self, link: LinkKey, total: Tokens) -> Option<(Tokens, Tokens)> {
        let before = self.total();
        match self.open.iter_mut().find(|(open, _)| *open == link) {
            Some((_, of_session)) => *of_session = total,
            None => self.open.push((link, total)),
        }
        let total = self.total();
        (total != before).then(|| (total, total.since(before)))
    }

    /// Closes a session's account.
    pub(super) fn session_over(&mut self, link: LinkKey) {
        if let Some(at) = self.open.iter().position(|(open, _)| *open == link) {
            self.over += self.open.swap_remove(at).1;
        }
    }

    /// Returns what was used so far.
    pub(super) fn total(&self) -> Tokens {
        self.open.iter().fold(self.over, |sum, (_, tokens)| sum + *tokens)
    }
}
