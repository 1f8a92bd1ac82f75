//! The transports, and whole conversations over them: real sockets, real TLS, the real SDK.

#![cfg(feature = "bedrock")]
#![allow(dead_code, unreachable_pub, reason = "support that not every test uses")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, read clocks and start tasks"
)]

mod audio_line;
mod bedrock;
mod conversation;
mod credentials;
mod flight;
mod memory;
mod raw;
mod renewal;
mod secrets;
mod support;
mod wire;
