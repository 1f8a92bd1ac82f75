//! The driver with several links at once, over the memory transport, in virtual time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_nova::sonic::{CloseReason, Conversation, Event, RenewReason, TurnEnd};
use bedrock_nova::transport::memory::{self, MemoryTransport};
use bedrock_nova::transport::{BoxFuture, Failure, Opened, Target, Transport};
use bedrock_nova_emulator::ledger::Ending;
use bedrock_nova_emulator::{Engine, Settings, Strictness, clips};
use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::support::engine::serve_all;
use crate::support::panics::watch_tasks;

/// Opens streams with credentials that last so long from then on, as a provider of short-lived ones gives them.
#[derive(Debug)]
struct ShortLived {
    transport: MemoryTransport,
    lasting: Duration,
}

impl Transport for ShortLived {
    fn open(&self, target: Target, opening: Vec<Bytes>) -> BoxFuture<Result<Opened, Failure>> {
        let opened = self.transport.open(target, opening);
        let identity_expires = Some(SystemTime::now() + self.lasting);
        Box::pin(async move { Ok(Opened { identity_expires, ..opened.await? }) })
    }
}

/// Makes a strict service in this process, and the way to it.
fn service() -> (MemoryTransport, JoinHandle<Vec<Engine>>) {
    watch_tasks();
    let (transport, peer) = memory::pair();
    let settings = Settings { strictness: Strictness::Strict, ..Settings::default() };
    (transport, tokio::spawn(serve_all(peer, settings)))
}

async fn connect(transport: impl Transport) -> Conversation {
    let transport: Arc<dyn Transport> = Arc::new(transport);
    Conversation::builder().transport(transport).connect().await.unwrap()
}

/// Asks something every minute for so long, waits for each answer, and hangs up; returns what happened when.
async fn ask(mut talk: Conversation, minutes: u64) -> Vec<(Duration, Event)> {
    let start = Instant::now();
    let question: Vec<u8> =
        clips::question("weather").unwrap().at(16_000).pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut events = Vec::new();
    for minute in 0..minutes {
        let due = start + Duration::from_secs(60) * minute as u32;
        while let Ok(event) = tokio::time::timeout_at(due, talk.next()).await {
            events.push((start.elapsed(), event.expect("the call goes on")));
        }
        talk.send_audio(&question).await.unwrap();
    }
    talk.finish();
    while let Some(event) = talk.next().await {
        events.push((start.elapsed(), event));
    }
    events
}

fn assert_sound(events: &[(Duration, Event)], sessions: &[Engine], questions: usize) {
    let Some((_, Event::Closed { reason: CloseReason::Finished, error: None, .. })) = events.last() else {
        panic!("the call ended with {:?}", events.last())
    };
    let ends = events.iter().filter_map(|(_, event)| match event {
        Event::TurnEnded { end, .. } => Some(*end),
        _ => None,
    });
    assert_eq!(ends.collect::<Vec<_>>(), vec![TurnEnd::Answered; questions]);
    let bad = |event: &Event| {
        matches!(event, Event::Reconnecting { .. } | Event::Unknown { .. } | Event::InputDropped { .. })
    };
    assert_eq!(events.iter().find(|(_, event)| bad(event)), None);
    for session in sessions {
        assert_eq!(session.breaches(), []);
        assert_eq!(session.ledger().ending, Some(Ending::Orderly));
    }
    assert_eq!(sessions.iter().map(|session| session.ledger().turns).sum::<u64>(), questions as u64);
}

fn renewals(events: &[(Duration, Event)]) -> Vec<(Duration, RenewReason)> {
    let renewals = events.iter().filter_map(|(at, event)| match event {
        Event::Renewed { reason, .. } => Some((*at, *reason)),
        _ => None,
    });
    renewals.collect()
}

#[tokio::test(start_paused = true)]
async fn the_driver_carries_a_call_over_four_sessions() {
    let (transport, served) = service();
    let talk = connect(transport).await;
    let events = ask(talk, 21).await;
    let sessions = served.await.unwrap();
    assert_sound(&events, &sessions, 21);
    let renewals = renewals(&events);
    assert_eq!(renewals.iter().map(|(_, reason)| *reason).collect::<Vec<_>>(), [RenewReason::Age; 3], "{renewals:?}");
    assert_eq!(sessions.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_session_makes_room_before_its_credentials_expire() {
    let (transport, served) = service();
    let lasting = Duration::from_secs(200);
    let talk = connect(ShortLived { transport, lasting }).await;
    let events = ask(talk, 5).await;
    let sessions = served.await.unwrap();
    assert_sound(&events, &sessions, 5);
    let renewals = renewals(&events);
    assert_eq!(renewals.len(), 3, "{renewals:?}");
    let mut since = Duration::ZERO;
    for (at, reason) in renewals {
        assert_eq!(reason, RenewReason::Credentials);
        assert!(at - since <= lasting - Duration::from_secs(30), "half a minute before they expire, at the latest");
        since = at;
    }
}
