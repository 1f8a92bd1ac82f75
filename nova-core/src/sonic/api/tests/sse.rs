use serde_json::Value;

use super::super::sse::{Contents, HEARTBEAT, Message};
use super::*;

fn names(messages: &[Message]) -> Vec<&'static str> {
    messages.iter().map(|message| message.event).collect()
}

fn told(contents: &mut Contents, events: impl IntoIterator<Item = Event>) -> Vec<&'static str> {
    let told = (1..).zip(events).flat_map(|(seq, event)| contents.messages(&stamped(seq, event)));
    told.map(|message| message.event).collect()
}

fn body(event: Event) -> Value {
    let messages = Contents::default().messages(&stamped(2, event));
    serde_json::from_slice(&messages.last().unwrap().data).unwrap()
}

#[test]
fn every_event_is_told_under_some_name_and_its_last_message_has_its_number() {
    let mut contents = Contents::default();
    for event in events() {
        let messages = contents.messages(&event);
        let (last, before) = messages.split_last().unwrap();
        assert_eq!(last.id, Some(event.seq));
        assert!(before.iter().all(|message| message.id.is_none()));
        for message in &messages {
            let body: Value = serde_json::from_slice(&message.data).unwrap();
            assert_eq!(body["seq"], event.seq, "{}", message.event);
        }
    }
}

#[test]
fn an_answer_is_told_from_its_first_word_or_sound_to_its_end() {
    let said = |turn| line(turn, Role::Assistant, TranscriptStage::Speculative);
    let spoken = |turn| line(turn, Role::Assistant, TranscriptStage::Final);
    let asked = |turn| line(turn, Role::User, TranscriptStage::Final);
    let words_first = [asked(1), said(1), audio(1, ms(0)), said(1), audio(1, ms(80)), ended(1), spoken(1)];
    assert_eq!(
        told(&mut Contents::default(), words_first),
        [
            "transcript",
            "content_start",
            "transcript",
            "audio_response",
            "transcript",
            "audio_response",
            "content_end",
            "turnEnded",
            "transcript"
        ]
    );
    let sound_alone = [audio(2, ms(0)), audio(3, ms(0)), ended(2), audio(3, ms(80)), ended(3)];
    assert_eq!(
        told(&mut Contents::default(), sound_alone),
        [
            "content_start",
            "audio_response",
            "content_start",
            "audio_response",
            "content_end",
            "turnEnded",
            "audio_response",
            "content_end",
            "turnEnded"
        ]
    );
    assert_eq!(told(&mut Contents::default(), [asked(4), ended(4)]), ["transcript", "turnEnded"], "no answer, no end");
}

#[test]
fn a_stream_that_goes_on_tells_the_rest_as_it_would_have_been_told() {
    let said = |turn| line(turn, Role::Assistant, TranscriptStage::Speculative);
    let story = [said(1), audio(1, ms(0)), said(1), audio(1, ms(80)), ended(1), said(2), audio(2, ms(0)), ended(2)];
    let story: Vec<Stamped> = (1..).zip(story).map(|(seq, event)| stamped(seq, event)).collect();
    let mut whole = Contents::default();
    let all: Vec<Vec<Message>> = story.iter().map(|event| whole.messages(event)).collect();
    for pause in 0..story.len() {
        let mut contents = Contents::default();
        story[..pause].iter().for_each(|event| contents.pass(event));
        let rest: Vec<_> = story[pause..].iter().map(|event| contents.messages(event)).collect();
        assert_eq!(rest, all[pause..], "after {pause}");
    }
    // Of the beginning nothing is kept any more: the sound says that it is not the first.
    assert_eq!(
        told(&mut Contents::default(), [audio(1, ms(80)), ended(1)]),
        ["audio_response", "content_end", "turnEnded"]
    );
}

#[test]
fn the_bodies_are_flat_and_in_snake_case() {
    assert_eq!(
        body(audio(3, ms(80))),
        json!({ "seq": 2, "at_ms": 2469.134, "turn": 3, "audio": "AQL//g==", "format": "pcm", "sample_rate": 24000,
            "channels": 1, "offset_ms": 80.0 })
    );
    assert_eq!(
        body(line(1, Role::Assistant, TranscriptStage::Speculative)),
        json!({ "seq": 2, "at_ms": 2469.134, "turn": 1, "item": 1, "role": "ASSISTANT",
            "text": "She said \"hi\",\nand left.", "stage": "SPECULATIVE", "final": false })
    );
    let tokens = Tokens { speech_in: 1, text_in: 2, speech_out: 3, text_out: 4 };
    let used = body(Event::Usage { total: tokens, delta: tokens, cost: Some(Money::from_cents(25)) });
    assert_eq!((&used["total"]["speech_out"], &used["cost_usd"]), (&json!(3), &json!("0.25")));
    assert_eq!(
        body(Event::Interrupted { turn: 1, heard: ms(700), error: ms(300) }),
        json!({ "seq": 2, "at_ms": 2469.134, "turn": 1, "heard_ms": 700.0, "error_ms": 300.0 })
    );
}

#[test]
fn a_failure_is_told_before_the_end() {
    let failed = events().pop().unwrap();
    let messages = Contents::default().messages(&failed);
    assert_eq!(names(&messages), ["error", "done"]);
    let error: Value = serde_json::from_slice(&messages[0].data).unwrap();
    let wanted = json!({ "kind": "denied", "code": "denied", "message": "No.", "retryable": false, "hint": "Ask.",
        "request_id": "r-1", "seq": failed.seq, "at_ms": error["at_ms"] });
    assert_eq!(error, wanted);
    let done: Value = serde_json::from_slice(&messages[1].data).unwrap();
    assert_eq!((&done["reason"], &done["unsent_audio_ms"]), (&json!("failed"), &json!(300.0)));
}

#[test]
fn messages_go_out_as_the_standard_wants_them() {
    let mut text = Vec::new();
    for message in Contents::default().messages(&stamped(7, audio(1, ms(0)))) {
        message.write(&mut text);
    }
    let text = String::from_utf8(text).unwrap();
    let (start, sound) = text.split_once("\n\n").unwrap();
    assert!(start.starts_with("event: content_start\ndata: {"), "{start}");
    assert!(sound.starts_with("id: 7\nevent: audio_response\ndata: {"), "{sound}");
    assert!(sound.ends_with("}\n\n"));
    assert!(HEARTBEAT.starts_with(b":") && HEARTBEAT.ends_with(b"\n\n"));
}
