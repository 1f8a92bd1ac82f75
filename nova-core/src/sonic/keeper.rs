//! The task beside a call that keeps its snapshots, and its lease, in a store.
//!
//! ```text
//!   driver ── newest snapshot ──► keeper ── save, renew ──► store
//!          ◄── saved, lost ──────
//! ```
//!
//! The call never waits for it. A snapshot that was not saved yet gives way to a newer one. When the lease cannot be held,
//! the call ends: from then on it may be another process's.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::snapshot::Snapshot;
use super::store::{Claimed, Holder, Lease, SnapshotStore, Tenure};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CallId, Owner};

/// How long the end of a call waits for the store: it has a deadline of its own, twice at most.
const LAST_WORD: Duration = Duration::from_secs(5);

/// The right to keep one call in a store: the call is claimed, and nobody else has it.
///
/// Give it to [`Builder::keep`](super::Builder::keep) soon: its lease is renewed from then on. One that is dropped is not
/// given back; its lease runs out.
pub struct Hold {
    store: Arc<dyn SnapshotStore>,
    lease: Lease,
    owner: Owner,
    since: Instant,
}

/// What is kept of a call.
#[derive(Serialize, Deserialize)]
struct Record {
    owner: Owner,
    snapshot: Snapshot,
}

impl Hold {
    /// Claims a new call.
    ///
    /// # Errors
    /// Those of [`SnapshotStore::claim`], and `Misuse`, code `call-exists`, for a call that is kept already.
    pub async fn begin(
        store: Arc<dyn SnapshotStore>,
        id: &CallId,
        owner: Owner,
        holder: &Holder,
        life: Duration,
    ) -> Result<Hold> {
        let since = now();
        let Claimed { lease, record } = store.claim(id, holder, life).await?;
        let hold = Hold { store, lease, owner, since };
        if record.is_some() {
            hold.give_back().await;
            return Err(Error::new(ErrorKind::Misuse, format!("The call {id} exists already."))
                .with_code("call-exists")
                .with_hint("Take it over, or begin one with another id."));
        }
        Ok(hold)
    }

    /// Claims a call that another process has left, and returns where it was.
    ///
    /// # Errors
    /// Those of [`SnapshotStore::claim`]; `Invalid`, code `no-such-call`, if nothing is kept of it or it is not this
    /// owner's, which nobody can tell apart; `Invalid`, code `snapshot`, if it cannot be read.
    pub async fn take_over(
        store: Arc<dyn SnapshotStore>,
        id: &CallId,
        owner: &Owner,
        holder: &Holder,
        life: Duration,
    ) -> Result<(Hold, Snapshot)> {
        let since = now();
        let Claimed { lease, record } = store.claim(id, holder, life).await?;
        let hold = Hold { store, lease, owner: owner.clone(), since };
        let Some(record) = record else {
            // A claim of what never was leaves a lease behind.
            let _ = hold.store.remove(&hold.lease).await;
            return Err(no_such_call(id));
        };
        match read(&record) {
            Ok(record) if record.owner == *owner => Ok((hold, record.snapshot)),
            Ok(_) => {
                hold.give_back().await;
                Err(no_such_call(id))
            }
            Err(error) => {
                hold.give_back().await;
                Err(error)
            }
        }
    }

    /// Returns the call.
    #[must_use]
    pub fn id(&self) -> &CallId {
        &self.lease.id
    }

    /// Returns whose it is.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Lets another process claim the call at once. If the store does not hear of it, the lease runs out.
    pub(super) async fn give_back(self) {
        if let Err(error) = self.store.release(&self.lease).await {
            tracing::debug!(code = error.code(), "a lease was not given back");
        }
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("lease", &self.lease).finish_non_exhaustive()
    }
}

/// The call is not there, or not for this owner.
pub(super) fn no_such_call(id: &CallId) -> Error {
    Error::new(ErrorKind::Invalid, format!("There is no call {id}."))
        .with_code("no-such-call")
        .with_hint("It is over, or it was never this owner's.")
}

fn read(record: &Bytes) -> Result<Record> {
    // The snapshot's own reader says what is wrong with it.
    #[derive(Deserialize)]
    struct Parts<'a> {
        owner: Owner,
        #[serde(borrow)]
        snapshot: &'a serde_json::value::RawValue,
    }
    let Parts { owner, snapshot } = serde_json::from_slice(record).map_err(|error| {
        let sentence = format!("What is kept of the call cannot be read (line {}).", error.line());
        Error::new(ErrorKind::Invalid, sentence).with_code("snapshot")
    })?;
    Ok(Record { owner, snapshot: Snapshot::from_json(snapshot.get().as_bytes())? })
}

#[allow(clippy::expect_used, reason = "see the sentence")]
fn write(record: &Record) -> Bytes {
    serde_json::to_vec(record).expect("a record is a tree of named members, texts and numbers").into()
}

/// What the keeper tells the driver.
#[derive(Debug)]
pub(super) enum News {
    /// This revision, and so all before it, is kept.
    Saved(u64),
    /// The lease is lost, or could not be renewed in time.
    Lost(Error),
}

/// What becomes of the record when the call has ended here.
#[derive(Debug)]
pub(super) enum End {
    /// The call is over.
    Remove,
    /// Another process may go on, from this snapshot or else from the last one.
    Release(Option<Box<Snapshot>>),
}

/// The near end of the task.
#[derive(Debug)]
pub(super) struct Keeper {
    newest: watch::Sender<Draft>,
    news: mpsc::Receiver<News>,
    end: oneshot::Sender<End>,
    task: JoinHandle<()>,
}

/// What is to be saved next; nothing at the beginning.
#[derive(Debug, Default)]
struct Draft {
    revision: u64,
    snapshot: Option<Box<Snapshot>>,
}

