//! One stream: the wire, the order of a session, and audio in any cuts.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]

mod audio_cuts;
mod check;
mod model;
mod reading;
mod rules;
mod transitions;
mod wire;
