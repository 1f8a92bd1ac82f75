//! A store for one machine: a folder.
//!
//! ```text
//!   <folder>/calls/<id>.lease             whose turn it is: the token, and who; JSON
//!                 /<id>.<token>.held      until when that turn counts; JSON; gone when the call was released
//!                 /<id>.<token>.record    what was saved
//!                 /<id>.lock              empty; locked by the kernel for whoever claims the call or removes it
//!           /drafts/…                     what is being written; renamed into its place, at once and whole
//!           /alive/…                      one file for each open store, locked as long as its process lives
//! ```
//!
//! Only the owner of the process can read any of it. One idea a file: [`ledger`] knows what the files of a lease mean,
//! [`presence`] who is alive, [`lock`] how there is one at a time, [`paths`] how a file gets into its place, [`shelf`]
//! puts them together, [`sweep`] takes away what the dead left.

mod ledger;
mod lock;
mod paths;
mod presence;
mod shelf;
mod sweep;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::shelf::Shelf;
use super::handover::claim_for_somebody;
use super::{Claimed, Holder, Lease, RECORD_LIFE, SnapshotStore, Standing, refusal};
use crate::error::Result;
use crate::ids::CallId;
use crate::transport::BoxFuture;

/// How long an act may take, its wait for a thread included.
const DEADLINE: Duration = Duration::from_secs(2);
/// Threads that one store occupies at most; further acts wait, within their deadline.
const THREADS: usize = 8;

/// Keeps snapshots in a folder of this machine; see [the module](super) for what that promises.
///
/// Clones are the same store. As long as one of them is alive, so are the leases that were claimed or last renewed
/// through it; when the last one is dropped or its process dies, these calls can be claimed at once. (A child that was
/// forked without `exec` counts as its process too: then what is left of the life must be waited for.) The folder must
/// be on a local disk, since its file system must lock files among all that use it, which network file systems do not
/// always; and no cleaner of old files may roam there.
#[derive(Clone)]
pub struct FolderStore {
    shelf: Arc<Shelf>,
    threads: Arc<Semaphore>,
    record_life: Duration,
}

impl FolderStore {
    /// Describes a store in a folder, which is made at the first use, for nobody but the owner of this process.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        FolderStore {
            shelf: Arc::new(Shelf::new(folder.into())),
            threads: Arc::new(Semaphore::new(THREADS)),
            record_life: RECORD_LIFE,
        }
    }

    /// Sets how long a record stays that nobody touches; a day when nothing is said. What is older is removed when a
    /// store claims its first call, and about once an hour after that.
    #[must_use]
    pub fn record_life(mut self, life: Duration) -> Self {
        self.record_life = life;
        self
    }

    /// Does something on a thread that may block.
    fn act<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Shelf) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send + 'static {
        let (shelf, threads) = (Arc::clone(&self.shelf), Arc::clone(&self.threads));
        let act = async move {
            let thread = threads.acquire_owned().await.map_err(|_| refusal::shut_down())?;
            let act = tokio::task::spawn_blocking(move || {
                let _thread = thread;
                act(&shelf)
            });
            act.await.map_err(|_| refusal::shut_down())?
        };
        async move { timeout(DEADLINE, act).await.map_err(|_| refusal::late(DEADLINE))? }
    }

    /// Sweeps beside the calls, where that is due and a thread is free.
    fn sweep(&self) {
        if let Ok(thread) = Arc::clone(&self.threads).try_acquire_owned()
            && self.shelf.sweep_is_due()
        {
            let (shelf, record_life) = (Arc::clone(&self.shelf), self.record_life);
            tokio::task::spawn_blocking(move || {
                let _thread = thread;
                shelf.sweep(record_life);
            });
        }
    }
}

impl SnapshotStore for FolderStore {
    fn claim(&self, id: &CallId, holder: &Holder, life: Duration) -> BoxFuture<Result<Claimed>> {
        let (store, id, holder) = (self.clone(), id.clone(), holder.clone());
        claim_for_somebody(self.clone(), async move {
            refusal::check_id(&id)?;
            refusal::check_life(life)?;
            let claimed = store.act(move |shelf| shelf.claim(&id, &holder, life)).await;
            store.sweep();
            claimed
        })
    }

    fn save(&self, lease: &Lease, record: Bytes) -> BoxFuture<Result<()>> {
        let (store, lease) = (self.clone(), lease.clone());
        Box::pin(async move {
            refusal::check_id(&lease.id)?;
            refusal::check_record(&record)?;
            store.act(move |shelf| shelf.save(&lease, &record)).await
        })
    }

    fn renew(&self, lease: &Lease) -> BoxFuture<Result<()>> {
        self.under(lease, Shelf::renew)
    }

    fn release(&self, lease: &Lease) -> BoxFuture<Result<()>> {
        self.under(lease, Shelf::release)
    }

    fn remove(&self, lease: &Lease) -> BoxFuture<Result<()>> {
        self.under(lease, Shelf::remove)
    }

    fn look(&self, id: &CallId) -> BoxFuture<Result<Option<Standing>>> {
        let (store, id) = (self.clone(), id.clone());
        Box::pin(async move {
            refusal::check_id(&id)?;
            store.act(move |shelf| shelf.look(&id)).await
        })
    }
}

impl FolderStore {
    fn under(&self, lease: &Lease, act: fn(&Shelf, &Lease) -> Result<()>) -> BoxFuture<Result<()>> {
        let (store, lease) = (self.clone(), lease.clone());
        Box::pin(async move {
            refusal::check_id(&lease.id)?;
            refusal::check_life(lease.life)?;
            store.act(move |shelf| act(shelf, &lease)).await
        })
    }
}

impl fmt::Debug for FolderStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderStore")
            .field("folder", &self.shelf.root())
            .field("record_life", &self.record_life)
            .finish_non_exhaustive()
    }
}
