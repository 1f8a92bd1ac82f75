//! Many calls in one process: how many there may be, whose each is, and their common end.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use bedrock_nova::ids::Owner;
//! use bedrock_nova::sonic::{Conversation, ConversationPool, ReadFrom};
//!
//! # async fn run(user: &str) -> bedrock_nova::Result<()> {
//! let pool = ConversationPool::builder().conversations(100).per_owner(2).build()?;
//! let owner = Owner::from(user);
//! let call = pool.open(&owner, Conversation::builder().system("Answer in two or three sentences.")).await?;
//! let id = call.id().clone();
//! // In another request of the same user's; for anybody else there is no such call.
//! let call = pool.get(&id, &owner)?;
//! let mut events = call.player(ReadFrom::Oldest);
//! # drop(events.next().await);
//! // At SIGTERM.
//! pool.drain(Duration::from_secs(30)).await;
//! # Ok(())
//! # }
//! ```
//!
//! # Whose a call is
//!
//! A call is found by its id *and* its owner. The id itself says whether it can be an owner's: its second half is made
//! from the first and the owner's name. So a stranger who has heard of an id learns nothing, neither here nor from
//! another process of the fleet.
//!
//! # With a store
//!
//! A pool that has a [store](super::store) keeps its calls there. A call that is not here may have been left by another
//! process; [`resume`](ConversationPool::resume) takes it over, and is what a handler asks instead of
//! [`get`](ConversationPool::get). Nobody goes on with a call by itself: the client that comes back makes it go on, within a
//! day. What a handler does:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use bedrock_nova::ids::{CallId, Owner};
//! use bedrock_nova::sonic::store::{FolderStore, Holder};
//! use bedrock_nova::sonic::{Conversation, ConversationPool, Tool, Whereabouts};
//! use serde_json::json;
//!
//! /// What is not kept with a call, and so is given to each: handlers, and transport or credentials if they are special.
//! fn bring(call: bedrock_nova::sonic::Builder) -> bedrock_nova::sonic::Builder {
//!     let schema = json!({ "type": "object", "properties": {} });
//!     call.tool(Tool::new("weather", "Tells the weather.", schema, |_| async { Ok::<_, String>(json!("dry")) }))
//! }
//!
//! # fn answer(_: u16, _: String) {}
//! # async fn run(user: &str, asked: &str) -> bedrock_nova::Result<()> {
//! // Once in a process. The hint is how other processes, or a load balancer, reach this one.
//! let store = Arc::new(FolderStore::new("/var/lib/my-app/calls"));
//! let pool = ConversationPool::builder().store(store, Holder::new("http://10.0.0.7:8080")).build()?;
//!
//! // POST /calls
//! let owner = Owner::from(user);
//! let call = pool.open(&owner, bring(Conversation::builder().system("Answer shortly."))).await?;
//!
//! // GET /calls/{id}/events, after whatever has become of the process that had it
//! let id = CallId::from(asked);
//! match pool.resume(&id, &owner, bring).await {
//!     Ok(call) => { /* read from the client's last number: see readers */ }
//!     Err(error) => match error.code() {
//!         "no-such-call" => answer(404, error.to_string()),
//!         // Its process lives: send the client there. If it has just died, its lease runs out.
//!         "held-elsewhere" => match pool.locate(&id, &owner).await? {
//!             Whereabouts::Elsewhere { hint, .. } => answer(307, hint),
//!             _ => answer(503, "Try again at once.".to_owned()),
//!         },
//!         // Everything else says by itself whether it may pass: `draining`, `pool-full`, a store that is away. What does not
//!         // pass is a mistake of this program: `tool-handler`, if it brings no handler for a tool of the call.
//!         _ if error.is_retryable() => answer(503, error.to_string()),
//!         _ => answer(500, error.to_string()),
//!     },
//! }
//! # drop(call);
//! # Ok(())
//! # }
//! ```
//!
//! A call that goes on says so by [`Renewed`](super::Event::Renewed) with the reason
//! [`Resumed`](super::RenewReason::Resumed), among its first events. For a reader that comes back it stands in the place of
//! a gap: the numbers jump, and nobody knows any more how many events the other process had still told.
//!
//! What was said before is in [`snapshot().await?.history()`](super::Snapshot::history): a page that is new shows that
//! first, since the events of the other process are not here. Turns of before that end now, with
//! [`Lost`](super::TurnEnd::Lost) for instance, are told too; whoever waits for the end of a turn looks at its number.
//!
//! What becomes of questions: one that was kept and had no answer yet is asked again by the call, and its client must not. One
//! that was typed less than a moment before the process died may not have been kept; `send_text` says that the call has taken
//! it, and not that the store has.
//!
//! What becomes of tools: one that had run is told; one that was running is not run again, since nobody knows how far it
//! came, unless it is [idempotent](super::Effect::Idempotent). A tool that may run only once starts when the store has
//! written down that it does, so a store that is away holds it up.
//!
//! # Who lets go
//!
//! A call that nobody holds a [`Pooled`] of, for as long as [`idle`](PoolBuilder::idle), was forgotten by its client and is
//! closed in order. Whoever serves a page or a telephone keeps the [`Pooled`] while it does so.
//!
//! | file | concern |
//! |---|---|
//! | `settings` | what a pool is to be |
//! | `slots` | which calls there are, and how many more there may be |
//! | `accounts` | what each owner has used |
//! | `observers` | metrics and traces, where they are on |
//! | `watch` | the task beside each call: its events counted, its end noticed |
//! | `sweep` | the task beside the pool: idle calls and owners' time |
//! | `locate` | where a call is, for whoever came to the wrong process |
//! | `drain` | the common end |
//! | `name` | ids that belong to an owner |

