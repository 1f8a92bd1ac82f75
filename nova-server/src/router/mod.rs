//! The voice API on axum.
//!
//! ```no_run
//! # async fn run(desk: bedrock_nova_server::Desk) -> std::io::Result<()> {
//! use std::time::Duration;
//!
//! use axum::{Router, routing::get};
//! use bedrock_nova_server::router::{router, serve};
//!
//! let app = Router::new().route("/about", get(|| async { "mine" })).nest("/voice", router(&desk));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
//! serve(listener, app, desk, Duration::from_secs(30)).await
//! # }
//! ```
//!
//! Whose a request is, the desk says, by tokens or by tickets. An application that knows its people in another way puts an
//! [`Owner`](bedrock_nova::ids::Owner) among the extensions of the request, in a layer around the router. Whoever has no
//! name is counted by the address that `into_make_service_with_connect_info` tells, as [`serve`] does.

mod connections;
mod end;
mod http;
mod socket;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method as HttpMethod, header};
use axum::response::Response;
use axum::routing::{MethodFilter, any, on};
use tower_http::cors::{AllowOrigin, CorsLayer};

pub use self::end::serve;
use crate::answer::Failure;
use crate::desk::Desk;
use crate::page;
use crate::route::{Kind, Method, Route};

/// Makes the routes of the voice API, to be merged with an application's own, or nested under a path.
///
/// Wrong methods on them are answered in the API's form; for paths that are not there, see [`no_such_route`].
pub fn router(desk: &Desk) -> Router {
    let routes = Route::ALL.into_iter().fold(Router::new(), |router, route| {
        let desk = desk.clone();
        let handler = move |request: Request| async move {
            match route.kind() {
                Kind::Plain => http::answer(&desk, route, request).await,
                Kind::Events => http::events(&desk, route, request).await,
                Kind::Socket => socket::talk(desk, route, request).await,
            }
        };
        router.route(route.path(), on(filter(route.method()), handler))
    });
    routes.method_not_allowed_fallback(no_such_route)
}

/// Makes the routes of the page to talk in: `/`, and the element `<nova-voice>` beside it. It asks for the API at the place
/// where it stands itself.
pub fn page() -> Router {
    page::paths().fold(Router::new(), |router, path| router.route(path, any(http::page)))
}

/// Makes a whole server: the routes and the page, everything else refused in the API's form, and pages of these origins let
/// in (`*`: of all).
pub fn app(desk: &Desk, origins: &[String]) -> Router {
    let app = router(desk).merge(page()).fallback(no_such_route);
    if origins.is_empty() { app } else { app.layer(cors(origins)) }
}

/// Refuses a request on a path that is not there, or with a method that the path has not, in the API's form: for
/// [`Router::fallback`].
pub async fn no_such_route(request: Request) -> Response {
    let refused = Route::find(request.method().as_str(), request.uri().path());
    http::response(refused.err().unwrap_or_else(Failure::no_such_route).answer())
}

fn filter(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Delete => MethodFilter::DELETE,
    }
}

/// An origin that is no header value can be nobody's.
fn cors(origins: &[String]) -> CorsLayer {
    let origins = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([HttpMethod::GET, HttpMethod::POST, HttpMethod::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("last-event-id")])
        .expose_headers([header::RETRY_AFTER, HeaderName::from_static("call-location")])
}
