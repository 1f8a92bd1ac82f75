//! The roads to the emulator: HTTP/2 and HTTP/1.1, each clear and over TLS.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bedrock_nova_emulator::Emulator;
use bytes::Bytes;
use h2::{
    RecvStream, SendStream,
    client::{ResponseFuture, SendRequest},
};
use http::{Request, Response, request};
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::mpsc,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A way to the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    H2c,
    H2Tls,
    Http1Clear,
    Http1Tls,
}

impl Road {
    pub const ALL: [Self; 4] = [Self::H2c, Self::H2Tls, Self::Http1Clear, Self::Http1Tls];

    pub fn is_http2(self) -> bool {
        matches!(self, Self::H2c | Self::H2Tls)
    }

    /// The scheme and authority of the emulator on this road.
    pub fn base(self, emulator: &Emulator) -> String {
        match self {
            Self::H2c | Self::Http1Clear => emulator.h2c_url(),
            Self::H2Tls | Self::Http1Tls => emulator.tls_url(),
        }
    }
}

/// An HTTP/2 connection on which several requests can be made.
pub struct Http2 {
    pub send: SendRequest<Bytes>,
    pub pings: h2::PingPong,
    /// Ends when the connection does, with its error if it has one.
    pub ended: JoinHandle<Result<(), h2::Error>>,
}

impl Http2 {
    pub async fn connect(emulator: &Emulator, road: Road) -> Self {
        match road {
            Road::H2Tls => Self::over(tls(emulator, b"h2").await).await,
            _ => Self::over(tcp(emulator, road).await).await,
        }
    }

    pub async fn over<T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(io: T) -> Self {
        // h2 takes small frames for an attack once they outweigh half the connection's window.
        let (send, mut connection) = h2::client::Builder::new()
            .initial_window_size(1 << 20)
            .initial_connection_window_size(16 << 20)
            .handshake::<_, Bytes>(io)
            .await
            .unwrap();
        let pings = connection.ping_pong().unwrap();
        let ended = tokio::spawn(connection);
        Self { send, pings, ended }
    }

    /// Comes back when everything that the server sent before has arrived.
    pub async fn ping(&mut self) {
        self.pings.ping(h2::Ping::opaque()).await.unwrap();
    }
}

/// The client's half of a request.
pub enum Up {
    Http2(SendStream<Bytes>),
    Http1(Option<Writer>),
}

impl Up {
    /// Sends everything, waiting for the server's window; false if the server takes no more.
    pub async fn send(&mut self, bytes: Vec<u8>) -> bool {
        let mut bytes = Bytes::from(bytes);
        match self {
            Self::Http1(Some(writer)) => writer.pieces.send(bytes).await.is_ok(),
            Self::Http1(None) => false,
            Self::Http2(stream) => {
                while !bytes.is_empty() {
                    stream.reserve_capacity(bytes.len());
                    while stream.capacity() == 0 {
                        if !matches!(poll_fn(|cx| stream.poll_capacity(cx)).await, Some(Ok(_))) {
                            return false;
                        }
                    }
                    let piece = bytes.split_to(stream.capacity().min(bytes.len()));
                    if stream.send_data(piece, false).is_err() {
                        return false;
                    }
                }
                true
            }
        }
    }

    pub fn end(&mut self) {
        match self {
            Self::Http2(stream) => drop(stream.send_data(Bytes::new(), true)),
            Self::Http1(writer) => {
                if let Some(writer) = writer.take() {
                    writer.finished.store(true, Ordering::Release);
                }
            }
        }
    }

    pub fn reset(&mut self) {
        if let Self::Http2(stream) = self {
            stream.send_reset(h2::Reason::CANCEL);
        }
    }
}

/// The server's half.
pub enum Down {
    Http2(RecvStream),
    Http1(Incoming),
}