mod accounts;
mod drain;
mod locate;
mod name;
mod observers;
mod settings;
mod slots;
mod sweep;
mod watch;

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch::Receiver;

use self::accounts::Accounts;
pub use self::drain::Drained;
pub use self::locate::Whereabouts;
use self::settings::Settings;
pub use self::settings::{OwnerBudget, PoolBuilder};
use self::slots::{Found, Slots};
use super::builder::Builder;
use super::handle::Conversation;
use super::keeper::{Hold, no_such_call};
use super::readers::SharedConversation;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CallId, Owner};
use crate::model::ModelId;
use crate::usage::Money;

/// Calls of many owners in one process. Cheap to clone; when the last clone is gone its calls are dropped, and those that
/// are kept are left to another process. [`drain`](Self::drain) it instead.
#[derive(Clone)]
pub struct ConversationPool {
    inner: Arc<Inner>,
}

/// What the clones and the tasks of a pool share.
struct Inner {
    settings: Settings,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    slots: Slots,
    accounts: Accounts,
    course: Course,
}

/// Whether new calls are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Course {
    #[default]
    Open,
    Draining,
}

/// How full a pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Calls that are live.
    pub live: usize,
    /// Calls that are being opened; they count towards the limit.
    pub opening: usize,
    /// How many calls there may be.
    pub limit: usize,
    /// Whether new calls are refused because the pool is being drained.
    pub draining: bool,
}

impl ConversationPool {
    /// Begins to describe a pool.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::default()
    }

    /// Opens a call for an owner; resolves when the service has accepted it.
    ///
    /// # Errors
    /// `Limit`, code `pool-full`, `owner-full`, `owner-budget` or `draining`, before anything is sent; those of
    /// [`Builder::connect`]; with a store those of [`Hold::begin`].
    pub async fn open(&self, owner: &Owner, call: Builder) -> Result<Pooled> {
        self.check_prices(&call)?;
        let id = name::make(owner);
        let place = self.reserve(&id, owner)?;
        let model = call.model_id().clone();
        let call = match &self.inner.settings.store {
            Some(store) => {
                let hold = Hold::begin(Arc::clone(&store.store), &id, owner.clone(), &store.holder, store.life).await?;
                call.keep(hold)
            }
            None => call,
        };
        place.fill(call.connect().await?, &model, Some(Money::default())).await
    }

    /// Finds a call that is here. One that has ended this moment may still be found, and says `Closed` to whatever is asked.
    ///
    /// # Errors
    /// `Invalid`, code `no-such-call`, if there is none of that id for this owner.
    pub fn get(&self, id: &CallId, owner: &Owner) -> Result<Pooled> {
        match self.lock().slots.find(id, owner) {
            Some(Found::Live(call)) => Ok(call),
            _ => Err(no_such_call(id)),
        }
    }

    /// Finds a call, here or in the store: one that another process has left is taken over and goes on here.
    ///
    /// `prepare` adds what is not kept: handlers of tools, transport, credentials. If several ask at once for the same
    /// call, one takes it over and all get it.
    ///
    /// # Errors
    /// `Invalid`, code `no-such-call`, if there is none of that id for this owner; `Unavailable`, code `held-elsewhere`,
    /// if another process has it, with its hint; and those of [`open`](Self::open).
    pub async fn resume(&self, id: &CallId, owner: &Owner, prepare: impl FnOnce(Builder) -> Builder) -> Result<Pooled> {
        let store = self.inner.settings.store.as_ref().filter(|_| name::is_of(id, owner));
        let (store, place) = loop {
            let opening = {
                let mut state = self.lock();
                match (state.slots.find(id, owner), store) {
                    (Some(Found::Live(call)), _) => return Ok(call),
                    (Some(Found::Opening(done)), _) => done,
                    (None, None) => return Err(no_such_call(id)),
                    (None, Some(store)) => break (store, self.reserve_in(&mut state, id, owner)?),
                }
            };
            // If that comes to nothing, this request tries, and hears by itself why not.
            wait_for(opening).await;
        };
        let (hold, snapshot) = Hold::take_over(Arc::clone(&store.store), id, owner, &store.holder, store.life).await?;
        let cost = snapshot.cost();
        let call = prepare(Conversation::resume(snapshot));
        if let Err(error) = self.check_prices(&call) {
            hold.give_back().await;
            return Err(error);
        }
        let model = call.model_id().clone();
        place.fill(call.keep(hold).connect().await?, &model, cost).await
    }

    /// Ends a call in order; when this is back, nobody finds it any more. Without it, one that has just ended may still be
    /// found for a moment.
    ///
    /// # Errors
    /// As [`SharedConversation::close`]; the call is over all the same.
    pub async fn close(&self, call: &Pooled, deadline: Duration) -> Result<()> {
        let closed = call.close(deadline).await;
        call.closed().await;
        self.lock().slots.free(call.id());
        closed
    }

    /// Returns the ids of an owner's calls that are here, oldest first.
    #[must_use]
    pub fn calls(&self, owner: &Owner) -> Vec<CallId> {
        self.lock().slots.of(owner)
    }

    /// Returns how full the pool is.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        let state = self.lock();
        let (live, opening) = state.slots.count();
        let draining = state.course == Course::Draining;
        PoolStats { live, opening, limit: self.inner.settings.conversations, draining }
    }

    /// Takes a place for a call that is about to be opened; it is given back if that fails.
    fn reserve(&self, id: &CallId, owner: &Owner) -> Result<Place> {
        self.reserve_in(&mut self.lock(), id, owner)
    }

    fn reserve_in(&self, state: &mut State, id: &CallId, owner: &Owner) -> Result<Place> {
        let settings = &self.inner.settings;
        let (live, opening) = state.slots.count();
        if state.course == Course::Draining {
            return Err(draining());
        }
        let refusal = if live + opening >= settings.conversations {
            Some(("pool-full", "As many calls are open as there may be.", "Try again when one has ended."))
        } else if state.slots.count_of(owner) >= settings.per_owner {
            Some(("owner-full", "As many calls are open as one owner may have.", "End one of them first."))
        } else if state.is_spent(settings, owner) {
            Some(("owner-budget", "The owner's budget is spent.", "Try again when its period is over."))
        } else {
            None
        };
        if let Some((code, sentence, hint)) = refusal {
            return Err(refused(code, sentence, hint));
        }
        let done = state.slots.reserve(id, owner);
        Ok(Place { pool: self.clone(), id: id.clone(), owner: owner.clone(), done: Some(done) })
    }

    /// A bound on the owner's cost cannot be kept with a model whose prices are unknown.
    fn check_prices(&self, call: &Builder) -> Result<()> {
        match &self.inner.settings.owner_budget {
            Some(OwnerBudget { budget, .. }) => call.check_budget(budget),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.lock()
    }
}

