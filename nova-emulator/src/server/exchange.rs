//! One request with its two open halves, whichever HTTP version carries it.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream, server::SendResponse};
use http::{Response, request::Parts};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use tokio::sync::{mpsc, oneshot};

use super::report::Protocol;

/// A request, and what it takes to read the rest of it and to answer.
pub(crate) struct Exchange {
    pub(crate) request: Parts,
    pub(crate) protocol: Protocol,
    pub(crate) uplink: Uplink,
    pub(crate) reply: Reply,
    pub(crate) connection: Connection,
}

/// The client reset the stream or its connection closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// The half that comes from the client.
#[derive(Debug)]
pub(crate) enum Uplink {
    Http2(RecvStream),
    Http1(Incoming),
}

impl Uplink {
    /// Gives the next piece, or `None` at the end. What is not asked for stays in the client's window; safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, Gone>> {
        match self {
            Self::Http2(stream) => {
                let piece = stream.data().await?.map_err(|_| Gone);
                let taken = piece.as_ref().map_or(0, Bytes::len);
                Some(stream.flow_control().release_capacity(taken).map_err(|_| Gone).and(piece))
            }
            Self::Http1(body) => loop {
                match body.frame().await?.map(Frame::into_data) {
                    Ok(Ok(piece)) => return Some(Ok(piece)),
                    Ok(Err(_trailers)) => {}
                    Err(_) => return Some(Err(Gone)),
                }
            },
        }
    }
}

/// The answer while its headers are unsent.
#[derive(Debug)]
pub(crate) enum Reply {
    Http2(SendResponse<Bytes>),
    Http1(oneshot::Sender<Response<Pipe>>),
}

impl Reply {
    /// Sends the headers and opens the body.
    pub(crate) fn open(self, head: Response<()>) -> Result<Downlink, Gone> {
        match self {
            Self::Http2(mut respond) => respond.send_response(head, false).map(Downlink::Http2).map_err(|_| Gone),
            Self::Http1(respond) => {
                let (valve, pipe) = pipe();
                respond.send(head.map(|()| pipe)).map_err(|_| Gone)?;
                Ok(Downlink::Http1(valve))
            }
        }
    }

    /// RST_STREAM in place of an answer; over HTTP/1.1 the connection closes.
    pub(crate) fn reset(self, code: u32) {
        if let Self::Http2(mut respond) = self {
            respond.send_reset(Reason::from(code));
        }
    }

    /// Waits until the client is gone; safe to cancel.
    pub(crate) async fn gone(&mut self) {
        match self {
            Self::Http2(respond) => drop(poll_fn(|cx| respond.poll_reset(cx)).await),
            Self::Http1(respond) => respond.closed().await,
        }
    }
}

/// The half that goes to the client, behind the headers.
#[derive(Debug)]
pub(crate) enum Downlink {
    Http2(SendStream<Bytes>),
    Http1(Valve),
}

impl Downlink {
    /// Waits until some of `wanted` bytes can be sent, and says how many; safe to cancel.
    pub(crate) async fn capacity(&mut self, wanted: usize) -> Result<usize, Gone> {
        match self {
            Self::Http2(stream) => {
                stream.reserve_capacity(wanted);
                while stream.capacity() == 0 {
                    poll_fn(|cx| stream.poll_capacity(cx)).await.and_then(Result::ok).ok_or(Gone)?;
                }
                Ok(stream.capacity().min(wanted))
            }
            Self::Http1(valve) => valve.pieces.reserve().await.map(|_| wanted.min(PIECE)).map_err(|_| Gone),
        }
    }

    /// Sends a piece for which there is capacity.
    pub(crate) fn send(&mut self, piece: Bytes) -> Result<(), Gone> {
        match self {
            Self::Http2(stream) => stream.send_data(piece, false).map_err(|_| Gone),
            Self::Http1(valve) => valve.pieces.try_send(piece).map_err(|_| Gone),
        }
    }

    /// Ends the body in order.
    pub(crate) fn finish(self) -> Result<(), Gone> {
        match self {
            Self::Http2(mut stream) => stream.send_data(Bytes::new(), true).map_err(|_| Gone),
            Self::Http1(valve) => {
                valve.finished.store(true, Ordering::Release);
                Ok(())
            }
        }
    }

    /// RST_STREAM; over HTTP/1.1 the connection closes.
    pub(crate) fn reset(self, code: u32) {
        if let Self::Http2(mut stream) = self {
            stream.send_reset(Reason::from(code));
        }
    }

    /// Waits until the client is gone; safe to cancel.
    pub(crate) async fn gone(&mut self) {
        match self {
            Self::Http2(stream) => drop(poll_fn(|cx| stream.poll_reset(cx)).await),
            Self::Http1(valve) => valve.pieces.closed().await,
        }
    }
}

/// What a stream can do to the connection under it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    orders: mpsc::Sender<Order>,
}

/// An order to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// GOAWAY; over HTTP/1.1 no further request is taken. Streams that are open go on.
    GoAway,
    /// Close the socket, whatever is open.
    Drop,
}

impl Connection {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Order>) {
        let (orders, receiver) = mpsc::channel(16);
        (Self { orders }, receiver)
    }

    /// Gives an order; waits while sixteen others are under way.
    pub(crate) async fn give(&self, order: Order) {
        // A connection that is gone needs no order.
        let _ = self.orders.send(order).await;
    }
}

/// The writing end of a [`Pipe`]; dropped before it is finished, it breaks the body off.
#[derive(Debug)]
pub(crate) struct Valve {
    pieces: mpsc::Sender<Bytes>,
    finished: Arc<AtomicBool>,
}

/// A body that is written piece by piece; one piece waits at most.
#[derive(Debug)]
pub(crate) struct Pipe {
    pieces: mpsc::Receiver<Bytes>,
    finished: Arc<AtomicBool>,
}

/// The body was broken off, on which hyper closes the connection without the last chunk.
#[derive(Debug, thiserror::Error)]
#[error("the answer was broken off")]
pub(crate) struct BrokenOff;

impl Body for Pipe {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.pieces.poll_recv(cx).map(|piece| match piece {
            Some(piece) => Some(Ok(Frame::data(piece))),
            None if self.finished.load(Ordering::Acquire) => None,
            None => Some(Err(BrokenOff)),
        })
    }
}

fn pipe() -> (Valve, Pipe) {
    let (sender, pieces) = mpsc::channel(1);
    let finished = Arc::new(AtomicBool::new(false));
    (Valve { pieces: sender, finished: Arc::clone(&finished) }, Pipe { pieces, finished })
}

/// The largest chunk of an HTTP/1.1 body.
const PIECE: usize = 16 * 1024;
