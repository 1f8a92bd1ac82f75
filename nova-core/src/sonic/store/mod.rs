//! Where snapshots of calls are kept, so that a call outlives its process and is owned by one process at a time.
//!
//! A **record** is what a process must know to go on with a call that another one began; to a store it is bytes. A
//! **lease** is the right to a call for a time. Who holds it *renews* it while the call goes on, *saves* records under
//! it, *releases* it at an orderly shutdown, and *removes* the call when it is over. When the process dies instead, the
//! lease runs out, and the next one that *claims* the call gets the record and goes on.
//!
//! ```text
//!   nothing ── claim ──▶ Held ── release, or the life has run out ──▶ Unheld ── claim ──▶ Held …
//!                        │  ▲
//!                        │  └── save, renew           Of many claims at once exactly one succeeds;
//!                        └── remove ──▶ nothing       the others are told `held-elsewhere`, and by whom.
//! ```
//!
//! What a holder does:
//!
//! ```no_run
//! # #[cfg(feature = "runtime")]
//! # async fn hold(now: impl Fn() -> std::time::Duration) -> bedrock_nova::Result<()> {
//! use bedrock_nova::sonic::store::{Claimed, FolderStore, Holder, SnapshotStore, Tenure, USUAL_LIFE};
//!
//! let store = FolderStore::new("/var/lib/my-app/calls");
//! let me = Holder::new("http://10.0.0.7:8080"); // once in the life of a process
//!
//! let sent = now();
//! let Claimed { lease, record } = store.claim(&"call-1".into(), &me, USUAL_LIFE).await?;
//! let mut tenure = Tenure::new(lease.life, sent);
//! // … go on from `record`, or begin. Whenever the call has changed:
//! store.save(&lease, "what another process must know".into()).await?;
//! // At `tenure.next_renewal()`:
//! let sent = now();
//! match store.renew(&lease).await {
//!     Ok(()) => tenure.renewed(sent),
//!     Err(error) if error.is_retryable() => tenure.failed(now()), // and at `tenure.lost_at()` stop
//!     Err(error) => return Err(error),                            // lost: stop at once
//! }
//! // When the call is over; at an orderly shutdown `release` instead.
//! store.remove(&lease).await?;
//! # let _ = record;
//! # Ok(())
//! # }
//! ```
//!
//! # Fencing
//!
//! A lease alone protects nobody: a process may stop for a minute (swapped out, a container paused, a machine moved)
//! and wake up in the firm belief that the call is its own. So every claim gets a **token**, greater than all before,
//! and every save, renewal, release and removal shows it. In one step with the act itself the store checks that the
//! token is the last one *and* that the lease has not run out. A sleeper is refused (`lease-lost`, not retryable), also
//! where nobody has claimed its call meanwhile. What tokens cannot fence is what goes past the store: the sleeper's
//! stream to Bedrock and its tools. Therefore it must stop by itself, by its own clock, at [`Tenure::lost_at`].
//!
//! # When the store is away
//!
//! Every act has a deadline. `Unavailable` and `Timeout` with [`is_retryable`](crate::Error::is_retryable) mean: the
//! call goes on, try again when [`Tenure::next_renewal`] says. A call that cannot be saved is a call like before there
//! were stores: it dies with its process. A call that cannot be *renewed* must end, or be cut off from the store for
//! good, at [`Tenure::lost_at`], since from then on another process may go on with it. After a `Timeout` an act may be
//! done or not: to save or to renew twice does no harm; a claim that timed out may hold the call in your name until its
//! life has run out, and a removal tried again may be told `lease-lost` because the first one has worked.
//!
//! # How long a life
//!
//! Two wishes pull at it. In a fleet, a call whose process died is silent for up to a whole life. And a store may be
//! away for up to two thirds of a life (renewals come at a third) less its deadline before live calls are given up for
//! nothing. [`USUAL_LIFE`], 15 s, bears 8 s of an absent store (a restart, a short partition, a quick change of its
//! primary) and makes a caller wait no longer than callers do. Shorter than three deadlines (6 s) makes no sense;
//! longer than a minute only where nobody waits for the fail-over. On one machine the life hardly matters, as follows.
//!
//! # What is promised
//!
//! | | `FolderStore`: processes of one machine | `RedisStore`: a fleet |
//! |---|---|---|
//! | claims at once | one wins, by the kernel's lock | one wins, by one script on one server |
//! | a process dies, also by `kill -9` | claimed at once: its lock dies with it | after what is left of its life |
//! | a process is stopped, not dead | after what is left of its life | the same |
//! | whose clock | the machine's wall clock | the Redis server's |
//! | a record | always a whole one, the last that was saved | the same |
//! | the power fails | the last seconds may be missing | what Redis persists and replicates, see below |
//! | abandoned records | removed by the next process, after a day | removed by Redis, after a day |
//!
//! *A process that is stopped* (one machine) in the very middle of a claim or a removal, which takes less than a
//! millisecond, keeps others from claiming this one call until it goes on or dies: they are told `store-busy`. One that
//! holds a call keeps nobody out beyond its life, wherever it is stopped. What it was just writing may still arrive
//! when it wakes up, if nobody has claimed the call; if somebody has, nobody will ever see it.
//!
//! *A clock that jumps* (one machine): forward, leases end early; a holder that lives is told `lease-lost` at its next
//! renewal, a third of a life later at the most, and another process may have gone on with the call by then. Back, the
//! call of a process that is stopped (not of a dead one) stays held for longer by as much. Neither lets two of them
//! save, and a token never goes back.
//!
//! *A Redis that fails over* to a replica may have lost what it had just said yes to, since it replicates after the
//! answer. Then a call can be claimed though its holder lives, until that one renews and is refused: both go on for a
//! third of a life at the most, and one of them can save. Tokens keep growing, because they are taken from the clock
//! where the last one is unknown. Whoever cannot bear that needs a store with consensus, behind the same trait.
//!
//! # What is not here
//!
//! A store knows no [`Owner`](crate::ids::Owner). Whom a call belongs to is in the record, so that only who has claimed
//! it can read it; what `held-elsewhere` and `SnapshotStore::look` say of a call is for your own processes and for
//! clients that may know of it, and not for strangers.

