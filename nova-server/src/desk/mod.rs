//! What each route does, whatever carries its bytes.
//!
//! | file | concern |
//! |---|---|
//! | `builder` | what a desk is to be |
//! | `sessions` | opening, looking at and ending calls |
//! | `speaking` | what a client says |
//! | `listening` | what a client hears: server-sent events, tickets |
//! | `talking` | both on one WebSocket |
//! | `operating` | health, metrics, description |

mod builder;
pub(crate) mod listening;
mod operating;
mod sessions;
mod speaking;
pub(crate) mod talking;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bedrock_nova::ids::{CallId, Owner};
use bedrock_nova::sonic::{Builder, Config, ConversationPool, Drained, Pooled, Tool, Whereabouts};
use bedrock_nova::transport::Transport;
use bytes::Bytes;
use tokio::sync::watch;

pub use self::builder::DeskBuilder;
pub(crate) use self::builder::LARGEST_BODY;
use crate::access::{Caller, Known, Owners, at};
use crate::answer::{Answer, Failure};
use crate::bodies::Body;
use crate::limits::RateLimit;
use crate::register::{Register, Times};
use crate::route::{Admission, Kind, Route};
use crate::tickets::Tickets;

/// Everything that a server of the voice API decides. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    inner: Arc<Inner>,
}

/// What a desk is made of.
struct Inner {
    pool: ConversationPool,
    transport: Option<Arc<dyn Transport>>,
    tools: Vec<Tool>,
    defaults: Config,
    owners: Owners,
    tickets: Tickets,
    rate: Option<RateLimit>,
    largest_body: usize,
    endpoint: String,
    close: Duration,
    numbers: Arc<dyn Fn() -> String + Send + Sync>,
    register: Register,
    /// How many listen, on streams and sockets.
    audience: watch::Sender<usize>,
}

/// How long whoever listens may take to be told the end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// One who listens to a call. It holds the call, which is not idle meanwhile.
struct Listener {
    call: Pooled,
    desk: Desk,
}

impl Listener {
    fn new(desk: &Desk, call: Pooled) -> Self {
        desk.inner.audience.send_modify(|listeners| *listeners += 1);
        Listener { call, desk: desk.clone() }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.desk.inner.audience.send_modify(|listeners| *listeners -= 1);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}

/// A request on a route that is answered at once.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The route.
    pub route: Route,
    /// The id of a call that stands in the path, decoded; nothing where none does.
    pub session: &'a str,
    /// The header `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The body, no larger than [`Desk::largest_body`].
    pub body: Bytes,
}

impl Desk {
    /// Begins to describe a desk over a pool.
    pub fn builder(pool: ConversationPool) -> DeskBuilder {
        DeskBuilder::new(pool)
    }

    /// Returns the pool.
    #[must_use]
    pub fn pool(&self) -> &ConversationPool {
        &self.inner.pool
    }

    /// Returns how large a body may be, in bytes.
    #[must_use]
    pub fn largest_body(&self) -> usize {
        self.inner.largest_body
    }

