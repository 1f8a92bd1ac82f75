//! The faults that are still to come, and the moments they wait for.

use std::{collections::BTreeMap, time::Duration};

use crate::faults::{Fault, FaultKind, Trigger};

/// Waits for the moment of each fault; every fault happens once.
#[derive(Debug)]
pub(super) struct Trouble {
    waiting: Vec<Fault>,
    clock: f64,
    inputs: u32,
    outputs: u32,
    names: BTreeMap<String, u32>,
}

impl Trouble {
    pub(super) fn new(waiting: Vec<Fault>, clock: f64) -> Self {
        Self { waiting, clock, inputs: 0, outputs: 0, names: BTreeMap::new() }
    }

    /// The faults of the opening.
    pub(super) fn at_opening(&mut self) -> Vec<FaultKind> {
        self.due(|at| *at == Trigger::Opening)
    }

    /// The faults of the next input event; `name` is asked only if a fault waits for one.
    pub(super) fn at_input(&mut self, name: impl FnOnce() -> Option<String>) -> Vec<FaultKind> {
        self.inputs += 1;
        let nth = self.inputs;
        let mut due = self.due(|at| *at == Trigger::Input(nth));
        if self.waits_for_names()
            && let Some(name) = name()
        {
            due.extend(self.at_name(&name));
        }
        due
    }

    /// The faults of the next output event.
    pub(super) fn at_output(&mut self, name: &str) -> Vec<FaultKind> {
        self.outputs += 1;
        let nth = self.outputs;
        let mut due = self.due(|at| *at == Trigger::Output(nth));
        due.extend(self.at_name(name));
        due
    }

    /// When the next fault comes that waits for a time.
    pub(super) fn wake(&self) -> Option<Duration> {
        self.waiting.iter().filter_map(|fault| self.time(&fault.at)).min()
    }

    /// The faults whose time has come.
    pub(super) fn at_time(&mut self, now: Duration) -> Vec<FaultKind> {
        let clock = self.clock;
        self.due(|at| matches!(at, Trigger::After(time) if time.div_f64(clock) <= now))
    }

    fn at_name(&mut self, name: &str) -> Vec<FaultKind> {
        if !self.waits_for_names() {
            return Vec::new();
        }
        let count = self.names.entry(name.to_owned()).or_default();
        *count += 1;
        let count = *count;
        self.due(|at| matches!(at, Trigger::Event { name: wanted, nth } if wanted == name && *nth == count))
    }

    fn waits_for_names(&self) -> bool {
        self.waiting.iter().any(|fault| matches!(fault.at, Trigger::Event { .. }))
    }

    fn time(&self, at: &Trigger) -> Option<Duration> {
        match at {
            Trigger::After(time) => Some(time.div_f64(self.clock)),
            _ => None,
        }
    }

    fn due(&mut self, is_due: impl Fn(&Trigger) -> bool) -> Vec<FaultKind> {
        self.waiting.extract_if(.., |fault| is_due(&fault.at)).map(|fault| fault.what).collect()
    }
}
