//! The way to the client through its three states: headers held, body open, over.

use bytes::Bytes;
use http::Response;

use super::exchange::{Downlink, Gone, Reply};

/// The answer to one request.
#[derive(Debug)]
pub(crate) enum Line {
    /// The headers are unsent.
    Held(Reply),
    /// The headers are sent.
    Open(Downlink),
    /// Nothing more can be sent.
    Over,
}

impl Line {
    /// Sends the headers and opens the body, if that has not happened.
    pub(crate) fn open(&mut self, head: Response<()>) -> Result<(), Gone> {
        *self = match std::mem::replace(self, Self::Over) {
            Self::Held(reply) => Self::Open(reply.open(head)?),
            other => other,
        };
        Ok(())
    }

    /// Waits until some of `wanted` bytes can be sent; safe to cancel.
    pub(crate) async fn capacity(&mut self, wanted: usize) -> Result<usize, Gone> {
        match self {
            Self::Open(downlink) => downlink.capacity(wanted).await,
            Self::Held(_) | Self::Over => Err(Gone),
        }
    }

    /// Sends a piece for which there is capacity.
    pub(crate) fn send(&mut self, piece: Bytes) -> Result<(), Gone> {
        match self {
            Self::Open(downlink) => downlink.send(piece),
            Self::Held(_) | Self::Over => Err(Gone),
        }
    }

    /// Ends the answer in order.
    pub(crate) fn finish(&mut self) -> Result<(), Gone> {
        match std::mem::replace(self, Self::Over) {
            Self::Open(downlink) => downlink.finish(),
            Self::Held(_) | Self::Over => Err(Gone),
        }
    }

    /// RST_STREAM with this code; over HTTP/1.1 the connection closes.
    pub(crate) fn reset(&mut self, code: u32) {
        match std::mem::replace(self, Self::Over) {
            Self::Held(reply) => reply.reset(code),
            Self::Open(downlink) => downlink.reset(code),
            Self::Over => {}
        }
    }

    /// Waits until the client is gone, for ever if the answer is over; safe to cancel.
    pub(crate) async fn gone(&mut self) {
        match self {
            Self::Held(reply) => reply.gone().await,
            Self::Open(downlink) => downlink.gone().await,
            Self::Over => std::future::pending().await,
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }
}
