//! Both directions of a WebSocket, as JavaScript holds them.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bedrock_nova::{Error, ErrorKind};
use bedrock_nova_bindings::{Ring, Rope};
use bedrock_nova_server as server;
use bedrock_nova_server::{Down, Message, Up};
use bytes::Bytes;
use napi::Env;
use napi::bindgen_prelude::{BufferSlice, JavaScriptClassExt, Null, ToNapiValue, Unknown};
use napi_derive::napi;

use crate::bell::Bell;
use crate::errors::thrown;
use crate::op::{Made, Op};
use crate::reader::text;

/// A talk. While JavaScript holds it the call is not idle, and a process that ends waits for it.
#[napi]
pub struct Talk {
    token: u64,
    waker: Waker,
    /// None once it was closed.
    held: Mutex<Option<Held>>,
}

struct Held {
    down: Down,
    up: Arc<Up>,
}

impl Talk {
    /// Holds a talk.
    pub(crate) fn begin(ring: &Arc<dyn Ring>, talk: server::Talk) -> Talk {
        let server::Talk { down, up } = talk;
        let token = ring.token();
        let held = Mutex::new(Some(Held { down, up: Arc::new(up) }));
        Talk { token, waker: Rope::waker(ring, token), held }
    }

    pub(crate) fn made(talk: Talk) -> Made {
        Box::new(move |env| talk.into_instance(env)?.into_unknown(env))
    }

    fn say_it(&self, bell: &Bell, said: Message) -> napi::Result<Op> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let up = held.as_ref().map(|held| Arc::clone(&held.up)).ok_or_else(over)?;
        drop(held);
        Op::start(bell, async move { Ok(up.say(said).await) }, complaint)
    }
}

#[napi]
impl Talk {
    /// The token under which the bell rings.
    #[napi(getter)]
    pub fn token(&self) -> f64 {
        self.token as f64
    }

    /// Returns the next message, a string or a `Buffer`; `null` when the bell will ring for it, `false` after the last one.
    #[napi]
    pub fn next<'e>(&self, env: &'e Env) -> napi::Result<Unknown<'e>> {
        let next = match self.held.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            None => Poll::Ready(None),
            Some(held) => held.down.poll_next(&mut Context::from_waker(&self.waker)),
        };
        match next {
            Poll::Pending => Null.into_unknown(env),
            Poll::Ready(None) => false.into_unknown(env),
            Poll::Ready(Some(message)) => written(env, message),
        }
    }

    /// Does what a client says in JSON, in UTF-8; the act comes to the message that tells it what cannot be done, or to `null`.
    #[napi]
    pub fn say(&self, bell: &Bell, json: &[u8]) -> napi::Result<Op> {
        self.say_it(bell, Message::Text(Bytes::copy_from_slice(json)))
    }

    /// The same for a binary frame.
    #[napi]
    pub fn say_frame(&self, bell: &Bell, frame: &[u8]) -> napi::Result<Op> {
        self.say_it(bell, Message::Binary(Bytes::copy_from_slice(frame)))
    }

    /// Lets go of it; whoever waits is told so by the bell.
    #[napi]
    pub fn close(&self) {
        let gone = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        if gone.is_some() {
            crate::pool::inside(|| drop(gone));
            self.waker.wake_by_ref();
        }
    }
}

fn written<'e>(env: &'e Env, message: Message) -> napi::Result<Unknown<'e>> {
    match message {
        Message::Text(json) => text(env, &json),
        Message::Binary(frame) => BufferSlice::copy_from(env, &frame)?.into_unknown(env),
    }
}

fn complaint(complaint: Option<Message>) -> Made {
    Box::new(move |env| match complaint {
        None => Null.into_unknown(env),
        Some(message) => written(env, message),
    })
}

fn over() -> napi::Error {
    thrown(&Error::new(ErrorKind::Misuse, "This talk is over.").with_code("not-open"))
}
