//! The two halves of one stream, tied together: when the response is dropped, the request body breaks off.
//!
//! hyper keeps sending a request body whose response nobody reads, and the SDK ends a body that it may not break
//! (an `Err` would go out as a signed exception, SDK page §2.3). So the tie is made here, below the SDK and above
//! hyper: a body that errors makes hyper reset the stream (HTTP/2) or drop the connection (HTTP/1.1).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::task::AtomicWaker;
use http::{Response, Version};
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
    version: Version,
    _guard: StreamGuard,
}

impl ResponseBody {
    /// Puts the guard where its life should end: with the response.
    pub(super) fn of(response: Response<Incoming>, guard: StreamGuard) -> Response<Self> {
        let version = response.version();
        response.map(|body| ResponseBody { body, version, _guard: guard })
    }

    /// hyper reads a stream that was reset with CANCEL or NO_ERROR as one that ended, end or no end.
    fn was_reset(&self) -> bool {
        self.version == Version::HTTP_2 && !self.body.is_end_stream()
    }
}

/// Why a body of ours fails where hyper sees nothing wrong.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the response was dropped")]
    Off,
    #[error("the peer reset the stream")]
    ByPeer,
}

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
            return Poll::Ready(Some(Err(Box::new(Broken::Off))));
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
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            None if self.was_reset() => Some(Err(Box::new(Broken::ByPeer))),
            next => next.map(|frame| frame.map_err(Into::into)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
