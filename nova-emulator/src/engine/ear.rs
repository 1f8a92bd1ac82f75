//! The ear of the model: the gate on one AUDIO block, and the moment that hearing takes.

use std::{collections::VecDeque, time::Duration};

use crate::{
    gate::{Found, Gate},
    judge::{Hearing, Sensitivity},
    switches::{Endpointing, Switches},
};

/// Listens to the AUDIO block that is open, or was open last.
#[derive(Debug)]
pub(super) struct Ear {
    gate: Gate,
    hearing: Hearing,
    /// How much the gate had heard when the block began.
    begun: u64,
    /// What was found and has not been noticed yet; a few per second of audio, and each waits a moment only.
    found: VecDeque<(Duration, Found)>,
}

impl Ear {
    pub(super) fn new(rate: u32, hearing: Hearing, sensitivity: Sensitivity, switches: &Switches) -> Self {
        let pause_ms = match (switches.endpointing, sensitivity) {
            (Endpointing::Measured, _) => 500,
            (Endpointing::Documented, Sensitivity::High) => 1500,
            (Endpointing::Documented, Sensitivity::Medium) => 1750,
            (Endpointing::Documented, Sensitivity::Low) => 2000,
        };
        Self { gate: Gate::new(rate, pause_ms), hearing, begun: 0, found: VecDeque::new() }
    }

    /// Goes on from an earlier block: clients in the field open one for every packet (reference §2.3.5), and an utterance
    /// must not end with each.
    pub(super) fn after(mut self, earlier: Option<Self>) -> Self {
        let Some(earlier) = earlier else { return self };
        self.found = earlier.found;
        if earlier.hearing == self.hearing && earlier.gate.rate() == self.gate.rate() {
            self.begun = earlier.gate.samples();
            self.gate = earlier.gate;
        }
        self
    }

    /// Hears a chunk; returns how many whole samples it completed.
    pub(super) fn hear(&mut self, now: Duration, chunk: &[u8]) -> u64 {
        let before = self.gate.samples();
        let found = self.gate.hear(chunk);
        if self.hearing == Hearing::Open {
            self.found.extend(found.into_iter().map(|found| (now + HEARING_TAKES, found)));
        }
        self.gate.samples() - before
    }

    /// Ends an utterance under way without waiting for its pause.
    pub(super) fn cut(&mut self, now: Duration) {
        let found = self.gate.cut().filter(|_| self.hearing == Hearing::Open);
        self.found.extend(found.map(|found| (now + HEARING_TAKES, found)));
    }

    /// Whether the block has taken so much audio that interactive text is answered (reference §6.4).
    pub(super) fn is_primed(&self) -> bool {
        (self.gate.samples() - self.begun) * 1000 >= PRIMING_MS * u64::from(self.gate.rate())
    }

    /// Whether somebody is speaking, which is no silence.
    pub(super) fn in_speech(&self) -> bool {
        self.hearing == Hearing::Open && self.gate.in_speech()
    }

    /// Whether there is still something to be noticed.
    pub(super) fn is_busy(&self) -> bool {
        !self.found.is_empty()
    }

    pub(super) fn wake(&self) -> Option<Duration> {
        self.found.front().map(|(at, _)| *at)
    }

    pub(super) fn notice(&mut self) -> Option<Found> {
        self.found.pop_front().map(|(_, found)| found)
    }
}

/// An end of the input that follows at once finds nothing noticed yet: no events, no error (reference §1.7, V12).
const HEARING_TAKES: Duration = Duration::from_millis(20);
/// 0–66 ms never, 68 ms always, at every rate.
const PRIMING_MS: u64 = 68;
