//! A client of its own for the wire tests: neither the library's nor an SDK's.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "every test file is a crate and uses another part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod events;
pub mod pipe;
pub mod raw;
pub mod signer;

use std::{future::Future, time::Duration};

use bedrock_nova_emulator::{Emulator, server::SessionReport};

pub use pipe::Road;
pub use raw::{Call, Heard, Opening};

/// Waits for something that has to come; what does not come in thirty seconds never will.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap_or_else(|_| panic!("{what}: nothing for 30 s"))
}

/// Waits until the emulator's account of the only stream satisfies a condition.
pub async fn until(emulator: &Emulator, what: &str, fits: impl Fn(&SessionReport) -> bool) -> SessionReport {
    soon(what, async {
        loop {
            if let Some(report) = emulator.sessions().into_iter().next_back().filter(&fits) {
                return report;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

/// Waits until no stream is open.
pub async fn idle(emulator: &Emulator) {
    emulator.wait_idle(Duration::from_secs(30)).await.unwrap();
}

/// Does the same on all four roads at once.
pub async fn on_every_road(what: impl AsyncFn(Road)) {
    tokio::join!(what(Road::H2c), what(Road::H2Tls), what(Road::Http1Clear), what(Road::Http1Tls));
}
