//! One session without a conversation around it: a framework's own event JSON over our transport.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bedrock_nova::model::{Catalogue, ModelId};
use bedrock_nova::sonic::failure::classify;
use bedrock_nova::sonic::session::Check;
use bedrock_nova::transport::{Link, Target};
use bedrock_nova::{Error, ErrorKind, Result};
use bytes::Bytes;
use futures::Stream;
use futures::channel::mpsc;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes};

use crate::bell::{Bell, Rope};
use crate::errors::{raise, raised};
use crate::op::Op;
use crate::runtime::check_fork;
use crate::service::Service;

/// Events on their way to the link; a further one waits.
const UP: usize = 16;
/// Events on their way to Python; then the link is not read any more, until there is room.
const DOWN: usize = 1_024;

/// A session, as Python holds it. Dropping it drops the stream.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Raw {
    /// None once this side has ended; the link ends when those who still wait for room have sent.
    up: Mutex<Option<tokio::sync::mpsc::Sender<Bytes>>>,
    down: Mutex<mpsc::Receiver<Result<Bytes>>>,
    check: Option<Arc<Mutex<Check>>>,
    token: u64,
    waker: Waker,
    request_id: Option<String>,
}

#[pymethods]
impl Raw {
    /// Opens a stream with its first events; the act comes to a `Raw`.
    #[staticmethod]
    #[pyo3(signature = (bell, service, model, opening, *, region=None, ordered=true))]
    fn start(
        py: Python<'_>,
        bell: &Bell,
        service: &Service,
        model: Option<&str>,
        opening: Vec<Vec<u8>>,
        region: Option<String>,
        ordered: bool,
    ) -> PyResult<Op> {
        let model = Catalogue::built_in().model(&model.map_or_else(ModelId::default, ModelId::new));
        let mut check = ordered.then(|| Check::new(&model));
        for event in &opening {
            if let Some(check) = &mut check {
                raise(py, check.check(event))?;
            }
        }
        let way = Arc::clone(&service.way);
        let token = bell.wire.token();
        let waker = Rope::waker(&bell.wire, token);
        let act = async move {
            let target = Target { model: model.id().as_str().to_owned(), region };
            let opening = opening.into_iter().map(Bytes::from).collect();
            let opened =
                way.transport().await?.open(target, opening).await.map_err(|failure| classify(&failure, &model))?;
            let (up, sent) = tokio::sync::mpsc::channel(UP);
            let (heard, down) = mpsc::channel(DOWN);
            let carrier = Carrier { link: opened.link, sent: Some(sent), next: None, heard };
            let told = move |failure: &bedrock_nova::transport::Failure| classify(failure, &model);
            tokio::spawn(carrier.carry(told));
            Ok((up, down, opened.request_id))
        };
        raise(
            py,
            Op::start(bell, act, move |(up, down, request_id)| {
                Box::new(move |py| {
                    let check = check.map(|check| Arc::new(Mutex::new(check)));
                    let (up, down) = (Mutex::new(Some(up)), Mutex::new(down));
                    Ok(Py::new(py, Raw { up, down, check, token, waker, request_id })?.into_any())
                })
            }),
        )
    }

    #[getter]
    fn token(&self) -> u64 {
        self.token
    }

    #[getter]
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Sends an event as soon as there is room. One that breaks the order is not sent, and changes nothing.
    fn send(&self, py: Python<'_>, bell: &Bell, event: &[u8]) -> PyResult<Op> {
        let up = self.up.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let up = raise(py, up.ok_or_else(over))?;
        let check = self.check.clone();
        let event = Bytes::copy_from_slice(event);
        let act = async move {
            let room = up.reserve().await.map_err(|_| over())?;
            if let Some(check) = check {
                check.lock().unwrap_or_else(PoisonError::into_inner).check(&event)?;
            }
            room.send(event);
            Ok(())
        };
        raise(py, Op::start_unit(bell, act))
    }

    /// Ends this side of the stream: what was sent still goes out.
    fn finish(&self) {
        self.up.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Returns the service's next event as `bytes`, `None` when the bell will ring for it, `False` after the last one.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        raise(py, check_fork())?;
        let next = {
            let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
            Pin::new(&mut *down).poll_next(&mut Context::from_waker(&self.waker))
        };
        match next {
            Poll::Pending => Ok(py.None().into_bound(py)),
            Poll::Ready(None) => Ok(PyBool::new(py, false).to_owned().into_any()),
            Poll::Ready(Some(Err(error))) => Err(raised(py, &error)),
            Poll::Ready(Some(Ok(event))) => {
                if let Some(check) = &self.check {
                    // What cannot be read is the framework's to judge.
                    let _ = check.lock().unwrap_or_else(PoisonError::into_inner).heard(&event);
                }
                Ok(PyBytes::new(py, &event).into_any())
            }
        }
    }
}

fn over() -> Error {
    Error::new(ErrorKind::Closed, "The session is over.").with_hint("Open another one.")
}

/// The task between a link and its two queues.
struct Carrier {
    link: Box<dyn Link>,
    /// None once the end was sent.
    sent: Option<tokio::sync::mpsc::Receiver<Bytes>>,
    /// What the link has no room for yet.
    next: Option<Bytes>,
    heard: mpsc::Sender<Result<Bytes>>,
}

impl Carrier {
    async fn carry(mut self, told: impl Fn(&bedrock_nova::transport::Failure) -> Error + Send) {
        std::future::poll_fn(|context| {
            self.up(context);
            self.down(context, &told)
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
    fn down(
        &mut self,
        context: &mut Context<'_>,
        told: impl Fn(&bedrock_nova::transport::Failure) -> Error,
    ) -> Poll<()> {
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
