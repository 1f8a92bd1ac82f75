//! Certificates, a port, connections, requests.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bedrock_nova_emulator::tls::Certificates;
use http::{Response, header};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::stream::Stream;

/// A port on loopback behind which streams are accepted without being judged.
pub struct Sink {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    folder: TempDir,
}

impl Sink {
    /// Binds any free port of 127.0.0.1 and makes certificates for it in a temporary folder.
    ///
    /// # Errors
    /// No port, or no certificates.
    pub async fn bind() -> io::Result<Self> {
        let folder = TempDir::with_prefix("bedrock-nova-sink-")?;
        Certificates::issue(folder.path(), &[]).map_err(io::Error::other)?;
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(folder.path().join("server.pem")).map_err(io::Error::other)?.collect();
        let key = PrivateKeyDer::from_pem_file(folder.path().join("server-key.pem")).map_err(io::Error::other)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain.map_err(io::Error::other)?, key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Sink { listener, acceptor: TlsAcceptor::from(Arc::new(config)), folder })
    }

    /// Returns the endpoint, e.g. `https://localhost:40002`.
    ///
    /// # Errors
    /// The system does not tell the port.
    pub fn url(&self) -> io::Result<String> {
        Ok(format!("https://localhost:{}", self.listener.local_addr()?.port()))
    }

    /// Returns the file with the certificate of the authority; it goes with the sink.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Accepts connections for ever and runs `serve` for each stream. Must run inside a tokio runtime.
    pub async fn run<S, F>(self, serve: S)
    where
        S: Fn(Stream) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        while let Ok((tcp, _)) = self.listener.accept().await {
            tokio::spawn(connection(tcp, self.acceptor.clone(), serve.clone()));
        }
    }
}

/// A connection that fails is its client's to report.
async fn connection<S, F>(tcp: TcpStream, acceptor: TlsAcceptor, serve: S)
where
    S: Fn(Stream) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let _slower = tcp.set_nodelay(true);
    let Ok(Ok(tls)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(tcp)).await else { return };
    let mut builder = h2::server::Builder::new();
    builder
        .max_concurrent_streams(STREAMS)
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW * STREAMS);
    let Ok(mut http2) = builder.handshake::<_, bytes::Bytes>(tls).await else { return };
    while let Some(Ok((request, mut respond))) = http2.accept().await {
        let head = Response::builder()
            .header(header::CONTENT_TYPE, "application/vnd.amazon.eventstream")
            .header("x-amzn-requestid", "a-sink-has-no-ids")
            .body(());
        let Ok(head) = head else { return };
        if let Ok(down) = respond.send_response(head, false) {
            tokio::spawn(serve(Stream::new(request.into_body(), down)));
        }
    }
}

/// The access key of AWS's own documents; the sink takes any.
pub const ACCESS_KEY: &str = "AKIDEXAMPLE";
/// The secret to [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// As many streams as Bedrock is thought to announce (SDK page §2.5), and some more for a client without a pool.
const STREAMS: u32 = 256;
/// A sink must never be what a client waits for.
const WINDOW: u32 = 1 << 20;
const HANDSHAKE: Duration = Duration::from_secs(10);
