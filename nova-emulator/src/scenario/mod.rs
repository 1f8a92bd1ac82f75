//! A conversation as a script: what was heard, what is answered, which tools are called.
//!
//! The file format is described in `scenarios/README.md`.

mod built_in;
mod file;
mod script;
mod template;

pub use file::{Scenario, ScenarioError, Step, Turn};
pub(crate) use script::Script;
pub(crate) use template::fill;
