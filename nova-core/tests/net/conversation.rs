//! Conversations through the real SDK, over real TLS, with a strict local Bedrock at the other end.

use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::{
    Builder, CloseReason, Conversation, Event, Role, Tool, ToolOutcome, TranscriptStage, TurnEnd, Voice,
};
use bedrock_nova_emulator::{Emulator, Scenario, Strictness, clips};
use serde_json::json;
use tokio::time::timeout;

use crate::support::panics::watch_tasks;

/// Far beyond what any of these takes; a test that hangs says so.
const DEADLINE: Duration = Duration::from_secs(60);

async fn strict(scenario: Scenario) -> Emulator {
    watch_tasks();
    Emulator::builder().scenario(scenario).strictness(Strictness::Strict).start().await.unwrap()
}

fn talk_to(emulator: &Emulator) -> Builder {
    Conversation::builder()
        .region("us-east-1")
        .endpoint_url(emulator.tls_url())
        .ca_bundle(emulator.ca_file())
        .credentials(emulator.access_key(), emulator.secret_key(), None)
}

fn question(name: &str) -> Vec<u8> {
    clips::question(name).unwrap().at(16_000).pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Reads to the end, with a deadline.
async fn rest(talk: &mut Conversation) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = timeout(DEADLINE, talk.next()).await.expect("an event within the deadline") {
        events.push(event);
    }
    events
}

/// Reads up to the end of a turn, with a deadline.
async fn turn(talk: &mut Conversation) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = timeout(DEADLINE, talk.next()).await.expect("an event within the deadline") {
        let over = matches!(event, Event::TurnEnded { .. });
        events.push(event);
        if over {
            break;
        }
    }
    events
}

fn said(events: &[Event], role: Role) -> Vec<String> {
    let mut lines = std::collections::BTreeMap::new();
    for event in events {
        if let Event::Transcript(line) = event
            && line.role == role
        {
            lines.insert(line.item, line.text.clone());
        }
    }
    lines.into_values().collect()
}

fn sound(events: &[Event]) -> Duration {
    let pieces = events.iter().filter_map(|event| match event {
        Event::Audio(audio) => Some(audio.duration()),
        _ => None,
    });
    pieces.sum()
}

async fn assert_clean(emulator: &Emulator) {
    emulator.wait_idle(DEADLINE).await.unwrap();
    for session in emulator.sessions() {
        assert!(session.breaches.is_empty(), "{:?}", session.breaches);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spoken_question_is_answered_aloud() {
    let emulator = strict(Scenario::small_talk()).await;
    let mut talk = talk_to(&emulator).voice(Voice::Tiffany).connect().await.unwrap();
    talk.send_audio(question("who")).await.unwrap();
    let mut events = turn(&mut talk).await;
    assert!(matches!(events.last(), Some(Event::TurnEnded { end: TurnEnd::Answered, .. })), "{:?}", events.last());
    assert_eq!(said(&events, Role::User), ["Hello, who are you?"]);
    assert!(said(&events, Role::Assistant)[0].starts_with("Hello!"));
    assert!(sound(&events) > Duration::from_secs(2), "{:?} of sound", sound(&events));
    talk.finish();
    events.extend(rest(&mut talk).await);
    assert!(matches!(events.last(), Some(Event::Closed { reason: CloseReason::Finished, error: None, .. })));
    let finals = events.iter().filter(|event| {
        matches!(event, Event::Transcript(line) if line.role == Role::Assistant && line.stage == TranscriptStage::Final)
    });
    assert_eq!(finals.count(), 1, "the answer is settled once");
    assert_clean(&emulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_run_by_themselves_and_a_typed_text_is_answered() {
    let emulator = strict(Scenario::tools()).await;
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let weather = Tool::new("get_weather", "Tells the temperature in a city.", city, |arguments| async move {
        match arguments["city"].as_str() {
            Some("Oslo") => Ok(json!({"temperature": 11})),
            _ => Err("that city is unknown"),
        }
    });
    let mut talk = talk_to(&emulator).tool(weather).connect().await.unwrap();
    talk.send_audio(question("weather")).await.unwrap();
    let events = turn(&mut talk).await;
    assert!(
        said(&events, Role::Assistant)[0].contains("It is 11 degrees in Oslo"),
        "{:?}",
        said(&events, Role::Assistant)
    );
    let done = events.iter().any(|event| matches!(event, Event::ToolDone { outcome: ToolOutcome::Answered, .. }));
    assert!(done);
    talk.send_text("And now?").await.unwrap();
    let events = turn(&mut talk).await;
    assert!(sound(&events) > Duration::from_millis(500));
    timeout(DEADLINE, talk.close()).await.unwrap().unwrap();
    assert_clean(&emulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_in_which_nothing_was_said_ends_without_a_breach() {
    let emulator = strict(Scenario::small_talk()).await;
    for _ in 0..3 {
        talk_to(&emulator).connect().await.unwrap().close().await.unwrap();
    }
    assert_clean(&emulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_a_conversation_drops_the_stream() {
    let emulator = strict(Scenario::small_talk()).await;
    let talk = talk_to(&emulator).connect().await.unwrap();
    drop(talk);
    emulator.wait_idle(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn halves_speak_and_listen_in_two_tasks_and_a_cancelled_read_loses_nothing() {
    let emulator = strict(Scenario::small_talk()).await;
    let talk = talk_to(&emulator).connect().await.unwrap();
    let (sender, mut events) = talk.split();
    let speaking = tokio::spawn(async move {
        sender.send_audio(question("who")).await?;
        sender.finish();
        Ok::<(), bedrock_nova::Error>(())
    });
    let mut seqs = Vec::new();
    // Impatient reading: most reads are cancelled while they wait.
    loop {
        match timeout(Duration::from_micros(300), events.next_stamped()).await {
            Err(_) => {}
            Ok(Some(stamped)) => seqs.push(stamped.seq),
            Ok(None) => break,
        }
    }
    speaking.await.unwrap().unwrap();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "every event once, in order");
    assert_clean(&emulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_conversations_fit_a_server_with_ten_streams_to_a_connection() {
    let emulator = Emulator::builder()
        .scenario(Scenario::small_talk())
        .strictness(Strictness::Strict)
        .streams_per_connection(10)
        .start()
        .await
        .unwrap();
    let transport = bedrock_nova::transport::bedrock::Bedrock::builder()
        .region("us-east-1")
        .endpoint_url(emulator.tls_url())
        .ca_bundle(emulator.ca_file())
        .credentials(emulator.access_key(), emulator.secret_key(), None)
        .build()
        .await
        .unwrap();
    let transport: std::sync::Arc<dyn bedrock_nova::transport::Transport> = std::sync::Arc::new(transport);
    let connecting = (0..12).map(|_| Conversation::builder().transport(transport.clone()).connect());
    let mut talks: Vec<Conversation> =
        timeout(DEADLINE, futures::future::try_join_all(connecting)).await.unwrap().unwrap();
    for talk in &talks {
        talk.send_text("Hello?").await.unwrap();
    }
    for talk in &mut talks {
        let events = turn(talk).await;
        assert!(matches!(events.last(), Some(Event::TurnEnded { end: TurnEnd::Answered, .. })), "{:?}", events.last());
    }
    drop(talks);
    assert_clean(&emulator).await;
}

#[tokio::test]
async fn what_the_model_does_not_take_is_refused_before_anything_is_sent() {
    let emulator = strict(Scenario::small_talk()).await;
    let error = talk_to(&emulator).voice("Carlos").connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("carlos"), "{error}");
    assert!(emulator.sessions().is_empty());
}
