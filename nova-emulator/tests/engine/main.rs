//! The engine under a raw client, in virtual time.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test fails by panicking, and is read as it is")]

mod grammar;
mod raw;
mod vectors;
