//! Calls that outlive their sessions and their network, in real time: the real SDK, real TLS, and a strict local Bedrock
//! whose eight minutes are thirty seconds.

#![cfg(feature = "bedrock")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, read clocks and start tasks"
)]

mod caller;
mod heard;
mod microphone;
mod outage;
#[path = "../net/support/panics.rs"]
#[allow(unreachable_pub, reason = "shared with the net tests")]
mod panics;
mod relay;
mod renewal;
