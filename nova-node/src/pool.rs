//! A pool of calls, as JavaScript holds it.

use std::sync::{Arc, Mutex, PoisonError};

use bedrock_nova::ids::{CallId, Owner};
use bedrock_nova::sonic::observe::prometheus;
use bedrock_nova::sonic::store::Holder;
use bedrock_nova::sonic::{Builder, ConversationPool, Drained, Whereabouts};
use bedrock_nova::{Error, ErrorKind};
use bedrock_nova_bindings::describe::{self, seconds};
use bedrock_nova_bindings::runtime;
use napi::bindgen_prelude::{JavaScriptClassExt, ToNapiValue};
use napi_derive::napi;
use serde_json::json;

use crate::bell::Bell;
use crate::call::{Call, log};
use crate::errors::{raise, thrown};
use crate::inbox::Inbox;
use crate::op::{Made, Op, text};
use crate::service::Service;

/// Calls of many owners.
#[napi]
pub struct Pool {
    /// None once it was dropped.
    pool: Mutex<Option<ConversationPool>>,
}

/// What a pool is to be; times are milliseconds.
#[napi(object)]
pub struct PoolSettings {
    /// How many calls there may be.
    pub conversations: u32,
    /// How many of them one owner may have.
    pub per_owner: Option<u32>,
    /// After how long a call that nobody holds is ended.
    pub idle_ms: f64,
    /// JSON of a budget.
    pub owner_budget: Option<String>,
    /// The period that it is for.
    pub owner_period_ms: Option<f64>,
    /// A folder, or the address of a Redis.
    pub store: Option<String>,
    /// How others reach this process.
    pub hint: String,
    /// How long a lease is.
    pub lease_ms: f64,
}

/// How full a pool is.
#[napi(object)]
pub struct PoolStats {
    /// Calls that are here.
    pub live: u32,
    /// Calls that are being opened.
    pub opening: u32,
    /// How many there may be.
    pub limit: u32,
    /// Whether it takes no more.
    pub draining: bool,
}

/// Makes a pool; the act comes to a `Pool`.
#[napi]
pub fn start_pool(bell: &Bell, settings: PoolSettings) -> napi::Result<Op> {
    let budget = settings.owner_budget.map(String::into_bytes);
    let period = seconds(settings.owner_period_ms.unwrap_or_default() / 1e3);
    let builder = raise(describe::pool(
        settings.conversations as usize,
        settings.per_owner.map(|most| most as usize),
        seconds(settings.idle_ms / 1e3),
        budget.map(|budget| (budget, period)),
    ))?;
    let (holder, lease, store) = (Holder::new(&settings.hint), seconds(settings.lease_ms / 1e3), settings.store);
    let act = async move {
        prometheus::record();
        let builder = match store {
            Some(place) => builder.store_for(describe::store(&place).await?, holder, lease),
            None => builder,
        };
        builder.build()
    };
    Op::start(bell, act, |pool| {
        let pool = Pool { pool: Mutex::new(Some(pool)) };
        Box::new(move |env| pool.into_instance(env)?.into_unknown(env))
    })
}

#[napi]
impl Pool {
    /// Opens a call for an owner; the act comes to a `Call`.
    #[napi]
    pub fn open(
        &self,
        bell: &Bell,
        service: &Service,
        owner: String,
        options: String,
        tools: &Inbox,
        record: Option<String>,
        record_in_full: bool,
    ) -> napi::Result<Op> {
        let builder = raise(describe::anew(options.as_bytes(), &tools.wishes, log(record, record_in_full)))?;
        self.begin(bell, service, &owner, builder)
    }

    /// Opens a call for an owner that goes on from a snapshot; the act comes to a `Call`.
    #[napi]
    pub fn open_from(
        &self,
        bell: &Bell,
        service: &Service,
        owner: String,
        snapshot: String,
        offers: String,
        tools: &Inbox,
    ) -> napi::Result<Op> {
        let builder = raise(describe::again(snapshot.as_bytes(), offers.as_bytes(), &tools.wishes, None))?;
        self.begin(bell, service, &owner, builder)
    }

    /// Finds a call that is here.
    #[napi]
    pub fn get(&self, id: String, owner: String) -> napi::Result<Call> {
        raise(self.pool()?.get(&id.as_str().into(), &owner.as_str().into())).map(Call::pooled)
    }