#[cfg(feature = "runtime")]
mod folder;
#[cfg(feature = "runtime")]
mod handover;
mod lease;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "runtime")]
mod refusal;

#[cfg(feature = "runtime")]
use std::{fmt, time::Duration};

#[cfg(feature = "runtime")]
use bytes::Bytes;

#[cfg(feature = "runtime")]
pub use self::folder::FolderStore;
pub use self::lease::{Claimed, Holder, Lease, Standing, Tenure, USUAL_LIFE};
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
#[cfg(feature = "runtime")]
use crate::{error::Result, ids::CallId, transport::BoxFuture};

/// How long a record stays that nobody touches: long enough to mend what kept every process from claiming it, and no
/// longer than people may expect that what they said is kept.
#[cfg(feature = "runtime")]
const RECORD_LIFE: Duration = Duration::from_secs(86_400);

/// Keeps records of calls, and says whose each call is.
///
/// Futures do nothing until they are polled. A claim may be dropped at any time: a call that was claimed for nobody is
/// given back. Any other act may, when its future is dropped, be done or not.
///
/// Every method may fail with a retryable `Unavailable` or `Timeout` when the store is away, and with `Invalid` for an
/// id that has anything but letters, digits, `_` and `-`. No error holds anything of a record.
#[cfg(feature = "runtime")]
pub trait SnapshotStore: Send + Sync + fmt::Debug + 'static {
    /// Takes a call that nobody holds, or begins one, and returns what was saved of it last.
    ///
    /// # Errors
    /// `Unavailable` with code `held-elsewhere`, retryable, whose hint names the [holder's](Holder::hint).
    fn claim(&self, id: &CallId, holder: &Holder, life: Duration) -> BoxFuture<Result<Claimed>>;

    /// Replaces the record, and renews nothing.
    ///
    /// # Errors
    /// `Unavailable` with code `lease-lost`, not retryable; `Limit` for more than 16 MiB.
    fn save(&self, lease: &Lease, record: Bytes) -> BoxFuture<Result<()>>;

    /// Holds the call for another [life](Lease::life), from now on.
    ///
    /// # Errors
    /// `Unavailable` with code `lease-lost`, not retryable.
    fn renew(&self, lease: &Lease) -> BoxFuture<Result<()>>;

    /// Lets another process claim the call at once; the record stays.
    ///
    /// # Errors
    /// `Unavailable` with code `lease-lost`, not retryable.
    fn release(&self, lease: &Lease) -> BoxFuture<Result<()>>;

    /// Forgets the call, which is over: its record and its lease.
    ///
    /// # Errors
    /// `Unavailable` with code `lease-lost`, not retryable.
    fn remove(&self, lease: &Lease) -> BoxFuture<Result<()>>;

    /// Looks how it stands with a call, and changes nothing; `None` when there is neither a lease nor a record.
    ///
    /// # Errors
    /// None but those of every method.
    fn look(&self, id: &CallId) -> BoxFuture<Result<Option<Standing>>>;
}
