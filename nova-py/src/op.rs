//! One act that takes time, as the loop's thread sees it: it is done, or its bell will ring.

use std::future::Future;

use bedrock_nova::Result;
use bedrock_nova_bindings as shared;
use pyo3::prelude::*;

use crate::bell::Bell;
use crate::errors::raise;
use crate::runtime::check_fork;

/// What an act comes to, made into Python by the thread that asks.
pub(crate) type Made = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// An act under way.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Op {
    act: shared::Op<Made>,
}

impl Op {
    /// Begins an act. What can be done at once is done here and now, without a task and without a bell.
    pub(crate) fn start<T, F>(bell: &Bell, act: F, made: impl FnOnce(T) -> Made + Send + 'static) -> Result<Op>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        check_fork()?;
        let act = async move { act.await.map(made) };
        Ok(Op { act: shared::Op::start(&bell.ring(), act)? })
    }

    /// As [`start`](Self::start), for an act that returns nothing.
    pub(crate) fn start_unit<F>(bell: &Bell, act: F) -> Result<Op>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Op::start(bell, act, |()| Box::new(|py| Ok(py.None())))
    }

    /// Says whether the act was not done at once.
    pub(crate) fn was_begun(&self) -> bool {
        self.act.was_begun()
    }

    /// Raises the failure of an act that was done at once.
    pub(crate) fn finished(&self, py: Python<'_>) -> PyResult<()> {
        self.take(py).map(drop)
    }
}

#[pymethods]
impl Op {
    /// The token under which the bell rings when the act is done.
    #[getter]
    fn token(&self) -> u64 {
        self.act.token()
    }

    /// Says whether there is a result.
    fn done(&self) -> bool {
        self.act.done()
    }

    /// Returns the result, once, or raises the failure.
    fn take(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        raise(py, self.act.take())?(py)
    }

    /// Gives the act up; what it had come to is dropped.
    fn cancel(&self) {
        self.act.cancel();
    }
}
