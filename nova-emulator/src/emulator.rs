//! The emulator as a library: build it, start it, point a client at it, read what it saw.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, info};

use crate::{
    Fault, InputAudio, Scenario, Settings, Strictness, Switches,
    server::{Listener, Security, Server, ServerSettings, SessionReport},
    sigv4::{Bearer, Credentials, Skew, Verifier},
    switches::{Signatures, Verdict},
    tls::{Certificates, TlsError},
};

/// A running local Bedrock; dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    h2c: SocketAddr,
    tls: SocketAddr,
    credentials: Credentials,
    certificates: Certificates,
    server: Arc<Server>,
    stop: watch::Sender<bool>,
    listeners: JoinSet<()>,
    /// Holds the certificates' folder, where none was given, for as long as the emulator lives.
    _folder: Option<TempDir>,
}

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Somebody else listens there.
    #[error("{0} is in use by another program: choose another port, or 0 for any that is free")]
    PortTaken(SocketAddr),
    /// The address cannot be listened on for another reason.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There are no certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is no temporary folder for the certificates.
    #[error("cannot make a temporary folder for the test certificates: {0}")]
    Folder(io::Error),
}

/// Streams were still open when the time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{streams} streams were still open when the time was up")]
pub struct StillBusy {
    /// How many.
    pub streams: usize,
}

impl Emulator {
    /// Begins with defaults: any free ports on 127.0.0.1 (and on ::1, where there is one), the example credentials, the small-talk scenario.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts with the defaults of [`Emulator::builder`].
    ///
    /// # Errors
    /// No port, or no certificates.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// The endpoint without TLS, e.g. `http://127.0.0.1:40001`; takes HTTP/2 by prior knowledge and HTTP/1.1.
    pub fn h2c_url(&self) -> String {
        format!("http://{}", self.h2c)
    }

    /// The endpoint over TLS, e.g. `https://localhost:40002`; takes HTTP/2 and HTTP/1.1.
    pub fn tls_url(&self) -> String {
        if self.tls.ip().is_loopback() {
            return format!("https://localhost:{}", self.tls.port());
        }
        format!("https://{}", self.tls)
    }

    /// The address of the port without TLS.
    pub fn h2c_address(&self) -> SocketAddr {
        self.h2c
    }

    /// The address of the port with TLS.
    pub fn tls_address(&self) -> SocketAddr {
        self.tls
    }

    /// The certificate of the test authority, as PEM.
    pub fn ca_pem(&self) -> &str {
        self.certificates.ca_pem()
    }

    /// The file with the certificate of the test authority.
    pub fn ca_file(&self) -> PathBuf {
        self.certificates.ca_file()
    }

    /// The access key that is let in.
    pub fn access_key(&self) -> &str {
        self.credentials.access_key()
    }

    /// The secret to that key.
    pub fn secret_key(&self) -> &str {
        self.credentials.secret_key()
    }

    /// A report for every stream that is open and the last 4,096 that ended, oldest first; refused requests included.
    pub fn sessions(&self) -> Vec<SessionReport> {
        self.server.registry().reports()
    }

    /// Waits until no stream is open.
    ///
    /// # Errors
    /// Some are still open after `within`.
    pub async fn wait_idle(&self, within: Duration) -> Result<(), StillBusy> {
        let mut live = self.server.registry().watch();
        let idle = timeout(within, live.wait_for(|streams| *streams == 0)).await;
        if idle.is_ok() {
            return Ok(());
        }
        Err(StillBusy { streams: *self.server.registry().watch().borrow() })
    }

    /// Takes no more connections, ends the streams that are open, and returns when all is closed, within three seconds.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let all = async { while self.listeners.join_next().await.is_some() {} };
        let _ = timeout(Duration::from_secs(3), all).await;
    }
}

/// The settings of an emulator that is not started.
#[derive(Debug, Clone)]
pub struct Builder {
    session: Settings,
    credentials: Credentials,
    skew: Skew,
    h2c: SocketAddr,
    tls: SocketAddr,
    cert_dir: Option<PathBuf>,
    names: Vec<String>,
    streams_per_connection: u32,
    streams_in_all: usize,
    split: Option<NonZeroUsize>,
}

impl Default for Builder {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            session: Settings::default(),
            credentials: Credentials::default(),
            skew: Skew::default(),
            h2c: any,
            tls: any,
            cert_dir: None,
            names: Vec::new(),
            streams_per_connection: 100,
            streams_in_all: usize::MAX,
            split: None,
        }
    }
}

impl Builder {
    /// What is heard and answered; a request can name another shipped one in `x-bedrock-nova-scenario`.
    pub fn scenario(mut self, scenario: impl Into<Arc<Scenario>>) -> Self {
        self.session.scenario = scenario.into();
        self
    }

    /// The positions of the doubtful behaviours; a request can set some in `x-bedrock-nova-switch: name=position, …`.
    pub fn switches(mut self, switches: Switches) -> Self {
        self.session.switches = switches;
        self
    }

