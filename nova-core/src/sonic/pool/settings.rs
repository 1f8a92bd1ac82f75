//! What a pool is to be.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{ConversationPool, Inner, State, sweep};
use crate::error::{Error, ErrorKind, Result};
use crate::sonic::store::{Holder, SnapshotStore, USUAL_LIFE};
use crate::usage::Budget;

/// As many calls as a server usually has. Each costs some forty kilobytes while it is idle, three megabytes more once a
/// minute of sound that was heard is in its log (ten at most), and a hundred events a second.
const CONVERSATIONS: usize = 100;
/// Longer than a page takes to reload and a telephone to change networks.
const IDLE: Duration = Duration::from_secs(120);

/// Below it a renewal, due at a third, has no time to be late.
const LEAST_LIFE: Duration = Duration::from_secs(1);

/// What an owner's calls may use together, in a period.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OwnerBudget {
    /// How much. Its farewell is not used: each call has its own.
    pub budget: Budget,
    /// In how long; the period begins with the owner's first call. Accounts are this process's own, and begin anew with
    /// it.
    pub per: Duration,
}

impl OwnerBudget {
    /// Allows so much in so long.
    #[must_use]
    pub fn new(budget: Budget, per: Duration) -> Self {
        OwnerBudget { budget, per }
    }
}

/// Where a pool keeps its calls.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) store: Arc<dyn SnapshotStore>,
    pub(super) holder: Holder,
    pub(super) life: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) conversations: usize,
    pub(super) per_owner: usize,
    pub(super) idle: Duration,
    pub(super) owner_budget: Option<OwnerBudget>,
    pub(super) store: Option<Kept>,
}

/// Describes a pool; [`build`](PoolBuilder::build) makes it.
#[derive(Clone)]
#[must_use = "nothing happens until build"]
pub struct PoolBuilder {
    settings: Settings,
}

impl Default for PoolBuilder {
    fn default() -> Self {
        let settings = Settings {
            conversations: CONVERSATIONS,
            per_owner: usize::MAX,
            idle: IDLE,
            owner_budget: None,
            store: None,
        };
        PoolBuilder { settings }
    }
}

impl PoolBuilder {
    /// Sets how many calls there may be in this process, those that are being opened included; 100 without it.
    pub fn conversations(mut self, most: usize) -> Self {
        self.settings.conversations = most;
        self
    }

    /// Sets how many of them one owner may have in this process; all without it.
    pub fn per_owner(mut self, most: usize) -> Self {
        self.settings.per_owner = most;
        self
    }

    /// Sets how long a call may be that nobody holds; two minutes without it.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.settings.idle = idle;
        self
    }

    /// Sets what the calls of one owner may use together. At a soft bound each of them tells of it, at a hard one each of
    /// them ends with its farewell, and no other one is opened in the period.
    pub fn owner_budget(mut self, budget: OwnerBudget) -> Self {
        self.settings.owner_budget = Some(budget);
        self
    }

    /// Keeps calls in a store, under this process's name; leases live for 15 s
    /// ([`USUAL_LIFE`](crate::sonic::store::USUAL_LIFE)).
    pub fn store(self, store: Arc<dyn SnapshotStore>, holder: Holder) -> Self {
        self.store_for(store, holder, USUAL_LIFE)
    }

    /// The same with another life of leases: see [how long a life](crate::sonic::store#how-long-a-life).
    pub fn store_for(mut self, store: Arc<dyn SnapshotStore>, holder: Holder, life: Duration) -> Self {
        self.settings.store = Some(Kept { store, holder, life });
        self
    }

    /// Makes the pool. It must be called inside a tokio runtime.
    ///
    /// # Errors
    /// `Misuse` outside of a tokio runtime; `Invalid`, code `lease-life`, for leases that live for less than a second.
    pub fn build(self) -> Result<ConversationPool> {
        if self.settings.store.as_ref().is_some_and(|kept| kept.life < LEAST_LIFE) {
            return Err(Error::new(ErrorKind::Invalid, "A lease of less than a second runs out before it is renewed.")
                .with_code("lease-life")
                .with_hint("Most are well served by 15 s, store::USUAL_LIFE."));
        }
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|cause| Error::new(ErrorKind::Misuse, "build() needs a tokio runtime.").with_cause(cause))?;
        let inner = Arc::new(Inner { settings: self.settings, state: State::default().into() });
        runtime.spawn(sweep::run(Arc::downgrade(&inner)));
        Ok(ConversationPool { inner })
    }
}

impl fmt::Debug for PoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolBuilder").field(&self.settings).finish()
    }
}
