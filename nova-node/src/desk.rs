//! Everything that a server of the voice API decides, as JavaScript holds it: bytes in, bytes out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bedrock_nova::ids::Owner;
use bedrock_nova::sonic::Config;
use bedrock_nova::{Error, ErrorKind};
use bedrock_nova_bindings::describe::{self, seconds};
use bedrock_nova_bindings::{Ring, Source};
use bedrock_nova_server as server;
use bedrock_nova_server::{Asked, Caller, DeskBuilder, Encoding, Failure, Owners, Query, RateLimit, Route, Tickets};
use bytes::Bytes;
use napi::Env;
use napi::bindgen_prelude::{JavaScriptClassExt, ToNapiValue, Unknown};
use napi_derive::napi;

use crate::answer::{Refusal, answer, told};
use crate::bell::Bell;
use crate::errors::{raise, thrown};
use crate::inbox::Inbox;
use crate::op::{Made, Op, text};
use crate::pool::Pool;
use crate::reader::Reader;
use crate::routes::of;
use crate::service::Service;
use crate::settings::Settings;
use crate::talk::Talk;

/// A desk over a pool.
#[napi]
pub struct Desk {
    /// None once it was dropped.
    desk: Mutex<Option<server::Desk>>,
}

/// What a desk is to be; what is not said is the settings', or the library's own.
#[napi(object)]
pub struct DeskOptions {
    /// JSON of what a call is where a client says nothing.
    pub defaults: Option<String>,
    /// Tokens, and whose they are.
    pub tokens: Option<HashMap<String, String>>,
    /// With what tickets are signed.
    pub ticket_secret: Option<String>,
    /// How long they are good.
    pub ticket_ms: Option<f64>,
    /// Requests a second and client.
    pub rate: Option<f64>,
    /// And so many at once.
    pub burst: Option<f64>,
    /// Bytes of a body.
    pub largest_body: Option<f64>,
    /// What `/health` calls the service.
    pub endpoint: Option<String>,
    /// How long the orderly end of a call may take.
    pub close_ms: Option<f64>,
}

/// What is known of whoever sent a request.
#[napi(object)]
pub struct Client {
    /// Where the application itself knows its people.
    pub owner: Option<String>,
    /// Why it does not let this one in.
    pub refused: Option<Refusal>,
    /// The header.
    pub authorization: Option<String>,
    /// What stands behind the question mark.
    pub query: Option<String>,
    /// Where the request comes from.
    pub address: String,
}

/// Makes a desk; the act comes to a `Desk`. `offers` are the tools that JavaScript runs.
#[napi]
pub fn start_desk(
    bell: &Bell,
    pool: &Pool,
    service: &Service,
    tools: &Inbox,
    offers: String,
    options: DeskOptions,
    settings: Option<&Settings>,
) -> napi::Result<Op> {
    let pool = pool.pool()?;
    let builder =
        settings.map_or_else(|| server::Desk::builder(pool.clone()), |known| known.settings.desk(pool.clone()));
    let builder = raise(described(builder, options))?;
    let offers = raise(describe::read_offers(offers.as_bytes()))?;
    let builder = offers.into_iter().fold(builder, |builder, offer| builder.tool(tools.wishes.tool(offer)));
    let way = Arc::clone(&service.way);
    let act = async move { Ok(builder.shared_transport(way.transport().await?).build()) };
    Op::start(bell, act, |desk| {
        let desk = Desk { desk: Mutex::new(Some(desk)) };
        Box::new(move |env| desk.into_instance(env)?.into_unknown(env))
    })
}

fn described(mut builder: DeskBuilder, options: DeskOptions) -> bedrock_nova::Result<DeskBuilder> {
    let DeskOptions { defaults, tokens, ticket_secret, ticket_ms, rate, burst, largest_body, endpoint, close_ms } =
        options;
    if let Some(json) = defaults {
        builder = builder.defaults(read(&json)?);
    }
    if let Some(tokens) = tokens {
        builder = builder.owners(Owners::tokens(tokens));
    }
    if ticket_secret.is_some() || ticket_ms.is_some() {
        let tickets = ticket_secret.map_or_else(Tickets::default, Tickets::new);
        builder = builder.tickets(match ticket_ms {
            Some(life) => tickets.life(seconds(life / 1e3)),
            None => tickets,
        });
    }
    if let Some(rate) = rate {
        builder = builder.rate(burst.map_or_else(|| RateLimit::new(rate), |burst| RateLimit::with_burst(rate, burst)));
    }
    if let Some(bytes) = largest_body {
        builder = builder.largest_body(bytes as usize);
    }
    if let Some(name) = endpoint {
        builder = builder.endpoint(name);
    }
    if let Some(deadline) = close_ms {
        builder = builder.close(seconds(deadline / 1e3));
    }
    Ok(builder)
}

fn read(defaults: &str) -> bedrock_nova::Result<Config> {
    serde_json::from_str(defaults).map_err(|cause| {
        Error::new(ErrorKind::Invalid, format!("The defaults cannot be read: {cause}.")).with_code("options")
    })
}

