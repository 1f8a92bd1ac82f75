//! The emulator's engine behind the memory transport, as the emulator's server has it behind a socket.

use bedrock_nova::transport::memory::{FromClient, Incoming, MemoryPeer, MemoryStream};
use bedrock_nova_emulator::{Engine, Input, Output, Settings};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Serves every stream that is opened until nobody can open one any more; returns the sessions in the order of their ends.
pub async fn serve_all(mut peer: MemoryPeer, settings: Settings) -> Vec<Engine> {
    let mut sessions = JoinSet::new();
    while let Some(incoming) = peer.accept().await {
        sessions.spawn(serve(incoming, settings.clone()));
    }
    sessions.join_all().await
}

/// Carries payloads between one stream and an engine to the end of the session.
pub async fn serve(incoming: Incoming, settings: Settings) -> Engine {
    let mut engine = Engine::new(Settings { model: incoming.target().model.clone(), ..settings });
    let started = Instant::now();
    let mut side = Side::Waiting(incoming);
    let mut listening = true;
    loop {
        while let Some(output) = engine.poll() {
            side = match (side, output) {
                (Side::Waiting(incoming), Output::Accept) => Side::Live(incoming.accept("engine")),
                (Side::Live(stream), Output::Event(payload)) => {
                    stream.send(payload).unwrap();
                    Side::Live(stream)
                }
                (Side::Live(stream), Output::End) => {
                    stream.finish();
                    return engine;
                }
                (_, output) => panic!("a healthy session does no {output:?}"),
            };
        }
        let wake = engine.wake().map_or(started + std::time::Duration::from_secs(3600), |wake| started + wake);
        let input = tokio::select! {
            step = side.next(), if listening => Some(step),
            () = tokio::time::sleep_until(wake) => None,
        };
        let now = started.elapsed();
        match &input {
            None => engine.handle(now, Input::Tick),
            Some(FromClient::Payload(payload)) => engine.handle(now, Input::Payload(payload)),
            Some(FromClient::Finished) => engine.handle(now, Input::InputEnded),
            Some(_) => {
                engine.handle(now, Input::Gone);
                return engine;
            }
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
