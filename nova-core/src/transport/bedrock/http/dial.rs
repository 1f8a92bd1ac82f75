//! From a name to a stream of bytes: DNS, TCP, TLS with ALPN.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Trust;
use super::origin::{Origin, Scheme};
use super::road::RoadError;

/// A connected stream of bytes.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What is spoken on a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Connects. The caller puts a deadline around it.
pub(super) async fn dial(origin: &Origin, trust: &Trust) -> Result<(Wire, Protocol), RoadError> {
    let addresses = resolve(origin).await?;
    let tcp = connect(origin, &addresses).await?;
    match origin.scheme {
        Scheme::Http => Ok((Wire::Plain(tcp), Protocol::Http2)),
        Scheme::Https => handshake(origin, tcp, trust).await,
    }
}

/// Asks the system's resolver on a thread of its own: a blocking pool's thread would keep a program from exiting until
/// the resolver gives up, long after our deadline.
async fn resolve(origin: &Origin) -> Result<Vec<SocketAddr>, RoadError> {
    let (answer, answered) = oneshot::channel();
    let (host, port) = (origin.host.clone(), origin.port);
    let lookup = move || {
        let found = (host.as_str(), port).to_socket_addrs().map(Vec::from_iter);
        let _gave_up = answer.send(found);
    };
    std::thread::Builder::new()
        .name("resolve".to_owned())
        .spawn(lookup)
        .map_err(|error| RoadError::unresolved(origin, &error))?;
    match answered.await.unwrap_or_else(|_| Err(io::Error::other("the resolver died"))) {
        Ok(found) if found.is_empty() => Err(RoadError::unresolved(origin, &io::Error::other("it has no address"))),
        Ok(found) => Ok(found),
        Err(error) => Err(RoadError::unresolved(origin, &error)),
    }
}

/// Tries one address after the other, each for [`ADDRESS_TIMEOUT`]; the error is that of the last one.
async fn connect(origin: &Origin, addresses: &[SocketAddr]) -> Result<TcpStream, RoadError> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match tokio::time::timeout(ADDRESS_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                tune(&tcp).map_err(|error| RoadError::refused(origin, &error))?;
                return Ok(tcp);
            }
            Ok(Err(error)) => last = error,
            Err(_) if addresses.len() == 1 => return Err(RoadError::slow(origin, ADDRESS_TIMEOUT.as_secs_f32())),
            Err(_) => last = io::Error::from(io::ErrorKind::TimedOut),
        }
    }
    Err(RoadError::refused(origin, &last))
}

/// Speech goes out in small writes, so none waits for more to come; and what the network does not take stays with us,
/// where it can still be dropped, instead of filling megabytes of the system's buffer with audio that grows stale.
fn tune(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket2::SockRef::from(tcp).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    Ok(())
}

async fn handshake(origin: &Origin, tcp: TcpStream, trust: &Trust) -> Result<(Wire, Protocol), RoadError> {
    let name = ServerName::try_from(origin.host.clone())
        .map_err(|error| RoadError::refused(origin, &io::Error::other(error)))?;
    let tls = TlsConnector::from(trust.tls.clone())
        .connect(name, tcp)
        .await
        .map_err(|error| RoadError::tls(origin, &error))?;
    let protocol = match tls.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    Ok((Wire::Tls(Box::new(tls)), protocol))
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Wire::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Wire::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Wire::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Wire::Plain(tcp) => tcp.is_write_vectored(),
            Wire::Tls(tls) => tls.is_write_vectored(),
        }
    }
}

/// How long one address may take to accept a TCP connection; the whole dial has the pool's deadline.
const ADDRESS_TIMEOUT: Duration = Duration::from_millis(2500);

/// Bytes that the system may hold for a connection before they are on their way: a fifth of a second of one session.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 16 << 10;
