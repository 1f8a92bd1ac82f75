//! The numbers of the process, in the text form of Prometheus, for applications without a recorder of their own.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Bounds of the buckets of times, in seconds: from the waits inside one answer to the length of a long call.
const SECONDS: [f64; 16] = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 120.0, 600.0, 3600.0];

/// How often samples are gathered into their buckets; until then each takes memory.
const UPKEEP: Duration = Duration::from_secs(10);

/// Begins to count, for the whole process and once. Inside a tokio runtime. Whoever has set another recorder before keeps it.
#[allow(clippy::disallowed_methods, reason = "samples are gathered beside the calls")]
pub fn record() {
    HANDLE.get_or_init(|| {
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS).ok()?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).ok()?;
        super::metrics::describe();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(keep_up(handle.clone()));
        }
        Some(handle)
    });
}

/// Also where nobody ever asks for the numbers, what was counted must not grow.
async fn keep_up(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

/// Returns the numbers of all pools of this process; nothing if they are counted elsewhere.
#[must_use]
pub fn text() -> String {
    match HANDLE.get() {
        Some(Some(handle)) => {
            handle.run_upkeep();
            handle.render()
        }
        _ => String::new(),
    }
}
