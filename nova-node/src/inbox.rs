//! What JavaScript is asked to do: run a tool, give credentials.

use bedrock_nova_bindings::{News, Wishes};
use napi_derive::napi;

use crate::bell::Bell;

/// The wishes of one call, of all calls of a pool, or of a service.
#[napi]
pub struct Inbox {
    pub(crate) wishes: Wishes,
}

/// One wish; one without a name says that nobody waits for the answer any more.
#[napi(object)]
pub struct Wish {
    /// Its number.
    pub id: f64,
    /// Which tool it is about.
    pub name: Option<String>,
    /// JSON of the arguments.
    pub arguments: Option<String>,
}

#[napi]
impl Inbox {
    /// Makes an empty one.
    #[napi(constructor)]
    pub fn new(bell: &Bell) -> Self {
        Inbox { wishes: Wishes::new(&bell.ring()) }
    }

    /// The token under which the bell rings.
    #[napi(getter)]
    pub fn token(&self) -> f64 {
        self.wishes.token() as f64
    }

    /// Returns what has come.
    #[napi]
    pub fn take(&self) -> Vec<Wish> {
        let told = |news| match news {
            News::Run { id, name, arguments } => {
                Wish { id: id as f64, name: Some(name.to_string()), arguments: Some(arguments) }
            }
            News::Stop { id } => Wish { id: id as f64, name: None, arguments: None },
        };
        self.wishes.take().into_iter().map(told).collect()
    }

    /// Answers a wish, with JSON or with a sentence that says why not; one that nobody waits for any more is passed over.
    #[napi]
    pub fn answer(&self, id: f64, json: String, error: Option<String>) {
        self.wishes.answer(id as u64, &json, error);
    }
}
