//! A shared call with an engine that answers three typed questions aloud.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::sonic::{Conversation, Entry, Event, Reader, SharedConversation};
use bedrock_nova::transport::Transport;
use bedrock_nova::transport::memory;
use bedrock_nova_emulator::{Scenario, Settings};
use serde_json::json;
use tokio::time::timeout;

/// Far beyond what any of these takes, in virtual time.
pub const DEADLINE: Duration = Duration::from_secs(120);

pub const ANSWER: &str = "This is a rather long answer, so that there is time to do something while it is being given. \
    It goes on and on, sentence after sentence.";

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Opens a call and shares it.
pub async fn call() -> SharedConversation {
    let turn = |typed: &str| json!({ "heard": "-", "typed": typed, "answer": [ANSWER] });
    let turns = json!([turn("First?"), turn("Second?"), turn("Third?")]);
    let scenario = Scenario::parse(&json!({ "version": 1, "name": "readers", "turns": turns }).to_string()).unwrap();
    let (transport, peer) = memory::pair();
    tokio::spawn(crate::engine::serve_all(peer, Settings { scenario: Arc::new(scenario), ..Settings::default() }));
    let transport = Arc::new(transport) as Arc<dyn Transport>;
    Conversation::builder().transport(transport).connect().await.unwrap().share()
}

/// Reads until an event comes that is wanted; returns all up to it.
pub async fn until(reader: &mut Reader, wanted: impl Fn(&Event) -> bool) -> Vec<Arc<Entry>> {
    let mut entries = Vec::new();
    loop {
        let entry = timeout(DEADLINE, reader.next()).await.expect("in time").expect("the call goes on");
        entries.push(Arc::clone(&entry));
        if wanted(&entry.event) {
            return entries;
        }
    }
}

/// Reads an answer, with what follows it at once.
pub async fn answer(reader: &mut Reader) -> Vec<Arc<Entry>> {
    let mut entries = until(reader, is_end).await;
    tokio::time::sleep(ms(50)).await;
    entries.extend(there(reader));
    entries
}

/// Reads to the end of the call.
pub async fn rest(reader: &mut Reader) -> Vec<Arc<Entry>> {
    let mut entries = Vec::new();
    while let Some(entry) = timeout(DEADLINE, reader.next()).await.expect("in time") {
        entries.push(entry);
    }
    entries
}

/// Reads what is there.
pub fn there(reader: &mut Reader) -> Vec<Arc<Entry>> {
    std::iter::from_fn(|| reader.try_next()).collect()
}

pub fn is_end(event: &Event) -> bool {
    matches!(event, Event::TurnEnded { .. })
}

pub fn is_audio(event: &Event) -> bool {
    matches!(event, Event::Audio(_))
}

pub fn seqs(entries: &[Arc<Entry>]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

pub fn sound(entries: &[Arc<Entry>]) -> Duration {
    let pieces = entries.iter().filter_map(|entry| match &entry.event {
        Event::Audio(audio) => Some(audio.duration()),
        _ => None,
    });
    pieces.sum()
}

pub fn heard(entries: &[Arc<Entry>]) -> Option<Duration> {
    entries.iter().find_map(|entry| match entry.event {
        Event::Interrupted { heard, .. } => Some(heard),
        _ => None,
    })
}
