//! A process from its first request to its orderly end.

use std::future::{IntoFuture, pending};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::desk::Desk;

/// How long connections may take to end when the calls have.
const CONNECTIONS: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or Ctrl-C, and then to the end.
///
/// At SIGTERM the desk [drains](Desk::drain) while the server still serves: calls may end by themselves for so long. At
/// Ctrl-C they may not, since who sits before a terminal does not want to wait. A second signal ends all at once.
///
/// # Errors
/// The system does not let this process listen for signals.
pub async fn serve(listener: TcpListener, app: Router, desk: Desk, drain: Duration) -> io::Result<()> {
    let mut signals = Signals::listen()?;
    let (stop, stopped) = oneshot::channel::<()>();
    // A sentence is many small pieces, each of which is wanted at once.
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    let serving = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async {
            if stopped.await.is_err() {
                pending::<()>().await;
            }
        })
        .into_future();
    tokio::pin!(serving);
    let signal = tokio::select! {
        served = &mut serving => return served,
        signal = signals.next() => signal,
    };
    tracing::info!("{signal:?}: draining {} calls.", desk.pool().stats().live);
    let deadline = if signal == Signal::Terminate { drain } else { Duration::ZERO };
    let end = async {
        tokio::select! {
            served = &mut serving => return served,
            drained = desk.drain(deadline) => tracing::info!("Drained: {drained:?}"),
        }
        let _ = stop.send(());
        tokio::time::timeout(CONNECTIONS, &mut serving).await.unwrap_or(Ok(()))
    };
    tokio::select! {
        ended = end => ended,
        _ = signals.next() => Ok(()),
    }
}

/// What asks a process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Terminate,
    Interrupt,
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::Interrupt
    }
}
