//! Event payloads, in AWS's own spelling: the only place that has it.
//!
//! A payload is one `{"event":{"<name>":{…}}}` in UTF-8. What we say is a [`ClientEvent`] and is encoded; what we hear
//! is decoded into a [`ServerEvent`]; what somebody else's client says is read into `Said`. Nothing here knows what may
//! come when: that is the session's.

mod body;
mod client;
mod said;
mod server;
mod words;

pub use client::ClientEvent;
pub(crate) use said::{Place, Said};
pub use server::{Origin, ServerEvent};
pub use words::{ContentType, Role, Stage, Stop, Tokens, UsageReport};
