//! An HTTP/2 connection, on `h2` itself: windows, resets and GOAWAY are at hand there without a way round hyper.

use std::{sync::Arc, time::Duration};

use h2::server::Builder;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    select,
    time::timeout,
};
use tracing::debug;

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
    let handshake = builder(server.streams_per_connection()).handshake(io);
    let Ok(Ok(mut http2)) = timeout(HANDSHAKE, handshake).await else {
        debug!("no HTTP/2 handshake");
        return;
    };
    let (connection, mut orders) = Connection::new();
    loop {
        select! {
            accepted = http2.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                let (request, body) = request.into_parts();
                let (uplink, reply) = (Uplink::Http2(body), Reply::Http2(respond));
                let exchange = Exchange { request, protocol, uplink, reply, connection: connection.clone() };
                tokio::spawn(Arc::clone(&server).answer(exchange));
            }
            Some(order) = orders.recv() => match order {
                Order::GoAway => http2.graceful_shutdown(),
                Order::Drop => return,
            },
            () = server.stopped() => break,
        }
    }
    http2.graceful_shutdown();
    // The streams know as well and are ending; what they say last should still go out.
    let _ = timeout(FAREWELL, async { while http2.accept().await.is_some() {} }).await;
}

/// The windows are the protocol's own default for a stream, so that an uplink that is not read fills at once, and room
/// for every stream on the connection, so that one such stream does not hold up the others.
fn builder(streams: u32) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(streams)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(STREAM_WINDOW.saturating_mul(streams.clamp(1, 1024)))
        .max_send_buffer_size(STREAM_WINDOW as usize);
    builder
}

const STREAM_WINDOW: u32 = 65_535;
const HANDSHAKE: Duration = Duration::from_secs(10);
const FAREWELL: Duration = Duration::from_secs(1);
