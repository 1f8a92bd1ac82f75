//! A WebSocket: two directions, and how each comes to its end.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Socketed, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::http::{admit, refused, session};
use crate::answer::Failure;
use crate::desk::Desk;
use crate::desk::listening::Query;
use crate::desk::talking::{Down, Encoding, Message, Talk, Up};
use crate::route::Route;

/// Proxies close a silent connection after half a minute at the earliest, and whoever is gone does not answer a ping.
const PING: Duration = Duration::from_secs(20);
/// Whoever has not even answered three pings is gone.
const SILENCE: Duration = Duration::from_secs(70);
/// Whoever does not read for so long is gone.
const SEND: Duration = Duration::from_secs(30);
/// How long a client may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// Complaints that wait to be sent; a further one holds up what the client says next.
const COMPLAINTS: usize = 8;
/// Bytes of a reason, by RFC 6455.
const REASON: usize = 123;
const NORMAL: u16 = 1000;

/// Why a connection comes to its end.
enum End {
    /// The last event was told.
    Told,
    /// The client has gone.
    Gone,
}

/// Answers with a WebSocket. It is accepted before anything is checked: a browser is told neither status nor body of a
/// refused handshake.
pub(super) async fn talk(desk: Desk, route: Route, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await else {
        let failure = Failure::request("This route is a WebSocket, and the request does not ask for one.");
        return refused(route, &failure);
    };
    let upgrade = upgrade.protocols(Encoding::PROTOCOLS).max_message_size(desk.largest_body());
    let encoding = Encoding::of(upgrade.selected_protocol().and_then(|protocol| protocol.to_str().ok()));
    let session = session(&mut parts).await;
    upgrade.on_upgrade(move |socket| async move {
        let begun = begin(&desk, route, &session, &parts, encoding).await;
        serve(socket, begun).await;
    })
}

async fn begin(desk: &Desk, route: Route, session: &str, parts: &Parts, encoding: Encoding) -> Result<Talk, Failure> {
    let query = Query::parse(parts.uri.query());
    let owner = admit(desk, route, session, parts, &query)?;
    desk.talk(&owner, session, &query, encoding).await
}

/// Serves a connection to its end.
async fn serve(mut socket: WebSocket, begun: Result<Talk, Failure>) {
    // A talk is held until its client knows that it is over: a process that ends waits for that.
    let (close, _held) = match begun {
        Ok(mut talk) => match carry(&mut socket, &mut talk).await {
            End::Told => (Some(closing(NORMAL, "")), Some(talk)),
            End::Gone => (None, Some(talk)),
        },
        Err(failure) => {
            tracing::debug!("WS /ws/{{session_id}}: {} {}", failure.status(), failure.code());
            let _ = timeout(SEND, socket.send(written(Message::Text(failure.message())))).await;
            (Some(closing(failure.close_code(), failure.code())), None)
        }
    };
    let goodbye = async {
        if let Some(close) = close {
            let _ = socket.send(close).await;
        }
        // A connection that is cut while the client still speaks loses what it was told last; and a client that has said
        // goodbye is answered by reading on.
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = timeout(GOODBYE, goodbye).await;
}

fn closing(code: u16, reason: &str) -> Socketed {
    let reason: String = reason.chars().take(REASON).collect();
    Socketed::Close(Some(CloseFrame { code, reason: reason.into() }))
}

async fn carry(socket: &mut WebSocket, talk: &mut Talk) -> End {
    let Talk { down, up } = talk;
    let (mut sink, mut stream) = socket.split();
    let (complain, complaints) = mpsc::channel(COMPLAINTS);
    tokio::select! {
        end = tell(&mut sink, down, complaints) => end,
        () = hear(&mut stream, up, complain) => End::Gone,
    }
}

/// Sends what happens; ends behind the last event.
async fn tell(
    sink: &mut SplitSink<&mut WebSocket, Socketed>,
    down: &mut Down,
    mut complaints: mpsc::Receiver<Message>,
) -> End {
    let mut pings = interval_at(Instant::now() + PING, PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            Some(complaint) = complaints.recv() => written(complaint),
            message = down.next() => match message {
                Some(message) => written(message),
                None => return End::Told,
            },
            _ = pings.tick() => Socketed::Ping(Bytes::new()),
        };
        if !matches!(timeout(SEND, sink.send(message)).await, Ok(Ok(()))) {
            return End::Gone;
        }
    }
}

/// Does what the client says, until it is gone.
async fn hear(stream: &mut SplitStream<&mut WebSocket>, up: &Up, complaints: mpsc::Sender<Message>) {
    while let Ok(Some(Ok(message))) = timeout(SILENCE, stream.next()).await {
        let said = match message {
            Socketed::Text(text) => Message::Text(text.into()),
            Socketed::Binary(bytes) => Message::Binary(bytes),
            Socketed::Ping(_) | Socketed::Pong(_) => continue,
            Socketed::Close(_) => return,
        };
        if let Some(complaint) = up.say(said).await
            && complaints.send(complaint).await.is_err()
        {
            return;
        }
    }
}

fn written(message: Message) -> Socketed {
    match message {
        Message::Binary(bytes) => Socketed::Binary(bytes),
        // JSON of ours is UTF-8; what were not would be no text, and goes as bytes.
        Message::Text(json) => Utf8Bytes::try_from(json.clone()).map_or(Socketed::Binary(json), Socketed::Text),
    }
}