impl Keeper {
    /// Begins to keep a call; it must be called inside a tokio runtime.
    #[allow(clippy::disallowed_methods, reason = "the store is written to beside the call")]
    pub(super) fn start(hold: Hold) -> Self {
        let (newest, drafts) = watch::channel(Draft::default());
        let (tell, news) = mpsc::channel(4);
        let (end, ended) = oneshot::channel();
        let tenure = Tenure::new(hold.lease.life, Duration::ZERO);
        let Hold { store, lease, owner, since } = hold;
        let work = Work { store, lease, owner, since, tenure, drafts, tell, retry: None };
        Keeper { newest, news, end, task: tokio::spawn(work.run(ended)) }
    }

    /// Hands over the newest snapshot.
    pub(super) fn save(&self, revision: u64, snapshot: Snapshot) {
        self.newest.send_replace(Draft { revision, snapshot: Some(Box::new(snapshot)) });
    }

    /// Waits for news; for ever once there will be none.
    pub(super) async fn news(&mut self) -> News {
        match self.news.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    /// Ends the keeping, and waits for it, but not for long.
    pub(super) async fn end(self, end: End) {
        let Keeper { newest, news, end: tell, task } = self;
        // A task that is gone has lost the lease.
        let _ = tell.send(end);
        drop((newest, news));
        if timeout(LAST_WORD, task).await.is_err() {
            tracing::warn!("the store is slow: what is kept of a call that has ended may be old");
        }
    }
}

struct Work {
    store: Arc<dyn SnapshotStore>,
    lease: Lease,
    owner: Owner,
    /// When the lease was asked for: what its tenure counts from.
    since: Instant,
    tenure: Tenure,
    drafts: watch::Receiver<Draft>,
    tell: mpsc::Sender<News>,
    /// When a save that failed is tried again.
    retry: Option<Instant>,
}

impl Work {
    async fn run(mut self, mut end: oneshot::Receiver<End>) {
        loop {
            let done = tokio::select! {
                biased;
                end = &mut end => match end {
                    Ok(end) => return self.last_word(end).await,
                    // The driver is gone without a word, as when the runtime shuts down: the lease runs out.
                    Err(_) => return,
                },
                () = tokio::time::sleep_until(self.moment(self.tenure.next_renewal())) => self.renew().await,
                () = sleep_until(self.retry), if self.retry.is_some() => self.save().await,
                Ok(()) = self.drafts.changed(), if self.retry.is_none() => self.save().await,
            };
            if let Err(error) = done {
                tracing::warn!(call = %self.lease.id, code = error.code(), "the lease of a call is lost: it ends here");
                // A driver that is gone needs no news.
                let _ = self.tell.send(News::Lost(error)).await;
                return;
            }
        }
    }

    /// # Errors
    /// The lease is lost.
    async fn renew(&mut self) -> Result<()> {
        let sent_at = self.since.elapsed();
        match self.in_time(self.store.renew(&self.lease)).await? {
            Ok(()) => self.tenure.renewed(sent_at),
            Err(error) => {
                tracing::warn!(call = %self.lease.id, code = error.code(), "a lease was not renewed; it is tried again");
                self.tenure.failed(self.since.elapsed());
            }
        }
        Ok(())
    }

    /// # Errors
    /// The lease is lost.
    async fn save(&mut self) -> Result<()> {
        let (revision, snapshot) = {
            let draft = self.drafts.borrow_and_update();
            (draft.revision, draft.snapshot.clone())
        };
        self.retry = None;
        let Some(snapshot) = snapshot else { return Ok(()) };
        let record = write(&Record { owner: self.owner.clone(), snapshot: *snapshot });
        match self.in_time(self.store.save(&self.lease, record)).await? {
            Ok(()) => {
                let _ = self.tell.send(News::Saved(revision)).await;
            }
            Err(error) => {
                tracing::warn!(call = %self.lease.id, code = error.code(), "a snapshot was not saved; it is tried again");
                self.retry = Some(now() + self.lease.life / 12);
            }
        }
        Ok(())
    }

    /// Waits for the store, for no longer than the lease lives.
    ///
    /// # Errors
    /// The lease is lost. What may pass is inside.
    async fn in_time(&self, act: impl Future<Output = Result<()>>) -> Result<Result<()>> {
        let lost_at = self.moment(self.tenure.lost_at());
        match timeout_at(lost_at, act).await {
            Ok(Err(error)) if error.code() == LEASE_LOST => Err(error),
            Ok(done) if now() < lost_at => Ok(done),
            _ => Err(Error::new(
                ErrorKind::Unavailable,
                "The lease of the call was not renewed while it lived.",
            )
            .with_code(LEASE_LOST)
            .with_retryable(false)
            .with_hint("Another process may have the call now. Either the store was away or this process stood still: look which.")),
        }
    }

    async fn last_word(self, end: End) {
        let done = match end {
            End::Remove => self.store.remove(&self.lease).await,
            End::Release(snapshot) => self.release(snapshot).await,
        };
        if let Err(error) = done {
            tracing::warn!(call = %self.lease.id, code = error.code(), "the store did not take the end of a call");
        }
    }

    async fn release(&self, snapshot: Option<Box<Snapshot>>) -> Result<()> {
        if let Some(snapshot) = snapshot {
            let record = write(&Record { owner: self.owner.clone(), snapshot: *snapshot });
            self.store.save(&self.lease, record).await?;
        }
        self.store.release(&self.lease).await
    }

    fn moment(&self, at: Duration) -> Instant {
        self.since + at
    }
}

/// The code of a lease that is lost.
const LEASE_LOST: &str = "lease-lost";

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[allow(clippy::disallowed_methods, reason = "a lease runs by the clock")]
fn now() -> Instant {
    Instant::now()
}