#[napi]
impl Desk {
    /// Bytes that a body may have.
    #[napi(getter)]
    pub fn largest_body(&self) -> napi::Result<f64> {
        Ok(self.desk()?.largest_body() as f64)
    }

    /// The answer to a body that has more.
    #[napi]
    pub fn too_large<'e>(&self, env: &'e Env) -> napi::Result<Unknown<'e>> {
        answer(env, Failure::too_large(self.desk()?.largest_body()).answer())
    }

    /// Lets a caller in to a route: returns whose the request is, or the answer that refuses it.
    #[napi]
    pub fn admit<'e>(&self, env: &'e Env, route: u32, session: String, client: Client) -> napi::Result<Unknown<'e>> {
        match admitted(&self.desk()?, of(route)?, &session, &client, &Query::default()) {
            Ok(owner) => owner.as_str().into_unknown(env),
            Err(failure) => answer(env, failure.answer()),
        }
    }

    /// Answers a request; the act comes to the answer.
    #[napi]
    pub fn answer(
        &self,
        bell: &Bell,
        route: u32,
        owner: String,
        session: String,
        content_type: Option<String>,
        body: &[u8],
    ) -> napi::Result<Op> {
        let (desk, route, owner) = (self.desk()?, of(route)?, Owner::from(owner));
        let body = Bytes::copy_from_slice(body);
        let act = async move {
            let asked = Asked { route, session: &session, content_type: content_type.as_deref(), body };
            Ok(desk.answer(asked, &owner).await)
        };
        Op::start(bell, act, |made| Box::new(move |env| answer(env, made)))
    }

    /// Begins to tell a call's events; the act comes to a `Reader` of bytes, or to the answer that refuses it.
    #[napi]
    pub fn events(
        &self,
        bell: &Bell,
        route: u32,
        session: String,
        client: Client,
        last_event_id: Option<String>,
    ) -> napi::Result<Op> {
        let (desk, route, ring) = (self.desk()?, of(route)?, bell.ring());
        let act = async move {
            let query = Query::parse(client.query.as_deref());
            let begun = async {
                let owner = admitted(&desk, route, &session, &client, &query)?;
                desk.events(&owner, &session, &query, last_event_id.as_deref()).await
            };
            Ok(begun.await)
        };
        Op::start(bell, act, move |begun| listening(&ring, begun))
    }

    /// Begins a talk; the act comes to a `Talk`, or to `[message, close code, reason]`.
    #[napi]
    pub fn talk(
        &self,
        bell: &Bell,
        route: u32,
        session: String,
        client: Client,
        protocol: Option<String>,
    ) -> napi::Result<Op> {
        let (desk, route, ring) = (self.desk()?, of(route)?, bell.ring());
        let act = async move {
            let query = Query::parse(client.query.as_deref());
            let begun = async {
                let owner = admitted(&desk, route, &session, &client, &query)?;
                desk.talk(&owner, &session, &query, Encoding::of(protocol.as_deref())).await
            };
            Ok(begun.await)
        };
        Op::start(bell, act, move |begun| match begun {
            Ok(talk) => Talk::made(Talk::begin(&ring, talk)),
            Err(failure) => Box::new(move |env| told(&failure).into_unknown(env)),
        })
    }

    /// Prepares for the end of the process while it still serves, and waits until whoever listens was told; the act comes
    /// to JSON.
    #[napi]
    pub fn drain(&self, bell: &Bell, deadline_ms: f64) -> napi::Result<Op> {
        let (desk, deadline) = (self.desk()?, seconds(deadline_ms / 1e3));
        Op::start(bell, async move { Ok(desk.drain(deadline).await) }, |drained| text(crate::pool::written(&drained)))
    }

    /// Lets go of the desk, and so of its pool.
    #[napi]
    pub fn drop(&self) {
        let gone = self.desk.lock().unwrap_or_else(PoisonError::into_inner).take();
        crate::pool::inside(|| std::mem::drop(gone));
    }
}

impl Desk {
    fn desk(&self) -> napi::Result<server::Desk> {
        self.desk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(|| thrown(&Error::new(ErrorKind::Misuse, "This server was closed.").with_code("not-open")))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        Desk::drop(self);
    }
}

fn admitted(
    desk: &server::Desk,
    route: Route,
    session: &str,
    client: &Client,
    query: &Query,
) -> Result<Owner, Failure> {
    let (owner, refused) = (client.owner.as_deref().map(Owner::from), client.refused.as_ref().map(Failure::from));
    let caller = Caller {
        owner: owner.as_ref(),
        refused: refused.as_ref(),
        authorization: client.authorization.as_deref(),
        ticket: query.ticket(),
        address: &client.address,
    };
    desk.admit(route, session, &caller)
}

fn listening(ring: &Arc<dyn Ring>, begun: Result<server::EventStream, Failure>) -> Made {
    match begun {
        Ok(stream) => {
            let reader = Reader::of(ring, Source::Sse(Box::pin(stream.into_stream())));
            Box::new(move |env| reader.into_instance(env)?.into_unknown(env))
        }
        Err(failure) => Box::new(move |env| answer(env, failure.answer())),
    }
}
