//! What operators see of calls: handwritten ones, one that is played against the emulator's engine, torn ones, long
//! ones.

#![allow(dead_code, unreachable_pub, reason = "support that not every test uses")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]

#[path = "../call/duet.rs"]
mod duet;
mod events;
mod hours;
mod look;
mod numbers;
mod planted;
mod played;
mod torn;
mod trace;
#[path = "../world/mod.rs"]
mod world;
