//! The clock that two processes share, the processor time of this one, and its core.

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

/// Returns the processor time, user and system, that this process has used: what `getrusage` tells, in nanoseconds.
#[cfg(target_os = "linux")]
pub(crate) fn cpu() -> Duration {
    read(rustix::time::ClockId::ProcessCPUTime)
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
pub(crate) fn cpu() -> Duration {
    Duration::ZERO
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Core(core) => write!(f, "core {core}"),
            Place::Anywhere => f.write_str("any core (not pinned)"),
        }
    }
}
