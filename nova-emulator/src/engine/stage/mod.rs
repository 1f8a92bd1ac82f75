//! The model's side of a prompt: transcripts, sentences, tool calls, usage, interruptions, in the order of reference §3.3.
//!
//! The answer is a queue of cues. The first cue waits for its moment; a sentence that is being spoken goes before the queue.
//! Blocks follow one another, so whatever else wants to send one (FINAL texts) waits while AUDIO is open.

mod barge_in;
mod blocks;
mod performance;
mod reactions;
mod state;

pub(super) use state::{Manner, Stage};
