//! One session without a conversation around it: a framework's own event JSON over a transport of ours.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use futures::channel::mpsc as heard;
use tokio::sync::mpsc;

use super::failure::classify;
use super::session::Check;
use crate::model::Model;
use crate::transport::{Failure, Link, Target, Transport};
use crate::{Error, ErrorKind, Result};

/// Whether events are held against the protocol before they are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// One that breaks the order or a limit is refused, is not sent, and changes nothing.
    #[default]
    Checked,
    /// Everything goes out as it is.
    Free,
}

/// One stream of at most eight minutes: the application's events, nothing added, no pacing, no renewal.
///
/// Dropping it drops the stream. It is used through a shared reference, as languages with a collector hold it.
pub struct RawSession {
    /// None once this side has ended; the link ends when those who still wait for room have sent.
    up: Mutex<Option<mpsc::Sender<Bytes>>>,
    down: Mutex<heard::Receiver<Result<Bytes>>>,
    check: Option<Arc<Mutex<Check>>>,
    request_id: Option<String>,
}

impl RawSession {
    /// Opens a stream with its first events; done when the service has accepted it, for which it wants to have read
    /// those up to the system prompt.
    ///
    /// # Errors
    /// What [`Check::check`] says of the opening; and why the service, or the road to it, refuses the stream.
    #[allow(clippy::disallowed_methods, reason = "one task carries between the link and its two queues")]
    pub async fn open(
        transport: &dyn Transport,
        model: Model,
        region: Option<String>,
        opening: Vec<Bytes>,
        order: Order,
    ) -> Result<RawSession> {
        let check = match order {
            Order::Checked => Some(checked(&model, &opening)?),
            Order::Free => None,
        };
        let target = Target { model: model.id().as_str().to_owned(), region };
        let opened = transport.open(target, opening).await.map_err(|failure| classify(&failure, &model))?;
        let (up, sent) = mpsc::channel(UP);
        let (heard, down) = heard::channel(DOWN);
        let carrier = Carrier { link: opened.link, sent: Some(sent), next: None, heard };
        tokio::spawn(carrier.carry(model));
        Ok(RawSession {
            up: Mutex::new(Some(up)),
            down: Mutex::new(down),
            check: check.map(|check| Arc::new(Mutex::new(check))),
            request_id: opened.request_id,
        })
    }

    /// Returns the service's request id, for a support case.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Sends an event as soon as there is room.
    ///
    /// # Errors
    /// What [`Check::check`] says of it, and then it was not sent; `Closed` once either side has ended.
    pub fn send(&self, event: Bytes) -> impl Future<Output = Result<()>> + Send + use<> {
        let up = lock(&self.up).clone();
        let check = self.check.clone();
        async move {
            let up = up.ok_or_else(over)?;
            let room = up.reserve().await.map_err(|_| over())?;
            if let Some(check) = check {
                lock(&check).check(&event)?;
            }
            room.send(event);
            Ok(())
        }
    }

    /// Ends this side of the stream: what was sent still goes out, and the service's last events still come.
    pub fn finish(&self) {
        lock(&self.up).take();
    }

    /// Polls for the service's next event; none after its last one.
    pub fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let next = Pin::new(&mut *lock(&self.down)).poll_next(context);
        if let (Poll::Ready(Some(Ok(event))), Some(check)) = (&next, &self.check) {
            // What cannot be read is the framework's to judge.
            let _ = lock(check).heard(event);
        }
        next
    }
}

impl fmt::Debug for RawSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawSession").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

fn checked(model: &Model, opening: &[Bytes]) -> Result<Check> {
    let mut check = Check::new(model);
    for event in opening {
        check.check(event)?;
    }
    Ok(check)
}

fn over() -> Error {
    Error::new(ErrorKind::Closed, "The session is over.").with_hint("Open another one.")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The task between a link and its two queues.
struct Carrier {
    link: Box<dyn Link>,
    /// None once the end was sent.
    sent: Option<mpsc::Receiver<Bytes>>,
    /// What the link has no room for yet.
    next: Option<Bytes>,
    heard: heard::Sender<Result<Bytes>>,
}

impl Carrier {
    async fn carry(mut self, model: Model) {
        let told = |failure: &Failure| classify(failure, &model);
        std::future::poll_fn(|context| {
            self.up(context);
            self.down(context, told)
        })
        .await;
    }

    fn up(&mut self, context: &mut Context<'_>) {
        loop {
            if let Some(event) = self.next.take() {
                match self.link.poll_ready(context) {
                    Poll::Ready(Ok(())) => self.link.send(event),
                    Poll::Pending => {
                        self.next = Some(event);
                        return;
                    }
                    // Why it is dead comes from the other side.
                    Poll::Ready(Err(_)) => {
                        self.sent = None;
                        return;
                    }
                }
            }
            let Some(sent) = &mut self.sent else { return };
            match sent.poll_recv(context) {
                Poll::Ready(Some(event)) => self.next = Some(event),
                Poll::Ready(None) => {
                    self.sent = None;
                    self.link.finish();
                }
                Poll::Pending => return,
            }
        }
    }

    /// Ready when there is nobody to carry for any more.
    fn down(&mut self, context: &mut Context<'_>, told: impl Fn(&Failure) -> Error) -> Poll<()> {
        loop {
            match self.heard.poll_ready(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {}
            }
            let (event, last) = match self.link.poll_receive(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Ready(Some(Ok(event))) => (Ok(event), false),
                Poll::Ready(Some(Err(failure))) => (Err(told(&failure)), true),
            };
            let gone = self.heard.start_send(event).is_err();
            if gone || last {
                return Poll::Ready(());
            }
        }
    }
}

/// Events on their way to the link; a further one waits.
const UP: usize = 16;

/// Events on their way to the application; then the link is not read any more, until there is room.
const DOWN: usize = 1_024;
