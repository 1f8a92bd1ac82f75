//! The orderly end: what is owed comes first, and nobody waits for ever.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::conversation::AudioPolicy;

const CLOSING: [&str; 3] = ["end", "promptEnd", "sessionEnd"];

fn is_closed_on_wire(call: &Script, link: u32) -> bool {
    call.wire(link).ends_with(&CLOSING.map(str::to_owned))
}

#[test]
fn a_quiet_call_is_closed_in_order() {
    let mut call = Script::live();
    call.hear([completion_start()]);
    call.finish();
    assert!(is_closed_on_wire(&call, 1));
    assert_eq!(call.story(), [""; 0], "the stream's end waits for the service");
    call.hear([completion_end()]);
    assert_eq!(call.story(), ["finish 1"]);
    call.end();
    assert_eq!(call.story(), ["abort 1", "closed finished"]);
}

#[test]
fn nothing_is_closed_before_the_owed_answer() {
    let mut call = Script::live();
    call.user_says("One more thing?");
    call.finish();
    call.pass(Duration::from_secs(8));
    call.hear([spec("s1", "Yes."), sound("a1", 5)]);
    call.pass(Duration::from_secs(8));
    assert!(!call.wire(1).contains(&"end AUDIO".to_owned()) && !is_closed_on_wire(&call, 1));
    let last = call.sound_since(call.now - ms(200));
    assert!(!last.is_empty(), "silence goes on until the end");
    call.hear([sound_end("a1", END_TURN)]);
    assert!(is_closed_on_wire(&call, 1));
    call.end();
    assert!(call.story().ends_with(&["closed finished".to_owned()]));
}

#[test]
fn an_utterance_that_still_waits_is_sent_and_answered() {
    let mut call = Script::live();
    call.audio(2_000, AudioPolicy::Wait).unwrap();
    call.finish();
    assert_eq!(call.audio(20, AudioPolicy::Live).unwrap_err().kind(), ErrorKind::Misuse);
    call.pass(Duration::from_secs(4));
    let loud: usize = call.sound_since(ms(0)).iter().flat_map(|(_, pcm)| pcm).filter(|byte| **byte == 3).count();
    assert_eq!(loud, 2_000 * 32);
    assert!(!is_closed_on_wire(&call, 1), "it may still show up");
    call.hear([user_final("One more thing?")]);
    call.pass(Duration::from_secs(5));
    assert!(!is_closed_on_wire(&call, 1));
    call.answer("Yes.", 3);
    assert!(is_closed_on_wire(&call, 1));
}

#[test]
fn audio_that_nobody_answers_holds_the_end_up_for_a_moment_only() {
    let mut call = Script::live();
    call.audio(400, AudioPolicy::Live).unwrap();
    call.finish();
    call.pass(Duration::from_secs(4));
    assert!(is_closed_on_wire(&call, 1));
}

#[test]
fn an_owed_answer_that_never_comes_ends_with_its_reason() {
    let mut call = Script::live();
    call.user_says("Hello?");
    call.finish();
    call.pass(Duration::from_secs(13));
    assert!(call.story().contains(&"turn 1 noAnswer".to_owned()));
    assert!(is_closed_on_wire(&call, 1));
}

#[test]
fn an_audio_block_that_was_never_fed_is_not_closed_but_fed_first() {
    let mut call = Script::dialing(config(|_| {}));
    call.uplink = Uplink::Stalled;
    call.accept();
    call.finish();
    call.pass_ms(100);
    call.unstall();
    call.pass_ms(100);
    let wire = call.wire(1);
    assert!(wire.ends_with(&["begin AUDIO", "audio", "end", "promptEnd", "sessionEnd"].map(str::to_owned)), "{wire:?}");
}

#[test]
fn the_completion_has_no_end() {
    let mut call = Script::live();
    call.finish();
    call.pass(Duration::from_secs(4));
    assert_eq!(call.story(), [""; 0]);
    call.pass(Duration::from_secs(2));
    assert_eq!(call.story(), ["finish 1"]);
    call.end();
    assert_eq!(call.story(), ["abort 1", "closed finished"]);
}

