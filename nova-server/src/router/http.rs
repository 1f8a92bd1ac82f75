//! Requests and answers, as axum has them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bedrock_nova::ids::Owner;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http_body_util::BodyExt;

use crate::access::Caller;
use crate::answer::{Answer, Failure};
use crate::desk::listening::{EventStream, Query};
use crate::desk::{Asked, Desk};
use crate::page;
use crate::route::{Method, Route};

/// A body comes in the time of a slow network, or not at all.
const BODY: Duration = Duration::from_secs(60);
/// What a client is still sending when it is refused is read and dropped, for so long and so many times the largest body:
/// else its connection breaks before it has the answer.
const REFUSED: (Duration, usize) = (Duration::from_secs(5), 4);

/// Answers a request at once.
pub(super) async fn answer(desk: &Desk, route: Route, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let session = session(&mut parts).await;
    let admitted = admit(desk, route, &session, &parts, &Query::default());
    let read = async {
        let owner = admitted?;
        let body = match route.method() {
            Method::Post => read(body, &parts.headers, desk.largest_body()).await?,
            Method::Get | Method::Delete => Bytes::new(),
        };
        Ok((owner, body))
    };
    let (owner, body) = match read.await {
        Ok(read) => read,
        Err(failure) => return refused(route, &failure),
    };
    let content_type = text(&parts.headers, &header::CONTENT_TYPE);
    response(desk.answer(Asked { route, session: &session, content_type, body }, &owner).await)
}

/// Answers with a file of the page.
pub(super) async fn page(request: Request) -> Response {
    let known = text(request.headers(), &header::IF_NONE_MATCH);
    response(page::answer(request.method().as_str(), request.uri().path(), known))
}

/// Answers with a stream of events.
pub(super) async fn events(desk: &Desk, route: Route, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let session = session(&mut parts).await;
    let query = Query::parse(parts.uri.query());
    let last = text(&parts.headers, &HeaderName::from_static("last-event-id"));
    let stream = async {
        let owner = admit(desk, route, &session, &parts, &query)?;
        desk.events(&owner, &session, &query, last).await
    };
    match stream.await {
        Ok(stream) => streaming(stream),
        Err(failure) => refused(route, &failure),
    }
}

fn streaming(stream: EventStream) -> Response {
    let mut response = Response::new(Body::from_stream(stream.into_stream().map(Ok::<_, Infallible>)));
    for (name, value) in EventStream::HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// Says whose a request is.
pub(super) fn admit(desk: &Desk, route: Route, session: &str, parts: &Parts, query: &Query) -> Result<Owner, Failure> {
    let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string());
    let caller = Caller {
        owner: parts.extensions.get(),
        refused: None,
        authorization: text(&parts.headers, &header::AUTHORIZATION),
        ticket: query.ticket(),
        address: address.as_deref().unwrap_or("unknown"),
    };
    desk.admit(route, session, &caller)
}

/// Returns the id of a call in the path; nothing where none is.
pub(super) async fn session(parts: &mut Parts) -> String {
    // What is no text can be nobody's call.
    let Ok(params) = RawPathParams::from_request_parts(parts, &()).await else { return String::new() };
    params.iter().find(|(name, _)| *name == "session_id").map(|(_, id)| id.to_owned()).unwrap_or_default()
}

pub(super) fn response(answer: Answer) -> Response {
    let Answer { status, headers, body } = answer;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

pub(super) fn refused(route: Route, failure: &Failure) -> Response {
    let (method, path) = (route.method().as_str(), route.path());
    tracing::debug!("{method} {path}: {} {}", failure.status(), failure.code());
    response(failure.answer())
}

/// Reads a body, in memory no more of it than it may have.
async fn read(body: Body, headers: &HeaderMap, most: usize) -> Result<Bytes, Failure> {
    let promised = text(headers, &header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    let room = if promised.is_some_and(|length| length > most) { 0 } else { most };
    match tokio::time::timeout(BODY, take(body, room)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Broken::Larger(rest))) => {
            let _ = tokio::time::timeout(REFUSED.0, drop_rest(rest, most.saturating_mul(REFUSED.1))).await;
            Err(Failure::too_large(most))
        }
        Ok(Err(Broken::Off)) => Err(Failure::request("The body broke off.")),
        Err(_) => Err(Failure::request("The body did not come in time.")),
    }
}

enum Broken {
    /// There is more of it than may be.
    Larger(Body),
    Off,
}

async fn take(mut body: Body, room: usize) -> Result<Bytes, Broken> {
    let mut taken = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Broken::Off)?.into_data() else { continue };
        if taken.len() + data.len() > room {
            return Err(Broken::Larger(body));
        }
        taken.extend_from_slice(&data);
    }
    Ok(taken.freeze())
}

async fn drop_rest(mut body: Body, most: usize) {
    let mut dropped = 0;
    while let Some(Ok(frame)) = body.frame().await {
        dropped += frame.data_ref().map_or(0, Bytes::len);
        if dropped > most {
            return;
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
