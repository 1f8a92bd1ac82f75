//! An HTTP/1.1 connection: one chunked exchange at a time, both halves open at once.

use std::{pin::pin, sync::Arc, time::Duration};

use http::Request;
use hyper::{body::Incoming, server::conn::http1::Builder, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    select,
    sync::oneshot,
    time::timeout,
};

use super::{
    Server,
    exchange::{Connection, Exchange, Order, Reply, Uplink},
    report::Protocol,
};

/// Serves a connection until it closes, is told to, or the emulator stops.
pub(crate) async fn serve<T>(io: T, protocol: Protocol, server: Arc<Server>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (connection, mut orders) = Connection::new();
    let service = service_fn(|request: Request<Incoming>| {
        let (request, body) = request.into_parts();
        let (sender, answer) = oneshot::channel();
        let (uplink, reply) = (Uplink::Http1(body), Reply::Http1(sender));
        let exchange = Exchange { request, protocol, uplink, reply, connection: connection.clone() };
        tokio::spawn(Arc::clone(&server).answer(exchange));
        // No answer at all makes hyper close the connection, which is what a reset stream is here.
        answer
    });
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(BUFFER);
    let mut http1 = pin!(builder.serve_connection(TokioIo::new(io), service));
    loop {
        select! {
            _ = &mut http1 => return,
            Some(order) = orders.recv() => match order {
                Order::GoAway => http1.as_mut().graceful_shutdown(),
                Order::Drop => return,
            },
            () = server.stopped() => break,
        }
    }
    http1.as_mut().graceful_shutdown();
    let _ = timeout(FAREWELL, http1).await;
}

const HEADERS: Duration = Duration::from_secs(30);
const FAREWELL: Duration = Duration::from_secs(1);
/// Bounds what is read ahead of a stream that is not read.
const BUFFER: usize = 64 * 1024;
