//! Event payloads, in AWS's own spelling: the only place that has it.
//!
//! A payload is one `{"event":{"<name>":{…}}}` in UTF-8. What we say is a [`ClientEvent`] and is encoded; what we hear
//! is decoded into a [`ServerEvent`]. Nothing here knows what may come when: that is the session's.

mod body;
mod client;
mod server;
mod words;

pub use client::ClientEvent;
pub use server::{Origin, ServerEvent};
pub use words::{ContentType, Role, Stage, Stop, Tokens, UsageReport};
