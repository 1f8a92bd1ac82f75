//! A transport that plays recordings: what the service once said comes again, whatever is sent.
//!
//! Client lines of a recording are not compared with what is sent now: they show what was said, for readers. See
//! [`Recording`] for the file format.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep_until};

use super::recording::{Line, Side, What};
use super::{BoxFuture, Failure, Link, Opened, Recording, Target, Transport};

/// Plays recordings, one for each opened link, in order.
#[derive(Clone)]
pub struct Replay {
    sessions: Arc<Mutex<std::vec::IntoIter<Recording>>>,
    speed: Speed,
}

/// How fast a recording plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Speed {
    /// At the recorded times, counted from the moment of opening.
    Recorded,
    /// Every line as soon as it is asked for.
    AtOnce,
}

impl Replay {
    /// Makes a transport whose first link plays the first recording, and so on.
    #[must_use]
    pub fn new(sessions: Vec<Recording>, speed: Speed) -> Self {
        Replay { sessions: Arc::new(Mutex::new(sessions.into_iter())), speed }
    }
}

impl Transport for Replay {
    fn open(&self, _target: Target, _opening: Vec<Bytes>) -> BoxFuture<Result<Opened, Failure>> {
        let session = self.sessions.lock().unwrap_or_else(PoisonError::into_inner).next();
        let speed = self.speed;
        Box::pin(async move {
            let session = session.ok_or_else(|| Failure::Unreachable {
                code: "unreachable".into(),
                message: "every recorded session has been played".into(),
            })?;
            ReplayLink::new(&session, speed).accept().await
        })
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("speed", &self.speed).finish_non_exhaustive()
    }
}

struct ReplayLink {
    lines: std::iter::Peekable<std::vec::IntoIter<Line>>,
    started: Instant,
    speed: Speed,
    due: Pin<Box<Sleep>>,
}

impl ReplayLink {
    fn new(session: &Recording, speed: Speed) -> Self {
        let lines: Vec<_> = session.lines().iter().filter(|line| line.from == Side::Service).cloned().collect();
        let started = clock();
        ReplayLink { lines: lines.into_iter().peekable(), started, speed, due: Box::pin(sleep_until(started)) }
    }

    /// Plays up to the answer to the opening: a failure as the service's first line refuses it.
    async fn accept(mut self) -> Result<Opened, Failure> {
        let mut request_id = None;
        if let Some(Line { what: What::Accepted { .. } | What::Failure(_), .. }) = self.lines.peek() {
            match std::future::poll_fn(|cx| self.poll_line(cx)).await {
                Some(What::Failure(failure)) => return Err(failure),
                Some(What::Accepted { request_id: recorded }) => request_id = recorded,
                _ => {}
            }
        }
        Ok(Opened { link: Box::new(self), request_id, identity_expires: None })
    }

    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Option<What>> {
        let Some(line) = self.lines.peek() else { return Poll::Ready(None) };
        let due = match self.speed {
            Speed::Recorded => self.started + line.at,
            Speed::AtOnce => self.started,
        };
        if self.due.deadline() != due {
            self.due.as_mut().reset(due);
        }
        ready!(self.due.as_mut().poll(cx));
        Poll::Ready(self.lines.next().map(|line| line.what))
    }
}

impl Link for ReplayLink {
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn send(&mut self, _payload: Bytes) {}

    fn finish(&mut self) {}

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        loop {
            return Poll::Ready(match ready!(self.poll_line(cx)) {
                Some(What::Payload(payload)) => Some(Ok(payload)),
                Some(What::Failure(failure)) => Some(Err(failure)),
                Some(What::Accepted { .. }) => continue,
                // A recording that was cut off ends like one that ended.
                Some(What::End) | None => None,
            });
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a replay is an edge: it asks the runtime's clock, which tests can pause")]
fn clock() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail loudly and read the clock")]
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    const SESSION: &str = r#"
{"ms":0,"from":"client","payload":{"event":{"sessionStart":{}}}}
{"ms":200,"from":"service","accepted":{"requestId":"r-7"}}
{"ms":900,"from":"service","payload":{"event":{"completionStart":{}}}}
{"ms":950,"from":"client","end":true}
{"ms":4000,"from":"service","failure":{"what":"lost","message":"the connection was reset"}}
"#;

    const REFUSED: &str = r#"{"ms":30,"from":"service","failure":{"what":"service","name":"ThrottlingException","status":429,"message":"Too many requests","requestId":null,"original":null}}"#;

    fn target() -> Target {
        Target { model: "m".into(), region: None }
    }

    async fn receive(opened: &mut Opened) -> Option<Result<Bytes, Failure>> {
        poll_fn(|cx| opened.link.poll_receive(cx)).await
    }

    #[tokio::test(start_paused = true)]
    async fn lines_come_at_their_recorded_times() {
        let replay = Replay::new(vec![Recording::parse(SESSION).unwrap()], Speed::Recorded);
        let start = Instant::now();
        let mut opened = replay.open(target(), Vec::new()).await.unwrap();
        assert_eq!((start.elapsed(), opened.request_id.as_deref()), (Duration::from_millis(200), Some("r-7")));
        let payload = receive(&mut opened).await.unwrap().unwrap();
        assert_eq!(&payload[..], br#"{"event":{"completionStart":{}}}"#);
        assert_eq!(start.elapsed(), Duration::from_millis(900));
        assert_eq!(receive(&mut opened).await, Some(Err(Failure::lost("the connection was reset"))));
        assert_eq!(start.elapsed(), Duration::from_secs(4));
    }

    #[tokio::test(start_paused = true)]
    async fn at_once_takes_no_time_and_a_second_session_can_be_refused() {
        let sessions = [SESSION, REFUSED].map(|text| Recording::parse(text).unwrap()).to_vec();
        let replay = Replay::new(sessions, Speed::AtOnce);
        let start = Instant::now();
        let mut opened = replay.open(target(), Vec::new()).await.unwrap();
        assert!(receive(&mut opened).await.unwrap().is_ok());
        let refused = replay.open(target(), Vec::new()).await.unwrap_err();
        assert!(matches!(refused, Failure::Service { name, .. } if name == "ThrottlingException"));
        let over = replay.open(target(), Vec::new()).await.unwrap_err();
        assert!(matches!(over, Failure::Unreachable { .. }));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
