//! A local Amazon Bedrock for Nova Sonic: the real order rules, scripted conversations, spoken answers, faults on demand.
//!
//! It is unofficial, a second reading of the protocol from documentation and public traces, made so that clients can be
//! built and tested without an AWS account. It shares no code with the client library of this repository: a mistake that is
//! written twice by the same hand is invisible. "Reference" in these pages is the project's collection of what is publicly
//! known, by section.
//!
//! # What is imitated
//!
//! - **The rules of the input**: order, shape and limits of every event, each with the service's own sentence ([`judge`]),
//!   and the differences between v1, 2 and 2.5 ([`model`]).
//! - **The course of a conversation**: response headers held until the opening is there; speech found by an energy gate;
//!   transcripts, sentences as text and audio, tool calls, interruptions, FINAL texts, usage, one completion per prompt.
//! - **The limits in time**: eight minutes, idle input, a silent user; all on one clock that can be made faster.
//! - **Doubt**: whatever public sources disagree on is a switch ([`switches`]); what clients in the field get away with is
//!   tolerated and written down ([`breach`]), or refused under [`Strictness::Strict`].
//! - **Trouble**: every modelled error and every sentence of the catalogue at any event, and damage to the wire ([`faults`]).
//!
//! # What is not
//!
//! - Nobody understands anything. What was "heard" and what is answered come from a [`Scenario`]; when it is used up, a few
//!   phrases follow. The gate hears that somebody speaks, not what.
//! - Answers are recorded clips of a speech synthesizer, else espeak-ng where it is installed, else a tone ([`speech`]). The
//!   voice that a client asks for is checked and not used.
//! - Token counts have a plausible size and are consistent; they are not the service's. There are no content filters, quotas
//!   or cross-region models, and latencies are the published medians, not a model's work.
//! - Where the reference says "inferred", the emulator follows the inference. It has never been compared with the service.
//!
//! # The parts
//!
//! Feature `engine` is the sans-IO server of one session: [`Engine::handle`] takes payloads and time in, [`Engine::poll`]
//! gives [`Output`]s. Feature `server` puts HTTP/2, HTTP/1.1, TLS, frames and signatures around it.

pub mod breach;
pub mod engine;
pub mod faults;
pub(crate) mod gate;
pub mod judge;
pub mod ledger;
pub(crate) mod limits;
pub mod model;
pub mod scenario;
pub mod speech;
pub mod switches;

pub use breach::{Breach, Rule};
pub use engine::{Engine, Exception, ExceptionKind, Input, InputAudio, Output, Settings, Strictness};
pub use faults::{Fault, FaultKind, Trigger, WireFault};
pub use ledger::Ledger;
pub use scenario::Scenario;
pub use speech::clips;
pub use switches::Switches;

// The wire around the engine.
#[cfg(feature = "server")]
pub mod emulator;
#[cfg(feature = "server")]
pub mod frame;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod sigv4;
#[cfg(feature = "server")]
pub mod tls;

#[cfg(feature = "server")]
pub use emulator::Emulator;
