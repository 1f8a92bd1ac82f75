//! What only shows after a long time: neither calls that come and go nor a call of an hour leave anything behind.
//!
//! Resident memory, open descriptors and living tasks of this process are measured now and then, printed as a table, and
//! must stay flat. `SOAK_CALLS` and `SOAK_MINUTES` make it long; `cargo xtask soak` sets them.

#![cfg(feature = "bedrock")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test may fail loudly"
)]

#[path = "soak/hour.rs"]
mod hour;
#[path = "soak/measure.rs"]
mod measure;
#[path = "soak/peer.rs"]
mod peer;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bedrock_nova::sonic::{Conversation, Event};
use bedrock_nova::transport::{Bedrock, Transport};
use futures::stream::{self, StreamExt as _};
use tokio::time::timeout;

use crate::measure::Sheet;
use crate::peer::Peer;

/// One measurement at a time: memory is the process's.
static ALONE: Mutex<()> = Mutex::new(());

/// Far beyond what one call takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// Over the AWS SDK and TLS to an emulator in a process of its own, so that its memory is not ours.
#[test]
fn calls_that_come_and_go_leave_nothing_behind() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let calls = setting("SOAK_CALLS", 200);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let peer = Peer::start();
    let mut sheet = Sheet::new("calls");
    runtime.block_on(async {
        let transport: Arc<dyn Transport> = Arc::new(peer.transport().await);
        hold(&transport, 0..calls / 4).await;
        sheet.settle(0).await;
        for share in 0..MEASUREMENTS {
            hold(&transport, calls * share / MEASUREMENTS..calls * (share + 1) / MEASUREMENTS).await;
            sheet.settle(calls * (share + 1) / MEASUREMENTS).await;
        }
    });
    sheet.judge();
}

/// In virtual time over the memory transport, with the emulator's engine in this process: what it holds counts too, and
/// must stay as flat.
#[test]
fn a_call_of_an_hour_leaves_nothing_behind() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    hour::talk(setting("SOAK_MINUTES", 60));
}

/// The other process of [`Peer`], which starts it.
#[test]
#[ignore = "no test: the emulator's process, started by the test above"]
fn the_emulator() {
    peer::serve();
}

/// Holds these calls, a few at a time.
async fn hold(transport: &Arc<dyn Transport>, calls: std::ops::Range<u64>) {
    let one = |number| timeout(DEADLINE, call(transport.clone(), number));
    stream::iter(calls).map(one).buffer_unordered(AT_ONCE).for_each(|done| async { done.unwrap() }).await;
}

/// Opens a call, and leaves it in one of the ways in which calls are left.
async fn call(transport: Arc<dyn Transport>, number: u64) {
    let mut talk = Conversation::builder().transport(transport).connect().await.unwrap();
    match number % 4 {
        0 => {
            talk.close().await.unwrap();
        }
        1 => drop(talk),
        2 => {
            talk.send_audio(vec![0; 3_200]).await.unwrap();
            talk.finish();
            while talk.next().await.is_some() {}
        }
        _ => {
            talk.send_text("Hello?").await.unwrap();
            while !matches!(talk.next().await.unwrap(), Event::Audio(_)) {}
        }
    }
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// How many calls are held at the same time.
const AT_ONCE: usize = 32;

/// How often is measured; a multiple of four, since quarters are compared.
const MEASUREMENTS: u64 = 8;

impl Peer {
    async fn transport(&self) -> Bedrock {
        let builder = Bedrock::builder().region("us-east-1").endpoint_url(&self.url).ca_bundle(&self.ca_file);
        builder.credentials(&self.access_key, &self.secret_key, None).build().await.unwrap()
    }
}
