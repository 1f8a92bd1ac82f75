//! An open stream: one owner for both halves, and a pump that always drains what comes.

use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::primitives::event_stream::{EventReceiver, EventStreamSender};
use aws_sdk_bedrockruntime::types::error::{
    InvokeModelWithBidirectionalStreamInputError as InputError,
    InvokeModelWithBidirectionalStreamOutputError as OutputError,
};
use aws_sdk_bedrockruntime::types::{
    BidirectionalInputPayloadPart, InvokeModelWithBidirectionalStreamInput as Input,
    InvokeModelWithBidirectionalStreamOutput as Output,
};
use bytes::Bytes;
use futures::stream::poll_fn;
use tokio::sync::oneshot;

use super::super::inbox::{InboxReader, InboxWriter, inbox};
use super::super::uplink::{UplinkReceiver, UplinkSender, Uplinked};
use super::failure::broken;
use crate::transport::{Failure, Link};

/// The link that the core holds. Dropping it lets go of the pump, and with it of the receiving half; the HTTP client
/// then resets the stream.
pub(super) struct BedrockLink {
    uplink: UplinkSender,
    inbox: InboxReader,
    hold: Hold,
}

/// Tells the pump, when dropped, that the link is gone, and how.
struct Hold {
    gone: Option<oneshot::Sender<Parting>>,
    parting: Parting,
}

/// How a link was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parting {
    /// In the middle: reset the stream.
    Abort,
    /// After its own end: let what was handed over go out first.
    Finished,
}

/// Turns an uplink into the SDK's input. The body is polled by the connection's own task, where each payload is signed
/// as it leaves, so its date is never stale. It never yields an error, which the SDK would send as an exception, and it
/// does not end when the link is dropped without a word, which would look like an orderly end.
pub(super) fn input(mut uplink: UplinkReceiver, sent: SentGuard) -> EventStreamSender<Input, InputError> {
    EventStreamSender::from(poll_fn(move |cx| {
        let _kept = &sent;
        match uplink.poll_next(cx) {
            Poll::Ready(Uplinked::Payload(payload)) => Poll::Ready(Some(Ok(chunk(payload)))),
            Poll::Ready(Uplinked::Finished) => Poll::Ready(None),
            Poll::Ready(Uplinked::Abandoned) | Poll::Pending => Poll::Pending,
        }
    }))
}

/// Lives in the request body, so that the pump can wait for the body's end.
pub(super) struct SentGuard {
    _alive: oneshot::Sender<()>,
}

/// Makes the guard and what resolves when it is gone.
pub(super) fn sent_guard() -> (SentGuard, oneshot::Receiver<()>) {
    let (alive, gone) = oneshot::channel();
    (SentGuard { _alive: alive }, gone)
}

impl BedrockLink {
    /// Starts the pump of an accepted stream.
    pub(super) fn start(
        uplink: UplinkSender,
        output: EventReceiver<Output, OutputError>,
        sent: oneshot::Receiver<()>,
        request_id: Option<String>,
    ) -> Self {
        let (writer, reader) = inbox();
        let (gone, parted) = oneshot::channel();
        spawn(Pump { output, inbox: writer, sent: Some(sent), request_id }.run(parted));
        BedrockLink { uplink, inbox: reader, hold: Hold { gone: Some(gone), parting: Parting::Abort } }
    }
}

impl Link for BedrockLink {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.uplink.poll_ready(cx)
    }

    fn send(&mut self, payload: Bytes) {
        self.uplink.send(payload);
    }

    fn finish(&mut self) {
        self.uplink.finish();
        self.hold.parting = Parting::Finished;
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        self.inbox.poll_next(cx)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(gone) = self.gone.take() {
            let _pump_ended = gone.send(self.parting);
        }
    }
}

/// Owns the receiving half. When it ends, the HTTP client breaks off whatever is left of the sending half.
struct Pump {
    output: EventReceiver<Output, OutputError>,
    inbox: InboxWriter,
    /// Resolves when our own end is out; absent from then on.
    sent: Option<oneshot::Receiver<()>>,
    request_id: Option<String>,
}

impl Pump {
    async fn run(mut self, parted: oneshot::Receiver<Parting>) {
        let end = tokio::select! {
            parting = parted => match parting {
                Ok(Parting::Finished) => tokio::time::timeout(LINGER, self.discard()).await.unwrap_or(End::Broken),
                Ok(Parting::Abort) | Err(_) => End::Broken,
            },
            end = self.pump() => end,
        };
        if end == End::Orderly {
            // The peer is done; our own end may still be on its way, and breaking it off would look like a fault.
            self.own_end(LINGER).await;
        }
    }

    /// Moves every payload into the inbox until the stream ends or the inbox takes no more.
    async fn pump(&mut self) -> End {
        loop {
            match self.output.recv().await {
                Ok(Some(Output::Chunk(part))) => {
                    let payload = part.bytes.map(Blob::into_inner).unwrap_or_default();
                    if self.inbox.push(payload.into()).is_err() {
                        return End::Broken;
                    }
                }
                Ok(Some(_)) => tracing::trace!("an unknown member of the output stream is ignored"),
                Ok(None) => {
                    // A program that exits on the peer's end should not take our own end with it.
                    self.own_end(OWN_END).await;
                    self.inbox.finish();
                    return End::Orderly;
                }
                Err(error) => {
                    self.inbox.fail(broken(&error, self.request_id.take()));
                    return End::Broken;
                }
            }
        }
    }

    /// Waits until our own end is out, so long and no longer.
    async fn own_end(&mut self, within: Duration) {
        if let Some(sent) = &mut self.sent
            && tokio::time::timeout(within, sent).await.is_ok()
        {
            self.sent = None;
        }
    }

    /// Reads to the end for nobody.
    async fn discard(&mut self) -> End {
        loop {
            match self.output.recv().await {
                Ok(Some(_)) => {}
                Ok(None) => return End::Orderly,
                Err(_) => return End::Broken,
            }
        }
    }
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Orderly,
    Broken,
}

/// A payload that nobody else holds becomes the SDK's without a copy.
fn chunk(payload: Bytes) -> Input {
    Input::Chunk(BidirectionalInputPayloadPart::builder().bytes(Blob::new(Vec::from(payload))).build())
}

#[allow(clippy::disallowed_methods, reason = "a stream must be drained whether or not anybody reads the link")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// How long the peer's end is held back until our own is out: it is milliseconds away, or was never asked for.
const OWN_END: Duration = Duration::from_millis(100);

/// How long what was handed over before the end may take to leave after the link is dropped or the peer has ended
/// (SDK page §7 (4): close within 2 s).
const LINGER: Duration = Duration::from_secs(2);
