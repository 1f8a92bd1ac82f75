//! One session without a conversation around it.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bedrock_nova::model::{Catalogue, ModelId};
use bedrock_nova::sonic::{Order, RawSession};
use bedrock_nova::{Error, ErrorKind};
use bedrock_nova_bindings::Rope;
use bytes::Bytes;
use napi::Env;
use napi::bindgen_prelude::{JavaScriptClassExt, Null, ToNapiValue, Unknown};
use napi_derive::napi;

use crate::bell::Bell;
use crate::errors::{raise, thrown};
use crate::op::Op;
use crate::reader::text;
use crate::service::Service;

/// A session, as JavaScript holds it.
#[napi]
pub struct Raw {
    /// None once it was dropped.
    session: Mutex<Option<Arc<RawSession>>>,
    token: u64,
    waker: Waker,
}

/// Opens a stream with its first events; the act comes to a `Raw`.
#[napi]
pub fn start_raw(
    bell: &Bell,
    service: &Service,
    model: Option<String>,
    opening: Vec<String>,
    region: Option<String>,
    ordered: bool,
) -> napi::Result<Op> {
    let model = Catalogue::built_in().model(&model.map_or_else(ModelId::default, ModelId::new));
    let opening: Vec<Bytes> = opening.into_iter().map(Bytes::from).collect();
    let order = if ordered { Order::Checked } else { Order::Free };
    let way = Arc::clone(&service.way);
    let ring = bell.ring();
    let token = ring.token();
    let waker = Rope::waker(&ring, token);
    let act = async move { RawSession::open(&*way.transport().await?, model, region, opening, order).await };
    Op::start(bell, act, move |session| {
        let raw = Raw { session: Mutex::new(Some(Arc::new(session))), token, waker };
        Box::new(move |env| raw.into_instance(env)?.into_unknown(env))
    })
}

#[napi]
impl Raw {
    /// The token under which the bell rings.
    #[napi(getter)]
    pub fn token(&self) -> f64 {
        self.token as f64
    }

    /// The service's request id.
    #[napi(getter)]
    pub fn request_id(&self) -> napi::Result<Option<String>> {
        Ok(self.session()?.request_id().map(str::to_owned))
    }

    /// Sends an event as soon as there is room. One that breaks the order is not sent, and changes nothing.
    #[napi]
    pub fn send(&self, bell: &Bell, event: String) -> napi::Result<Op> {
        Op::start_unit(bell, self.session()?.send(Bytes::from(event)))
    }

    /// Ends this side of the stream: what was sent still goes out.
    #[napi]
    pub fn finish(&self) -> napi::Result<()> {
        self.session()?.finish();
        Ok(())
    }

    /// Returns the JSON of the service's next event, `null` when the bell will ring for it, `false` after the last one.
    #[napi]
    pub fn next<'e>(&self, env: &'e Env) -> napi::Result<Unknown<'e>> {
        match self.session()?.poll_next(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => Null.into_unknown(env),
            Poll::Ready(None) => false.into_unknown(env),
            Poll::Ready(Some(event)) => text(env, &raise(event)?),
        }
    }

    /// Drops the stream at once; whoever waits is told so by the bell.
    #[napi]
    pub fn drop(&self) {
        let gone = self.session.lock().unwrap_or_else(PoisonError::into_inner).take();
        if gone.is_some() {
            self.waker.wake_by_ref();
        }
    }
}

impl Raw {
    fn session(&self) -> napi::Result<Arc<RawSession>> {
        self.session
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(|| thrown(&Error::new(ErrorKind::Misuse, "This session was dropped.").with_code("not-open")))
    }
}
