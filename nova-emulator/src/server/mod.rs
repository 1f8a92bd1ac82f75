//! The wire around the engine: connections, requests, frames in and out.
//!
//! ```text
//! listener ─ preface ─┬─ http2 (h2) ──┐                      ┌ admission: route, signature, model, limits
//!    tcp or tls       └─ http1 (hyper)┴─ Exchange ─ answer ──┤
//!                                        uplink, reply       └ call: one loop per stream
//!                                                               uplink → inbound → Engine → outbox → line
//! ```
//!
//! A request can ask for something of its own, for its own stream:
//!
//! | Header | Value |
//! |---|---|
//! | `x-bedrock-nova-scenario` | the name of a shipped [`Scenario`](crate::Scenario) |
//! | `x-bedrock-nova-switch` | [`Switches`](crate::Switches), `name=position, …` |
//! | `x-bedrock-nova-fault` | [`Fault`](crate::Fault)s, `what@when, …`, and `split=BYTES`: no piece of the answer is longer |
//!
//! A stream that is stalled by a fault is not read either: its window of 64 KiB fills, and the client has to wait.

mod admission;
mod answer;
mod call;
mod exchange;
mod failure;
mod heads;
mod http1;
mod http2;
mod inbound;
mod line;
mod listener;
mod outbound;
mod outbox;
mod preface;
mod registry;
mod report;
mod settings;

pub use report::{Closing, Ended, Protocol, SessionReport, Signature};

pub(crate) use answer::Server;
pub(crate) use listener::{Listener, Security};
pub(crate) use settings::ServerSettings;
