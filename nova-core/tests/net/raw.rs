//! A program's own events over our transport: in order or refused, carried both ways, ended by either side.

use std::future::poll_fn;

use bedrock_nova::ErrorKind;
use bedrock_nova::model::{Catalogue, Model, ModelId};
use bedrock_nova::sonic::{Order, RawSession};
use bytes::Bytes;

use crate::support::speech::{audio_start, closing, emulated, name, opening, speech};
use crate::support::*;

fn model() -> Model {
    Catalogue::built_in().model(&ModelId::default())
}

async fn next(session: &RawSession) -> Option<bedrock_nova::Result<Bytes>> {
    soon(poll_fn(|context| session.poll_next(context))).await
}

#[tokio::test]
async fn a_spoken_question_is_answered_and_the_session_ends_in_order() {
    let (_emulator, bedrock) = emulated("").await;
    let session = soon(RawSession::open(&bedrock, model(), None, opening(), Order::Checked)).await.unwrap();
    assert!(session.request_id().is_some());
    session.send(audio_start()).await.unwrap();
    for event in speech() {
        soon(session.send(event)).await.unwrap();
    }
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "audioOutput") {
        heard.push(name(&next(&session).await.unwrap().unwrap()));
    }
    assert!(heard.iter().any(|name| name == "textOutput"), "{heard:?}");
    for event in closing() {
        session.send(event).await.unwrap();
    }
    session.finish();
    while let Some(event) = next(&session).await {
        event.unwrap();
    }
    assert_eq!(session.send(audio_start()).await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn what_breaks_the_order_is_not_sent_and_changes_nothing() {
    let (emulator, bedrock) = emulated("").await;
    let backwards = opening().into_iter().rev().collect();
    let refused = soon(RawSession::open(&bedrock, model(), None, backwards, Order::Checked)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Misuse);
    assert!(emulator.sessions().is_empty(), "nothing was opened");
    let session = soon(RawSession::open(&bedrock, model(), None, opening(), Order::Checked)).await.unwrap();
    let [content_end, ..] = closing();
    assert_eq!(session.send(content_end).await.unwrap_err().kind(), ErrorKind::Misuse);
    session.send(audio_start()).await.unwrap();
    soon(session.send(speech().swap_remove(0))).await.unwrap();
}

#[tokio::test]
async fn without_order_the_service_judges_and_its_word_is_the_last() {
    let (_emulator, bedrock) = emulated("").await;
    let session = soon(RawSession::open(&bedrock, model(), None, opening(), Order::Free)).await.unwrap();
    let [content_end, ..] = closing();
    session.send(content_end).await.unwrap();
    let told = loop {
        match next(&session).await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the service said nothing"),
        }
    };
    assert!(matches!(told.kind(), ErrorKind::Protocol | ErrorKind::Invalid), "{told:?}");
    assert!(next(&session).await.is_none());
}
