//! The HTTP client under the SDK, on hyper 1.
//!
//! The SDK's own client has one HTTP/2 connection for everything, waits for ever at its stream limit, sends no PING
//! and buffers a megabyte of upload for each stream (SDK page §2.3–2.5). This one:
//!
//! ```text
//! HttpClient ── Pool ── Lane for each origin ── Connection (≤ 50 streams, or what the peer allows)
//!    client.rs  pool.rs                           connection.rs ── dial.rs: DNS, TCP, TLS with ALPN
//!                                                      └── body.rs: a stream's two halves live and die together
//! ```

mod body;
mod client;
mod connection;
mod dial;
mod origin;
mod pool;
mod road;
mod trust;

pub(super) use client::OwnHttp;
pub(super) use road::{RoadError, chain};
pub(super) use trust::Trust;
