//! The receiving half of a link: a queue that its filler never waits for, with a bound in bytes and one end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::task::AtomicWaker;

use super::Failure;

/// Makes both ends of an inbox. Past [`INBOX_BYTES`] unread the inbox ends with a failure: a transport must never stop
/// reading its stream, because an unread one stalls every other stream of the connection (SDK page §2.5).
pub(crate) fn inbox() -> (InboxWriter, InboxReader) {
    let shared = Arc::new(Shared::default());
    (InboxWriter(Arc::clone(&shared)), InboxReader(shared))
}

/// The end that fills. Dropping it without an end reads as a lost stream.
pub(crate) struct InboxWriter(Arc<Shared>);

/// The end that reads.
pub(crate) struct InboxReader(Arc<Shared>);

/// The inbox takes nothing more: it overflowed, ended, or has no reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl InboxWriter {
    /// Queues one payload.
    pub(crate) fn push(&self, payload: Bytes) -> Result<(), Closed> {
        self.0.change(|state| {
            if state.end.is_some() {
                return Err(Closed);
            }
            if state.bytes + payload.len() > INBOX_BYTES {
                state.end = Some(End::Failed(overflow()));
                return Err(Closed);
            }
            state.bytes += payload.len();
            state.queue.push_back(payload);
            Ok(())
        })
    }

    /// Ends in order: what is queued is still read.
    pub(crate) fn finish(&self) {
        self.0.change(|state| state.end.get_or_insert(End::Finished).clone());
    }

    /// Ends with a failure after what is queued; the first end counts.
    pub(crate) fn fail(&self, failure: Failure) {
        self.0.change(|state| state.end.get_or_insert(End::Failed(failure)).clone());
    }
}

impl Drop for InboxWriter {
    fn drop(&mut self) {
        self.fail(Failure::lost("the peer went away without a word"));
    }
}

impl InboxReader {
    /// Takes the next payload; `None` is an orderly end. After the end it stays pending.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        self.0.reader.register(cx.waker());
        let mut state = self.0.lock();
        if let Some(payload) = state.queue.pop_front() {
            state.bytes -= payload.len();
            return Poll::Ready(Some(Ok(payload)));
        }
        match &state.end {
            None => Poll::Pending,
            Some(End::Finished) => Poll::Ready(None),
            Some(End::Failed(failure)) => Poll::Ready(Some(Err(failure.clone()))),
        }
    }
}

impl Drop for InboxReader {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.end.get_or_insert(End::Finished);
        state.queue.clear();
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    reader: AtomicWaker,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Bytes>,
    bytes: usize,
    end: Option<End>,
}

#[derive(Clone)]
enum End {
    Finished,
    Failed(Failure),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic half-way, so a poisoned lock still guards a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.reader.wake();
        result
    }
}

fn overflow() -> Failure {
    Failure::lost(format!("more than {INBOX_BYTES} bytes of answers were left unread, so the stream was given up"))
}

/// Payload bytes that may wait unread: about two minutes of 24 kHz speech, which is 64 kB a second as event JSON.
pub(crate) const INBOX_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use futures::task::noop_waker_ref;

    use super::*;

    fn next(reader: &mut InboxReader) -> Poll<Option<Result<Bytes, Failure>>> {
        reader.poll_next(&mut Context::from_waker(noop_waker_ref()))
    }

    #[test]
    fn what_is_queued_comes_before_the_end() {
        let (writer, mut reader) = inbox();
        assert_eq!(next(&mut reader), Poll::Pending);
        assert_eq!(writer.push(Bytes::from_static(b"1")), Ok(()));
        writer.finish();
        assert_eq!(writer.push(Bytes::from_static(b"2")), Err(Closed));
        drop(writer);
        assert_eq!(next(&mut reader), Poll::Ready(Some(Ok(Bytes::from_static(b"1")))));
        assert_eq!(next(&mut reader), Poll::Ready(None));
    }

    #[test]
    fn a_vanished_writer_is_a_lost_stream() {
        let (writer, mut reader) = inbox();
        drop(writer);
        assert!(matches!(next(&mut reader), Poll::Ready(Some(Err(Failure::Lost { .. })))));
    }

    #[test]
    fn too_much_unread_ends_the_stream_but_loses_nothing_that_fitted() {
        let (writer, mut reader) = inbox();
        let half = Bytes::from(vec![0; INBOX_BYTES / 2]);
        assert_eq!(writer.push(half.clone()), Ok(()));
        assert_eq!(writer.push(half.clone()), Ok(()));
        assert_eq!(writer.push(Bytes::from_static(b"x")), Err(Closed));
        for _ in 0..2 {
            assert_eq!(next(&mut reader), Poll::Ready(Some(Ok(half.clone()))));
        }
        assert!(matches!(next(&mut reader), Poll::Ready(Some(Err(Failure::Lost { .. })))));
    }

    #[test]
    fn a_reader_that_left_closes_the_inbox() {
        let (writer, reader) = inbox();
        drop(reader);
        assert_eq!(writer.push(Bytes::new()), Err(Closed));
    }
}
