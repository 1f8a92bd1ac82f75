//! The threads that the core runs on: begun at the first use, never at the import, and never joined.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use bedrock_nova::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

/// Threads for network, TLS and sessions. A Python process is full with a few hundred calls, and for those two are plenty;
/// `BEDROCK_NOVA_THREADS` says otherwise.
const THREADS: usize = 2;

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static FORKED: AtomicBool = AtomicBool::new(false);

/// Returns the runtime.
///
/// # Errors
/// `Misuse`, code `fork`, in the child of a process that had used it: threads do not survive a fork.
pub(crate) fn runtime() -> Result<&'static Runtime> {
    check_fork()?;
    match RUNTIME.get() {
        Some(runtime) => Ok(runtime),
        None => {
            let made = Builder::new_multi_thread()
                .worker_threads(threads())
                .thread_name("bedrock-nova")
                .enable_all()
                .build()
                .map_err(|cause| {
                    Error::new(ErrorKind::Bug, "The runtime's threads cannot be started.").with_cause(cause)
                })?;
            Ok(RUNTIME.get_or_init(|| made))
        }
    }
}

/// Refuses the child of a process that had calls.
pub(crate) fn check_fork() -> Result<()> {
    if FORKED.load(Ordering::Relaxed) {
        return Err(Error::new(
            ErrorKind::Misuse,
            "This process was forked from one that had used bedrock_nova already.",
        )
        .with_code("fork")
        .with_hint(
            "Threads and connections do not survive a fork: connect in the child alone, or start it by spawn \
                 instead of fork.",
        ));
    }
    Ok(())
}

/// Refuses the child of a process that had calls, before asyncio says in its own words that it has no loop there.
#[pyfunction(name = "check_fork")]
pub(crate) fn refuse_child(py: Python<'_>) -> PyResult<()> {
    crate::errors::raise(py, check_fork())
}

/// Notes, in the child, that the process was forked; harmless where nothing had been started.
#[pyfunction]
pub(crate) fn forked() {
    if RUNTIME.get().is_some() {
        FORKED.store(true, Ordering::Relaxed);
    }
}

fn threads() -> usize {
    let said = std::env::var("BEDROCK_NOVA_THREADS").ok().and_then(|text| text.trim().parse().ok());
    said.filter(|threads| (1..=64).contains(threads)).unwrap_or(THREADS)
}
