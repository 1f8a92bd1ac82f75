//! The service for many calls: each stream gets an engine of its own.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::ids::Owner;
use bedrock_nova::sonic::{Builder, Conversation, Event, Pooled, ReadFrom};
use bedrock_nova::transport::Transport;
use bedrock_nova::transport::memory;
use bedrock_nova_emulator::Settings;

#[path = "../net/support/engine.rs"]
#[allow(dead_code, unreachable_pub, reason = "support that not every test uses")]
mod engine;

/// A transport to a service that lives as long as the transport does.
#[derive(Clone, Debug)]
pub struct Service {
    transport: Arc<dyn Transport>,
}

impl Service {
    pub fn start() -> Service {
        let (transport, mut peer) = memory::pair();
        tokio::spawn(async move {
            while let Some(incoming) = peer.accept().await {
                // A call that is dropped ends its engine; how is nobody's concern here.
                tokio::spawn(engine::serve(incoming, Settings::default()));
            }
        });
        Service { transport: Arc::new(transport) }
    }

    /// A call to this service.
    pub fn call(&self) -> Builder {
        Conversation::builder().transport(Arc::clone(&self.transport))
    }

    /// Adds the transport to a call that is resumed.
    pub fn attach(&self, call: Builder) -> Builder {
        call.transport(Arc::clone(&self.transport))
    }
}

pub fn owner(name: &str) -> Owner {
    Owner::from(name)
}

/// Types something and waits until it is answered, playing the answer.
pub async fn ask(call: &Pooled, text: &str) {
    let mut events = call.player(ReadFrom::Now);
    call.send_text(text).await.unwrap();
    let answered = async {
        while let Some(entry) = events.next().await {
            if matches!(entry.event, Event::TurnEnded { .. }) {
                return;
            }
        }
        panic!("the call ended before it answered");
    };
    tokio::time::timeout(Duration::from_secs(60), answered).await.expect("an answer within its deadline");
}

/// Lets time pass until something is so.
pub async fn until(mut so: impl FnMut() -> bool) {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3_600), wait).await.expect("it is so within an hour");
}
