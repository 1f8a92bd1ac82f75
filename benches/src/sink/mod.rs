//! A peer that takes real frames over TLS and HTTP/2 and gives real frames back, and judges nothing.
//!
//! The emulator verifies every signature, listens for speech and keeps books, which is several times the work of the
//! client under measurement; a sink leaves the other core idle enough to say *when* something came. It stands on the
//! emulator's frames and certificates.

mod server;
mod stream;

pub use server::{ACCESS_KEY, SECRET_KEY, Sink};
pub use stream::{Down, Gone, Stream, Up};
