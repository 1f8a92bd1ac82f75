//! A process from its first request to its orderly end.

use std::io;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::connections;
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
    let (stop, stopped) = watch::channel(());
    let serving = connections::serve(&listener, app, stopped);
    tokio::pin!(serving);
    let signal = tokio::select! {
        () = &mut serving => return Ok(()),
        signal = signals.next() => signal,
    };
    tracing::info!("{signal:?}: draining {} calls.", desk.pool().stats().live);
    let deadline = if signal == Signal::Terminate { drain } else { Duration::ZERO };
    let end = async {
        tokio::select! {
            () = &mut serving => return,
            drained = desk.drain(deadline) => tracing::info!("Drained: {drained:?}"),
        }
        stop.send_replace(());
        let _ = tokio::time::timeout(CONNECTIONS, &mut serving).await;
    };
    tokio::select! {
        () = end => {}
        _ = signals.next() => {}
    }
    Ok(())
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
