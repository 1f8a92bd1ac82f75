//! A place in a call's log, and the way on from there.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;

use crate::sonic::entry::Entry;
use crate::sonic::handle::Events;
use crate::sonic::log::View;
use crate::sonic::queue::{Cursor, Part};

/// Where a reader begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadFrom {
    /// At the oldest event that is kept.
    #[default]
    Oldest,
    /// At the next event that happens.
    Now,
    /// Behind the event with this number, as after a pause. A number that was never told means [`Now`](Self::Now).
    After(u64),
}

impl ReadFrom {
    /// Reads the `Last-Event-ID` with which a browser comes back; without one, or with one that is no number of ours, a
    /// reader begins at the oldest event.
    #[must_use]
    pub fn last_event_id(id: Option<&str>) -> Self {
        id.and_then(|id| id.trim().parse().ok()).map_or(ReadFrom::Oldest, ReadFrom::After)
    }
}

/// A reader of a shared call. It has every event once, in order, and ends after
/// [`Event::Closed`](crate::sonic::Event::Closed).
///
/// However slowly it reads, neither the call nor another reader waits for it. Dropping it disturbs nobody; when the last
/// reader and the last [`SharedConversation`](super::SharedConversation) are gone, the call is dropped.
pub struct Reader {
    events: Arc<Events>,
    cursor: Cursor,
}

impl Reader {
    pub(super) fn new(events: &Arc<Events>, from: ReadFrom, view: View, part: Part) -> Self {
        Reader { cursor: events.mail().read(from, view, part), events: Arc::clone(events) }
    }

    /// Returns the next event, or `None` after the last one. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Arc<Entry>> {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    /// Returns the next event if there is one already.
    pub fn try_next(&mut self) -> Option<Arc<Entry>> {
        self.events.mail().try_next(&mut self.cursor)
    }

    /// Returns the number after which this reader goes on: [`ReadFrom::After`] it continues here.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.cursor.position()
    }

    pub(super) fn another(&self, from: ReadFrom) -> Reader {
        Reader::new(&self.events, from, self.cursor.view(), Part::Listener)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Arc<Entry>>> {
        self.events.mail().poll_next(&mut self.cursor, cx)
    }
}

impl Stream for Reader {
    type Item = Arc<Entry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Arc<Entry>>> {
        self.poll(cx)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.events.mail().leave(&self.cursor);
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}