impl Inner {
    /// A poisoned lock only means that somebody panicked; the state is whole after every statement under it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ConversationPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConversationPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

fn draining() -> Error {
    refused("draining", "This process is about to stop and takes no more calls.", "Try again at another one.")
}

fn refused(code: &'static str, sentence: &str, hint: &str) -> Error {
    observers::refused(code);
    Error::new(ErrorKind::Limit, sentence).with_code(code).with_retryable(true).with_hint(hint)
}

/// A place for a call that is being opened.
struct Place {
    pool: ConversationPool,
    id: CallId,
    owner: Owner,
    /// Those who wait for the call wait for this to go.
    done: Option<tokio::sync::watch::Sender<()>>,
}

impl Place {
    /// Puts the open call in its place. It has cost so much in other processes.
    async fn fill(mut self, call: Conversation, model: &ModelId, cost: Option<Money>) -> Result<Pooled> {
        let pooled = {
            let mut state = self.pool.lock();
            match state.course {
                Course::Open => Ok(state.slots.fill(&self.id, &self.owner, call.share())),
                Course::Draining => Err(call),
            }
        };
        match pooled {
            Ok(pooled) => {
                // Those who wait for it find it now.
                self.done = None;
                watch::start(&self.pool.inner, &pooled, model, cost);
                Ok(pooled)
            }
            Err(call) => {
                // Too late. If it is kept, another process goes on with it.
                let _ = call.park().await;
                Err(draining())
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.done.is_some() {
            self.pool.lock().slots.free(&self.id);
        }
    }
}

/// Waits until a call that somebody else opens is open, or is not.
async fn wait_for(mut done: Receiver<()>) {
    // The sender says nothing; it goes.
    while done.changed().await.is_ok() {}
}

/// A call of a pool. While anybody holds one, the call is not idle.
///
/// It derefs to the [`SharedConversation`], and through that to its [`Sender`](super::Sender).
#[derive(Clone)]
pub struct Pooled {
    id: CallId,
    owner: Owner,
    call: SharedConversation,
    /// Counts those who hold the call.
    #[allow(dead_code, reason = "being there is all it does")]
    held: Arc<()>,
}

impl Pooled {
    /// Returns the call's id: `[0-9a-f-]`, 49 letters, the same in every process that ever has the call.
    #[must_use]
    pub fn id(&self) -> &CallId {
        &self.id
    }

    /// Returns whose it is.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }
}

impl Deref for Pooled {
    type Target = SharedConversation;

    fn deref(&self) -> &SharedConversation {
        &self.call
    }
}

impl fmt::Debug for Pooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooled").field("id", &self.id).field("owner", &self.owner).finish_non_exhaustive()
    }
}
