//! A port, its connections, and what secures them.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    select,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use super::{
    Server, http1, http2,
    preface::{Version, detect},
    report::Protocol,
};

/// What is between a port's sockets and HTTP.
#[derive(Clone)]
pub(crate) enum Security {
    Clear,
    Tls(TlsAcceptor),
}

/// A bound port.
pub(crate) struct Listener {
    socket: TcpListener,
    security: Security,
}

impl Listener {
    pub(crate) async fn bind(address: SocketAddr, security: Security) -> io::Result<Self> {
        Ok(Self { socket: TcpListener::bind(address).await?, security })
    }

    pub(crate) fn security(&self) -> Security {
        self.security.clone()
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Accepts connections until the emulator stops, then gives those that are open a moment to end; dropping it ends them
    /// at once. Over [`CONNECTIONS`] a connection is closed as it comes.
    pub(crate) async fn run(self, server: Arc<Server>) {
        let mut connections = JoinSet::new();
        loop {
            select! {
                accepted = self.socket.accept() => match accepted {
                    Ok(_) if connections.len() >= CONNECTIONS => warn!("too many connections; one is closed"),
                    Ok((socket, _)) => drop(connections.spawn(serve(socket, self.security.clone(), Arc::clone(&server)))),
                    Err(error) => {
                        // Out of file descriptors, as a rule: connections have to end before others can come.
                        warn!(%error, "cannot accept a connection");
                        sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = connections.join_next() => {}
                () = server.stopped() => break,
            }
        }
        drop(self.socket);
        let _ = timeout(FAREWELL, async { while connections.join_next().await.is_some() {} }).await;
    }
}

async fn serve(socket: TcpStream, security: Security, server: Arc<Server>) {
    // Audio comes in small pieces that must not wait for each other.
    let _ = socket.set_nodelay(true);
    match security {
        Security::Clear => speak(socket, Protocol::Http2Clear, Protocol::Http1Clear, server).await,
        Security::Tls(acceptor) => match timeout(HANDSHAKE, acceptor.accept(socket)).await {
            Ok(Ok(stream)) => speak(stream, Protocol::Http2Tls, Protocol::Http1Tls, server).await,
            Ok(Err(error)) => debug!(%error, "no TLS handshake"),
            Err(_) => debug!("no TLS handshake in time"),
        },
    }
}

async fn speak<T>(io: T, if_http2: Protocol, if_http1: Protocol, server: Arc<Server>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match timeout(HANDSHAKE, detect(io)).await {
        Ok(Ok((Version::Http2, io))) => http2::serve(io, if_http2, server).await,
        Ok(Ok((Version::Http1, io))) => http1::serve(io, if_http1, server).await,
        Ok(Err(_)) | Err(_) => debug!("a connection without a request"),
    }
}

const CONNECTIONS: usize = 8192;
const HANDSHAKE: Duration = Duration::from_secs(10);
const FAREWELL: Duration = Duration::from_secs(2);
