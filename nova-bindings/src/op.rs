//! One act that takes time, as the loop's thread sees it: it is done, or its bell will ring.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bedrock_nova::{Error, ErrorKind, Result};
use tokio::task::AbortHandle;

use crate::ring::Ring;
use crate::runtime::runtime;

/// An act under way, which comes to a `T`.
pub struct Op<T> {
    token: u64,
    slot: Slot<T>,
    task: Option<AbortHandle>,
}

/// Where the act leaves its result.
type Slot<T> = Arc<Mutex<State<T>>>;

enum State<T> {
    Waiting,
    Done(Result<T>),
    Taken,
}

impl<T: Send + 'static> Op<T> {
    /// Begins an act. What can be done at once is done here and now, without a task and without a bell.
    ///
    /// # Errors
    /// As [`runtime`].
    pub fn start<F>(ring: &Arc<dyn Ring>, act: F) -> Result<Op<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut act = Box::pin(act);
        let runtime = runtime()?;
        let _inside = runtime.enter();
        if let Poll::Ready(result) = act.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Ok(Op { token: 0, slot: Arc::new(Mutex::new(State::Done(result))), task: None });
        }
        let token = ring.token();
        let slot = Slot::new(Mutex::new(State::Waiting));
        let finish = Finish { slot: Arc::clone(&slot), ring: Arc::clone(ring), token };
        let task = runtime.spawn(async move {
            let result = act.await;
            finish.with(result);
        });
        Ok(Op { token, slot, task: Some(task.abort_handle()) })
    }

    /// Returns the token under which the bell rings when the act is done.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Says whether the act was not done at once.
    pub fn was_begun(&self) -> bool {
        self.task.is_some()
    }

    /// Says whether there is a result.
    pub fn done(&self) -> bool {
        !matches!(*lock(&self.slot), State::Waiting)
    }

    /// Returns the result, once.
    ///
    /// # Errors
    /// The act's own failure; `Bug` when there is no result to take.
    pub fn take(&self) -> Result<T> {
        let mut state = lock(&self.slot);
        if matches!(*state, State::Waiting) {
            return Err(no_result("is not there yet"));
        }
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(result) => result,
            State::Waiting | State::Taken => Err(no_result("was taken already")),
        }
    }

    /// Gives the act up; what it had come to is dropped.
    pub fn cancel(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        let gone = std::mem::replace(&mut *lock(&self.slot), State::Taken);
        // A call that nobody will hold is dropped on the runtime, whose clock that wants.
        let _inside = runtime().ok().map(tokio::runtime::Runtime::enter);
        drop(gone);
    }
}

fn lock<T>(slot: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no_result(why: &str) -> Error {
    Error::new(ErrorKind::Bug, format!("The result of an act {why}."))
}

/// Puts the result where it is looked for and rings, also for an act that panics.
struct Finish<T> {
    slot: Slot<T>,
    ring: Arc<dyn Ring>,
    token: u64,
}

impl<T> Finish<T> {
    fn with(self, result: Result<T>) {
        let mut state = lock(&self.slot);
        // Given up meanwhile: what it came to is dropped here.
        if matches!(*state, State::Waiting) {
            *state = State::Done(result);
        }
    }
}

impl<T> Drop for Finish<T> {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.slot);
            if matches!(*state, State::Waiting) {
                *state = State::Done(Err(Error::new(ErrorKind::Bug, "An act of the library ended without a result.")));
            }
        }
        self.ring.ring(self.token);
    }
}
