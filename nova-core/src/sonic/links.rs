//! The open links of a call, and what comes from any of them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use super::clock::Clock;
use super::conversation::{Input, LinkKey};
use crate::transport::{BoxFuture, Failure, Link, Opened};
use bytes::Bytes;

/// Every link that is being opened or open.
pub(super) struct Links {
    clock: Clock,
    slots: BTreeMap<LinkKey, Slot>,
    /// Who spoke last: the others come first, so that a busy link cannot keep them from being heard.
    last: LinkKey,
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
    pub(super) fn new(clock: Clock) -> Self {
        Links { clock, slots: BTreeMap::new(), last: LinkKey::default() }
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
        if let Some(Slot::Open { link, up }) = self.slots.get_mut(&key)
            && *up != Up::Over
        {
            link.finish();
            *up = Up::Over;
        }
    }

    pub(super) fn abort(&mut self, key: LinkKey) {
        self.slots.remove(&key);
    }

    /// Returns the next thing that any link has to say. Links that have something to say take turns.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        let next = (Bound::Excluded(self.last), Bound::Unbounded);
        let ready = match first(self.slots.range_mut(next), cx) {
            None => first(self.slots.range_mut(..=self.last), cx),
            found => found,
        };
        let Some((link, news)) = ready else { return Poll::Pending };
        self.last = link;
        Poll::Ready(self.news(link, news))
    }

    /// A moment of the wall clock as time since the call began.
    #[allow(clippy::disallowed_methods, reason = "credentials expire by the wall clock")]
    fn in_call(&self, moment: SystemTime) -> Duration {
        self.clock.now() + moment.duration_since(SystemTime::now()).unwrap_or_default()
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
                // A peer that has ended in order gets our end too: to break off behind it would look like a fault.
                self.finish(link);
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

/// Asks one link after the other.
fn first<'a>(
    mut slots: impl Iterator<Item = (&'a LinkKey, &'a mut Slot)>,
    cx: &mut Context<'_>,
) -> Option<(LinkKey, News)> {
    slots.find_map(|(link, slot)| match slot.poll(cx) {
        Poll::Ready(news) => Some((*link, news)),
        Poll::Pending => None,
    })
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

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test may look at the clock")]
mod tests {
    use futures::task::noop_waker_ref;

    use super::*;

    /// A link on which there is always something more.
    struct Busy;

    impl Link for Busy {
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
            Poll::Ready(Ok(()))
        }

        fn send(&mut self, _: Bytes) {}

        fn finish(&mut self) {}

        fn poll_receive(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
            Poll::Ready(Some(Ok(Bytes::new())))
        }
    }

    fn busy() -> BoxFuture<Result<Opened, Failure>> {
        let opened = Opened { link: Box::new(Busy), request_id: None, identity_expires: None };
        Box::pin(async { Ok(opened) })
    }

    #[tokio::test]
    async fn busy_links_take_turns() {
        let mut links = Links::new(Clock::start(Duration::ZERO));
        let keys = [LinkKey(3), LinkKey(4), LinkKey(7)];
        for key in keys {
            links.open(key, busy());
        }
        let speaker = |links: &mut Links| match links.poll(&mut Context::from_waker(noop_waker_ref())) {
            Poll::Ready(Input::Opened { link, .. } | Input::Ready { link } | Input::Frame { link, .. }) => link,
            other => panic!("{other:?}"),
        };
        for _ in 0..9 {
            assert_eq!(keys.map(|_| speaker(&mut links)), keys);
        }
        links.abort(LinkKey(3));
        assert_eq!([LinkKey(4), LinkKey(7), LinkKey(4)], [0; 3].map(|_| speaker(&mut links)));
    }
}
