//! What belongs to no call: the models, the kinds of errors, the numbers of the process.

use bedrock_nova::sonic::observe::prometheus;
use bedrock_nova_bindings::facts;
use pyo3::prelude::*;

use crate::errors::raise;

/// The numbers of all pools of this process, in the text form of Prometheus; nothing before the first.
#[pyfunction]
pub(crate) fn metrics() -> String {
    prometheus::text()
}

/// The speech models of the built-in catalogue, as a JSON list.
#[pyfunction]
pub(crate) fn models() -> String {
    facts::models()
}

/// The kinds of errors.
#[pyfunction]
pub(crate) fn kinds() -> Vec<&'static str> {
    facts::kinds()
}

/// What was said in the call of a snapshot: a JSON list of `role` and `text`.
#[pyfunction]
pub(crate) fn history(py: Python<'_>, snapshot: &[u8]) -> PyResult<String> {
    raise(py, facts::history(snapshot))
}

/// The HTTP status with which a server tells of an error.
#[pyfunction]
pub(crate) fn status(kind: &str, code: &str) -> u16 {
    facts::status(kind, code)
}
