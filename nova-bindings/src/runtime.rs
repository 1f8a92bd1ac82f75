//! The threads that the core runs on: begun at the first use, never at the import, and never joined.

use std::sync::OnceLock;

use bedrock_nova::{Error, ErrorKind, Result};
use tokio::runtime::{Builder, Runtime};

/// Threads for network, TLS and sessions. A process of one of these languages is full with a few hundred calls, and for
/// those two are plenty; `BEDROCK_NOVA_THREADS` says otherwise.
const THREADS: usize = 2;

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// Returns the runtime of the process, and begins it at the first use.
///
/// # Errors
/// `Bug` where the operating system gives no thread.
pub fn runtime() -> Result<&'static Runtime> {
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

/// Says whether this process has used the runtime.
pub fn begun() -> bool {
    RUNTIME.get().is_some()
}

fn threads() -> usize {
    let said = std::env::var("BEDROCK_NOVA_THREADS").ok().and_then(|text| text.trim().parse().ok());
    said.filter(|threads| (1..=64).contains(threads)).unwrap_or(THREADS)
}
