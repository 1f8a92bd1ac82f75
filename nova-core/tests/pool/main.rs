//! Many calls in one process, over the memory transport and the emulator's engine, in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]
#![allow(unreachable_pub, reason = "a test has no public items")]
#![allow(clippy::disallowed_methods, reason = "tests start tasks")]

mod budget;
mod crowd;
mod kept;
mod limits;
mod service;
mod sick;
