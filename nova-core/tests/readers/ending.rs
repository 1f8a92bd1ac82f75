use std::sync::Arc;

use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::{CloseReason, Conversation, Event, ReadFrom};
use bedrock_nova::transport::Transport;
use bedrock_nova::transport::memory::{self, FromClient};
use tokio::time::{Instant, timeout};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn an_orderly_end_is_known_to_all_and_can_be_read_afterwards() {
    let call = call().await;
    let mut player = call.player(ReadFrom::Oldest);
    call.send_text("First?").await.unwrap();
    let waiting = tokio::spawn({
        let call = call.clone();
        async move { call.closed().await }
    });
    assert_eq!(call.latest_usage(), None);
    until(&mut player, is_end).await;
    timeout(DEADLINE, call.close(ms(60_000))).await.unwrap().unwrap();
    assert_eq!(waiting.await.unwrap().reason, CloseReason::Finished);
    assert_eq!(call.closed().await.in_order(), Ok(()));
    let (late, prompt) = (rest(&mut call.reader(ReadFrom::Oldest)).await, rest(&mut player).await);
    assert_eq!(late.last().unwrap().seq, prompt.last().unwrap().seq);
    assert!(player.next().await.is_none() && player.next().await.is_none());
    assert!(call.reader(ReadFrom::Now).next().await.is_none());
    let last = late.iter().rev().find_map(|entry| match entry.event {
        Event::Usage { total, .. } => Some((total, entry.at)),
        _ => None,
    });
    assert_eq!(call.latest_usage().map(|usage| (usage.tokens, usage.time)), last);
    assert!(last.is_some());
    assert_eq!(call.send_text("Late?").await.unwrap_err().kind(), ErrorKind::Closed);
}

/// A call whose service does nothing but accept it.
async fn with_a_silent_service() -> (bedrock_nova::sonic::SharedConversation, memory::MemoryStream) {
    let (transport, mut peer) = memory::pair();
    let transport = Arc::new(transport) as Arc<dyn Transport>;
    let (talk, stream) = tokio::join!(Conversation::builder().transport(transport).connect(), async {
        peer.accept().await.unwrap().accept("silent")
    });
    (talk.unwrap().share(), stream)
}

async fn is_aborted(stream: &mut memory::MemoryStream) -> bool {
    let gone = async { while !matches!(stream.next().await, FromClient::Aborted) {} };
    timeout(ms(1_000), gone).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_end_in_time_is_dropped() {
    let (call, mut stream) = with_a_silent_service().await;
    let mut reader = call.reader(ReadFrom::Oldest);
    let asked = Instant::now();
    let error = call.close(ms(700)).await.unwrap_err();
    assert_eq!((error.kind(), asked.elapsed()), (ErrorKind::Timeout, ms(700)));
    assert!(is_aborted(&mut stream).await);
    assert!(rest(&mut reader).await.iter().all(|entry| !matches!(entry.event, Event::Closed { .. })));
    assert_eq!(call.closed().await.in_order().unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_with_the_last_of_its_handles_and_readers() {
    let (call, mut stream) = with_a_silent_service().await;
    let reader = call.reader(ReadFrom::Oldest);
    drop(call.clone());
    drop(reader);
    assert!(!is_aborted(&mut stream).await, "one handle is left");
    drop(call);
    assert!(is_aborted(&mut stream).await);
}

#[tokio::test(start_paused = true)]
async fn without_a_handle_the_readers_read_to_the_end() {
    let call = call().await;
    let mut reader = call.reader(ReadFrom::Oldest);
    call.send_text("First?").await.unwrap();
    drop(call);
    let events = rest(&mut reader).await;
    assert!(sound(&events) > ms(3_000), "what was asked is answered");
    let end = &events.last().unwrap().event;
    assert!(matches!(end, Event::Closed { reason: CloseReason::Finished, .. }), "{end:?}");
}
