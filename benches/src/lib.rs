//! What the benches share: inputs made from nothing but numbers, and a peer that costs as little as a peer can.

mod inputs;
mod sink;

pub use inputs::{CONTENT, PROMPT, answer_opening, audio_output, pcm, text_output};
pub use sink::{ACCESS_KEY, Down, Gone, SECRET_KEY, Sink, Stream, Up};
