//! A store for a fleet: a Redis, or a Valkey.
//!
//! One idea a file: [`scripts`] are the acts, as the server runs them; [`line`] is the connection; [`fault`] says what
//! a failure means.

mod fault;
mod line;
mod scripts;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{Client, FromRedisValue, ScriptInvocation, Value};
use bytes::Bytes;
use uuid::Uuid;

use self::line::{Line, Twice};
use self::scripts::{Scripts, Times};
use super::handover::claim_for_somebody;
use super::{Claimed, Holder, Lease, RECORD_LIFE, SnapshotStore, Standing, refusal};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::CallId;
use crate::transport::BoxFuture;

/// How long an act may take, a new connection included.
const DEADLINE: Duration = Duration::from_secs(2);
const PREFIX: &str = "bedrock-nova:";

/// Keeps snapshots in a Redis server, version 6 or later, or in a Valkey; see [the module](super) for what that
/// promises.
///
/// Clones are the same store, and share one connection, which is made anew when it breaks. The server must not evict
/// keys before their time (`maxmemory-policy noeviction`, or memory enough): a lease that was evicted is a call for
/// two.
///
/// It speaks to one server. Both keys of a call carry its id as a hash tag, so they are in one slot where a proxy hides
/// a cluster; a node of a cluster itself refuses calls of other nodes.
///
/// `rediss://` is TLS by rustls with ring. It trusts the system's authorities, or those of the file that the environment
/// variable `SSL_CERT_FILE` names. If the program has chosen no rustls provider for the process, ring becomes it.
#[derive(Clone)]
pub struct RedisStore {
    line: Arc<Line>,
    scripts: Arc<Scripts>,
    deadline: Duration,
    record_life: Duration,
}

impl RedisStore {
    /// Connects to `redis://[user:password@]host[:port][/database]`, or by TLS to `rediss://…`.
    ///
    /// # Errors
    /// `Invalid` for an address that is none, `Denied` when the server lets nobody in with it, `Unavailable` or `Timeout`
    /// when it cannot be reached within two seconds.
    pub async fn connect(url: impl AsRef<str>) -> Result<Self> {
        let url = url.as_ref();
        if url.starts_with("rediss:") {
            choose_provider();
        }
        let client = Client::open(url).map_err(|_| fault::bad_address())?;
        let line = Line::new(client);
        line.ping(DEADLINE).await.map_err(|trouble| fault::read(&trouble, DEADLINE))?;
        let scripts = Arc::new(Scripts::new(PREFIX));
        Ok(RedisStore { line: Arc::new(line), scripts, deadline: DEADLINE, record_life: RECORD_LIFE })
    }

    /// Sets what the names of all keys begin with; `bedrock-nova:` when nothing is said.
    #[must_use]
    pub fn prefix(mut self, prefix: impl AsRef<str>) -> Self {
        self.scripts = Arc::new(Scripts::new(prefix.as_ref()));
        self
    }

    /// Sets how long an act may take, a new connection included; two seconds when nothing is said.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how long the server keeps a record that nobody touches, but never for less than a lease; a day when nothing
    /// is said.
    #[must_use]
    pub fn record_life(mut self, life: Duration) -> Self {
        self.record_life = life;
        self
    }

    fn times(&self, life: Duration) -> Times {
        Times { life, record_life: self.record_life }
    }

    async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>, twice: Twice) -> Result<T> {
        self.line.run(script, twice, self.deadline).await.map_err(|trouble| fault::read(&trouble, self.deadline))
    }

    /// Runs a script that checks the lease.
    async fn check(&self, script: &ScriptInvocation<'_>, twice: Twice) -> Result<()> {
        match self.run(script, twice).await? {
            Verdict(true) => Ok(()),
            Verdict(false) => Err(refusal::lease_lost()),
        }
    }

    async fn try_claim(&self, id: CallId, holder: &Holder, life: Duration) -> Result<Claimed> {
        let nonce = Uuid::new_v4().to_string();
        let claim = self.scripts.claim(&id, holder, &nonce, self.times(life));
        let (outcome, text, rest): (String, String, Value) = self.run(&claim, Twice::Harmless).await?;
        match (outcome.as_str(), text.parse(), rest) {
            ("held", _, Value::Int(remaining)) => Err(refusal::held_elsewhere(&text, millis(remaining))),
            ("claimed", Ok(token), Value::Nil) => Ok(Claimed { lease: Lease { id, token, life }, record: None }),
            ("claimed", Ok(token), Value::BulkString(record)) => {
                Ok(Claimed { lease: Lease { id, token, life }, record: Some(record.into()) })
            }
            _ => Err(unreadable()),
        }
    }
}

