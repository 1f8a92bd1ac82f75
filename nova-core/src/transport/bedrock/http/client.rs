//! The SDK's seam: one request in, one response out.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, Uri};
use hyper::client::conn::TrySendError;

use super::Trust;
use super::body::{RequestBody, ResponseBody, tie};
use super::origin::Origin;
use super::pool::{Place, Pool};

/// The HTTP client; clones share its connections.
#[derive(Clone)]
pub(in crate::transport::bedrock) struct OwnHttp {
    pool: Arc<Pool>,
}

impl OwnHttp {
    /// Makes a client with no connections yet.
    pub(in crate::transport::bedrock) fn new(trust: Trust) -> Self {
        OwnHttp { pool: Arc::new(Pool::new(trust)) }
    }

    /// Counts the HTTP/2 connections that take streams.
    pub(in crate::transport::bedrock) fn connections(&self) -> usize {
        self.pool.connections()
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let origin = Origin::of(request.uri()).ok_or_else(|| ConnectorError::user("the request has no host".into()))?;
        let mut tries = 1..=TRIES;
        let response = loop {
            let place = self.pool.place(&origin).await.map_err(|error| ConnectorError::io(error.into()))?;
            match send_on(place, request).await {
                Ok(response) => break response,
                Err(Unsent { request: Some(whole), .. }) if tries.next().is_some() => request = whole,
                Err(Unsent { error, .. }) => return Err(ConnectorError::io(error.into())),
            }
        };
        let response = response.map(SdkBody::from_body_1_x);
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

/// A request without a response; the request itself comes back when nothing of it was sent.
struct Unsent {
    error: hyper::Error,
    request: Option<Request<SdkBody>>,
}

async fn send_on(place: Place, request: Request<SdkBody>) -> Result<Response<ResponseBody>, Unsent> {
    let (parts, body) = request.into_parts();
    match place {
        Place::Http2(mut connection, lease) => {
            let (body, guard) = tie(body, lease);
            let response = connection.send(Request::from_parts(parts, body)).await;
            response.map(|response| ResponseBody::of(response, guard)).map_err(Unsent::from)
        }
        Place::Http1(mut requests, lease) => {
            let (body, guard) = tie(body, lease);
            let response = requests.try_send_request(in_origin_form(Request::from_parts(parts, body))).await;
            response.map(|response| ResponseBody::of(response, guard)).map_err(Unsent::from)
        }
    }
}

/// Writes a request as HTTP/1.1 wants it: the host in a header, the target without it.
fn in_origin_form(mut request: Request<RequestBody>) -> Request<RequestBody> {
    if let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().entry(HOST).or_insert(host);
    }
    let target = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(target);
    request
}

impl From<TrySendError<Request<RequestBody>>> for Unsent {
    fn from(mut unsent: TrySendError<Request<RequestBody>>) -> Self {
        let request = unsent.take_message().map(|request| request.map(RequestBody::untie));
        Unsent { error: unsent.into_error(), request }
    }
}

impl HttpConnector for OwnHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.clone();
        HttpConnectorFuture::new(async move { client.send(request).await })
    }
}

impl HttpClient for OwnHttp {
    fn http_connector(&self, _settings: &HttpConnectorSettings, _parts: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl fmt::Debug for OwnHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnHttp").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

/// How often a request that was not sent at all, because its connection was told to go away just then, gets another.
const TRIES: usize = 3;
