//! The desk without any framework: what a server of another language has of it, against an emulator.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use bedrock_nova::ids::Owner;
use bedrock_nova::sonic::ConversationPool;
use bedrock_nova::transport::Bedrock;
use bedrock_nova_emulator::Emulator;
use bedrock_nova_server::{
    Answer, Asked, Caller, Desk, DeskBuilder, Encoding, EventStream, Message, Owners, Query, RateLimit, Route,
};
use bytes::Bytes;
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(20);

async fn emulated() -> (Emulator, DeskBuilder) {
    let emulator = Emulator::start().await.unwrap();
    let transport = Bedrock::builder()
        .region("us-east-1")
        .endpoint_url(emulator.tls_url())
        .ca_bundle(emulator.ca_file())
        .credentials(emulator.access_key(), emulator.secret_key(), None);
    let pool = ConversationPool::builder().conversations(2).build().unwrap();
    (emulator, Desk::builder(pool).transport(transport.build().await.unwrap()))
}

async fn ask(desk: &Desk, route: Route, session: &str, body: Value) -> Answer {
    let asked = Asked { route, session, content_type: Some("application/json"), body: body.to_string().into() };
    desk.answer(asked, &Owner::from("ann")).await
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

async fn open(desk: &Desk) -> String {
    let began = ask(desk, Route::StartSession, "", json!({})).await;
    assert_eq!(began.status, 200, "{began:?}");
    json(&began)["session_id"].as_str().unwrap().to_owned()
}

/// Reads up to a message of this name; returns all of it.
async fn read(stream: &mut EventStream, name: &str) -> String {
    let mut text = String::new();
    let reading = async {
        while !text.contains(&format!("event: {name}\n")) {
            text.push_str(std::str::from_utf8(&stream.next().await.expect("the stream goes on")).unwrap());
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("in time");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_opened_spoken_to_looked_at_and_ended() {
    let (_emulator, desk) = emulated().await;
    let desk = desk.build();
    let session = open(&desk).await;
    let mut stream = desk.events(&"ann".into(), &session, &Query::default(), None).await.unwrap();
    let text = json!({"session_id": session, "text": "What can you do for me?"});
    assert_eq!(json(&ask(&desk, Route::SendText, "", text).await), json!({"status": "ok"}));
    let told = read(&mut stream, "turnEnded").await;
    assert!(told.contains("event: audio_response") && told.contains("What can you do for me?"));
    let state = json(&ask(&desk, Route::GetSession, &session, Value::Null).await);
    assert_eq!((&state["turns"], &state["transcript"][0]["role"]), (&json!(1), &json!("USER")));
    let ended = json(&ask(&desk, Route::EndSession, &session, Value::Null).await);
    assert_eq!((&ended["status"], &ended["reason"]), (&json!("ended"), &json!("finished")));
    read(&mut stream, "done").await;
    assert_eq!(stream.next().await, None);
    assert_eq!(ask(&desk, Route::GetSession, &session, Value::Null).await.status, 404);
    let counted = ask(&desk, Route::Metrics, "", Value::Null).await;
    assert!(String::from_utf8_lossy(&counted.body).contains("bedrock_nova"), "{counted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talk_has_two_directions_and_goes_on_after_a_complaint() {
    let (_emulator, desk) = emulated().await;
    let desk = desk.build();
    let session = open(&desk).await;
    let mut talk = desk.talk(&"ann".into(), &session, &Query::default(), Encoding::Binary).await.unwrap();
    let Some(Message::Text(complaint)) = talk.up.say(Message::Text(Bytes::from_static(b"{}"))).await else {
        panic!("a command needs a type")
    };
    assert!(complaint.starts_with(br#"{"type":"error","error":{"kind":"invalid","code":"command","#));
    let said = Bytes::from_static(br#"{"type":"text","text":"What can you do for me?"}"#);
    assert_eq!(talk.up.say(Message::Text(said)).await, None);
    let reading = async {
        let mut binary = 0;
        loop {
            match talk.down.next().await.expect("the call goes on") {
                Message::Binary(_) => binary += 1,
                Message::Text(json) if json.windows(11).any(|name| name == b"\"turnEnded\"") => return binary,
                Message::Text(_) => {}
            }
        }
    };
    assert!(tokio::time::timeout(DEADLINE, reading).await.expect("in time") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_lets_a_listener_in_to_its_own_call() {
    let (_emulator, desk) = emulated().await;
    let desk = desk.owners(Owners::tokens([("a-token", "ann")])).build();
    let session = open(&desk).await;
    let issued = json(&ask(&desk, Route::IssueTicket, "", json!({"session_id": session})).await);
    assert_eq!(issued["expires_in"], 60.0);
    let caller = Caller { ticket: issued["ticket"].as_str(), ..Caller::default() };
    assert_eq!(desk.admit(Route::StreamEvents, &session, &caller).unwrap(), Owner::from("ann"));
    assert_eq!(desk.admit(Route::Talk, "another", &caller).unwrap_err().code(), "ticket");
    assert_eq!(desk.admit(Route::GetSession, &session, &caller).unwrap_err().code(), "token");
    desk.admit(Route::Health, "", &Caller::default()).unwrap();
}

#[tokio::test]
async fn who_asks_too_often_waits_under_whatever_name() {
    let pool = ConversationPool::builder().build().unwrap();
    let tokens = Owners::tokens([("a-token", "ann")]);
    let desk = Desk::builder(pool).owners(tokens).rate(RateLimit::with_burst(0.001, 2.0)).build();
    let admit = |caller: Caller<'_>| desk.admit(Route::SendText, "", &caller).map_err(|failure| failure.status());
    let (bob, stranger) = (Owner::from("bob"), Caller { address: "10.0.0.1", ..Caller::default() });
    let ann = Caller { authorization: Some("Bearer a-token"), ..stranger };
    let known = Caller { owner: Some(&bob), ..stranger };
    for (caller, first) in [(stranger, Err(401)), (ann, Ok("ann".into())), (known, Ok(bob.clone()))] {
        assert_eq!((admit(caller), admit(caller)), (first.clone(), first));
        assert_eq!(admit(caller), Err(429));
    }
}

#[tokio::test]
async fn a_body_has_its_bound() {
    let desk = Desk::builder(ConversationPool::builder().build().unwrap()).largest_body(8).build();
    let refused = ask(&desk, Route::SendText, "", json!({"session_id": "a"})).await;
    assert_eq!((refused.status, &json(&refused)["error"]["code"]), (413, &json!("body-too-large")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_told_to_whoever_listens_before_it_is_the_end() {
    let (_emulator, desk) = emulated().await;
    let desk = desk.build();
    let session = open(&desk).await;
    let mut stream = desk.events(&"ann".into(), &session, &Query::default(), None).await.unwrap();
    let draining = tokio::spawn({
        let desk = desk.clone();
        async move { desk.drain(Duration::ZERO).await }
    });
    let told = read(&mut stream, "done").await;
    assert!(told.contains(r#""reason":"finished""#), "{told}");
    assert!(!draining.is_finished(), "somebody still listens");
    let health = ask(&desk, Route::Health, "", Value::Null).await;
    assert_eq!((health.status, &json(&health)["status"]), (503, &json!("draining")));
    drop(stream);
    let drained = tokio::time::timeout(DEADLINE, draining).await.unwrap().unwrap();
    assert_eq!(drained.closed, 1);
    assert_eq!(ask(&desk, Route::StartSession, "", json!({})).await.status, 503);
}
