//! What a server's operators see of calls: numbers and traces, made from the events that the application hears.
//!
//! ```text
//!   Stamped events of a call ──┬──► CallMetrics   feature `metrics`         counters, gauges, histograms
//!                              └──► CallSpans     feature `opentelemetry`   one trace, its turns and tools
//! ```
//!
//! Both are folds: whoever reads a call's events shows them each one, in order, and drops the observer with the call.
//! They ask nobody for the time, wait for nothing and hold no queue. A call that is dropped in the middle is counted
//! out and its spans end where it was last seen; one whose reader was too slow ([`Event::Gap`](super::Event::Gap)) is
//! told as far as its events were.
//!
//! Neither brings a backend: an application installs a recorder for the [`metrics`](https://docs.rs/metrics) facade, or
//! a tracer provider for the [`opentelemetry`](https://docs.rs/opentelemetry) API. Without one nothing is recorded. A
//! server that has none of its own takes the one in `prometheus`, behind the feature of that name.
//!
//! ```
//! # #[cfg(all(feature = "runtime", feature = "metrics", feature = "opentelemetry"))]
//! # async fn run(config: bedrock_nova::sonic::Config, mut talk: bedrock_nova::sonic::Conversation) {
//! use std::time::SystemTime;
//!
//! use bedrock_nova::ids::CallId;
//! use bedrock_nova::sonic::observe::{CallMetrics, CallSpans};
//!
//! let mut numbers = CallMetrics::opened(&config.model);
//! let mut trace = CallSpans::new(&CallId::from("call-17"), &config.model, SystemTime::now());
//! while let Some(event) = talk.next_stamped().await {
//!     numbers.observe(&event);
//!     trace.observe(&event);
//! }
//! # }
//! ```
//!
//! **No words.** Nothing that anybody said or typed, no prompt, no argument and no result of a tool gets into a label
//! or an attribute, nor do the service's own sentences, which may quote them. Labels of metrics are few and bounded: no
//! call id, no owner.

mod at_work;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "prometheus")]
pub mod prometheus;
#[cfg(feature = "opentelemetry")]
pub mod spans;
mod words;

#[cfg(feature = "metrics")]
pub use metrics::CallMetrics;
#[cfg(feature = "opentelemetry")]
pub use spans::CallSpans;
