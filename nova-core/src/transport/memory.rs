//! An in-process transport: what one side opens, the other side accepts, refuses or breaks.
//!
//! ```
//! # use bytes::Bytes;
//! # use bedrock_nova::transport::{Target, Transport, memory};
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! let (transport, mut peer) = memory::pair();
//! let target = Target { model: "some-model".into(), region: None };
//! let opening = vec![Bytes::from_static(br#"{"event":{"sessionStart":{}}}"#)];
//! let (opened, _served) = tokio::join!(transport.open(target, opening), async {
//!     let mut stream = peer.accept().await.expect("the transport is alive").accept("request-1");
//!     assert!(matches!(stream.next().await, memory::FromClient::Payload(_)));
//!     stream.send(Bytes::from_static(br#"{"event":{"completionStart":{}}}"#)).expect("the client is alive");
//!     stream.finish();
//! });
//! assert_eq!(opened.expect("it was accepted").request_id.as_deref(), Some("request-1"));
//! # });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::task::noop_waker_ref;
use tokio::sync::{mpsc, oneshot};

use super::inbox::{InboxReader, InboxWriter, inbox};
use super::uplink::{UplinkReceiver, UplinkSender, Uplinked, uplink};
use super::{BoxFuture, Failure, Link, Opened, Target, Transport};

/// Makes a transport and the peer that serves what it opens. At most 16 opened streams wait to be accepted.
#[must_use]
pub fn pair() -> (MemoryTransport, MemoryPeer) {
    let (sender, receiver) = mpsc::channel(WAITING_STREAMS);
    (MemoryTransport { peer: sender }, MemoryPeer { incoming: receiver })
}

/// Opens links that end in a [`MemoryPeer`] of the same process.
#[derive(Clone, Debug)]
pub struct MemoryTransport {
    peer: mpsc::Sender<Incoming>,
}

/// Takes the streams that a [`MemoryTransport`] opens.
#[derive(Debug)]
pub struct MemoryPeer {
    incoming: mpsc::Receiver<Incoming>,
}

/// A stream somebody wants to open. Its opening payloads can be read before it is accepted; dropping it refuses it.
pub struct Incoming {
    target: Target,
    uplink: UplinkReceiver,
    answer: oneshot::Sender<Result<(InboxReader, String), Failure>>,
}

/// The serving end of an accepted stream. Dropping it without [`finish`](Self::finish) breaks the stream.
pub struct MemoryStream {
    uplink: UplinkReceiver,
    inbox: InboxWriter,
}

/// What the client did next.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FromClient {
    /// It sent a payload.
    Payload(Bytes),
    /// It ended its half in order.
    Finished,
    /// It dropped the link.
    Aborted,
}

/// The client no longer takes payloads: the stream ended, the link was dropped, or it left too much unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client no longer takes payloads")]
pub struct Gone;

impl Transport for MemoryTransport {
    fn open(&self, target: Target, opening: Vec<Bytes>) -> BoxFuture<Result<Opened, Failure>> {
        let peer = self.peer.clone();
        Box::pin(async move {
            let (sender, receiver) = uplink(opening);
            let (answer, answered) = oneshot::channel();
            peer.send(Incoming { target, uplink: receiver, answer }).await.map_err(|_| nobody())?;
            let (inbox, request_id) = answered.await.map_err(|_| nobody())??;
            let link = Box::new(MemoryLink { uplink: sender, inbox });
            Ok(Opened { link, request_id: Some(request_id), identity_expires: None })
        })
    }
}

impl MemoryPeer {
    /// Waits for the next stream; `None` once every clone of the transport is gone.
    pub async fn accept(&mut self) -> Option<Incoming> {
        self.incoming.recv().await
    }
}

impl Incoming {
    /// Returns where the client wants to go.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Waits for the client's next payload while the stream is not yet accepted.
    pub async fn next(&mut self) -> FromClient {
        poll_fn(|cx| self.uplink.poll_next(cx)).await.into()
    }

    /// Accepts the stream: the client's `open` resolves with this request id.
    pub fn accept(self, request_id: impl Into<String>) -> MemoryStream {
        let (writer, reader) = inbox();
        // A client that gave up meanwhile is noticed at the next step: its uplink reads `Aborted`.
        let _gone = self.answer.send(Ok((reader, request_id.into())));
        MemoryStream { uplink: self.uplink, inbox: writer }
    }

    /// Refuses the stream: the client's `open` resolves with this failure.
    pub fn refuse(self, failure: Failure) {
        let _gone = self.answer.send(Err(failure));
    }
}

impl MemoryStream {
    /// Waits for what the client does next; its end is repeated for ever.
    pub async fn next(&mut self) -> FromClient {
        poll_fn(|cx| self.uplink.poll_next(cx)).await.into()
    }

    /// Returns what the client has done already, without waiting.
    pub fn try_next(&mut self) -> Option<FromClient> {
        match self.uplink.poll_next(&mut Context::from_waker(noop_waker_ref())) {
            Poll::Ready(step) => Some(step.into()),
            Poll::Pending => None,
        }
    }

    /// Sends a payload to the client.
    ///
    /// # Errors
    /// [`Gone`] when the client no longer takes payloads; one that left 8 MiB unread fails for it too.
    pub fn send(&self, payload: Bytes) -> Result<(), Gone> {
        self.inbox.push(payload).map_err(|_| Gone)
    }

    /// Ends the stream in order.
    pub fn finish(&self) {
        self.inbox.finish();
    }

    /// Breaks the stream with a failure of the caller's choice.
    pub fn fail(self, failure: Failure) {
        self.inbox.fail(failure);
    }
}

struct MemoryLink {
    uplink: UplinkSender,
    inbox: InboxReader,
}

impl Link for MemoryLink {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.uplink.poll_ready(cx)
    }

    fn send(&mut self, payload: Bytes) {
        self.uplink.send(payload);
    }

    fn finish(&mut self) {
        self.uplink.finish();
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        self.inbox.poll_next(cx)
    }
}

impl From<Uplinked> for FromClient {
    fn from(step: Uplinked) -> Self {
        match step {
            Uplinked::Payload(payload) => FromClient::Payload(payload),
            Uplinked::Finished => FromClient::Finished,
            Uplinked::Abandoned => FromClient::Aborted,
        }
    }
}

impl fmt::Debug for FromClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FromClient::Payload(payload) => write!(f, "Payload({} bytes)", payload.len()),
            FromClient::Finished => f.write_str("Finished"),
            FromClient::Aborted => f.write_str("Aborted"),
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("target", &self.target).finish_non_exhaustive()
    }
}

impl fmt::Debug for MemoryStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStream").finish_non_exhaustive()
    }
}

fn nobody() -> Failure {
    Failure::Unreachable { code: "unreachable".into(), message: "nobody serves this in-memory transport".into() }
}

/// Opened streams that may wait for [`MemoryPeer::accept`]; further opens wait for room.
const WAITING_STREAMS: usize = 16;
