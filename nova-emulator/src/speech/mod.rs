//! Answers that can be heard: recorded clips first, then espeak-ng where it is installed, then a tone.

pub mod clips;
mod espeak;
mod mulaw;
mod numbers;
mod recorded;
mod resample;
mod tone;
mod voice;

pub use espeak::Espeak;
pub use recorded::Recorded;
pub use tone::Tone;
pub use voice::{FirstOf, Voice, rehearse, standard_voice, voice_with_espeak};
