//! The sans-IO server: one session, event payloads and time in, event payloads out.
//!
//! ```text
//! payload ──> judge ──> ear ──> stage ──> outlet ──> output
//!             order     gate    cues      headers, faults
//!             shape             answers
//! ```

mod answers;
mod clocks;
mod ear;
mod events;
mod exception;
mod ids;
mod outlet;
mod plan;
mod seam;
mod session;
mod settings;
mod stage;
mod trouble;

pub use exception::{Exception, ExceptionKind};
pub use seam::{Input, Output};
pub use session::Engine;
pub use settings::{InputAudio, Settings, Strictness};
