//! The words in which servers, pages and recordings speak of a call: one JSON, in whatever language the server is written.
//!
//! - [`encode`] and [`decode`] are an event as one line of JSON, as a WebSocket carries it and a recording keeps it.
//! - [`sse`] is the same for a page that listens to server-sent events.
//! - [`Command`] is what a client says; `Sender::obey` does it.
//! - [`Fields`] reads an object that a client has sent, field by field.
//! - [`status`] is an error as an HTTP status.
//! - [`frame`] is audio without the third that base64 adds, for a socket that has agreed on it.
//!
//! Names are in camel case, times in milliseconds with a fraction, audio is 16-bit little-endian PCM in base64. A reader
//! passes over fields that it does not know, since more may come; a command with one is refused, since it would be
//! believed to have an effect. `docs/schema/conversation.schema.json` says the same for machines.

mod base64;
mod brief;
mod command;
mod event;
mod fields;
pub mod frame;
#[cfg(feature = "runtime")]
mod obey;
#[cfg(feature = "schema")]
mod schema;
pub mod sse;
mod status;
#[cfg(test)]
mod tests;

pub use command::{Command, ToolAnswer};
pub use event::{decode, encode, name};
pub use fields::Fields;
#[cfg(feature = "schema")]
pub use schema::schema;
#[cfg(feature = "schema")]
pub(crate) use schema::with_pcm;
pub use status::status;
