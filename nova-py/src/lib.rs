//! The native half of the Python package `bedrock_nova`: convert, call, convert.
//!
//! ```text
//!   Python's event loop ──── reads the bell's pipe, then drains ────┐
//!                                                                   ▼
//!   bedrock_nova (typed Python)  ◀── tuples and JSON ── Reader · Op · Inbox     polled on the loop's own thread
//!                                                          │ wakers that ring the bell
//!                                                          ▼
//!                                            bedrock_nova's core, on a tokio runtime of two threads
//! ```
//!
//! No thread of the runtime ever calls into Python: what has come waits in the core's own log, and one byte in a pipe
//! tells the loop so. That is why nothing is lost by a cancelled task, a busy interpreter does not hold up the network,
//! and the interpreter's exit meets no thread of ours.
//!
//! What is the same for Node is in `nova-bindings`: acts, sources of events, wishes, options.
//!
//! | file | concern |
//! |---|---|
//! | `bell` | one pipe for each event loop |
//! | `runtime` | what a fork does to the threads below |
//! | `op` | one act that takes time: connect, close, a text |
//! | `reader` | the events of a call, in three forms |
//! | `inbox` | tools that Python runs |
//! | `call`, `pool`, `raw`, `service` | the core's own things |
//! | `errors`, `logs` | what crosses on the side |

#[cfg(not(unix))]
compile_error!(
    "the bell is a pipe that an event loop watches, which Python on Windows cannot; it was built for Unix alone"
);

mod bell;
mod call;
mod errors;
mod inbox;
mod logs;
mod op;
mod pool;
mod raw;
mod reader;
mod runtime;
mod service;
mod tables;

/// The private module: the package beside it says what each thing means.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use super::bell::Bell;
    #[pymodule_export]
    use super::call::{Call, connect, resume};
    #[pymodule_export]
    use super::inbox::Inbox;
    #[pymodule_export]
    use super::logs::{log_level, log_to, logs};
    #[pymodule_export]
    use super::op::Op;
    #[pymodule_export]
    use super::pool::Pool;
    #[pymodule_export]
    use super::raw::Raw;
    #[pymodule_export]
    use super::reader::Reader;
    #[pymodule_export]
    use super::runtime::{forked, refuse_child};
    #[pymodule_export]
    use super::service::Service;
    #[pymodule_export]
    use super::tables::{history, kinds, metrics, models, status};

    /// The version of the package, which is that of the library.
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python's spelling")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