#[test]
fn the_peer_never_ends_the_stream() {
    let mut call = Script::live();
    call.finish();
    call.pass(Duration::from_secs(11));
    assert_eq!(call.story(), ["finish 1", "abort 1", "closed closeTimedOut"]);
}

#[test]
fn the_completion_ends_before_the_closing_events_are_out() {
    let mut call = Script::live();
    call.stall();
    call.pass_ms(100);
    call.finish();
    call.hear([completion_end()]);
    assert!(!call.story().contains(&"finish 1".to_owned()), "the stream is not cut inside the closing events");
    call.unstall();
    assert!(is_closed_on_wire(&call, 1));
    call.pass_ms(10);
    assert!(call.story().contains(&"finish 1".to_owned()));
}

#[test]
fn a_link_that_takes_nothing_cannot_hold_up_the_end() {
    for said in [0, 400] {
        let mut call = Script::live();
        call.stall();
        call.pass_ms(500);
        if said > 0 {
            call.audio(said, AudioPolicy::Wait).unwrap();
        }
        call.finish();
        call.pass(Duration::from_secs(30));
        let story = call.story();
        assert!(story.ends_with(&["abort 1", "closed closeTimedOut"].map(str::to_owned)), "{story:?}");
        assert_eq!(story.contains(&"dropped 400 ms".to_owned()), said > 0, "{story:?}");
    }
}

#[test]
fn the_peer_ends_first() {
    let mut call = Script::live();
    call.finish();
    call.end();
    assert_eq!(call.story(), ["abort 1", "closed finished"]);
    let mut call = Script::live();
    call.user_says("Hello?");
    call.finish();
    call.story();
    call.end();
    let story = call.story();
    assert_eq!(story[1..], ["abort 1", "turn 1 lost", "closed peerEnded for peer-ended"], "{story:?}");
}

#[test]
fn a_failure_while_closing_is_told_and_is_no_failure() {
    let mut call = Script::live();
    call.finish();
    call.fail("ModelStreamErrorException", "late");
    assert_eq!(call.story(), ["abort 1", "closed finished for modelStreamErrorException"]);
}

#[test]
fn finishing_while_dialing() {
    let mut call = Script::dialing(config(|_| {}));
    call.finish();
    assert_eq!(call.story(), ["open 1", "abort 1", "closed finished"]);
}

#[test]
fn finishing_while_reconnecting() {
    let mut call = Script::live();
    call.dials = Dials::ByHand;
    call.fail("ModelTimeoutException", "Model has timed out in processing the request");
    call.finish();
    assert!(call.story().ends_with(&["closed finished".to_owned()]), "nothing is owed");
    // With something left to say, the new session says it first.
    let mut call = Script::live();
    call.dials = Dials::ByHand;
    call.fail("ModelTimeoutException", "Model has timed out in processing the request");
    call.text("One more thing?").unwrap();
    call.finish();
    call.pass(Duration::from_secs(2));
    call.accept();
    call.answer("Yes.", 3);
    call.pass_ms(100);
    assert!(call.wire(2).contains(&"text One more thing?".to_owned()));
    assert!(is_closed_on_wire(&call, 2));
}

#[test]
fn finishing_twice_is_finishing_once() {
    let mut call = Script::live();
    call.hear([completion_start()]);
    call.finish();
    call.finish();
    call.hear([completion_end()]);
    call.finish();
    call.end();
    call.finish();
    assert_eq!(call.story(), ["finish 1", "abort 1", "closed finished"]);
    assert_eq!(call.text("Hello?").unwrap_err().kind(), ErrorKind::Closed);
    assert!(call.audio(20, AudioPolicy::Live).is_ok(), "a sender is not held up for ever");
    assert_eq!(call.wake, None);
}
