//! What a fork does to the threads that the core runs on.

use std::sync::atomic::{AtomicBool, Ordering};

use bedrock_nova::{Error, ErrorKind, Result};
use pyo3::prelude::*;

static FORKED: AtomicBool = AtomicBool::new(false);

/// Refuses the child of a process that had calls: threads do not survive a fork.
///
/// # Errors
/// `Misuse`, code `fork`.
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
    if bedrock_nova_bindings::begun() {
        FORKED.store(true, Ordering::Relaxed);
    }
}
