//! One function of the loop's for each environment: whoever has news pushes its token and, if the bell is silent, has the
//! function called once.

use std::sync::{Arc, Mutex, PoisonError};

use bedrock_nova_bindings::{Ring, Tokens};
use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

/// The loop's function: without arguments, with an unbounded queue in which there is never more than one call. As long as
/// there is one, Node does not exit.
type Loop = ThreadsafeFunction<(), (), (), Status, false>;

/// What the loop is called by.
#[napi]
pub struct Bell {
    wire: Arc<Wire>,
}

/// What the core's threads hold of a bell.
struct Wire {
    tokens: Tokens,
    /// None while nothing keeps Node alive: then nobody waits, and what has come is told to the next who does.
    call: Mutex<Option<Arc<Loop>>>,
}

impl Ring for Wire {
    fn token(&self) -> u64 {
        self.tokens.token()
    }

    fn ring(&self, token: u64) {
        self.tokens.push(token, || self.tell());
    }
}

impl Wire {
    fn tell(&self) {
        let call = self.call.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(call) = call {
            // An environment that is being torn down is told nothing any more.
            let _ = call.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

impl Bell {
    /// Returns what the core rings.
    pub(crate) fn ring(&self) -> Arc<dyn Ring> {
        Arc::<Wire>::clone(&self.wire)
    }
}

#[napi]
impl Bell {
    /// Makes a silent bell.
    #[napi(constructor)]
    #[allow(clippy::new_without_default, reason = "JavaScript makes it")]
    pub fn new() -> Self {
        Bell { wire: Arc::new(Wire { tokens: Tokens::from(1), call: Mutex::default() }) }
    }

    /// Has this function called when somebody rings, and keeps Node alive until `rest`.
    #[napi]
    pub fn listen(&self, call: Function<'_, (), ()>) -> napi::Result<()> {
        let call = call.build_threadsafe_function::<()>().build()?;
        *self.wire.call.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(call));
        if self.wire.tokens.rung() {
            self.wire.tell();
        }
        Ok(())
    }

    /// Lets Node exit.
    #[napi]
    pub fn rest(&self) {
        let gone = self.wire.call.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(gone);
    }

    /// Silences the bell; returns the tokens of those who rang.
    #[napi]
    pub fn answer(&self) -> Vec<f64> {
        self.wire.tokens.hush();
        self.wire.tokens.take().into_iter().map(|token| token as f64).collect()
    }
}
