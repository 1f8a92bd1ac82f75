//! Experiments on the open questions of the protocol reference, §7.3, with payloads written by hand.
//!
//! The library cannot ask most of them, since it never does what might be wrong. So an experiment speaks to the
//! transport itself: [`wire`] spells the events, [`stream`] sends and hears them and keeps a trace, [`redact`] takes
//! out of a trace what should not leave the machine, and the other files hold the questions, each with a deadline.

mod answer;
mod blocks;
mod opening;
mod prompt;
mod question;
mod redact;
mod speech;
mod stream;
mod time;
mod tools;
mod wire;

pub(crate) use answer::Answer;
pub(crate) use question::{Lab, QUESTIONS, Question};
