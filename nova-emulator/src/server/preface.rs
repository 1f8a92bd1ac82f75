//! Tells HTTP/2 from HTTP/1.1 by the first bytes, whatever ALPN agreed on: prior knowledge works everywhere.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

/// Reads until the first bytes decide, and gives them back in front of the rest.
pub(crate) async fn detect<T: AsyncRead + Unpin>(mut io: T) -> io::Result<(Version, Prefixed<T>)> {
    let mut seen = BytesMut::with_capacity(PREFACE.len());
    while seen.len() < PREFACE.len() && PREFACE.starts_with(&seen) {
        let left = PREFACE.len() - seen.len();
        if (&mut io).take(left as u64).read_buf(&mut seen).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let version = if seen == PREFACE { Version::Http2 } else { Version::Http1 };
    Ok((version, Prefixed { seen: seen.freeze(), io }))
}

/// A connection with some bytes put back in front.
#[derive(Debug)]
pub(crate) struct Prefixed<T> {
    seen: Bytes,
    io: T,
}

impl<T: AsyncRead + Unpin> AsyncRead for Prefixed<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.seen.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let length = self.seen.len().min(buf.remaining());
        buf.put_slice(&self.seen[..length]);
        self.seen.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Prefixed<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[tokio::test]
    async fn the_first_bytes_decide_and_none_is_lost() {
        for (sent, version) in [
            (&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nand more"[..], Version::Http2),
            (b"POST / HTTP/1.1\r\n\r\n", Version::Http1),
            (b"PRIMER / HTTP/1.1\r\n\r\n", Version::Http1),
        ] {
            let (found, mut io) = detect(sent).await.unwrap();
            let mut all = Vec::new();
            io.read_to_end(&mut all).await.unwrap();
            assert_eq!((found, &all[..]), (version, sent));
        }
        assert!(detect(&b"PRI"[..]).await.is_err());
    }
}