    /// What goes wrong in every session; a request can add to it in `x-bedrock-nova-fault`.
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.session.faults = faults;
        self
    }

    /// How many times faster than real time answers are sent; 4 by default.
    pub fn pace(mut self, pace: f64) -> Self {
        self.session.pace = pace;
        self
    }

    /// The scale of every limit in wall time: 60 makes eight minutes eight seconds; 1 by default. A client that is to
    /// renew its sessions in time needs a catalogue with `sessionSeconds` scaled alike, and `silence-cut=off` and
    /// `idle=295`, since it counts those two in real time.
    pub fn clock(mut self, clock: f64) -> Self {
        self.session.clock = clock;
        self
    }

    /// Whether deviations are written down or refused.
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.session.strictness = strictness;
        self
    }

    /// Keeps the audio that clients send, in the ledger of each session.
    pub fn keep_audio(mut self) -> Self {
        self.session.input_audio = InputAudio::Kept;
        self
    }

    /// What every id of every session follows from; 1 by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.session.session_seed = seed;
        self
    }

    /// The pair that is let in. Signatures are not judged at all with the switch `signatures=decode-only`.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// What becomes of requests whose date is more than five minutes off.
    pub fn skew(mut self, skew: Skew) -> Self {
        self.skew = skew;
        self
    }

    /// Where to listen without TLS; port 0 is any that is free.
    pub fn h2c(mut self, address: SocketAddr) -> Self {
        self.h2c = address;
        self
    }

    /// Where to listen with TLS; port 0 is any that is free.
    pub fn tls(mut self, address: SocketAddr) -> Self {
        self.tls = address;
        self
    }

    /// The folder for `ca.pem` and the other certificates; a temporary one by default.
    pub fn cert_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.cert_dir = Some(folder.as_ref().to_owned());
        self
    }

    /// Adds a host name or address to the certificate, besides localhost, 127.0.0.1 and ::1.
    pub fn san(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// SETTINGS_MAX_CONCURRENT_STREAMS of every HTTP/2 connection; 100 by default (SDK page §2.5).
    pub fn streams_per_connection(mut self, streams: u32) -> Self {
        self.streams_per_connection = streams;
        self
    }

    /// How many streams there may be at once; the next gets a ThrottlingException (429). No limit by default.
    pub fn stream_limit(mut self, streams: usize) -> Self {
        self.streams_in_all = streams;
        self
    }

    /// Writes answers in pieces of at most this many bytes, each a DATA frame or chunk of its own; a request can ask for
    /// it with `x-bedrock-nova-fault: split=BYTES`.
    pub fn split(mut self, bytes: NonZeroUsize) -> Self {
        self.split = Some(bytes);
        self
    }

    /// Binds both ports, makes the certificates, and serves.
    ///
    /// # Errors
    /// A port is taken or cannot be bound, or the certificates cannot be made or written.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let folder = if self.cert_dir.is_some() { None } else { Some(temporary_folder()?) };
        let path = self.cert_dir.as_deref().or(folder.as_ref().map(TempDir::path)).unwrap_or(Path::new("."));
        let certificates = Certificates::issue(path, &self.names)?;
        let clear = bind(self.h2c, Security::Clear).await?;
        let acceptor = TlsAcceptor::from(certificates.server_config());
        let secure = bind(self.tls, Security::Tls(acceptor)).await?;
        let (h2c, tls) = (address(&clear, self.h2c)?, address(&secure, self.tls)?);
        let credentials = self.credentials.clone();
        let (stop, stopped) = watch::channel(false);
        let server = Server::new(self.server_settings(), stopped);
        let twins = [twin(&clear, h2c).await, twin(&secure, tls).await];
        let mut listeners = JoinSet::new();
        for listener in [clear, secure].into_iter().chain(twins.into_iter().flatten()) {
            listeners.spawn(listener.run(Arc::clone(&server)));
        }
        info!(%h2c, %tls, "the emulator listens");
        Ok(Emulator { h2c, tls, credentials, certificates, server, stop, listeners, _folder: folder })
    }

    fn server_settings(self) -> ServerSettings {
        let switches = &self.session.switches;
        let verifier = match switches.signatures {
            Signatures::Verified => Verifier::new(self.credentials),
            Signatures::DecodeOnly => Verifier::decode_only(),
        };
        let bearer = if switches.bearer == Verdict::Accepted { Bearer::Accepted } else { Bearer::Refused };
        ServerSettings {
            verifier: verifier.with_skew(self.skew).with_bearer(bearer),
            session: self.session,
            streams_per_connection: self.streams_per_connection,
            streams_in_all: self.streams_in_all,
            split: self.split,
        }
    }
}

fn temporary_folder() -> Result<TempDir, StartError> {
    TempDir::with_prefix("bedrock-nova-emulator-").map_err(StartError::Folder)
}

async fn bind(address: SocketAddr, security: Security) -> Result<Listener, StartError> {
    Listener::bind(address, security).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortTaken(address),
        _ => StartError::Listen { address, source },
    })
}

/// `localhost` has two addresses, and some clients try the other one only: what listens at 127.0.0.1 listens at ::1 too,
/// where the machine has it and the port is free.
async fn twin(listener: &Listener, address: SocketAddr) -> Option<Listener> {
    if address.ip() != Ipv4Addr::LOCALHOST {
        return None;
    }
    let twin = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
    Listener::bind(twin, listener.security()).await.inspect_err(|error| debug!(%twin, %error, "not bound")).ok()
}

fn address(listener: &Listener, asked: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.address().map_err(|source| StartError::Listen { address: asked, source })
}
