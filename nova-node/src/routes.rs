//! Which routes a server of the voice API has, for whoever registers them.

use bedrock_nova::{Error, ErrorKind};
use bedrock_nova_server as server;
use bedrock_nova_server::{Encoding, Failure, Route};
use napi::Env;
use napi::bindgen_prelude::Unknown;
use napi_derive::napi;

use crate::answer::answer;
use crate::errors::thrown;

/// A route; its number is its place in the list.
#[napi(object)]
pub struct RouteRow {
    /// As HTTP spells it.
    pub method: String,
    /// With `{session_id}` where the id of a call stands.
    pub path: String,
    /// `plain`, `events` or `socket`.
    pub kind: String,
    /// `open`, `caller` or `listener`.
    pub admission: String,
}

/// Every route. Its number is its place.
#[napi]
pub fn routes() -> Vec<RouteRow> {
    let kind = |route: Route| match route.kind() {
        server::Kind::Plain => "plain",
        server::Kind::Events => "events",
        server::Kind::Socket => "socket",
    };
    let admission = |route: Route| match route.admission() {
        server::Admission::Open => "open",
        server::Admission::Caller => "caller",
        server::Admission::Listener => "listener",
    };
    let row = |route: Route| RouteRow {
        method: route.method().as_str().to_owned(),
        path: route.path().to_owned(),
        kind: kind(route).to_owned(),
        admission: admission(route).to_owned(),
    };
    Route::ALL.into_iter().map(row).collect()
}

/// The headers of a stream of events: names and values in turns.
#[napi]
pub fn stream_headers() -> Vec<&'static str> {
    server::EventStream::HEADERS.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

/// The subprotocols of a WebSocket, the best first.
#[napi]
pub fn protocols() -> Vec<&'static str> {
    Encoding::PROTOCOLS.to_vec()
}

/// The answer to a request on a path that is not there, or with a method that it has not.
#[napi]
pub fn no_such_route<'e>(env: &'e Env, method: String, path: String) -> napi::Result<Unknown<'e>> {
    answer(env, Route::find(&method, &path).err().unwrap_or_else(Failure::no_such_route).answer())
}

/// Returns the route of a number.
pub(crate) fn of(route: u32) -> napi::Result<Route> {
    let found = usize::try_from(route).ok().and_then(|place| Route::ALL.get(place).copied());
    found.ok_or_else(|| thrown(&Error::new(ErrorKind::Bug, format!("There is no route {route}."))))
}

/// The paths of the page to talk in.
#[napi]
pub fn page_paths() -> Vec<&'static str> {
    server::page::paths().collect()
}

/// The answer to a request for a file of the page.
#[napi]
pub fn page<'e>(env: &'e Env, method: String, path: String, known: Option<String>) -> napi::Result<Unknown<'e>> {
    answer(env, server::page::answer(&method, &path, known.as_deref()))
}
