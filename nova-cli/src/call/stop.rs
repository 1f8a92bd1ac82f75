//! Ctrl-C: the first asks for an orderly end, the second ends at once.

use tokio::sync::watch;

use crate::report::Problem;

/// Knows whether the person at the terminal wants to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    asked: watch::Receiver<bool>,
}

impl Stop {
    /// Begins to listen for Ctrl-C and, on Unix, for SIGTERM.
    ///
    /// # Errors
    /// The system does not let this process listen for signals.
    pub(crate) fn listen() -> Result<Self, Problem> {
        let (tell, asked) = watch::channel(false);
        let mut signals = Signals::listen()
            .map_err(|error| Problem::new("signals", format!("Ctrl-C cannot be listened for: {error}.")))?;
        tokio::spawn(async move {
            signals.next().await;
            let _ = tell.send(true);
            signals.next().await;
            std::process::exit(130);
        });
        Ok(Stop { asked })
    }

    /// Resolves when the person wants to stop. Dropping the future loses nothing.
    pub(crate) async fn asked(&self) {
        let mut asked = self.asked.clone();
        if asked.wait_for(|asked| *asked).await.is_err() {
            // The listener is gone only when the program ends.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
