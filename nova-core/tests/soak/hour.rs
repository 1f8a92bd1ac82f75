//! One call that goes on and on, in virtual time: a question every twenty seconds.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::sonic::{CloseReason, Conversation, Event, Events, Sender, TurnEnd};
use bedrock_nova::transport::memory::{self, FromClient, Incoming, MemoryPeer, MemoryStream};
use bedrock_nova::transport::{Failure, Transport};
use bedrock_nova_emulator::{Engine, Input, Output, Settings, Strictness, clips};
use tokio::time::{Instant, sleep_until};

use crate::measure::{Sheet, tasks};

/// Talks for so many minutes and measures at the end of each.
pub fn talk(minutes: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let mut sheet = Sheet::new("minutes");
    let answered = runtime.block_on(async {
        let (transport, peer) = memory::pair();
        let transport: Arc<dyn Transport> = Arc::new(transport);
        tokio::spawn(serve_all(peer));
        let before = tasks();
        let (sender, events) = Conversation::builder().transport(transport).connect().await.unwrap().split();
        let listening = tokio::spawn(listen(events));
        ask(&sender, minutes, &mut sheet).await;
        sender.finish();
        drop(sender);
        let answered = listening.await.unwrap();
        // The services' tasks end with their sessions, which is a moment later.
        sleep_until(Instant::now() + Duration::from_secs(60)).await;
        assert!(tasks() <= before, "{before} tasks before the call and {} after it", tasks());
        answered
    });
    println!("{answered} questions answered in {minutes} minutes");
    assert!(answered >= minutes * 2, "only {answered} questions were answered in {minutes} minutes");
    sheet.judge_memory();
}

async fn ask(sender: &Sender, minutes: u64, sheet: &mut Sheet) {
    let question: Vec<u8> =
        clips::question("who").unwrap().at(16_000).pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let begun = Instant::now();
    for third in 1..=3 * minutes {
        sender.send_audio(question.clone()).await.unwrap();
        sleep_until(begun + Duration::from_secs(20 * third)).await;
        if third % 3 == 0 {
            assert!(tasks() <= MOST_TASKS, "{} tasks for one call", tasks());
            sheet.row(third / 3);
        }
    }
}

/// Reads to the end; returns how many turns were answered.
async fn listen(mut events: Events) -> u64 {
    let mut answered = 0;
    while let Some(event) = events.next().await {
        match event {
            Event::TurnEnded { end: TurnEnd::Answered, .. } => answered += 1,
            Event::Closed { reason, error, .. } => assert_eq!(reason, CloseReason::Finished, "{error:?}"),
            _ => {}
        }
    }
    answered
}

async fn serve_all(mut peer: MemoryPeer) {
    while let Some(incoming) = peer.accept().await {
        tokio::spawn(serve(incoming));
    }
}

/// Carries payloads between a memory stream and the engine, as the emulator's server does between it and a socket.
async fn serve(incoming: Incoming) {
    let settings =
        Settings { model: incoming.target().model.clone(), strictness: Strictness::Strict, ..Settings::default() };
    let mut engine = Engine::new(settings);
    let (started, mut side, mut listening) = (Instant::now(), Side::Waiting(incoming), true);
    loop {
        while let Some(output) = engine.poll() {
            side = match (side, output) {
                (Side::Waiting(incoming), Output::Accept) => Side::Live(incoming.accept("engine")),
                (Side::Live(stream), Output::Event(payload)) if stream.send(payload.clone()).is_ok() => {
                    Side::Live(stream)
                }
                (Side::Live(stream), Output::End) => return stream.finish(),
                (Side::Live(stream), Output::Exception(exception)) => {
                    return stream.fail(Failure::Service {
                        name: exception.kind.name().to_owned(),
                        status: None,
                        message: exception.message,
                        request_id: None,
                        original: None,
                    });
                }
                // The client is gone.
                _ => return,
            };
        }
        let Some(wake) = engine.wake() else { return };
        let input = tokio::select! {
            step = side.next(), if listening => Some(step),
            () = sleep_until(started + wake) => None,
        };
        match &input {
            None => engine.handle(started.elapsed(), Input::Tick),
            Some(FromClient::Payload(payload)) => engine.handle(started.elapsed(), Input::Payload(payload)),
            Some(FromClient::Finished) => engine.handle(started.elapsed(), Input::InputEnded),
            Some(_) => return,
        }
        listening &= matches!(input, None | Some(FromClient::Payload(_)));
    }
}

/// The serving end before and after acceptance.
enum Side {
    Waiting(Incoming),
    Live(MemoryStream),
}

impl Side {
    async fn next(&mut self) -> FromClient {
        match self {
            Side::Waiting(incoming) => incoming.next().await,
            Side::Live(stream) => stream.next().await,
        }
    }
}

/// Driver, listener, the accepting task, and three links with their services: more is a leak.
const MOST_TASKS: usize = 9;
