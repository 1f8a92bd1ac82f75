//! One connection: how it is set up, how many streams it carries, and whether it still lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::watch;

use super::body::RequestBody;
use super::dial::{Protocol, Wire};
use super::origin::Origin;
use super::road::RoadError;

/// A connection with HTTP begun on it.
pub(super) enum Connection {
    /// Carries one request.
    Http1(http1::SendRequest<RequestBody>),
    /// Carries many.
    Http2(Http2),
}

/// A shared HTTP/2 connection.
#[derive(Clone)]
pub(super) struct Http2 {
    requests: http2::SendRequest<RequestBody>,
    open: Arc<AtomicUsize>,
    /// The peer's stream limit; [`UNSETTLED`] until its SETTINGS came.
    limit: watch::Receiver<usize>,
}

/// A place on a connection, given back on drop.
pub(super) struct Lease(Option<Arc<AtomicUsize>>);

impl Connection {
    /// Begins HTTP on a wire. HTTP/2 is ready when the peer's SETTINGS, and with them its stream limit, are known.
    pub(super) async fn begin(origin: &Origin, wire: Wire, protocol: Protocol) -> Result<Self, RoadError> {
        let failed = |error: hyper::Error| RoadError::http(origin, &error);
        match protocol {
            Protocol::Http1 => {
                let (requests, driver) = http1::handshake(TokioIo::new(wire)).await.map_err(failed)?;
                spawn(async move { drop(driver.await) });
                Ok(Connection::Http1(requests))
            }
            Protocol::Http2 => {
                let (requests, driver) = http2_settings().handshake(TokioIo::new(wire)).await.map_err(failed)?;
                let (settled, mut limit) = watch::channel(UNSETTLED);
                let (broke, broken) = tokio::sync::oneshot::channel();
                spawn(async move {
                    let end = drive(driver, settled).await;
                    let _nobody_waits = broke.send(end);
                });
                if limit.wait_for(|limit| *limit != UNSETTLED).await.is_err() {
                    return Err(match broken.await {
                        Ok(Err(error)) => failed(error),
                        _ => RoadError::refused(origin, &std::io::ErrorKind::ConnectionAborted.into()),
                    });
                }
                Ok(Connection::Http2(Http2 { requests, open: Arc::default(), limit }))
            }
        }
    }
}

impl Http2 {
    /// Takes a place for one more stream, if there is one.
    pub(super) fn lease(&self) -> Option<Lease> {
        let limit = (*self.limit.borrow()).min(MAX_STREAMS);
        let taken =
            self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| (open < limit).then_some(open + 1));
        taken.ok().map(|_| Lease(Some(Arc::clone(&self.open))))
    }

    /// Says whether the connection takes no more streams: closed, broken, or told to go away.
    pub(super) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// Says whether no stream is open.
    pub(super) fn is_idle(&self) -> bool {
        self.open.load(Ordering::Acquire) == 0
    }

    /// Sends one request; dropping the future resets the stream.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        self.requests.try_send_request(request).await
    }
}

impl Lease {
    /// Makes the lease of a connection that carries nothing else.
    pub(super) fn whole() -> Self {
        Lease(None)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(open) = &self.0 {
            open.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

fn http2_settings() -> http2::Builder<TokioExecutor> {
    let mut settings = http2::Builder::new(TokioExecutor::new());
    settings
        .timer(TokioTimer::new())
        .initial_max_send_streams(UNSETTLED)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true);
    settings
}

/// Runs a connection to its end. hyper tells the peer's stream limit when asked but does not announce it.
async fn drive(
    mut driver: http2::Connection<TokioIo<Wire>, RequestBody, TokioExecutor>,
    limit: watch::Sender<usize>,
) -> Result<(), hyper::Error> {
    loop {
        let pause = if *limit.borrow() == UNSETTLED { SETTLING } else { WATCHING };
        if let Ok(end) = tokio::time::timeout(pause, &mut driver).await {
            return end;
        }
        let now = driver.current_max_send_streams();
        limit.send_if_modified(|known| std::mem::replace(known, now) != now);
    }
}

#[allow(clippy::disallowed_methods, reason = "a connection is driven beside the streams on it")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// Streams on one connection at most, whatever the peer allows (SDK page §2.5).
pub(super) const MAX_STREAMS: usize = 50;

/// Bytes of answer that may be on their way for one stream: some two seconds of 24 kHz speech on the wire, so that an
/// answer made faster than real time is held up by distance only beyond 2.5 MB/s at 100 ms.
const STREAM_WINDOW: u32 = 256 << 10;

/// Room for every stream's whole window, so that streams left unread cannot stop the others (SDK page §2.5).
const CONNECTION_WINDOW: u32 = MAX_STREAMS as u32 * STREAM_WINDOW;

/// Bytes of upload that wait in the connection for each stream: two or three signed 32 ms chunks. What waits here is
/// stale when a stalled uplink moves again (SDK page §2.3).
const SEND_BUFFER: usize = 4 << 10;

/// How often a connection on which nothing comes proves that it lives, and how long the answer may take: a connection that
/// dies without a word is otherwise noticed after some 15 minutes (SDK page §2.4). What was said into it meanwhile can be
/// told again for 15 s back (`tape.rs`): 8 s at worst leave room for what the user had said of the sentence before. In
/// 4 s TCP sends a lost packet again four times over (after 0.2, 0.4, 0.8 and 1.6 s), so that a bad road is no dead one.
const PING_INTERVAL: Duration = Duration::from_secs(4);
const PING_TIMEOUT: Duration = Duration::from_secs(4);

/// Streams we may open before the peer's SETTINGS came: none, so that its limit is never overrun.
const UNSETTLED: usize = 0;

/// How often the stream limit is looked up until it is known, and afterwards.
const SETTLING: Duration = Duration::from_millis(1);
const WATCHING: Duration = Duration::from_millis(500);
