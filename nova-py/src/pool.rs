//! A pool of calls, as Python holds it.

use std::sync::Arc;

use bedrock_nova::ids::{CallId, Owner};
use bedrock_nova::sonic::observe::prometheus;
use bedrock_nova::sonic::store::Holder;
use bedrock_nova::sonic::{Builder, ConversationPool, Drained, Whereabouts};
use bedrock_nova_bindings::describe::{self, Log, seconds};
use bedrock_nova_bindings::runtime;
use pyo3::prelude::*;

use crate::bell::Bell;
use crate::call::Call;
use crate::errors::raise;
use crate::inbox::Inbox;
use crate::op::{Made, Op};
use crate::runtime::check_fork;
use crate::service::Service;

/// Calls of many owners.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Pool {
    pool: ConversationPool,
}

#[pymethods]
impl Pool {
    /// Makes a pool; the act comes to a `Pool`.
    #[staticmethod]
    #[pyo3(signature = (bell, conversations, idle, *, per_owner=None, owner_budget=None, store=None, hint="", lease=15.0))]
    fn start(
        py: Python<'_>,
        bell: &Bell,
        conversations: usize,
        idle: f64,
        per_owner: Option<usize>,
        owner_budget: Option<(Vec<u8>, f64)>,
        store: Option<String>,
        hint: &str,
        lease: f64,
    ) -> PyResult<Op> {
        let budget = owner_budget.map(|(budget, per)| (budget, seconds(per)));
        let builder = raise(py, describe::pool(conversations, per_owner, seconds(idle), budget))?;
        let holder = Holder::new(hint);
        let act = async move {
            prometheus::record();
            let builder = match store {
                Some(place) => builder.store_for(describe::store(&place).await?, holder, seconds(lease)),
                None => builder,
            };
            builder.build()
        };
        raise(py, Op::start(bell, act, |pool| Box::new(move |py| Ok(Py::new(py, Pool { pool })?.into_any()))))
    }

    /// Opens a call for an owner; the act comes to a `Call`.
    #[pyo3(signature = (bell, service, owner, options, tools, *, record=None, record_in_full=false))]
    fn open(
        &self,
        py: Python<'_>,
        bell: &Bell,
        service: &Service,
        owner: &str,
        options: &[u8],
        tools: &Inbox,
        record: Option<std::path::PathBuf>,
        record_in_full: bool,
    ) -> PyResult<Op> {
        let log = record.map(|path| Log { path, in_full: record_in_full });
        let builder = raise(py, describe::anew(options, &tools.wishes, log))?;
        self.begin(py, bell, service, owner, builder)
    }

    /// Opens a call for an owner that goes on from a snapshot; the act comes to a `Call`.
    fn open_from(
        &self,
        py: Python<'_>,
        bell: &Bell,
        service: &Service,
        owner: &str,
        snapshot: &[u8],
        offers: &[u8],
        tools: &Inbox,
    ) -> PyResult<Op> {
        let builder = raise(py, describe::again(snapshot, offers, &tools.wishes, None))?;
        self.begin(py, bell, service, owner, builder)
    }

    /// Finds a call that is here.
    fn get(&self, py: Python<'_>, id: &str, owner: &str) -> PyResult<Call> {
        raise(py, check_fork())?;
        raise(py, self.pool.get(&id.into(), &owner.into())).map(Call::pooled)
    }

    /// Finds a call here or takes it over from the store; the act comes to a `Call`.
    fn resume(
        &self,
        py: Python<'_>,
        bell: &Bell,
        service: &Service,
        id: &str,
        owner: &str,
        offers: &[u8],
        tools: &Inbox,
    ) -> PyResult<Op> {
        let offers = raise(py, describe::read_offers(offers))?;
        let (pool, way, wishes) = (self.pool.clone(), Arc::clone(&service.way), tools.wishes.clone());
        let (id, owner) = (CallId::from(id), Owner::from(owner));
        let act = async move {
            let transport = way.transport().await?;
            let bring = |builder: Builder| describe::with_tools(builder.transport(transport), offers, &wishes);
            pool.resume(&id, &owner, bring).await
        };
        raise(py, Op::start(bell, act, Call::made))
    }

    /// Says where a call is; the act comes to `("here" | "elsewhere" | "left", hint, seconds)`.
    fn locate(&self, py: Python<'_>, bell: &Bell, id: &str, owner: &str) -> PyResult<Op> {
        let (pool, id, owner) = (self.pool.clone(), CallId::from(id), Owner::from(owner));
        raise(py, Op::start(bell, async move { pool.locate(&id, &owner).await }, whereabouts))
    }

    /// The ids of an owner's calls that are here.
    fn calls(&self, owner: &str) -> Vec<String> {
        self.pool.calls(&owner.into()).iter().map(|id| id.as_str().to_owned()).collect()
    }

    /// `(live, opening, limit, draining)`.
    fn stats(&self) -> (usize, usize, usize, bool) {
        let stats = self.pool.stats();
        (stats.live, stats.opening, stats.limit, stats.draining)
    }

    /// The common end; the act comes to `(finished, closed, parked, dropped)`.
    fn drain(&self, py: Python<'_>, bell: &Bell, deadline: f64) -> PyResult<Op> {
        let (pool, deadline) = (self.pool.clone(), seconds(deadline));
        raise(py, Op::start(bell, async move { Ok(pool.drain(deadline).await) }, drained))
    }
}

impl Pool {
    fn begin(&self, py: Python<'_>, bell: &Bell, service: &Service, owner: &str, builder: Builder) -> PyResult<Op> {
        let (pool, way, owner) = (self.pool.clone(), Arc::clone(&service.way), Owner::from(owner));
        let act = async move { pool.open(&owner, builder.transport(way.transport().await?)).await };
        raise(py, Op::start(bell, act, Call::made))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Its calls are dropped with it, and that wants the runtime's clock.
        let _inside = runtime().ok().map(tokio::runtime::Runtime::enter);
    }
}

fn whereabouts(at: Whereabouts) -> Made {
    Box::new(move |py| {
        let told = match at {
            Whereabouts::Here => ("here", String::new(), 0.0),
            Whereabouts::Elsewhere { hint, remaining } => ("elsewhere", hint, remaining.as_secs_f64()),
            _ => ("left", String::new(), 0.0),
        };
        Ok(told.into_pyobject(py)?.into_any().unbind())
    })
}

fn drained(drained: Drained) -> Made {
    let Drained { finished, closed, parked, dropped, .. } = drained;
    Box::new(move |py| Ok((finished, closed, parked, dropped).into_pyobject(py)?.into_any().unbind()))
}
