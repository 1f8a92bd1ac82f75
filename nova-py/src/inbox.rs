//! Tools that Python runs: the core's wishes wait here for the loop's thread.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bedrock_nova::sonic::{OfferedTool, Tool};
use pyo3::prelude::*;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::bell::{Bell, Wire};

/// The wishes of one call, or of all calls of a pool. The core allows sixteen calls of tools at once for each call, which
/// is what bounds it.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Inbox {
    shared: Arc<Shared>,
}

struct Shared {
    wire: Arc<Wire>,
    token: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    news: VecDeque<News>,
    waiting: BTreeMap<u64, oneshot::Sender<Result<Value, String>>>,
    next: u64,
}

enum News {
    Run {
        id: u64,
        name: Arc<str>,
        arguments: String,
    },
    /// Nobody waits for the result any more.
    Stop {
        id: u64,
    },
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, news: impl FnOnce(&mut State) -> Option<News>) {
        let first = {
            let mut state = self.lock();
            let Some(news) = news(&mut state) else { return };
            state.news.push_back(news);
            state.news.len() == 1
        };
        if first {
            self.wire.ring(self.token);
        }
    }
}

impl Inbox {
    /// Makes the core's tool of an offer: its handler asks Python.
    pub(crate) fn tool(&self, offer: OfferedTool) -> Tool {
        let shared = Arc::clone(&self.shared);
        let name: Arc<str> = offer.spec.name.as_str().into();
        Tool::of(offer, move |arguments: Value| {
            let wish = Wish::new(&shared, &name, &arguments);
            async move { wish.answered().await }
        })
    }
}

/// One wish, from the core's side. Dropping it stops what Python has begun.
struct Wish {
    shared: Arc<Shared>,
    id: u64,
    answer: oneshot::Receiver<Result<Value, String>>,
}

impl Wish {
    fn new(shared: &Arc<Shared>, name: &Arc<str>, arguments: &Value) -> Wish {
        let (answer, answered) = oneshot::channel();
        let mut id = 0;
        shared.tell(|state| {
            state.next += 1;
            id = state.next;
            state.waiting.insert(id, answer);
            Some(News::Run { id, name: Arc::clone(name), arguments: arguments.to_string() })
        });
        Wish { shared: Arc::clone(shared), id, answer: answered }
    }

    async fn answered(mut self) -> Result<Value, String> {
        (&mut self.answer).await.unwrap_or_else(|_| Err("the application has no answer to this call".to_owned()))
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        let id = self.id;
        self.shared.tell(|state| state.waiting.remove(&id).map(|_| News::Stop { id }));
    }
}

#[pymethods]
impl Inbox {
    #[new]
    fn new(bell: &Bell) -> Self {
        let wire = Arc::clone(&bell.wire);
        let token = wire.token();
        Inbox { shared: Arc::new(Shared { wire, token, state: Mutex::default() }) }
    }

    #[getter]
    fn token(&self) -> u64 {
        self.shared.token
    }

    /// Returns what has come: `(id, name, arguments as JSON)` to run, `(id, None, None)` to stop.
    fn take(&self) -> Vec<(u64, Option<String>, Option<String>)> {
        let news = std::mem::take(&mut self.shared.lock().news);
        news.into_iter()
            .map(|news| match news {
                News::Run { id, name, arguments } => (id, Some(name.to_string()), Some(arguments)),
                News::Stop { id } => (id, None, None),
            })
            .collect()
    }

    /// Answers a wish, with JSON or with a sentence that says why not; one that nobody waits for any more is passed over.
    #[pyo3(signature = (id, json, *, error=None))]
    fn answer(&self, id: u64, json: &str, error: Option<String>) {
        let Some(answer) = self.shared.lock().waiting.remove(&id) else { return };
        let result = match error {
            Some(sentence) => Err(sentence),
            None => serde_json::from_str(json).map_err(|cause| format!("the tool's result is no JSON: {cause}")),
        };
        // The core has stopped waiting in this very moment.
        let _ = answer.send(result);
    }
}
