//! The open links of a call, and what comes from any of them.

use std::collections::BTreeMap;
use std::fmt;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::time::Instant;

use super::conversation::{Input, LinkKey};
use crate::transport::{BoxFuture, Failure, Link, Opened};

/// Every link that is being opened or open.
pub(super) struct Links {
    /// When the call began.
    origin: Instant,
    slots: BTreeMap<LinkKey, Slot>,
}

enum Slot {
    Opening(BoxFuture<Result<Opened, Failure>>),
    Open { link: Box<dyn Link>, up: Up },
}

/// The sending half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Up {
    /// Whether it takes one more payload is not known yet.
    Asking,
    /// It does, and the call has been told.
    Ready,
    /// It is over; why is told by the receiving half.
    Over,
}

impl Links {
    pub(super) fn new(origin: Instant) -> Self {
        Links { origin, slots: BTreeMap::new() }
    }

    pub(super) fn open(&mut self, key: LinkKey, opening: BoxFuture<Result<Opened, Failure>>) {
        self.slots.insert(key, Slot::Opening(opening));
    }

    pub(super) fn send(&mut self, key: LinkKey, payload: Bytes) {
        if let Some(Slot::Open { link, up: up @ Up::Ready }) = self.slots.get_mut(&key) {
            link.send(payload);
            *up = Up::Asking;
        }
    }

    pub(super) fn finish(&mut self, key: LinkKey) {
        if let Some(Slot::Open { link, up }) = self.slots.get_mut(&key) {
            link.finish();
            *up = Up::Over;
        }
    }

    pub(super) fn abort(&mut self, key: LinkKey) {
        self.slots.remove(&key);
    }

    /// Returns the next thing that any link has to say.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        for (&link, slot) in &mut self.slots {
            if let Poll::Ready(news) = slot.poll(cx) {
                return Poll::Ready(self.news(link, news));
            }
        }
        Poll::Pending
    }

    /// A moment of the wall clock as time since the call began.
    #[allow(clippy::disallowed_methods, reason = "credentials expire by the wall clock")]
    fn in_call(&self, moment: SystemTime) -> Duration {
        self.origin.elapsed() + moment.duration_since(SystemTime::now()).unwrap_or_default()
    }

    fn news(&mut self, link: LinkKey, news: News) -> Input {
        match news {
            News::Opened(opened) => {
                let identity_expires = opened.identity_expires.map(|expires| self.in_call(expires));
                self.slots.insert(link, Slot::Open { link: opened.link, up: Up::Asking });
                Input::Opened { link, request_id: opened.request_id, identity_expires }
            }
            News::Ready => Input::Ready { link },
            News::Frame(payload) => Input::Frame { link, payload },
            News::Ended => {
                self.slots.remove(&link);
                Input::Ended { link }
            }
            News::Failed(failure) => {
                self.slots.remove(&link);
                Input::Failed { link, failure }
            }
        }
    }
}

enum News {
    Opened(Opened),
    Ready,
    Frame(Bytes),
    Ended,
    Failed(Failure),
}

impl Slot {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        match self {
            Slot::Opening(opening) => opening.as_mut().poll(cx).map(|result| match result {
                Ok(opened) => News::Opened(opened),
                Err(failure) => News::Failed(failure),
            }),
            Slot::Open { link, up } => {
                if *up == Up::Asking
                    && let Poll::Ready(ready) = link.poll_ready(cx)
                {
                    match ready {
                        Ok(()) => {
                            *up = Up::Ready;
                            return Poll::Ready(News::Ready);
                        }
                        Err(_) => *up = Up::Over,
                    }
                }
                link.poll_receive(cx).map(|received| match received {
                    Some(Ok(payload)) => News::Frame(payload),
                    Some(Err(failure)) => News::Failed(failure),
                    None => News::Ended,
                })
            }
        }
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.slots.keys()).finish()
    }
}
