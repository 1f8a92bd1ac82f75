//! The task beside each call: what it uses is booked, and its end frees the place.

use std::sync::{Arc, Weak};

use super::observers::Observers;
use super::{Inner, Pooled, slots};
use crate::ids::{CallId, Owner};
use crate::model::ModelId;
use crate::sonic::event::Event;
use crate::sonic::readers::{ReadFrom, Reader};
use crate::usage::Money;

/// Watches a call until it ends, which has cost so much in other processes. It holds neither the call nor the pool.
#[allow(clippy::disallowed_methods, reason = "a pool watches its calls")]
pub(super) fn start(pool: &Arc<Inner>, call: &Pooled, model: &ModelId, cost: Option<Money>) {
    let observers = Observers::of(call, model);
    let events = call.reader(ReadFrom::Oldest);
    pool.lock().accounts.begin(slots::now(), call.owner(), call.id(), cost);
    tokio::spawn(run(Arc::downgrade(pool), call.id().clone(), call.owner().clone(), events, observers));
}

async fn run(pool: Weak<Inner>, id: CallId, owner: Owner, mut events: Reader, mut observers: Observers) {
    while let Some(entry) = events.next().await {
        observers.observe(&entry);
        let Some(pool) = pool.upgrade() else { return };
        if let Event::Usage { delta, cost, .. } = &entry.event {
            pool.lock().accounts.book(&owner, &id, *delta, *cost);
            pool.check_budget(&owner).await;
        }
    }
    if let Some(pool) = pool.upgrade() {
        let mut state = pool.lock();
        state.accounts.end(slots::now(), &owner, &id);
        state.slots.free(&id);
    }
}
