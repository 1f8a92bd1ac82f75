//! The engine itself.

use std::{collections::VecDeque, time::Duration};

use super::{Input, Output, Settings};
use crate::{breach::Breach, ledger::Ledger};

/// One session of the local Bedrock, without IO: payloads and time in, payloads and time out.
#[derive(Debug)]
pub struct Engine {
    out: VecDeque<Output>,
    breaches: Vec<Breach>,
    ledger: Ledger,
}

impl Engine {
    /// Starts a session; time zero is the moment the connection opened.
    pub fn new(_settings: Settings) -> Self {
        Self { out: VecDeque::new(), breaches: Vec::new(), ledger: Ledger::default() }
    }

    /// Takes one input in; `now` is the real time since the connection opened and never goes back.
    pub fn handle(&mut self, _now: Duration, _input: Input<'_>) {}

    /// Gives the next thing to do, or `None` until the next input or [`wake`](Self::wake).
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// The time (in the caller's clock) at which [`Input::Tick`] is wanted.
    pub fn wake(&self) -> Option<Duration> {
        None
    }

    /// The deviations tolerated so far.
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    /// What was heard, said and billed so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
