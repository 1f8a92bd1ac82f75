//! One act that takes time, as the loop's thread sees it: it is done, or its bell will ring.

use std::future::Future;

use bedrock_nova::Result;
use bedrock_nova_bindings as shared;
use napi::Env;
use napi::bindgen_prelude::{ToNapiValue, Unknown};
use napi_derive::napi;

use crate::bell::Bell;
use crate::errors::raise;

/// What an act comes to, made into JavaScript by the thread that asks.
pub(crate) type Made = Box<dyn for<'e> FnOnce(&'e Env) -> napi::Result<Unknown<'e>> + Send>;

/// An act under way.
#[napi]
pub struct Op {
    act: shared::Op<Made>,
}

impl Op {
    /// Begins an act. What can be done at once is done here and now.
    pub(crate) fn start<T, F>(bell: &Bell, act: F, made: impl FnOnce(T) -> Made + Send + 'static) -> napi::Result<Op>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let act = async move { act.await.map(made) };
        Ok(Op { act: raise(shared::Op::start(&bell.ring(), act))? })
    }

    /// As [`start`](Self::start), for an act that returns nothing.
    pub(crate) fn start_unit<F>(bell: &Bell, act: F) -> napi::Result<Op>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Op::start(bell, act, |()| Box::new(|env| ().into_unknown(env)))
    }

    /// Returns the act if it goes on, throws the failure of one that was done at once, and returns nothing if it was done well.
    pub(crate) fn unless_done(self) -> napi::Result<Option<Op>> {
        if self.act.was_begun() {
            return Ok(Some(self));
        }
        raise(self.act.take()).map(|_| None)
    }
}

#[napi]
impl Op {
    /// The token under which the bell rings when the act is done.
    #[napi(getter)]
    pub fn token(&self) -> f64 {
        self.act.token() as f64
    }

    /// Says whether there is a result.
    #[napi]
    pub fn done(&self) -> bool {
        self.act.done()
    }

    /// Returns the result, once, or throws the failure.
    #[napi]
    pub fn take<'e>(&self, env: &'e Env) -> napi::Result<Unknown<'e>> {
        raise(self.act.take())?(env)
    }

    /// Gives the act up; what it had come to is dropped.
    #[napi]
    pub fn cancel(&self) {
        self.act.cancel();
    }
}

/// A text, made where JavaScript is at hand.
pub(crate) fn text(text: String) -> Made {
    Box::new(move |env| text.into_unknown(env))
}