impl SnapshotStore for RedisStore {
    fn claim(&self, id: &CallId, holder: &Holder, life: Duration) -> BoxFuture<Result<Claimed>> {
        let (store, id, holder) = (self.clone(), id.clone(), holder.clone());
        claim_for_somebody(self.clone(), async move {
            refusal::check_id(&id)?;
            refusal::check_life(life)?;
            store.try_claim(id, &holder, life).await
        })
    }

    fn save(&self, lease: &Lease, record: Bytes) -> BoxFuture<Result<()>> {
        let (store, lease) = (self.clone(), lease.clone());
        Box::pin(async move {
            refusal::check_id(&lease.id)?;
            refusal::check_record(&record)?;
            let save = store.scripts.save(&lease, &record, store.times(lease.life));
            store.check(&save, Twice::Harmless).await
        })
    }

    fn renew(&self, lease: &Lease) -> BoxFuture<Result<()>> {
        let (store, lease) = (self.clone(), lease.clone());
        Box::pin(async move {
            refusal::check_id(&lease.id)?;
            refusal::check_life(lease.life)?;
            store.check(&store.scripts.renew(&lease, store.times(lease.life)), Twice::Harmless).await
        })
    }

    fn release(&self, lease: &Lease) -> BoxFuture<Result<()>> {
        let (store, lease) = (self.clone(), lease.clone());
        Box::pin(async move {
            refusal::check_id(&lease.id)?;
            store.check(&store.scripts.release(&lease), Twice::Never).await
        })
    }

    fn remove(&self, lease: &Lease) -> BoxFuture<Result<()>> {
        let (store, lease) = (self.clone(), lease.clone());
        Box::pin(async move {
            refusal::check_id(&lease.id)?;
            store.check(&store.scripts.remove(&lease), Twice::Never).await
        })
    }

    fn look(&self, id: &CallId) -> BoxFuture<Result<Option<Standing>>> {
        let (store, id) = (self.clone(), id.clone());
        Box::pin(async move {
            refusal::check_id(&id)?;
            let look = store.scripts.look(&id);
            let (found, process, hint, remaining): (String, String, String, i64) =
                store.run(&look, Twice::Harmless).await?;
            match found.as_str() {
                "held" => Ok(Some(Standing::Held { holder: Holder { process, hint }, remaining: millis(remaining) })),
                "unheld" => Ok(Some(Standing::Unheld)),
                "nothing" => Ok(None),
                _ => Err(unreadable()),
            }
        })
    }
}

impl fmt::Debug for RedisStore {
    // The address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.scripts.prefix)
            .field("deadline", &self.deadline)
            .field("record_life", &self.record_life)
            .finish_non_exhaustive()
    }
}

/// What a checking script says: whether the lease counted, and so the act was done.
struct Verdict(bool);

impl FromRedisValue for Verdict {
    fn from_redis_value(value: Value) -> std::result::Result<Self, ::redis::ParsingError> {
        i64::from_redis_value(value).map(|number| Verdict(number == 1))
    }
}

/// The client library takes the provider of the process and panics where there is none and rustls was built with two.
fn choose_provider() {
    use rustls::crypto::{CryptoProvider, ring};
    if CryptoProvider::get_default().is_none() {
        // Somebody else may have been quicker, which is as well.
        let _ = ring::default_provider().install_default();
    }
}

/// The server's milliseconds; less than none for a key that has just gone.
fn millis(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or_default())
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Wire, "The Redis server gave an answer that is none of the script's.")
        .with_code("store-answer")
}