impl Down {
    pub async fn next(&mut self) -> Option<Result<Bytes, String>> {
        match self {
            Self::Http2(stream) => {
                let piece = stream.data().await?.map_err(|error| format!("{error:?}"));
                if let Ok(piece) = &piece {
                    stream.flow_control().release_capacity(piece.len()).unwrap();
                }
                Some(piece)
            }
            Self::Http1(body) => {
                let frame = body.frame().await?;
                Some(frame.map(|frame| frame.into_data().unwrap_or_default()).map_err(|error| format!("{error:?}")))
            }
        }
    }
}

/// The response that has not come yet.
pub enum Pending {
    Http2(ResponseFuture),
    Http1(JoinHandle<hyper::Result<Response<Incoming>>>),
}

impl Pending {
    pub async fn response(&mut self) -> Result<Response<Down>, String> {
        match self {
            Self::Http2(future) => {
                let response = future.await.map_err(|error| format!("{error:?}"))?;
                Ok(response.map(Down::Http2))
            }
            Self::Http1(task) => {
                let response = task.await.unwrap().map_err(|error| format!("{error:?}"))?;
                Ok(response.map(Down::Http1))
            }
        }
    }
}

/// Makes a request with an open body.
pub async fn request(emulator: &Emulator, road: Road, head: request::Builder) -> (Up, Pending, Option<Http2>) {
    if road.is_http2() {
        let connection = Http2::connect(emulator, road).await;
        let (up, pending) = on(&connection, head).await;
        return (up, pending, Some(connection));
    }
    let (sender, pieces) = mpsc::channel(1);
    let finished = Arc::new(AtomicBool::new(false));
    let writer = Writer { pieces: sender, finished: Arc::clone(&finished) };
    let request = head.body(Pieces { pieces, finished }).unwrap();
    let response = match road {
        Road::Http1Tls => http1(tls(emulator, b"http/1.1").await, request).await,
        _ => http1(tcp(emulator, road).await, request).await,
    };
    (Up::Http1(Some(writer)), Pending::Http1(response), None)
}

/// Makes a request on a connection that exists.
pub async fn on(connection: &Http2, head: request::Builder) -> (Up, Pending) {
    let mut send = connection.send.clone().ready().await.unwrap();
    let (response, up) = send.send_request(head.body(()).unwrap(), false).unwrap();
    (Up::Http2(up), Pending::Http2(response))
}

async fn http1<T>(io: T, request: Request<Pieces>) -> JoinHandle<hyper::Result<Response<Incoming>>>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut send, connection) = hyper::client::conn::http1::handshake(TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    tokio::spawn(async move { send.send_request(request).await })
}

pub async fn tcp(emulator: &Emulator, road: Road) -> TcpStream {
    let address = match road {
        Road::H2c | Road::Http1Clear => emulator.h2c_address(),
        Road::H2Tls | Road::Http1Tls => emulator.tls_address(),
    };
    TcpStream::connect(address).await.unwrap()
}

pub async fn tls(emulator: &Emulator, alpn: &[u8]) -> TlsStream<TcpStream> {
    let stream = secured(emulator, vec![alpn.to_vec()]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(alpn));
    stream
}

pub async fn tls_without_alpn(emulator: &Emulator) -> TlsStream<TcpStream> {
    secured(emulator, Vec::new()).await
}

async fn secured(emulator: &Emulator, alpn: Vec<Vec<u8>>) -> TlsStream<TcpStream> {
    let ca = CertificateDer::from_pem_slice(emulator.ca_pem().as_bytes()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn;
    let socket = TcpStream::connect(emulator.tls_address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
}

/// The writing end of a body; dropped before it is finished, it breaks the connection.
pub struct Writer {
    pieces: mpsc::Sender<Bytes>,
    finished: Arc<AtomicBool>,
}

/// A body written piece by piece.
pub struct Pieces {
    pieces: mpsc::Receiver<Bytes>,
    finished: Arc<AtomicBool>,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.pieces.poll_recv(cx).map(|piece| match piece {
            Some(piece) => Some(Ok(Frame::data(piece))),
            None if self.finished.load(Ordering::Acquire) => None,
            None => Some(Err(std::io::ErrorKind::BrokenPipe.into())),
        })
    }
}
