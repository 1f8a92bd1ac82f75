//! One session without a conversation around it: a framework's own event JSON over our transport.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bedrock_nova::model::{Catalogue, ModelId};
use bedrock_nova::sonic::{Order, RawSession};
use bedrock_nova_bindings::Rope;
use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes};

use crate::bell::Bell;
use crate::errors::raise;
use crate::op::Op;
use crate::runtime::check_fork;
use crate::service::Service;

/// A session, as Python holds it. Dropping it drops the stream.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Raw {
    session: RawSession,
    token: u64,
    waker: Waker,
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
        let opening: Vec<Bytes> = opening.into_iter().map(Bytes::from).collect();
        let order = if ordered { Order::Checked } else { Order::Free };
        let way = Arc::clone(&service.way);
        let ring = bell.ring();
        let token = ring.token();
        let waker = Rope::waker(&ring, token);
        let act = async move { RawSession::open(&*way.transport().await?, model, region, opening, order).await };
        let made = move |session| -> crate::op::Made {
            Box::new(move |py| Ok(Py::new(py, Raw { session, token, waker })?.into_any()))
        };
        raise(py, Op::start(bell, act, made))
    }

    #[getter]
    fn token(&self) -> u64 {
        self.token
    }

    #[getter]
    fn request_id(&self) -> Option<&str> {
        self.session.request_id()
    }

    /// Sends an event as soon as there is room. One that breaks the order is not sent, and changes nothing.
    fn send(&self, py: Python<'_>, bell: &Bell, event: &[u8]) -> PyResult<Op> {
        raise(py, Op::start_unit(bell, self.session.send(Bytes::copy_from_slice(event))))
    }

    /// Ends this side of the stream: what was sent still goes out.
    fn finish(&self) {
        self.session.finish();
    }

    /// Returns the service's next event as `bytes`, `None` when the bell will ring for it, `False` after the last one.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        raise(py, check_fork())?;
        match self.session.poll_next(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => Ok(py.None().into_bound(py)),
            Poll::Ready(None) => Ok(PyBool::new(py, false).to_owned().into_any()),
            Poll::Ready(Some(event)) => Ok(PyBytes::new(py, &raise(py, event)?).into_any()),
        }
    }
}
