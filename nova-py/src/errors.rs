//! An error of the core as an exception of the package's own tree.

use bedrock_nova::Error;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

/// Makes the exception; the tree is Python's, so that it can be caught, pickled and read like any other.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    match exception(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failed) => failed,
    }
}

/// The same for code that has no token at hand.
pub(crate) fn raise<T>(py: Python<'_>, result: bedrock_nova::Result<T>) -> PyResult<T> {
    result.map_err(|error| raised(py, &error))
}

fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = MAKE.get_or_try_init(py, || -> PyResult<Py<PyAny>> {
        Ok(py.import("bedrock_nova.errors")?.getattr("error_of")?.unbind())
    })?;
    let cause = std::error::Error::source(error).map(|cause| PyString::new(py, &cause.to_string()));
    make.bind(py).call1((
        error.kind().as_str(),
        error.code(),
        error.message(),
        error.is_retryable(),
        error.request_id(),
        error.hint(),
        cause,
    ))
}
