//! What a session is told at its start.

use std::sync::Arc;

use crate::{
    faults::Fault,
    scenario::Scenario,
    speech::{Voice, standard_voice},
    switches::Switches,
};

/// The settings of one session; start from `Settings::default()` and replace what matters.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The model id from the request path, percent-decoded.
    pub model: String,
    /// What is heard and answered.
    pub scenario: Arc<Scenario>,
    /// The positions of the doubtful behaviours; one that is not in its default position beats the scenario's.
    pub switches: Switches,
    /// What goes wrong, and when; besides the faults of the scenario.
    pub faults: Vec<Fault>,
    /// Whether the deviations of reference §1.9a are forgiven.
    pub strictness: Strictness,
    /// How many times faster than real time answer audio is sent; 4 by default (reference §6.6). What is not a positive
    /// number is taken as the default.
    pub pace: f64,
    /// The scale of every limit and of FINAL's delay: 60 makes eight minutes eight seconds. Speech keeps its own time. What is
    /// not a positive number is taken as 1.
    pub clock: f64,
    /// Speaks the answers; without IO by default.
    pub voice: Arc<dyn Voice>,
    /// Decides every id and request id of the session.
    pub session_seed: u64,
    /// What becomes of the audio that a client sends.
    pub input_audio: InputAudio,
}

/// What becomes of the audio that a client sends, once it has been listened to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputAudio {
    /// It is counted.
    #[default]
    Counted,
    /// The ledger keeps it, up to [`InputAudio::BOUND`]; what comes beyond is counted.
    Kept,
}

impl InputAudio {
    /// Bytes that the ledger of a session keeps: more than eight minutes at 24 kHz.
    pub const BOUND: usize = 24 << 20;
}

/// Whether the deviations of reference §1.9a are forgiven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strictness {
    /// Forgives them and writes each down as a breach.
    #[default]
    Tolerant,
    /// Refuses them.
    Strict,
}

impl Settings {
    /// The switches as the session will have them: those of the scenario, under those that were chosen here. A server asks for
    /// its own (`signatures`, `bearer`, `padding`) here.
    pub fn effective_switches(&self) -> Switches {
        self.scenario.switches_under(&self.switches)
    }

    /// Replaces factors that time cannot be divided by.
    pub(super) fn checked(mut self) -> Self {
        let usable = |factor: f64| (1e-3..=1e6).contains(&factor);
        if !usable(self.pace) {
            self.pace = DEFAULT_PACE;
        }
        if !usable(self.clock) {
            self.clock = 1.0;
        }
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: "amazon.nova-2-5-sonic".to_owned(),
            scenario: Arc::new(Scenario::small_talk()),
            switches: Switches::default(),
            faults: Vec::new(),
            strictness: Strictness::default(),
            pace: DEFAULT_PACE,
            clock: 1.0,
            voice: standard_voice(),
            session_seed: 1,
            input_audio: InputAudio::Counted,
        }
    }
}

const DEFAULT_PACE: f64 = 4.0;
