//! The call as a pure machine: against a scripted service, and against the emulator's engine, in virtual time.

#![allow(dead_code, unreachable_pub, reason = "support that not every test uses")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]

mod audio;
mod barge_in;
mod bounds;
mod budget;
mod closing;
mod conforming;
mod contracts;
mod deadlines;
mod duet;
mod faults;
mod flight;
mod greeting;
mod heard;
mod keeping;
mod microphone;
mod pairwise;
mod recovery;
mod regions;
mod renewal;
mod replay;
mod resuming;
mod review;
mod script;
mod text;
mod tool_histories;
mod tools;
mod transcripts;
mod turns;
mod wishes;
