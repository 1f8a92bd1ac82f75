//! Amazon Nova Sonic as a conversation: speech in, speech out.
//!
//! Unofficial, and never yet run against Amazon's service; see the README of the repository.
//!
//! # Start
//!
//! ```no_run
//! # #[cfg(feature = "bedrock")]
//! # async fn run(question: &[u8]) -> bedrock_nova::Result<()> {
//! use bedrock_nova::sonic::{Conversation, Event};
//!
//! let mut talk = Conversation::builder().system("Answer in two or three sentences.").connect().await?;
//! talk.send_audio(question).await?; // 16 kHz, 16-bit little-endian, mono; any length, sent in real time
//! while let Some(event) = talk.next().await {
//!     match event {
//!         Event::Audio(audio) => { /* play audio.pcm */ }
//!         Event::Interrupted { .. } => { /* stop playing */ }
//!         Event::TurnEnded { .. } => talk.finish(),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # The picture
//!
//! ```text
//!   your program ── sonic::Conversation          async: send audio, read events
//!                        │ driver                one loop: clock, tasks, links
//!   ── pure from here: no clock, no IO, no tasks ────────────────────────────────
//!                   sonic::conversation::Call    one call: turns, transcript, tools, silence, recovery
//!                   sonic::session::Session      one stream: order, limits
//!                   sonic::wire                  events ⇄ JSON
//!   ──────────────────────────────────────────────────────────────────────────────
//!                   transport                    bedrock (AWS SDK) · memory · replay
//! ```
//!
//! An application needs [`sonic`] only. Whoever builds a framework can stand on any floor: drive a
//! [`Call`](sonic::conversation::Call) with an own loop, a [`Session`](sonic::session::Session) with an own idea of a
//! conversation, or put an own [`Transport`](transport::Transport) below.
//!
//! # Words
//!
//! A **session** is one stream, at most eight minutes long. A **conversation** (a call) lives through sessions. A
//! **link** is the open transport stream of one session. A **block** is one content block on it. A **turn** is what the
//! user said and what the assistant answered. **Heard** is the part of an answer that came out of the loudspeaker.
//!
//! # Errors
//!
//! Every failure is an [`Error`]: its [kind](ErrorKind) says whose move it is, its code is stable, its hint says what a
//! person can do. A call that ends, however it ends, ends with [`Event::Closed`](sonic::Event::Closed).
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | none | the pure parts: [`sonic::wire`], [`sonic::session`], [`sonic::conversation`], [`sonic::api`], [`model`] |
//! | `runtime` | `sonic::Conversation`, its driver on tokio, readers, pool, memory and replay transports, a folder as [store](sonic::store) |
//! | `bedrock` (default) | the transport to Amazon Bedrock, or to the emulator, through the AWS SDK |
//! | `sso` | credentials from `aws sso login` and from a credential process |
//! | `redis` | `runtime`, and a Redis or Valkey as [store](sonic::store) of calls, for a fleet |
//! | `metrics` | `sonic::observe::CallMetrics`: counters, gauges and histograms of calls, through the `metrics` facade |
//! | `opentelemetry` | `sonic::observe::CallSpans`: a trace of every call, through the OpenTelemetry API |
//! | `schema` | the JSON Schema of events and commands, made from their types: `sonic::api::schema` |

pub mod audio;
mod error;
pub mod ids;
pub mod model;
pub mod sonic;
pub mod transport;
pub mod usage;

pub use error::{Error, ErrorKind, Result};

/// The README's programs, compiled by the tests.
#[cfg(all(doctest, feature = "bedrock"))]
#[doc = include_str!("../../README.md")]
mod readme {}
