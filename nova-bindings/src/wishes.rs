//! What the core wants of the language, a tool's result above all: it waits here for the loop's thread.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bedrock_nova::sonic::{OfferedTool, Tool};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::ring::Ring;

/// The wishes of one call, or of all calls of a pool. The core allows sixteen calls of tools at once for each call, which
/// is what bounds it.
#[derive(Clone)]
pub struct Wishes {
    shared: Arc<Shared>,
}

struct Shared {
    ring: Arc<dyn Ring>,
    token: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    news: VecDeque<News>,
    waiting: BTreeMap<u64, oneshot::Sender<Result<Value, String>>>,
    next: u64,
}

/// What the loop is told.
pub enum News {
    /// A wish, to be answered under its number.
    Run {
        /// Its number.
        id: u64,
        /// Which tool, or what else it is about.
        name: Arc<str>,
        /// JSON of the arguments.
        arguments: String,
    },
    /// Nobody waits for the answer any more.
    Stop {
        /// The wish's number.
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
            self.ring.ring(self.token);
        }
    }
}

impl Wishes {
    /// Makes a place for wishes, for which this bell rings.
    pub fn new(ring: &Arc<dyn Ring>) -> Wishes {
        let token = ring.token();
        Wishes { shared: Arc::new(Shared { ring: Arc::clone(ring), token, state: Mutex::default() }) }
    }

    /// Returns the token under which the bell rings.
    pub fn token(&self) -> u64 {
        self.shared.token
    }

    /// Makes the core's tool of an offer: its handler asks the language.
    pub fn tool(&self, offer: OfferedTool) -> Tool {
        let wishes = self.clone();
        let name: Arc<str> = offer.spec.name.as_str().into();
        Tool::of(offer, move |arguments: Value| wishes.ask(&name, &arguments))
    }

    /// Asks for something. Dropping the future tells the language that nobody waits any more.
    pub fn ask(
        &self,
        name: &Arc<str>,
        arguments: &Value,
    ) -> impl Future<Output = Result<Value, String>> + Send + use<> {
        let wish = Wish::new(&self.shared, name, arguments);
        async move { wish.answered().await }
    }

    /// Takes what has come.
    pub fn take(&self) -> VecDeque<News> {
        std::mem::take(&mut self.shared.lock().news)
    }

    /// Answers a wish, with JSON or with a sentence that says why not; one that nobody waits for any more is passed over.
    pub fn answer(&self, id: u64, json: &str, error: Option<String>) {
        let Some(answer) = self.shared.lock().waiting.remove(&id) else { return };
        let result = match error {
            Some(sentence) => Err(sentence),
            None => serde_json::from_str(json).map_err(|cause| format!("the tool's result is no JSON: {cause}")),
        };
        // The core has stopped waiting in this very moment.
        let _ = answer.send(result);
    }
}

/// One wish, from the core's side. Dropping it stops what the language has begun.
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
