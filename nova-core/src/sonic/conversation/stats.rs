//! How the call stands, for an operator.

use std::time::Duration;

use super::audio_in::LIVE_BOUND;
use super::call::Call;
use super::line::Line;
use super::sending::TYPED_BOUND;
use crate::sonic::contract::TOOLS_AT_ONCE;
use crate::sonic::stats::CallStats;

impl Call {
    /// Returns what waits in the call, and what was given up, as of the last input.
    #[must_use]
    pub fn stats(&self) -> CallStats {
        let line = self.lines.in_use();
        let lasted = line.map(|line| self.now.saturating_sub(line.accepted)).unwrap_or_default();
        let stalled_since = line.and_then(Line::stalled_since);
        CallStats {
            at: self.now,
            sessions: self.sessions,
            attempts: self.recovery.attempts(lasted),
            blocked: stalled_since.map_or(Duration::ZERO, |since| self.now.saturating_sub(since)),
            audio_waiting: self.audio_in.waiting(),
            audio_bound: LIVE_BOUND,
            audio_dropped: self.audio_in.dropped(),
            texts_waiting: self.unasked_texts().count() + self.withheld.len(),
            texts_bound: TYPED_BOUND,
            tools: self.tools.count(),
            tools_bound: TOOLS_AT_ONCE,
            turns: self.turns.ids().len(),
        }
    }
}
