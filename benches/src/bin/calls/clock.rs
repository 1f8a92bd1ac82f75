//! The clock that two processes share, and what this one gets of its core.

use std::fmt;
use std::time::Duration;

/// Where the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On this core alone.
    Core(usize),
    /// Wherever the system puts it.
    Anywhere,
}

/// What this process got of its core, and what it did not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Processor time, user and system: what `getrusage` tells, in nanoseconds.
    pub(crate) cpu: Duration,
    /// How long the main thread could have run and had to wait for others.
    pub(crate) waited: Duration,
}

impl Usage {
    /// Returns what came after an earlier reading.
    pub(crate) fn since(self, earlier: Usage) -> Usage {
        Usage { cpu: self.cpu.saturating_sub(earlier.cpu), waited: self.waited.saturating_sub(earlier.waited) }
    }
}

/// Binds the process to one core; the threads that it starts afterwards stay there too.
#[cfg(target_os = "linux")]
pub(crate) fn pin(core: usize) -> Place {
    let mut set = rustix::thread::CpuSet::new();
    set.set(core);
    match rustix::thread::sched_setaffinity(None, &set) {
        Ok(()) => Place::Core(core),
        Err(_) => Place::Anywhere,
    }
}

/// Returns the time on the clock that every process of the machine shares.
#[cfg(target_os = "linux")]
pub(crate) fn now() -> Duration {
    read(rustix::time::ClockId::Monotonic)
}

/// Returns what this process has used so far.
#[cfg(target_os = "linux")]
pub(crate) fn usage() -> Usage {
    // Processor time, time in the run queue, and a count of turns.
    let schedule = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let waited = schedule.split(' ').nth(1).and_then(|nanos| nanos.parse().ok()).unwrap_or_default();
    Usage { cpu: read(rustix::time::ClockId::ProcessCPUTime), waited: Duration::from_nanos(waited) }
}

#[cfg(target_os = "linux")]
fn read(clock: rustix::time::ClockId) -> Duration {
    rustix::time::clock_gettime(clock).try_into().unwrap_or_default()
}

// Elsewhere there are no stable ways without `unsafe`: figures come out, but one process's are not comparable with another's.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_core: usize) -> Place {
    Place::Anywhere
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn now() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn usage() -> Usage {
    Usage::default()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Core(core) => write!(f, "core {core}"),
            Place::Anywhere => f.write_str("any core (not pinned)"),
        }
    }
}

/// `cpu waited`, in nanoseconds.
impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.cpu.as_nanos(), self.waited.as_nanos())
    }
}

impl std::str::FromStr for Usage {
    type Err = crate::Failure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (cpu, waited) = text.split_once(' ').ok_or("a usage has two numbers")?;
        let time = |nanos: &str| nanos.parse().map(Duration::from_nanos);
        Ok(Usage { cpu: time(cpu)?, waited: time(waited)? })
    }
}
