//! Connections, each in a task of its own, with a deadline for those on which nothing is asked.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Service;

/// A request has its head complete within this time, and an idle connection its next one.
const HEAD: Duration = Duration::from_secs(30);
/// A process without room for another connection tries again when some may have ended.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Accepts connections until it is stopped, then waits for the end of those there are: answers under way are given whole.
pub(super) async fn serve(listener: &TcpListener, app: Router, mut stopped: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    let theirs = stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, from)) => {
                    connections.spawn(carry(socket, from, app.clone(), theirs.clone()));
                }
                Err(error) => refused(&error).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = stopped.changed() => break,
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn refused(error: &io::Error) {
    let theirs = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionRefused, io::ErrorKind::ConnectionReset];
    if !theirs.contains(&error.kind()) {
        tracing::warn!("No connection can be taken: {error}.");
        tokio::time::sleep(NO_ROOM).await;
    }
}

async fn carry(socket: TcpStream, from: SocketAddr, app: Router, mut stopped: watch::Receiver<()>) {
    // A sentence is many small pieces, each of which is wanted at once.
    let _ = socket.set_nodelay(true);
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(from));
        let mut app = app.clone();
        async move { Ok::<_, Infallible>(app.call(request.map(Body::new)).await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    tokio::pin!(connection);
    // How a connection ends is its client's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
