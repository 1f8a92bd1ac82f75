//! The sans-IO server: one session, event payloads and time in, event payloads out.

mod exception;
mod seam;
mod session;
mod settings;

pub use exception::{Exception, ExceptionKind};
pub use seam::{Input, Output};
pub use session::Engine;
pub use settings::{Settings, Strictness};
