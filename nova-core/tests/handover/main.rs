//! A process dies in the middle of a call, as nothing else dies: another one goes on, with what was heard.

#![allow(unreachable_pub, dead_code, reason = "a test has no public items, and borrows from others")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, read clocks and start tasks"
)]

mod caller;
mod place;
mod process;
#[cfg(feature = "redis")]
#[path = "../store/server.rs"]
mod server;
mod takeover;

/// No test: the process that dies, started by the tests.
#[test]
#[ignore = "no test: another process, started by the tests"]
fn the_other_process() {
    process::serve();
}