    /// Finds a call here or takes it over from the store; the act comes to a `Call`.
    #[napi]
    pub fn resume(
        &self,
        bell: &Bell,
        service: &Service,
        id: String,
        owner: String,
        offers: String,
        tools: &Inbox,
    ) -> napi::Result<Op> {
        let offers = raise(describe::read_offers(offers.as_bytes()))?;
        let (pool, way, wishes) = (self.pool()?, Arc::clone(&service.way), tools.wishes.clone());
        let (id, owner) = (CallId::from(id.as_str()), Owner::from(owner.as_str()));
        let act = async move {
            let transport = way.transport().await?;
            let bring = |builder: Builder| describe::with_tools(builder.transport(transport), offers, &wishes);
            pool.resume(&id, &owner, bring).await
        };
        Op::start(bell, act, |pooled| Call::made(Call::pooled(pooled)))
    }

    /// Says where a call is; the act comes to JSON.
    #[napi]
    pub fn locate(&self, bell: &Bell, id: String, owner: String) -> napi::Result<Op> {
        let (pool, id, owner) = (self.pool()?, CallId::from(id.as_str()), Owner::from(owner.as_str()));
        Op::start(bell, async move { pool.locate(&id, &owner).await }, whereabouts)
    }

    /// The ids of an owner's calls that are here.
    #[napi]
    pub fn calls(&self, owner: String) -> napi::Result<Vec<String>> {
        let calls = self.pool()?.calls(&owner.as_str().into());
        Ok(calls.iter().map(|id| id.as_str().to_owned()).collect())
    }

    /// How full it is.
    #[napi]
    pub fn stats(&self) -> napi::Result<PoolStats> {
        let stats = self.pool()?.stats();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (live, opening, limit) = (count(stats.live), count(stats.opening), count(stats.limit));
        Ok(PoolStats { live, opening, limit, draining: stats.draining })
    }

    /// The common end; the act comes to JSON.
    #[napi]
    pub fn drain(&self, bell: &Bell, deadline_ms: f64) -> napi::Result<Op> {
        let (pool, deadline) = (self.pool()?, seconds(deadline_ms / 1e3));
        Op::start(bell, async move { Ok(pool.drain(deadline).await) }, drained)
    }

    /// Lets go of the pool, and with it of its calls.
    #[napi]
    pub fn drop(&self) {
        let gone = self.pool.lock().unwrap_or_else(PoisonError::into_inner).take();
        inside(|| std::mem::drop(gone));
    }
}

impl Pool {
    pub(crate) fn pool(&self) -> napi::Result<ConversationPool> {
        self.pool
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(|| thrown(&Error::new(ErrorKind::Misuse, "This pool was closed.").with_code("not-open")))
    }

    fn begin(&self, bell: &Bell, service: &Service, owner: &str, builder: Builder) -> napi::Result<Op> {
        let (pool, way, owner) = (self.pool()?, Arc::clone(&service.way), Owner::from(owner));
        let act = async move { pool.open(&owner, builder.transport(way.transport().await?)).await };
        Op::start(bell, act, |pooled| Call::made(Call::pooled(pooled)))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        Pool::drop(self);
    }
}

fn whereabouts(at: Whereabouts) -> Made {
    text(
        match at {
            Whereabouts::Here => json!({ "where": "here" }),
            Whereabouts::Elsewhere { hint, remaining } => {
                json!({ "where": "elsewhere", "hint": hint, "remainingMs": remaining.as_secs_f64() * 1e3 })
            }
            _ => json!({ "where": "left" }),
        }
        .to_string(),
    )
}

fn drained(drained: Drained) -> Made {
    text(written(&drained))
}

/// Writes down what became of a pool's calls.
pub(crate) fn written(drained: &Drained) -> String {
    let Drained { finished, closed, parked, dropped, .. } = drained;
    json!({ "finished": finished, "closed": closed, "parked": parked, "dropped": dropped }).to_string()
}

/// Lets go of calls, or of a pool with its calls: that wants the runtime's clock.
pub(crate) fn inside(let_go: impl FnOnce()) {
    let _inside = runtime().ok().map(tokio::runtime::Runtime::enter);
    let_go();
}
