//! What a server's operators see of each call, where the features are on that show it.

use std::sync::Arc;

use super::Pooled;
use crate::model::ModelId;
use crate::sonic::entry::Entry;

/// The observers of one call.
pub(super) struct Observers {
    #[cfg(feature = "metrics")]
    metrics: crate::sonic::observe::CallMetrics,
    #[cfg(feature = "opentelemetry")]
    spans: crate::sonic::observe::CallSpans,
}

impl Observers {
    #[cfg_attr(not(feature = "opentelemetry"), allow(unused_variables, reason = "numbers ask for the model alone"))]
    pub(super) fn of(call: &Pooled, model: &ModelId) -> Self {
        Observers {
            #[cfg(feature = "metrics")]
            metrics: crate::sonic::observe::CallMetrics::opened(model),
            #[cfg(feature = "opentelemetry")]
            spans: crate::sonic::observe::CallSpans::new(call.id(), model, began(call)),
        }
    }

    #[cfg_attr(
        not(any(feature = "metrics", feature = "opentelemetry")),
        allow(unused_variables, reason = "nobody looks")
    )]
    pub(super) fn observe(&mut self, entry: &Arc<Entry>) {
        #[cfg(feature = "metrics")]
        self.metrics.observe(entry);
        #[cfg(feature = "opentelemetry")]
        self.spans.observe(entry);
    }
}

/// When a call began, by the clock on the wall.
#[cfg(feature = "opentelemetry")]
#[allow(clippy::disallowed_methods, reason = "traces are told in the time of the day")]
fn began(call: &Pooled) -> std::time::SystemTime {
    std::time::SystemTime::now() - call.elapsed()
}

/// A call was refused.
pub(super) fn refused(why: &'static str) {
    #[cfg(feature = "metrics")]
    crate::sonic::observe::metrics::refused(why);
    tracing::info!(why, "a call was refused");
}

/// A call that nobody held is ended.
pub(super) fn reaped() {
    #[cfg(feature = "metrics")]
    crate::sonic::observe::metrics::reaped();
}

/// The pool was drained.
#[cfg_attr(not(feature = "metrics"), allow(unused_variables, reason = "nobody looks"))]
pub(super) fn drained(took: std::time::Duration, cut: usize) {
    #[cfg(feature = "metrics")]
    crate::sonic::observe::metrics::drained(took, cut as u64);
}
