//! Where a call is, for whoever came to the wrong process.

use std::time::Duration;

use super::{ConversationPool, name};
use crate::error::Result;
use crate::ids::{CallId, Owner};
use crate::sonic::keeper::no_such_call;
use crate::sonic::store::Standing;

/// Where a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Whereabouts {
    /// In this pool, or about to be.
    Here,
    /// In another process.
    Elsewhere {
        /// How that one is reached, in the words of its [`Holder`](crate::sonic::store::Holder).
        hint: String,
        /// When it may be taken over at the latest if that process is dead; if it lives, it goes on holding it.
        remaining: Duration,
    },
    /// In none. [`resume`](ConversationPool::resume) takes it over.
    Left,
}

impl ConversationPool {
    /// Says where a call is, and changes nothing: a moment later it may be somewhere else.
    ///
    /// # Errors
    /// `Invalid`, code `no-such-call`, if there is none of that id for this owner; those of
    /// [`SnapshotStore::look`](crate::sonic::store::SnapshotStore::look).
    pub async fn locate(&self, id: &CallId, owner: &Owner) -> Result<Whereabouts> {
        if self.lock().slots.find(id, owner).is_some() {
            return Ok(Whereabouts::Here);
        }
        let Some(kept) = self.inner.settings.store.as_ref().filter(|_| name::is_of(id, owner)) else {
            return Err(no_such_call(id));
        };
        match kept.store.look(id).await? {
            None => Err(no_such_call(id)),
            Some(Standing::Unheld) => Ok(Whereabouts::Left),
            Some(Standing::Held { holder, .. }) if holder.process == kept.holder.process => Ok(Whereabouts::Here),
            Some(Standing::Held { holder, remaining }) => Ok(Whereabouts::Elsewhere { hint: holder.hint, remaining }),
        }
    }
}
