//! The router inside of other people's applications; what it answers is the contract's.

#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use axum::routing::get;
use axum::{Extension, Router};
use bedrock_nova::ids::Owner;
use bedrock_nova::sonic::ConversationPool;
use bedrock_nova_server::router::{app, no_such_route, router, serve};
use bedrock_nova_server::{Desk, Owners};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tower::ServiceExt;

/// Nobody opens a call here, so nothing is asked of a service.
fn desk() -> Desk {
    let pool = ConversationPool::builder().build().unwrap();
    Desk::builder(pool).owners(Owners::tokens([("a-token", "ann")])).largest_body(64).build()
}

async fn ask(app: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    app.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
}

async fn code(response: Response<Body>) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = serde_json::from_slice(&to_bytes(response.into_body(), 1 << 16).await.unwrap()).unwrap();
    (status, body["error"]["code"].as_str().unwrap().to_owned())
}

const TOKEN: (&str, &str) = ("authorization", "Bearer a-token");

#[tokio::test]
async fn it_stands_beside_other_routes_and_under_any_path() {
    let app = Router::new()
        .route("/", get(|| async { "mine" }))
        .nest("/tenants/{tenant}/voice", router(&desk()))
        .fallback(no_such_route);
    assert_eq!(to_bytes(ask(&app, "GET", "/", &[], "").await.into_body(), 9).await.unwrap(), "mine");
    let voice = "/tenants/a/voice";
    let found = ask(&app, "GET", &format!("{voice}/session/nobody"), &[TOKEN], "").await;
    assert_eq!(code(found).await, (404, "no-such-call".to_owned()));
    assert_eq!(ask(&app, "GET", &format!("{voice}/health"), &[], "").await.status(), 200);
    let other = ask(&app, "PUT", &format!("{voice}/session/nobody"), &[], "").await;
    assert!(other.headers()["allow"].to_str().unwrap().contains("DELETE"), "{other:?}");
    assert_eq!(code(other).await, (405, "method".to_owned()));
    assert_eq!(code(ask(&app, "GET", &format!("{voice}/nowhere"), &[], "").await).await.0, 404);
}

#[tokio::test]
async fn an_application_may_know_its_people_by_itself() {
    let stranger = router(&desk());
    let text = r#"{"session_id":"nobody","text":"Hello?"}"#;
    let refused = ask(&stranger, "POST", "/text", &[], text).await;
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    assert_eq!(code(refused).await, (401, "token".to_owned()));
    let known = stranger.layer(Extension(Owner::from("bob")));
    assert_eq!(code(ask(&known, "POST", "/text", &[], text).await).await, (404, "no-such-call".to_owned()));
}

#[tokio::test]
async fn what_is_too_large_is_not_read() {
    let app = router(&desk());
    let large = "x".repeat(100);
    for headers in [&[TOKEN][..], &[TOKEN, ("content-length", "100")]] {
        assert_eq!(code(ask(&app, "POST", "/text", headers, &large).await).await, (413, "body-too-large".to_owned()));
    }
    let stranger = ask(&app, "POST", "/text", &[("content-length", "100")], &large).await;
    assert_eq!(code(stranger).await.0, 401, "who is not let in is not read at all");
}

#[tokio::test]
async fn a_socket_wants_to_be_asked_for_and_ids_are_read_as_they_are_meant() {
    let app = router(&desk());
    assert_eq!(code(ask(&app, "GET", "/ws/nobody", &[TOKEN], "").await).await, (400, "request".to_owned()));
    let told = ask(&app, "GET", "/session/no%20body", &[TOKEN], "").await;
    let body = to_bytes(told.into_body(), 1 << 16).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("no body"), "{body:?}");
    assert_eq!(code(ask(&app, "GET", "/session/%ff", &[TOKEN], "").await).await, (404, "no-such-call".to_owned()));
}

#[tokio::test]
async fn pages_of_an_origin_may_call() {
    let app = app(&desk(), &["https://example.org".to_owned()]);
    let asked = [("origin", "https://example.org"), ("access-control-request-method", "POST")];
    let allowed = ask(&app, "OPTIONS", "/session/start", &asked, "").await;
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://example.org");
    let stranger = ask(&app, "GET", "/health", &[("origin", "https://example.com")], "").await;
    assert!(!stranger.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_is_asked_is_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let desk = desk();
    let server = tokio::spawn(serve(listener, app(&desk, &[]), desk, Duration::ZERO));
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(b"GET /health HTTP/1.1\r\n").await.unwrap();
    let begun = Instant::now();
    let closed = timeout(Duration::from_secs(3600), silent.read_to_end(&mut Vec::new())).await;
    assert!(closed.is_ok() && begun.elapsed() >= Duration::from_secs(30), "{:?}", begun.elapsed());
    server.abort();
}
