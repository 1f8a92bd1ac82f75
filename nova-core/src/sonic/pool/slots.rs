//! Which calls there are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Pooled;
use crate::ids::{CallId, Owner};
use crate::sonic::readers::SharedConversation;

/// The calls of a pool, and those that are being opened.
#[derive(Default)]
pub(super) struct Slots {
    slots: BTreeMap<CallId, Slot>,
    /// Number of the slot that was taken last.
    last: u64,
}

struct Slot {
    owner: Owner,
    /// Which one it was, counted from 1.
    number: u64,
    stage: Stage,
}

enum Stage {
    /// Whoever waits for it waits for the other end to go.
    Opening(watch::Receiver<()>),
    Live {
        call: SharedConversation,
        held: Arc<()>,
        let_go: Option<Instant>,
    },
}

/// What was found under an id.
pub(super) enum Found {
    Opening(watch::Receiver<()>),
    Live(Pooled),
}

impl Slots {
    /// Returns how many calls are live, and how many are being opened.
    pub(super) fn count(&self) -> (usize, usize) {
        let live = self.slots.values().filter(|slot| matches!(slot.stage, Stage::Live { .. })).count();
        (live, self.slots.len() - live)
    }

    pub(super) fn count_of(&self, owner: &Owner) -> usize {
        self.slots.values().filter(|slot| slot.owner == *owner).count()
    }

    /// Returns an owner's live calls, oldest first.
    pub(super) fn of(&self, owner: &Owner) -> Vec<CallId> {
        let live = |slot: &Slot| slot.owner == *owner && matches!(slot.stage, Stage::Live { .. });
        let mut calls: Vec<_> = self.slots.iter().filter(|(_, slot)| live(slot)).collect();
        calls.sort_by_key(|(_, slot)| slot.number);
        calls.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// Finds what is there for an owner.
    pub(super) fn find(&mut self, id: &CallId, owner: &Owner) -> Option<Found> {
        let slot = self.slots.get_mut(id).filter(|slot| slot.owner == *owner)?;
        Some(match &mut slot.stage {
            Stage::Opening(done) => Found::Opening(done.clone()),
            Stage::Live { call, held, let_go } => {
                // Its time begins anew when this one is let go.
                *let_go = None;
                Found::Live(pooled(id, &slot.owner, call, held))
            }
        })
    }

    /// Takes a slot; those who wait for it are told by the end of what is returned.
    pub(super) fn reserve(&mut self, id: &CallId, owner: &Owner) -> watch::Sender<()> {
        let (done, waits) = watch::channel(());
        self.last += 1;
        let slot = Slot { owner: owner.clone(), number: self.last, stage: Stage::Opening(waits) };
        self.slots.insert(id.clone(), slot);
        done
    }

    /// Puts a call into the slot that was taken for it.
    pub(super) fn fill(&mut self, id: &CallId, owner: &Owner, call: SharedConversation) -> Pooled {
        let held = Arc::new(());
        let given = pooled(id, owner, &call, &held);
        let stage = Stage::Live { call, held, let_go: None };
        match self.slots.get_mut(id) {
            Some(slot) => slot.stage = stage,
            None => {
                self.last += 1;
                self.slots.insert(id.clone(), Slot { owner: owner.clone(), number: self.last, stage });
            }
        }
        given
    }

    /// Frees a slot.
    pub(super) fn free(&mut self, id: &CallId) {
        self.slots.remove(id);
    }

    /// Returns every live call.
    pub(super) fn live(&self) -> Vec<(CallId, SharedConversation)> {
        let live = self.slots.iter().filter_map(|(id, slot)| match &slot.stage {
            Stage::Live { call, .. } => Some((id.clone(), call.clone())),
            Stage::Opening(_) => None,
        });
        live.collect()
    }

    /// Returns the live calls of an owner.
    pub(super) fn live_of(&self, owner: &Owner) -> Vec<SharedConversation> {
        let of_owner = self.slots.values().filter(|slot| slot.owner == *owner);
        let live = of_owner.filter_map(|slot| match &slot.stage {
            Stage::Live { call, .. } => Some(call.clone()),
            Stage::Opening(_) => None,
        });
        live.collect()
    }

    /// Returns the calls that nobody has held for so long; each is returned once.
    pub(super) fn forgotten(&mut self, now: Instant, idle: Duration) -> Vec<SharedConversation> {
        let mut forgotten = Vec::new();
        for slot in self.slots.values_mut() {
            let Stage::Live { call, held, let_go } = &mut slot.stage else { continue };
            if Arc::strong_count(held) > 1 {
                *let_go = None;
                continue;
            }
            let since = *let_go.get_or_insert(now);
            if now.duration_since(since) >= idle {
                // It is closed now; should that take longer than another such time, it is asked again.
                *let_go = Some(now);
                forgotten.push(call.clone());
            }
        }
        forgotten
    }
}

fn pooled(id: &CallId, owner: &Owner, call: &SharedConversation, held: &Arc<()>) -> Pooled {
    Pooled { id: id.clone(), owner: owner.clone(), call: call.clone(), held: Arc::clone(held) }
}

#[allow(clippy::disallowed_methods, reason = "calls are idle by the clock")]
pub(super) fn now() -> Instant {
    Instant::now()
}
