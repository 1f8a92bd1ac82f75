//! The sending half of a link before it meets a wire: opening payloads, then a short queue with two kinds of end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::StreamExt;
use futures::channel::mpsc;

use super::Failure;

/// Makes both ends of an uplink whose first payloads are already queued; the rest holds [`UPLINK_PAYLOADS`].
pub(crate) fn uplink(opening: Vec<Bytes>) -> (UplinkSender, UplinkReceiver) {
    // The channel adds one slot for each sender, and there is one.
    let (sender, receiver) = mpsc::channel(UPLINK_PAYLOADS - 1);
    let finished = Arc::new(AtomicBool::new(false));
    let queue = UplinkReceiver { opening: opening.into_iter(), receiver, finished: Arc::clone(&finished) };
    (UplinkSender { sender, finished }, queue)
}

/// The end a link writes to.
pub(crate) struct UplinkSender {
    sender: mpsc::Sender<Bytes>,
    finished: Arc<AtomicBool>,
}

/// The end a wire reads from.
pub(crate) struct UplinkReceiver {
    opening: std::vec::IntoIter<Bytes>,
    receiver: mpsc::Receiver<Bytes>,
    finished: Arc<AtomicBool>,
}

/// What comes out of an uplink.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Uplinked {
    /// The next payload.
    Payload(Bytes),
    /// The sender said that it is done.
    Finished,
    /// The sender went away without a word.
    Abandoned,
}

impl UplinkSender {
    /// Resolves when one more payload fits.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.sender.poll_ready(cx).map_err(|_| Failure::lost("the sending half of the stream is closed"))
    }

    /// Hands over one payload after [`poll_ready`](Self::poll_ready) resolved. To a closed uplink it is lost, and the
    /// receiving half says why.
    pub(crate) fn send(&mut self, payload: Bytes) {
        if self.sender.try_send(payload).is_err_and(|refused| refused.is_full()) {
            tracing::error!("a payload was handed over without waiting for room and is lost: a defect of the caller");
        }
    }

    /// Ends the uplink in order: what was handed over still comes out.
    pub(crate) fn finish(&mut self) {
        self.finished.store(true, Ordering::Release);
        self.sender.close_channel();
    }
}

impl UplinkReceiver {
    /// Takes the next payload or learns how the uplink ended; the end is repeated for ever.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Uplinked> {
        if let Some(payload) = self.opening.next() {
            return Poll::Ready(Uplinked::Payload(payload));
        }
        Pin::new(&mut self.receiver).poll_next_unpin(cx).map(|next| match next {
            Some(payload) => Uplinked::Payload(payload),
            None if self.finished.load(Ordering::Acquire) => Uplinked::Finished,
            None => Uplinked::Abandoned,
        })
    }
}

/// Payloads that wait between a link and its wire (SDK page §2.3: keep it to a few chunks, or a stalled uplink
/// fills with audio that is stale when it leaves).
pub(crate) const UPLINK_PAYLOADS: usize = 4;

#[cfg(test)]
mod tests {
    use futures::task::noop_waker_ref;

    use super::*;

    fn next(receiver: &mut UplinkReceiver) -> Poll<String> {
        receiver.poll_next(&mut Context::from_waker(noop_waker_ref())).map(|step| match step {
            Uplinked::Payload(payload) => String::from_utf8_lossy(&payload).into_owned(),
            Uplinked::Finished => "finished".to_owned(),
            Uplinked::Abandoned => "abandoned".to_owned(),
        })
    }

    fn ready(sender: &mut UplinkSender) -> bool {
        matches!(sender.poll_ready(&mut Context::from_waker(noop_waker_ref())), Poll::Ready(Ok(())))
    }

    #[test]
    fn the_opening_comes_first_and_finish_comes_last() {
        let (mut sender, mut receiver) = uplink(vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")]);
        sender.send(Bytes::from_static(b"c"));
        sender.finish();
        let all: Vec<_> = (0..5).map(|_| next(&mut receiver)).collect();
        assert_eq!(all, ["a", "b", "c", "finished", "finished"].map(|word| Poll::Ready(word.to_owned())));
    }

    #[test]
    fn four_payloads_wait_and_no_more() {
        let (mut sender, mut receiver) = uplink(Vec::new());
        for _ in 0..UPLINK_PAYLOADS {
            assert!(ready(&mut sender));
            sender.send(Bytes::from_static(b"x"));
        }
        assert!(!ready(&mut sender));
        assert_eq!(next(&mut receiver), Poll::Ready("x".to_owned()));
        assert!(ready(&mut sender));
    }

    #[test]
    fn a_dropped_sender_is_no_end() {
        let (sender, mut receiver) = uplink(Vec::new());
        assert_eq!(next(&mut receiver), Poll::Pending);
        drop(sender);
        assert_eq!(next(&mut receiver), Poll::Ready("abandoned".to_owned()));
    }

    #[test]
    fn a_dropped_receiver_closes_the_sender() {
        let (mut sender, receiver) = uplink(Vec::new());
        drop(receiver);
        assert!(!ready(&mut sender));
    }
}
