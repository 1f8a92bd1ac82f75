//! Whole conversations over every road, driven by a client that shares nothing with the emulator but the wire.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use bedrock_nova_emulator::{
    Emulator, Rule, Strictness,
    server::{Closing, Ended, Signature},
};
use serde_json::Value;
use support::{Call, Heard, Opening, Road, events, idle, until};

/// V1 of reference §8.2, twice in one session (V6), on all four roads.
#[tokio::test]
async fn two_turns_come_back_in_order() {
    let emulator = Emulator::builder().pace(50.0).strictness(Strictness::Strict).start().await.unwrap();
    for road in Road::ALL {
        let mut call = Opening::new(&emulator, road).open(&emulator).await;
        call.say_all(&events::opening()).await;
        assert_eq!(call.status().await, 200, "{road:?}");
        assert_eq!(call.headers().await["content-type"], "application/vnd.amazon.eventstream");
        call.say(&events::audio_start()).await;
        let first = turn(&mut call).await;
        let names: Vec<_> = first.iter().map(|(name, _)| &name[..]).filter(|name| *name != "audioOutput").collect();
        let (heard, said) = names.split_at(BOUNDARIES_AND_TRANSCRIPT.len());
        assert_eq!(heard, BOUNDARIES_AND_TRANSCRIPT, "{road:?}");
        assert!(said.chunks(SENTENCE.len()).all(|sentence| sentence == SENTENCE), "{road:?}: {said:?}");
        assert_eq!(first[1].1["completionId"], first[3].1["completionId"]);
        assert_eq!(first[2].1["inputAudioOffsetMs"].as_u64().unwrap() / 100, 19, "speech of 1,920 ms");
        let second = turn(&mut call).await;
        assert!(second.iter().all(|(name, _)| name != "completionStart"), "one completion spans the prompt");
        call.say_all(&events::closing()).await;
        call.end().await;
        let end = closing_event(&mut call).await;
        assert_eq!(end["stopReason"], "END_TURN");
        assert_eq!(end["completionId"], first[1].1["completionId"]);
        assert_eq!(call.last().await, Heard::End);

        idle(&emulator).await;
        let report = emulator.sessions().pop().unwrap();
        assert_eq!(report.signature, Signature::Verified);
        assert_eq!(report.closing, Some(Closing::EmptyMessage));
        assert_eq!(report.ended, Some(Ended::InOrder), "{road:?}");
        assert!(report.breaches.is_empty(), "{:?}", report.breaches);
        assert_eq!(report.model, "amazon.nova-2-sonic-v1:0");
        assert!(report.events_in > 100 && report.events_out > 20, "{} in, {} out", report.events_in, report.events_out);
    }
}

/// V11: a client that waits for the headers before it says anything waits in vain.
#[tokio::test]
async fn headers_are_held_until_system_closes() {
    let emulator = Emulator::start().await.unwrap();
    for road in [Road::H2c, Road::H2Tls] {
        let mut call = Opening::new(&emulator, road).open(&emulator).await;
        let opening = events::opening();
        let (last, before) = opening.split_last().unwrap();
        assert!(!call.has_headers().await);
        call.say_all(before).await;
        until(&emulator, "all but the last event", |report| report.events_in == before.len() as u64).await;
        assert!(!call.has_headers().await, "the headers came before SYSTEM was closed");
        call.say(last).await;
        assert_eq!(call.status().await, 200);
    }
}

#[tokio::test]
async fn what_is_wrong_before_the_headers_is_an_http_error_and_behind_them_an_exception() {
    let emulator = Emulator::start().await.unwrap();
    for road in Road::ALL {
        let mut call = Opening::new(&emulator, road).open(&emulator).await;
        call.say(&events::prompt_start()).await;
        assert_eq!(call.status().await, 400, "{road:?}");
        assert_eq!(call.error().await.0, "ValidationException");

        let mut call = Opening::new(&emulator, road).open(&emulator).await;
        call.say_all(&events::opening()).await;
        assert_eq!(call.status().await, 200);
        call.say_all(&events::opening()[2..]).await;
        let Heard::Exception { name, message } = call.last().await else { panic!("an exception was to come") };
        assert_eq!(name, "validationException");
        assert!(message.contains("Duplicate SYSTEM content."), "{message}");
        assert_eq!(call.hear().await, Heard::End);
    }
}

#[tokio::test]
async fn a_reset_is_seen_and_leaves_the_connection_alone() {
    let emulator = Emulator::start().await.unwrap();
    let connection = support::pipe::Http2::connect(&emulator, Road::H2Tls).await;
    let mut call = Opening::new(&emulator, Road::H2Tls).open_on(&emulator, &connection).await;
    call.say_all(&events::opening()).await;
    assert_eq!(call.status().await, 200);
    call.up.reset();
    idle(&emulator).await;
    assert_eq!(emulator.sessions()[0].ended, Some(Ended::Gone));
    let mut other = Opening::new(&emulator, Road::H2Tls).open_on(&emulator, &connection).await;
    other.say_all(&events::opening()).await;
    assert_eq!(other.status().await, 200);
}

#[tokio::test]
async fn a_connection_that_goes_is_seen_on_every_road() {
    let emulator = Emulator::start().await.unwrap();
    for road in Road::ALL {
        let mut call = Opening::new(&emulator, road).open(&emulator).await;
        call.say_all(&events::opening()).await;
        assert_eq!(call.status().await, 200);
        drop(call);
        idle(&emulator).await;
        assert_eq!(emulator.sessions().pop().unwrap().ended, Some(Ended::Gone), "{road:?}");
    }
}

/// Reference §1.9a: a reset behind our end is tolerated, and written down.
#[tokio::test]
async fn a_reset_behind_our_end_is_a_breach() {
    let emulator = Emulator::builder().pace(50.0).start().await.unwrap();
    for road in [Road::H2c, Road::H2Tls] {
        let mut call = Opening::new(&emulator, road).open(&emulator).await;
        call.say_all(&events::opening()).await;
        call.say(&events::audio_start()).await;
        turn(&mut call).await;
        call.say_all(&events::closing()).await;
        assert_eq!(call.last().await, Heard::End);
        call.up.reset();
        idle(&emulator).await;
        let report = emulator.sessions().pop().unwrap();
        assert_eq!((report.ended, report.closing), (Some(Ended::InOrder), None));
        let rules: Vec<_> = report.breaches.iter().map(|breach| breach.rule).collect();
        assert_eq!(rules, [Rule::AbruptClose], "{road:?}");
    }
}

/// Speaks for 1.92 s, is silent for 0.96 s, and collects all up to the end of the answer.
async fn turn(call: &mut Call) -> Vec<(String, Value)> {
    call.say_all(&events::speech(1920)).await;
    call.say_all(&events::silence(960)).await;
    let mut heard = Vec::new();
    loop {
        let (name, body) = call.event().await;
        let over = name == "contentEnd" && body["type"] == "AUDIO" && body["stopReason"] == "END_TURN";
        heard.push((name, body));
        if over {
            return heard;
        }
    }
}

async fn closing_event(call: &mut Call) -> Value {
    loop {
        let (name, body) = call.event().await;
        if name == "completionEnd" {
            return body;
        }
    }
}

/// Reference §3.4.
const BOUNDARIES_AND_TRANSCRIPT: [&str; 6] =
    ["userSpeechStart", "completionStart", "userSpeechEnd", "contentStart", "textOutput", "contentEnd"];
/// A SPECULATIVE block, then an AUDIO block, of which the audioOutputs are left out.
const SENTENCE: [&str; 5] = ["contentStart", "textOutput", "contentEnd", "contentStart", "contentEnd"];
