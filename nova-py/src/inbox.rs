//! Tools that Python runs: the core's wishes wait here for the loop's thread.

use bedrock_nova_bindings::{News, Wishes};
use pyo3::prelude::*;

use crate::bell::Bell;

/// The wishes of one call, or of all calls of a pool.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Inbox {
    pub(crate) wishes: Wishes,
}

#[pymethods]
impl Inbox {
    #[new]
    fn new(bell: &Bell) -> Self {
        Inbox { wishes: Wishes::new(&bell.ring()) }
    }

    #[getter]
    fn token(&self) -> u64 {
        self.wishes.token()
    }

    /// Returns what has come: `(id, name, arguments as JSON)` to run, `(id, None, None)` to stop.
    fn take(&self) -> Vec<(u64, Option<String>, Option<String>)> {
        let told = |news| match news {
            News::Run { id, name, arguments } => (id, Some(name.to_string()), Some(arguments)),
            News::Stop { id } => (id, None, None),
        };
        self.wishes.take().into_iter().map(told).collect()
    }

    /// Answers a wish, with JSON or with a sentence that says why not; one that nobody waits for any more is passed over.
    #[pyo3(signature = (id, json, *, error=None))]
    fn answer(&self, id: u64, json: &str, error: Option<String>) {
        self.wishes.answer(id, json, error);
    }
}
