//! Carrying event payloads to a Bedrock and back. A transport decides nothing about the protocol.
//!
//! One [`Transport`] opens many [`Link`]s; a link carries the events of one session. A payload is one whole event,
//! `{"event":{…}}` in UTF-8: framing, signing and base64 wrapping are the transport's own business.

#[cfg(feature = "bedrock")]
pub mod bedrock;
#[cfg(feature = "runtime")]
mod inbox;
#[cfg(feature = "runtime")]
pub mod memory;
pub mod recording;
#[cfg(feature = "runtime")]
pub mod replay;
#[cfg(feature = "runtime")]
mod uplink;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[cfg(feature = "bedrock")]
pub use bedrock::Bedrock;
pub use recording::Recording;
#[cfg(feature = "runtime")]
pub use replay::Replay;

/// A boxed future that can move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Opens links.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// Opens one stream to a model.
    ///
    /// `opening` is queued before the request is sent: the service answers nothing until it has read the opening
    /// events (protocol reference §1.7). The future resolves when the service has *accepted* the stream, that is, on
    /// successful response headers; the caller puts a deadline around it, and dropping it gives the stream up.
    ///
    /// # Errors
    /// A [`Failure`] with the service's own words, or with what broke on the way.
    fn open(&self, target: Target, opening: Vec<Bytes>) -> BoxFuture<Result<Opened, Failure>>;
}

/// Where a link should lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Model id, as it stands in the request path.
    pub model: String,
    /// Region, when not the transport's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// An accepted stream.
pub struct Opened {
    /// The open stream.
    pub link: Box<dyn Link>,
    /// The service's request id.
    pub request_id: Option<String>,
    /// When the credentials that sign this stream expire.
    pub identity_expires: Option<SystemTime>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// One open stream. Dropping it without [`finish`](Link::finish) aborts it at the peer too.
pub trait Link: Send {
    /// Resolves when one more payload may be handed over without queueing more than the link's small bound
    /// (a few payloads: what waits here is out of the conversation's hands and grows stale).
    ///
    /// # Errors
    /// The link is dead for sending; the reason, if the peer gave one, comes from [`poll_receive`](Link::poll_receive).
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>>;

    /// Hands over one payload after [`poll_ready`](Link::poll_ready) resolved.
    fn send(&mut self, payload: Bytes);

    /// Ends the sending half in order: what was handed over is still sent, then the end of the stream.
    fn finish(&mut self);

    /// Receives the next payload; `None` is the peer's orderly end. After `None` or an error it is not called again.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>>;
}

/// What went wrong with a link, as facts; [`sonic::failure`](crate::sonic::failure) says what they mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Failure {
    /// The service said no: over HTTP before the stream was accepted, or as an exception inside it.
    #[serde(rename_all = "camelCase")]
    Service {
        /// Name of the exception in upper camel case, `ValidationException`; unknown names are kept as they came.
        name: String,
        /// HTTP status, when it was refused over HTTP.
        status: Option<u16>,
        /// The service's sentence.
        message: String,
        /// The service's request id.
        request_id: Option<String>,
        /// What the model behind the service said, for `ModelStreamErrorException`.
        original: Option<String>,
    },
    /// No usable credentials or region: nothing was sent.
    Credentials {
        /// Stable code: `no-credentials`, `expired-credentials`, `sso-expired`, `no-region`, `bearer-token-only`.
        code: String,
        /// One sentence: what was looked at and what it answered.
        message: String,
        /// One sentence: what to run or to set, with the profile's name in it.
        hint: String,
    },
    /// The road to the service is closed: name not resolved, connection refused, certificate not trusted, and so on.
    Unreachable {
        /// Stable code: `unreachable`, `untrusted-certificate`, `connect-timeout`.
        code: String,
        /// One sentence with the address and the operating system's reason.
        message: String,
    },
    /// The stream broke after it was accepted.
    Lost {
        /// One sentence: reset, dropped connection, cut frame.
        message: String,
    },
    /// Bytes came that are no event-stream frame, or a frame that is no event.
    Unreadable {
        /// One sentence: wrong checksum, truncated frame, an `error` message with its code.
        message: String,
    },
}

impl Failure {
    /// Makes a [`Failure::Lost`] from a sentence.
    pub fn lost(message: impl Into<String>) -> Self {
        Failure::Lost { message: message.into() }
    }
}
