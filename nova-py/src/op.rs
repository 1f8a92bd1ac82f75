//! One act that takes time, as the loop's thread sees it: it is done, or its bell will ring.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bedrock_nova::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::bell::{Bell, Wire};
use crate::errors::raised;
use crate::runtime::runtime;

/// What an act comes to, made into Python by the thread that asks.
pub(crate) type Made = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// An act under way.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Op {
    token: u64,
    slot: Slot,
    task: Option<AbortHandle>,
}

/// Where the act leaves its result.
type Slot = Arc<Mutex<State>>;

enum State {
    Waiting,
    Done(Result<Made>),
    Taken,
}

impl Op {
    /// Begins an act. What can be done at once is done here and now, without a task and without a bell.
    pub(crate) fn start<T, F>(bell: &Bell, act: F, made: impl FnOnce(T) -> Made + Send + 'static) -> Result<Op>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut act = Box::pin(act);
        let runtime = runtime()?;
        let _inside = runtime.enter();
        if let Poll::Ready(result) = act.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            let slot = Arc::new(Mutex::new(State::Done(result.map(made))));
            return Ok(Op { token: 0, slot, task: None });
        }
        let token = bell.wire.token();
        let slot = Slot::new(Mutex::new(State::Waiting));
        let finish = Finish { slot: Arc::clone(&slot), wire: Arc::clone(&bell.wire), token };
        let task = runtime.spawn(async move {
            let result = act.await.map(made);
            finish.with(result);
        });
        Ok(Op { token, slot, task: Some(task.abort_handle()) })
    }

    /// As [`start`](Self::start), for an act that returns nothing.
    pub(crate) fn start_unit<F>(bell: &Bell, act: F) -> Result<Op>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Op::start(bell, act, |()| Box::new(|py| Ok(py.None())))
    }
}

impl Op {
    /// Says whether the act still goes on.
    pub(crate) fn is_pending(&self) -> bool {
        self.task.is_some()
    }

    /// Raises the failure of an act that was done at once.
    pub(crate) fn finished(&self, py: Python<'_>) -> PyResult<()> {
        self.take(py).map(drop)
    }
}

/// Puts the result where it is looked for and rings, also for an act that panics.
struct Finish {
    slot: Slot,
    wire: Arc<Wire>,
    token: u64,
}

impl Finish {
    fn with(self, result: Result<Made>) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = State::Done(result);
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        {
            let mut state = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(*state, State::Waiting) {
                *state = State::Done(Err(Error::new(ErrorKind::Bug, "An act of the library ended without a result.")));
            }
        }
        self.wire.ring(self.token);
    }
}

#[pymethods]
impl Op {
    /// The token under which the bell rings when the act is done.
    #[getter]
    fn token(&self) -> u64 {
        self.token
    }

    /// Says whether there is a result.
    fn done(&self) -> bool {
        !matches!(*self.slot.lock().unwrap_or_else(PoisonError::into_inner), State::Waiting)
    }

    /// Returns the result, once, or raises the failure.
    fn take(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let state = std::mem::replace(&mut *self.slot.lock().unwrap_or_else(PoisonError::into_inner), State::Taken);
        match state {
            State::Done(Ok(made)) => made(py),
            State::Done(Err(error)) => Err(raised(py, &error)),
            State::Waiting | State::Taken => {
                Err(raised(py, &Error::new(ErrorKind::Bug, "The result of an act was asked for at the wrong time.")))
            }
        }
    }

    /// Gives the act up; what it had come to is dropped.
    fn cancel(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = State::Taken;
    }
}