    /// Prepares for the end of the process, while it still serves: see [`ConversationPool::drain`]. Then whoever listens is
    /// told the end, for a few seconds.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        let drained = self.inner.pool.drain(deadline).await;
        let mut audience = self.inner.audience.subscribe();
        let _ = tokio::time::timeout(LAST_WORDS, audience.wait_for(|listeners| *listeners == 0)).await;
        drained
    }

    /// Lets a caller in to a route, which stands for a call where it has one in its path: says whose the request is, and
    /// counts it.
    ///
    /// # Errors
    /// 401 `token` or `ticket`, 429 `rate`, and what the application itself [refuses](Caller::refused).
    pub fn admit(&self, route: Route, session: &str, caller: &Caller<'_>) -> Result<Owner, Failure> {
        if route.admission() == Admission::Open {
            return Ok(Owners::nobody());
        }
        let found = self.find_owner(route, session, caller);
        // Whoever guesses is slowed down too.
        let client = found.as_ref().map_or_else(|_| at(caller.address), |known| known.client.clone());
        if let Some(rate) = &self.inner.rate {
            rate.take(&client, Instant::now())?;
        }
        found.map(|known| known.owner)
    }

    fn find_owner(&self, route: Route, session: &str, caller: &Caller<'_>) -> Result<Known, Failure> {
        if let Some(refused) = caller.refused {
            return Err(refused.clone());
        }
        match (caller.owner, caller.ticket) {
            (Some(owner), _) => Ok(Known::of(owner.clone())),
            (None, Some(ticket)) if route.admission() == Admission::Listener => {
                self.inner.tickets.owner(ticket, session, SystemTime::now()).map(Known::of)
            }
            _ => self.inner.owners.by_header(caller),
        }
    }

    /// Answers a request on a route of the kind [`Plain`](Kind::Plain); a failure is an answer too.
    pub async fn answer(&self, asked: Asked<'_>, owner: &Owner) -> Answer {
        let since = Instant::now();
        let route = asked.route;
        let (answer, code) = match self.answered(asked, owner).await {
            Ok(answer) => (answer, "ok".to_owned()),
            Err(failure) => (failure.answer(), failure.code().to_owned()),
        };
        told(route, answer.status, &code, since.elapsed());
        answer
    }

    async fn answered(&self, asked: Asked<'_>, owner: &Owner) -> Result<Answer, Failure> {
        let Asked { route, session, content_type, body } = asked;
        if body.len() > self.inner.largest_body {
            return Err(Failure::too_large(self.inner.largest_body));
        }
        let body = Body { content_type, bytes: &body };
        match route {
            Route::SendAudio => self.send_audio(owner, &body).await,
            Route::EndAudio => self.end_audio(owner, &body).await,
            Route::SendText => self.send_text(owner, &body).await,
            Route::SendToolResult => self.send_tool_result(owner, &body).await,
            Route::Interrupt => self.interrupt(owner, &body).await,
            Route::SayPlayed => self.say_played(owner, &body).await,
            Route::StartSession => self.start_session(owner, &body).await,
            Route::GetSession => self.get_session(owner, session).await,
            Route::EndSession => self.end_session(owner, session).await,
            Route::GetSnapshot => self.get_snapshot(owner, session).await,
            Route::IssueTicket => self.issue_ticket(owner, &body).await,
            Route::Health => Ok(self.health()),
            Route::Metrics => Ok(self.metrics()),
            Route::Description => Ok(Desk::description()),
            Route::Docs => Ok(Desk::docs()),
            // Whoever carries the bytes asked in the wrong way.
            Route::StreamEvents | Route::Talk => Err(Failure::no_such_route()),
        }
    }

    /// Finds a call for a client that does something with it.
    async fn find(&self, session: &str, owner: &Owner) -> Result<Pooled, Failure> {
        let call = self.look(session, owner).await?;
        self.touch(&call);
        Ok(call)
    }

    /// Finds a call, here or left in the store; says where it is if another process has it.
    async fn look(&self, session: &str, owner: &Owner) -> Result<Pooled, Failure> {
        let id = CallId::from(session);
        match self.inner.pool.resume(&id, owner, |call| self.bring(call)).await {
            Err(error) if error.code() == "held-elsewhere" => {
                let place = self.inner.pool.locate(&id, owner).await;
                let failure = Failure::from(error);
                Err(match place {
                    Ok(Whereabouts::Elsewhere { hint, .. }) if is_address(&hint) => {
                        failure.with_header("call-location", hint)
                    }
                    _ => failure,
                })
            }
            found => Ok(found?),
        }
    }

    /// Adds what is not kept with a call.
    fn bring(&self, call: Builder) -> Builder {
        let call = match &self.inner.transport {
            Some(transport) => call.transport(Arc::clone(transport)),
            None => call,
        };
        self.inner.tools.iter().cloned().fold(call, Builder::tool)
    }

    /// Notes that a client was there.
    fn touch(&self, call: &Pooled) -> Times {
        self.inner.register.touch(call.id(), call.elapsed(), SystemTime::now())
    }

    fn times(&self, call: &Pooled) -> Times {
        self.inner.register.of(call.id(), call.elapsed(), SystemTime::now())
    }
}

/// A line of the log. Nothing of a body is in it, nor of an address.
fn told(route: Route, status: u16, code: &str, took: Duration) {
    debug_assert!(route.kind() == Kind::Plain || status != 200, "what goes on has no end to be told");
    let (method, path, took) = (route.method().as_str(), route.path(), took.as_secs_f64() * 1000.0);
    if status < 500 {
        tracing::debug!("{method} {path}: {status} {code}, {took:.1} ms");
    } else {
        tracing::warn!("{method} {path}: {status} {code}, {took:.1} ms");
    }
}

/// A hint may be an address that clients can go to, or words.
fn is_address(hint: &str) -> bool {
    hint.starts_with("http://") || hint.starts_with("https://")
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("pool", &self.inner.pool)
            .field("owners", &self.inner.owners)
            .field("rate", &self.inner.rate)
            .field("endpoint", &self.inner.endpoint)
            .finish_non_exhaustive()
    }
}
