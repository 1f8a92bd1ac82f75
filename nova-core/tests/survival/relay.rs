//! A network that can be gone: a relay that lets connections stand and swallows what they carry.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The road between a client and a server.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    network: watch::Sender<Network>,
    /// How many connections get through.
    open: watch::Sender<usize>,
    _carrying: JoinSet<()>,
}

/// Beyond what a connection that nobody uses any more takes to be closed.
const CLOSING: Duration = Duration::from_secs(10);

/// Whether anything gets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Here,
    Gone,
}

impl Relay {
    /// Leads to a server.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (network, state) = watch::channel(Network::Here);
        let open = watch::Sender::default();
        let mut carrying = JoinSet::new();
        carrying.spawn(accept(listener, server, state, open.clone()));
        Relay { address, network, open, _carrying: carrying }
    }

    /// Lets nothing through any more. No connection is closed: both ends just never hear of each other again.
    pub(crate) fn vanish(&self) {
        self.network.send_replace(Network::Gone);
    }

    /// Lets new connections through. What the old ones had to carry is lost, and they with it.
    pub(crate) fn come_back(&self) {
        self.network.send_replace(Network::Here);
    }

    /// Waits until what gets through is over, so that the end of a stream is not cut off with its road; then the
    /// connections that were swallowed end too.
    pub(crate) async fn close(self) {
        let mut open = self.open.subscribe();
        let closed = timeout(CLOSING, open.wait_for(|open| *open == 0)).await;
        closed.expect("a connection that nobody uses is closed").unwrap();
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    state: watch::Receiver<Network>,
    open: watch::Sender<usize>,
) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        connections.spawn(carry(client, server, state.clone(), open.clone()));
    }
}

async fn carry(
    mut client: TcpStream,
    server: SocketAddr,
    mut state: watch::Receiver<Network>,
    open: watch::Sender<usize>,
) {
    if *state.borrow() == Network::Gone {
        return swallow(client).await;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let gone = async { state.wait_for(|network| *network == Network::Gone).await.is_ok() };
    open.send_modify(|open| *open += 1);
    let lost = tokio::select! {
        _over = copy_bidirectional(&mut client, &mut server) => false,
        _gone = gone => true,
    };
    open.send_modify(|open| *open -= 1);
    if lost {
        tokio::join!(swallow(client), swallow(server));
    }
}

/// Takes whatever comes and tells nobody, not even of the end.
async fn swallow(mut from: impl AsyncRead + Unpin) {
    let mut nowhere = [0; 4096];
    while from.read(&mut nowhere).await.is_ok_and(|read| read > 0) {}
    std::future::pending::<()>().await;
}
