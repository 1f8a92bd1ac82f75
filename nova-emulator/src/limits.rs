//! The service's numbers (reference §4.5), for one session: model, switches and clock applied.

use std::time::Duration;

use crate::{
    model::Generation,
    switches::{HistoryLimit, Idle, Switches, Toggle},
};

/// What a session may last and weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The life of the connection: eight minutes.
    pub(crate) life: Duration,
    /// How long the input may be idle.
    pub(crate) idle: Duration,
    /// The figure that the idle sentence names, in seconds, unscaled.
    pub(crate) idle_seconds: u64,
    /// How long a user may be silent, if that is limited.
    pub(crate) silence: Option<Duration>,
    /// How long after the last audio FINAL text comes (reference §6.6).
    pub(crate) final_delay: Duration,
    /// Bytes of one history message.
    pub(crate) history_message: usize,
    /// Bytes of the whole history.
    pub(crate) history_total: usize,
}

impl Limits {
    pub(crate) fn new(generation: Generation, switches: &Switches, clock: f64) -> Self {
        let scale = |seconds: u64| Duration::from_secs(seconds).div_f64(clock);
        let idle_seconds = match switches.idle {
            Idle::ByModel if generation.is_first() => 60,
            Idle::ByModel | Idle::Seconds55 => 55,
            Idle::Seconds60 => 60,
            Idle::Seconds295 => 295,
        };
        let (history_message, history_total) = match switches.history_limit {
            HistoryLimit::ByModel if generation.is_first() => (KB, 40 * KB),
            HistoryLimit::Kb40 => (KB, 40 * KB),
            HistoryLimit::ByModel | HistoryLimit::Kb200 => (50 * KB, 200 * KB),
        };
        Self {
            life: scale(480),
            idle: scale(idle_seconds),
            idle_seconds,
            silence: (switches.silence_cut == Toggle::On).then(|| scale(175)),
            final_delay: scale(3),
            history_message,
            history_total,
        }
    }
}

const KB: usize = 1024;
