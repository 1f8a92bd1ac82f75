//! The connection to the server: one for all calls, made anew when it broke or went dumb.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, ScriptInvocation};
use tokio::time::{Instant, timeout_at};

/// Whether an act may reach the server twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twice {
    /// Done twice is done once: where the connection breaks, it is sent again at once.
    Harmless,
    /// The second time would be refused because of the first.
    Never,
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The deadline has passed.
    Late,
    /// The server said no, or could not be reached.
    Redis(RedisError),
}

/// Connects, and connects again.
#[derive(Debug)]
pub(super) struct Line {
    client: Client,
    current: Mutex<Option<Current>>,
    /// One dials at a time; the others wait for what it gets, within their deadlines.
    dialling: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct Current {
    number: u64,
    connection: MultiplexedConnection,
}

impl Line {
    pub(super) fn new(client: Client) -> Self {
        Line { client, current: Mutex::default(), dialling: tokio::sync::Mutex::default() }
    }

    /// Runs a script.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
        twice: Twice,
        deadline: Duration,
    ) -> Result<T, Trouble> {
        let until = from_now(deadline);
        match self.run_once(script, until).await {
            Err(Trouble::Redis(error)) if twice == Twice::Harmless && is_broken(&error) => {
                self.run_once(script, until).await
            }
            result => result,
        }
    }

    /// Asks whether the server is there and lets us in.
    pub(super) async fn ping(&self, deadline: Duration) -> Result<(), Trouble> {
        let until = from_now(deadline);
        let mut current = self.current(until).await?;
        let answer = timeout_at(until, Cmd::new().arg("PING").query_async(&mut current.connection)).await;
        self.judge(&current, answer)
    }

    async fn run_once<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>, until: Instant) -> Result<T, Trouble> {
        let mut current = self.current(until).await?;
        let answer = timeout_at(until, script.invoke_async(&mut current.connection)).await;
        self.judge(&current, answer)
    }

    /// A connection that broke, or that says nothing, is not used again: the far end may be gone without a word. One to
    /// a server that has become a replica is left too, since its name may lead to the new primary by now.
    fn judge<T>(
        &self,
        used: &Current,
        answer: Result<Result<T, RedisError>, tokio::time::error::Elapsed>,
    ) -> Result<T, Trouble> {
        let trouble = match answer {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => Trouble::Redis(error),
            Err(_) => Trouble::Late,
        };
        let over = match &trouble {
            Trouble::Late => true,
            Trouble::Redis(error) => is_broken(error) || error.code() == Some("READONLY"),
        };
        let mut current = self.slot();
        if over && current.as_ref().is_some_and(|current| current.number == used.number) {
            *current = None;
        }
        Err(trouble)
    }

    async fn current(&self, until: Instant) -> Result<Current, Trouble> {
        let dial = async {
            if let Some(current) = self.slot().clone() {
                return Ok(current);
            }
            let _one = self.dialling.lock().await;
            if let Some(current) = self.slot().clone() {
                return Ok(current);
            }
            // Its own deadlines are off: ours counts for the whole act.
            let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
            let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            Ok(self.slot().insert(Current { number: next_number(), connection }).clone())
        };
        timeout_at(until, dial).await.map_err(|_| Trouble::Late)?.map_err(Trouble::Redis)
    }

    fn slot(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers connections, so that a slow act does not hang up one that was made after its own.
fn next_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

#[allow(clippy::disallowed_methods, reason = "a network is waited for, with a deadline")]
fn from_now(deadline: Duration) -> Instant {
    Instant::now() + deadline
}
