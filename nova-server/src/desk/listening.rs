//! What a client hears: server-sent events, and tickets for those who cannot set headers.

use std::fmt;
use std::time::SystemTime;

use bedrock_nova::ids::Owner;
use bedrock_nova::sonic::readers::SseStream;
use bedrock_nova::sonic::{Pooled, ReadFrom};
use bytes::Bytes;
use futures::Stream;
use serde::Serialize;

use super::{Desk, Listener};
use crate::answer::{Answer, Failure};
use crate::bodies::{self, Body};

/// What stands behind the question mark of an address; what is not known there is passed over.
#[derive(Clone, Default)]
pub struct Query {
    ticket: Option<String>,
    last_event_id: Option<String>,
    player: Option<String>,
    after: Option<String>,
}

/// Who plays what a reader is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Player,
    Listener,
}

/// A stream of server-sent events. It holds the call, which is not idle while somebody listens.
#[derive(Debug)]
pub struct EventStream {
    events: SseStream,
    #[allow(dead_code, reason = "being there is all it does")]
    listener: Listener,
}

#[derive(Serialize)]
struct Issued {
    ticket: String,
    expires_in: f64,
}

impl Desk {
    /// Begins to tell a call's events on the route [`StreamEvents`](crate::Route::StreamEvents), behind the last number
    /// that the client has: `last_event_id`, the header `Last-Event-ID`, or the one in the address.
    ///
    /// # Errors
    /// 400 for what stands in the address, 404, 503, and what makes a call that was left in a store not go on.
    pub async fn events(
        &self,
        owner: &Owner,
        session: &str,
        query: &Query,
        last_event_id: Option<&str>,
    ) -> Result<EventStream, Failure> {
        let part = query.part()?;
        // A browser that comes back by itself has the old address, and the new number in the header.
        let from = ReadFrom::last_event_id(last_event_id.or(query.last_event_id.as_deref()));
        let call = self.find(session, owner).await?;
        let events = part.reader(&call, from).sse();
        Ok(EventStream { events, listener: Listener::new(self, call) })
    }

    pub(super) async fn issue_ticket(&self, owner: &Owner, body: &Body<'_>) -> Result<Answer, Failure> {
        let (session, ()) = bodies::for_call(body, bodies::nothing)?;
        let call = self.find(&session, owner).await?;
        let (ticket, life) = self.inner.tickets.issue(owner, call.id().as_str(), SystemTime::now());
        Ok(Answer::json(200, &Issued { ticket, expires_in: life.as_secs_f64() }))
    }
}

impl EventStream {
    /// The headers of the answer. A proxy that buffers would hold a sentence back until the next one.
    pub const HEADERS: [(&'static str, &'static str); 3] = [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
    ];

    /// Returns the next bytes to send, a heartbeat every 15 s at least; `None` after the last event. Dropping the future
    /// loses nothing.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.events.next().await
    }

    /// Makes it a `Stream`.
    pub fn into_stream(self) -> impl Stream<Item = Bytes> + Send {
        futures::stream::unfold(self, |mut this| async move { Some((this.next().await?, this)) })
    }
}

impl Query {
    /// Reads what stands behind the question mark; of a name that is there twice the last counts.
    #[must_use]
    pub fn parse(raw: Option<&str>) -> Self {
        let mut query = Query::default();
        for (name, value) in form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
            let place = match &*name {
                "ticket" => &mut query.ticket,
                "last_event_id" => &mut query.last_event_id,
                "player" => &mut query.player,
                "after" => &mut query.after,
                _ => continue,
            };
            *place = Some(value.into_owned());
        }
        query
    }

    /// Returns the ticket, for the [`Caller`](crate::Caller).
    #[must_use]
    pub fn ticket(&self) -> Option<&str> {
        self.ticket.as_deref()
    }

    /// Returns whether this client has the loudspeaker: what it is sent counts as being played.
    pub(super) fn part(&self) -> Result<Part, Failure> {
        match self.player.as_deref() {
            None | Some("true") => Ok(Part::Player),
            Some("false") => Ok(Part::Listener),
            Some(_) => Err(Failure::request("`player` in the address must be true or false.")),
        }
    }

    /// Returns where a WebSocket goes on.
    pub(super) fn after(&self) -> Result<ReadFrom, Failure> {
        let Some(after) = &self.after else { return Ok(ReadFrom::Oldest) };
        let number = after.parse().map_err(|_| Failure::request("`after` in the address must be a whole number."))?;
        Ok(ReadFrom::After(number))
    }
}

impl Part {
    pub(super) fn reader(self, call: &Pooled, from: ReadFrom) -> bedrock_nova::sonic::Reader {
        match self {
            Part::Player => call.player(from),
            Part::Listener => call.reader(from),
        }
    }
}

// A ticket is a secret.
impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Query { ticket: _, last_event_id, player, after } = self;
        write!(f, "Query({last_event_id:?}, {player:?}, {after:?})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn an_address_is_read_and_what_is_wrong_in_it_is_named() {
        let query = Query::parse(Some("ticket=a%2Eb&player=false&after=7&other=x&last_event_id=6"));
        assert_eq!((query.ticket(), query.last_event_id.as_deref()), (Some("a.b"), Some("6")));
        assert!(query.part().unwrap() == Part::Listener && query.after().unwrap() == ReadFrom::After(7));
        let nothing = Query::parse(None);
        assert!(nothing.part().unwrap() == Part::Player && nothing.after().unwrap() == ReadFrom::Oldest);
        let wrong = Query::parse(Some("player=perhaps&after=-1"));
        for failure in [wrong.part().map(drop), wrong.after().map(drop)] {
            let failure = failure.unwrap_err();
            assert_eq!((failure.status(), failure.code()), (400, "request"));
        }
    }
}
