//! The engine under a raw client, in virtual time.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking, and is read as it is"
)]

mod faults;
mod grammar;
mod random;
mod raw;
mod refusals;
mod strict;
mod switches;
mod vectors;
