use bedrock_nova::sonic::{Event, ReadFrom, Role};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn views_are_readers_of_their_own() {
    let call = call().await;
    let (mut sounds, mut lines) = (call.audio(ReadFrom::Oldest), call.transcripts(ReadFrom::Oldest));
    let mut all = call.player(ReadFrom::Oldest);
    call.send_text("First?").await.unwrap();
    let answer = answer(&mut all).await;
    let of = |wanted: fn(&Event) -> bool| -> Vec<u64> {
        answer.iter().filter(|entry| wanted(&entry.event)).map(|entry| entry.seq).collect()
    };
    assert_eq!(seqs(&there(&mut sounds)), of(is_audio));
    assert_eq!(seqs(&there(&mut lines)), of(|event| matches!(event, Event::Transcript(_))));
    call.interrupt();
    call.finish();
    rest(&mut all).await;
    let end = rest(&mut sounds).await;
    assert!(matches!(end.first().unwrap().event, Event::Interrupted { .. }));
    assert!(matches!(end.last().unwrap().event, Event::Closed { .. }));
    assert_eq!(end.len(), 2);
    let last = rest(&mut lines).await;
    assert!(last.iter().all(|entry| matches!(&entry.event, Event::Transcript(line) if line.role == Role::Assistant)));
}

#[tokio::test(start_paused = true)]
async fn an_event_is_encoded_once_for_all_of_its_readers() {
    let call = call().await;
    let (mut one, mut other) = (call.reader(ReadFrom::Oldest), call.reader(ReadFrom::Oldest));
    call.send_text("First?").await.unwrap();
    let (one, other) = (until(&mut one, is_audio).await, until(&mut other, is_audio).await);
    let (one, other) = (one.last().unwrap(), other.last().unwrap());
    assert_eq!(one.json().as_ptr(), other.json().as_ptr());
    assert_eq!(one.sse().as_ptr(), other.sse().as_ptr());
    assert_eq!(bedrock_nova::sonic::api::decode(&one.json()).unwrap(), ***other);
}
