//! Stores of snapshots: one list of rules for all of them, then what each promises beyond, with real processes and a
//! real Redis server.

#![allow(unreachable_pub, reason = "a test has no public items")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, read clocks and start tasks"
)]

mod folder;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod processes;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
mod road;
mod rules;
#[cfg(feature = "redis")]
mod server;

/// No test: the other process of [`processes`] and of [`redis`], which start it.
#[cfg(unix)]
#[test]
#[ignore = "no test: another process, started by the tests"]
fn the_other_process() {
    process::serve();
}
