//! What belongs to no call: the models, the kinds of errors, the numbers of the process.

use std::sync::OnceLock;
use std::time::Duration;

use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::Snapshot;
use bedrock_nova::{Error, ErrorKind};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use pyo3::prelude::*;

use crate::errors::raise;

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Bounds of the buckets of times, in seconds: from the waits inside one answer to the length of a long call.
const SECONDS: [f64; 16] = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 120.0, 600.0, 3600.0];

/// How often samples are gathered into their buckets; until then each takes memory.
const UPKEEP: Duration = Duration::from_secs(10);

/// Begins to count what the core counts; whoever has a pool wants it. Called on the runtime.
pub(crate) fn record() {
    HANDLE.get_or_init(|| {
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS).ok()?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).ok()?;
        bedrock_nova::sonic::observe::metrics::describe();
        tokio::spawn(keep_up(handle.clone()));
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

/// The numbers of all pools of this process, in the text form of Prometheus; nothing before the first.
#[pyfunction]
pub(crate) fn metrics() -> String {
    match HANDLE.get() {
        Some(Some(handle)) => {
            handle.run_upkeep();
            handle.render()
        }
        _ => String::new(),
    }
}

/// The speech models of the built-in catalogue, as a JSON list.
#[pyfunction]
pub(crate) fn models() -> PyResult<String> {
    let facts: Vec<_> = Catalogue::built_in().speech().map(|model| model.facts().clone()).collect();
    serde_json::to_string(&facts).map_err(|cause| pyo3::exceptions::PyRuntimeError::new_err(cause.to_string()))
}

/// The kinds of errors.
#[pyfunction]
pub(crate) fn kinds() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

/// What was said in the call of a snapshot: a JSON list of `role` and `text`.
#[pyfunction]
pub(crate) fn history(py: Python<'_>, snapshot: &[u8]) -> PyResult<String> {
    let snapshot = raise(py, Snapshot::from_json(snapshot))?;
    Ok(serde_json::json!(snapshot.history().collect::<Vec<_>>()).to_string())
}

/// The HTTP status with which a server tells of an error.
#[pyfunction]
pub(crate) fn status(kind: &str, code: &str) -> u16 {
    let kind = ErrorKind::ALL.into_iter().find(|known| known.as_str() == kind).unwrap_or(ErrorKind::Bug);
    bedrock_nova::sonic::api::status(&Error::new(kind, "").with_code(code))
}
