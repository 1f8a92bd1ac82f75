//! The two halves of one stream, tied together: when the response is dropped, the request body breaks off.
//!
//! hyper keeps sending a request body whose response nobody reads, and the SDK ends a body that it may not break
//! (an `Err` would go out as a signed exception, SDK page §2.3). So the tie is made here, below the SDK and above
//! hyper: a body that errors makes hyper reset the stream (HTTP/2) or drop the connection (HTTP/1.1).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::task::AtomicWaker;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::connection::Lease;

/// Ties a request body to the returned guard; both keep the place on the connection taken.
pub(super) fn tie(body: SdkBody, lease: Lease) -> (RequestBody, StreamGuard) {
    let life = Arc::new(Life { broken: AtomicBool::new(false), sender: AtomicWaker::new(), _lease: lease });
    (RequestBody { body, life: Arc::clone(&life) }, StreamGuard(life))
}

/// What goes up.
pub(super) struct RequestBody {
    body: SdkBody,
    life: Arc<Life>,
}

impl RequestBody {
    /// Takes the body back out of a request that was not sent.
    pub(super) fn untie(self) -> SdkBody {
        self.body
    }
}

/// Breaks the request body off when dropped; afterwards harmless.
pub(super) struct StreamGuard(Arc<Life>);

/// What comes down, with the guard inside.
pub(super) struct ResponseBody {
    body: Incoming,
    _guard: StreamGuard,
}

impl ResponseBody {
    /// Puts the guard where its life should end: with the response.
    pub(super) fn new(body: Incoming, guard: StreamGuard) -> Self {
        ResponseBody { body, _guard: guard }
    }
}

/// The response is gone, so the request breaks off.
#[derive(Debug)]
pub(super) struct BrokenOff;

struct Life {
    broken: AtomicBool,
    sender: AtomicWaker,
    _lease: Lease,
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.0.broken.store(true, Ordering::Release);
        self.0.sender.wake();
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.life.sender.register(cx.waker());
        if self.life.broken.load(Ordering::Acquire) {
            return Poll::Ready(Some(Err(Box::new(BrokenOff))));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.body)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response was dropped")
    }
}

impl std::error::Error for BrokenOff {}
