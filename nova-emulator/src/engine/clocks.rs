//! The timers on the input: the connection's life, idleness, and the user's silence (reference §4.5).

use std::time::Duration;

use crate::{judge::Refusal, limits::Limits, model::Generation};

/// The three deadlines of a session.
#[derive(Debug)]
pub(super) struct Clocks {
    limits: Limits,
    generation: Generation,
    fed_at: Option<Duration>,
    heard_at: Option<Duration>,
}

impl Clocks {
    pub(super) fn new(limits: Limits, generation: Generation) -> Self {
        Self { limits, generation, fed_at: None, heard_at: None }
    }

    /// Input that keeps the session from being idle.
    pub(super) fn fed(&mut self, now: Duration) {
        self.fed_at = Some(now);
    }

    /// Any accepted event, which is enough for v1.
    pub(super) fn touched(&mut self, now: Duration) {
        if self.generation.is_first() || self.fed_at.is_none() {
            self.fed(now);
        }
    }

    /// Something of the user that ends a silence.
    pub(super) fn heard(&mut self, now: Duration) {
        self.heard_at = Some(now);
    }

    /// Nobody is to be heard any more: only the life goes on.
    pub(super) fn input_over(&mut self) {
        self.fed_at = None;
        self.heard_at = None;
    }

    /// The next deadline, and what it says.
    pub(super) fn next(&self) -> (Duration, Refusal) {
        let idle =
            if self.generation.is_first() { Refusal::IdleFirst } else { Refusal::Idle(self.limits.idle_seconds) };
        let life = (self.limits.life, Refusal::LifeOver);
        let idle = self.fed_at.map(|at| (at + self.limits.idle, idle));
        let silence = self.heard_at.zip(self.limits.silence).map(|(at, time)| (at + time, Refusal::SilenceCut));
        [idle, silence].into_iter().flatten().fold(life, |first, next| if next.0 < first.0 { next } else { first })
    }
}
