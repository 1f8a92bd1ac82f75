//! Several readers of one call: the driver on tokio, the emulator's engine behind the memory transport, in virtual time.

#![cfg(feature = "runtime")]
#![allow(dead_code, unreachable_pub, reason = "support that not every test uses")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, read clocks and start tasks"
)]

#[path = "../net/support/engine.rs"]
mod engine;

mod afterwards;
mod ending;
mod player;
mod resume;
mod stalled;
mod stats;
mod support;
mod views;
