//! Order and shape rules of the input, written from reference §2, §4.2, §4.4 and §4.5.
//!
//! A payload goes through three gates: it must be one known event (`envelope`), its fields must have the right shape
//! (`shape`, `prompt`), and the event must be allowed where it stands (`order`, `openings`). What comes out is an
//! `Accepted`, the thing that the event means to the model; what fails is a [`Refusal`], which ends the session.

mod accepted;
mod blocks;
mod envelope;
mod fields;
mod openings;
mod order;
mod prompt;
mod refusal;
mod shape;

pub(crate) use accepted::Accepted;
pub(crate) use envelope::event_name;
pub(crate) use order::Judge;
pub(crate) use prompt::Prompt;
pub use refusal::Refusal;
pub(crate) use shape::{Hearing, Sensitivity};
