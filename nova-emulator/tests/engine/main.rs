//! The engine under a raw client, in virtual time.
#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking, takes events as they are written, and is read as it is"
)]

mod faults;
mod grammar;
mod random;
mod raw;
mod refusals;
mod strict;
mod switches;
mod vectors;
