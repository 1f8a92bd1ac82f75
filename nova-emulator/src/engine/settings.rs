//! What a session is told at its start.

use std::sync::Arc;

use crate::{faults::Fault, scenario::Scenario, switches::Switches};

/// The settings of one session; start from `Settings::default()` and replace what matters.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The model id from the request path, percent-decoded.
    pub model: String,
    /// What is heard and answered.
    pub scenario: Arc<Scenario>,
    /// The positions of the doubtful behaviours.
    pub switches: Switches,
    /// What goes wrong, and when; besides the faults of the scenario.
    pub faults: Vec<Fault>,
    /// Whether the deviations of reference §1.9a are forgiven.
    pub strictness: Strictness,
    /// How many times faster than real time answer audio is sent; 4 by default, 0 or less is taken as the default.
    pub pace: f64,
    /// The scale of every limit and delay that is counted in wall time: 60 makes eight minutes eight seconds. Audio keeps its pace.
    pub clock: f64,
    /// Decides every id and request id of the session.
    pub session_seed: u64,
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

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: "amazon.nova-2-5-sonic".to_owned(),
            scenario: Arc::new(Scenario::small_talk()),
            switches: Switches::default(),
            faults: Vec::new(),
            strictness: Strictness::default(),
            pace: 4.0,
            clock: 1.0,
            session_seed: 1,
        }
    }
}
