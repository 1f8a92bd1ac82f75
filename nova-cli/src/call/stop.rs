//! Ctrl-C: the first asks for an orderly end, the second ends at once. For a command that another program started, the
//! end of its standard input asks too: that is the one thing which also a parent that was killed cannot help to say.

use std::io;

use tokio::sync::watch;

use crate::report::Problem;

/// Knows whether the person at the terminal wants to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    asked: watch::Sender<bool>,
}

impl Stop {
    /// Begins to listen for Ctrl-C and, on Unix, for SIGTERM.
    ///
    /// # Errors
    /// The system does not let this process listen for signals.
    pub(crate) fn listen() -> Result<Self, Problem> {
        let asked = watch::Sender::new(false);
        let tell = asked.clone();
        let mut signals = Signals::listen()
            .map_err(|error| Problem::new("signals", format!("Ctrl-C cannot be listened for: {error}.")))?;
        tokio::spawn(async move {
            signals.next().await;
            tell.send_replace(true);
            signals.next().await;
            std::process::exit(130);
        });
        Ok(Stop { asked })
    }

    /// Takes the end of standard input for the same wish. What comes in before is thrown away.
    pub(crate) fn or_when_stdin_closes(self) -> Self {
        let tell = self.asked.clone();
        // A read that nothing ever ends; the program does not wait for it when it ends itself.
        tokio::task::spawn_blocking(move || {
            // An input that cannot be read is as good as closed.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            tell.send_replace(true);
        });
        self
    }

    /// Resolves when the person wants to stop. Dropping the future loses nothing.
    pub(crate) async fn asked(&self) {
        // It cannot fail: this end of the channel is here as long as `self`.
        let _ = self.asked.subscribe().wait_for(|asked| *asked).await;
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
