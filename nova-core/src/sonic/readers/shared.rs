//! A call that several readers follow.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::reader::{ReadFrom, Reader};
use crate::error::{Error, ErrorKind, Result};
use crate::sonic::event::{CloseReason, Event, Unsent};
use crate::sonic::handle::{Events, Sender};
use crate::sonic::log::View;
use crate::sonic::queue::Part;
use crate::usage::Usage;

/// A conversation whose events several readers have, each for itself; made by
/// [`Conversation::share`](crate::sonic::Conversation::share), cheap to clone.
///
/// It derefs to the [`Sender`]: whoever has it speaks in the call. When the last clone is gone the call finishes, and its
/// readers still read to the end; when the readers are gone too, it is dropped at once. See
/// [the module](crate::sonic::readers) for what is kept and who is heard.
#[derive(Clone)]
pub struct SharedConversation {
    sender: Sender,
    events: Arc<Events>,
}

impl SharedConversation {
    pub(in crate::sonic) fn new(sender: Sender, events: Events) -> Self {
        events.mail().share();
        SharedConversation { sender, events: Arc::new(events) }
    }

    /// Begins to read all events.
    #[must_use]
    pub fn reader(&self, from: ReadFrom) -> Reader {
        Reader::new(&self.events, from, View::Everything, Part::Listener)
    }

    /// Begins to read all events as the one who plays them: the sound that this reader takes is what the user hears.
    ///
    /// A call has one player. It takes the place of an earlier one, which goes on as an ordinary reader; when it is
    /// dropped, there is none.
    #[must_use]
    pub fn player(&self, from: ReadFrom) -> Reader {
        Reader::new(&self.events, from, View::Everything, Part::Player)
    }

    /// Begins to read the sound, and what ends it: [`Event::Audio`], [`Event::Interrupted`] and [`Event::Closed`].
    #[must_use]
    pub fn audio(&self, from: ReadFrom) -> Reader {
        Reader::new(&self.events, from, View::Audio, Part::Listener)
    }

    /// Begins to read the transcript: [`Event::Transcript`] alone.
    #[must_use]
    pub fn transcripts(&self, from: ReadFrom) -> Reader {
        Reader::new(&self.events, from, View::Transcripts, Part::Listener)
    }

    /// Returns what the call had used at the last [`Event::Usage`], and how long it had been open then.
    #[must_use]
    pub fn latest_usage(&self) -> Option<Usage> {
        let entry = self.events.mail().usage()?;
        match &entry.event {
            Event::Usage { total, cost, .. } => Some(Usage::new(*total, *cost, entry.at)),
            _ => None,
        }
    }

    /// Drops the call at once, whoever else holds or reads it: readers end without [`Event::Closed`], and whoever waits for
    /// the end is told that it was dropped.
    pub fn hang_up(&self) {
        self.events.drop_call();
    }

    /// Waits for the end of the call, however it comes.
    pub async fn closed(&self) -> Ending {
        let mut end = Reader::new(&self.events, ReadFrom::Now, View::End, Part::Listener);
        while end.next().await.is_some() {}
        let last = self.events.mail().last();
        match last.as_ref().map(|entry| &entry.event) {
            Some(Event::Closed { reason, error, unsent }) => {
                Ending { reason: *reason, error: error.clone(), unsent: unsent.clone() }
            }
            _ => Ending { reason: CloseReason::Failed, error: Some(dropped()), unsent: Unsent::default() },
        }
    }

    /// Ends the call in order and waits for its end; a call that has not ended within the deadline is dropped,
    /// and over all the same: nothing of it is kept.
    ///
    /// # Errors
    /// The failure that ended the call, or `Timeout` when it did not end in time.
    pub async fn close(&self, deadline: Duration) -> Result<()> {
        self.sender.finish();
        match tokio::time::timeout(deadline, self.closed()).await {
            Ok(ending) => ending.in_order(),
            Err(_) => {
                self.hang_up();
                Err(Error::new(ErrorKind::Timeout, "The call did not end within the deadline, and was dropped."))
            }
        }
    }
}

impl Deref for SharedConversation {
    type Target = Sender;

    fn deref(&self) -> &Sender {
        &self.sender
    }
}

impl fmt::Debug for SharedConversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedConversation").field("sender", &self.sender).finish_non_exhaustive()
    }
}

/// How a call ended, as [`Event::Closed`] tells it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Ending {
    /// Why.
    pub reason: CloseReason,
    /// The failure, when one ended it.
    pub error: Option<Error>,
    /// What was handed over and never sent.
    pub unsent: Unsent,
}

impl Ending {
    /// Returns whether the call was finished in order.
    ///
    /// # Errors
    /// The failure that ended the call; or `Timeout` when the service did not close its side in time, and for every other
    /// end that nobody asked for.
    pub fn in_order(self) -> Result<()> {
        match (self.reason, self.error) {
            (CloseReason::Finished, _) => Ok(()),
            (_, Some(error)) => Err(error),
            (reason, None) => {
                Err(Error::new(ErrorKind::Timeout, format!("The call did not close in order: {reason:?}.")))
            }
        }
    }
}

/// The driver went without a word: the call was dropped, or its runtime was shut down.
fn dropped() -> Error {
    Error::new(ErrorKind::Closed, "The call was dropped before it ended.")
}
