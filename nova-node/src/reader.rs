//! The events of a call, one after the other, polled by the loop's own thread.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

use bedrock_nova::sonic::{Entry, Event, ReadFrom, SharedConversation};
use bedrock_nova_bindings::{Next, Ring, Rope, Source};
use napi::bindgen_prelude::{BufferSlice, Null, ToNapiValue, Unknown};
use napi::{Env, Status};
use napi_derive::napi;

use crate::bell::Bell;
use crate::errors::raise;

/// A place in a call's log.
#[napi]
pub struct Reader {
    token: u64,
    waker: Waker,
    source: Mutex<Option<Source>>,
}

impl Reader {
    /// Begins to read a view of a call's events.
    pub(crate) fn open(bell: &Bell, call: &SharedConversation, view: &str, from: ReadFrom) -> napi::Result<Reader> {
        raise(Source::open(call, view, from)).map(|source| Reader::of(&bell.ring(), source))
    }

    /// Reads a source.
    pub(crate) fn of(ring: &Arc<dyn Ring>, source: Source) -> Reader {
        let token = ring.token();
        Reader { token, waker: Rope::waker(ring, token), source: Mutex::new(Some(source)) }
    }
}

#[napi]
impl Reader {
    /// The token under which the bell rings.
    #[napi(getter)]
    pub fn token(&self) -> f64 {
        self.token as f64
    }

    /// Returns the next thing: JSON as a string, bytes as a `Buffer`, a piece of sound as
    /// `[seq, atMs, turn, pcm, rate, offsetMs]`; `null` when the bell will ring for it, `false` after the last one.
    #[napi]
    pub fn next<'e>(&self, env: &'e Env) -> napi::Result<Unknown<'e>> {
        let next = match self.source.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            None => Next::Ended,
            Some(source) => raise(source.poll(&mut Context::from_waker(&self.waker)))?,
        };
        match next {
            Next::Later => Null.into_unknown(env),
            Next::Ended => false.into_unknown(env),
            Next::Json(bytes) | Next::Text(bytes) => text(env, &bytes),
            Next::Part(bytes) | Next::Frame(bytes) => BufferSlice::copy_from(env, bytes)?.into_unknown(env),
            Next::Audio(entry) => sound(env, &entry),
        }
    }

    /// Returns the number of the last event that was taken.
    #[napi(getter)]
    pub fn position(&self) -> Option<f64> {
        let source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        Some(source.as_ref()?.position()? as f64)
    }

    /// Stops reading; whoever waits is told so by the bell.
    #[napi]
    pub fn close(&self) {
        let gone = self.source.lock().unwrap_or_else(PoisonError::into_inner).take();
        if gone.is_some() {
            crate::pool::inside(|| drop(gone));
            self.waker.wake_by_ref();
        }
    }
}

/// Makes a string of UTF-8.
pub(crate) fn text<'e>(env: &'e Env, bytes: &[u8]) -> napi::Result<Unknown<'e>> {
    let text =
        std::str::from_utf8(bytes).map_err(|cause| napi::Error::new(Status::StringExpected, cause.to_string()))?;
    text.into_unknown(env)
}

fn sound<'e>(env: &'e Env, entry: &Entry) -> napi::Result<Unknown<'e>> {
    let Event::Audio(audio) = &entry.event else { return Null.into_unknown(env) };
    let pcm = BufferSlice::copy_from(env, &audio.pcm)?;
    let (at, offset) = (entry.at.as_secs_f64() * 1e3, audio.offset.as_secs_f64() * 1e3);
    (entry.seq as f64, at, audio.turn as f64, pcm, audio.rate.hz(), offset).into_unknown(env)
}
