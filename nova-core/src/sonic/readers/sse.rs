//! A reader as a stream of server-sent events, ready to be sent.

use std::time::Duration;

use bytes::Bytes;
use futures::Stream;

use super::reader::{ReadFrom, Reader};
use crate::sonic::api::sse::{Contents, HEARTBEAT};

/// Proxies close a silent stream after half a minute at the earliest.
const SILENCE: Duration = Duration::from_secs(15);

/// The body of an answer of the type `text/event-stream`: events as [`api::sse`](crate::sonic::api::sse) writes them, and
/// a heartbeat when nothing has happened for a while.
#[derive(Debug)]
pub struct SseStream {
    reader: Reader,
    contents: Contents,
}

impl Reader {
    /// Makes the reader a stream of server-sent events.
    ///
    /// One that goes on after a pause first looks, unseen, at what the log has from before, so that it tells of beginnings
    /// and ends as if there had been no pause.
    #[must_use]
    pub fn sse(self) -> SseStream {
        let mut contents = Contents::default();
        let mut before = self.another(ReadFrom::Oldest);
        while let Some(entry) = before.try_next().filter(|entry| entry.seq <= self.position()) {
            contents.pass(&entry);
        }
        SseStream { reader: self, contents }
    }
}

impl SseStream {
    /// Returns the next bytes to send, all messages of an event together; `None` after the last event. Dropping the
    /// future loses nothing.
    pub async fn next(&mut self) -> Option<Bytes> {
        let Ok(entry) = tokio::time::timeout(SILENCE, self.reader.next()).await else { return Some(HEARTBEAT) };
        let entry = entry?;
        let mut text = Vec::new();
        for message in self.contents.around(&entry, entry.sse()) {
            message.write(&mut text);
        }
        Some(text.into())
    }

    /// Makes it a `Stream`, as servers want the body of an answer.
    pub fn into_stream(self) -> impl Stream<Item = Bytes> {
        futures::stream::unfold(self, |mut this| async move { Some((this.next().await?, this)) })
    }
}
