//! Deadlines: what is owed and does not come ends with its reason, in time and not before.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::sonic::Timeouts;

#[test]
fn a_turn_without_an_answer_ends_after_its_deadline() {
    let mut call = Script::live();
    call.user_says("Hello?");
    call.pass_ms(11_900);
    assert!(!call.story().contains(&"turn 1 noAnswer".to_owned()));
    call.pass_ms(200);
    assert_eq!(call.story(), ["turn 1 noAnswer"]);
    call.user_says("Hello again?");
    call.answer("Hi.", 3);
    assert!(call.story().contains(&"turn 2 answered".to_owned()), "the call goes on");
}

#[test]
fn an_answer_that_stops_in_the_middle_ends_too() {
    let mut call = Script::live();
    call.user_says("Hello?");
    call.pass_ms(11_000);
    call.hear([spec("s1", "Well,"), sound("a1", 3)]);
    call.pass_ms(11_900);
    assert!(!call.story().contains(&"turn 1 noAnswer".to_owned()), "each sign of life begins it anew");
    call.pass_ms(200);
    assert_eq!(call.story(), ["turn 1 noAnswer"]);
}

#[test]
fn the_user_may_speak_for_minutes() {
    let mut call = Script::live();
    call.hear([speech_start(0)]);
    call.pass(Duration::from_secs(240));
    assert!(!call.story().contains(&"turn 1 noAnswer".to_owned()));
    call.hear([speech_end(240_000, 240_500), user_final("A long story.")]);
    call.answer("I see.", 3);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
}

#[test]
fn speech_that_never_ends_does() {
    let mut call = Script::live();
    call.hear([speech_start(0)]);
    call.pass(Duration::from_secs(481));
    assert!(call.story().contains(&"turn 1 noAnswer".to_owned()));
}

#[test]
fn no_deadline_runs_for_an_answer_while_nobody_is_connected() {
    let mut call = Script::dialing(config(|config| {
        config.timeouts = Timeouts::default();
        config.timeouts.connect = Duration::from_secs(30);
    }));
    call.text("Hello.").unwrap();
    call.pass(Duration::from_secs(29));
    call.accept();
    call.pass(Duration::from_secs(5));
    call.answer("Hi.", 3);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
}

#[test]
fn deadlines_are_the_applications_to_set() {
    let mut call = Script::with(config(|config| config.timeouts.answer = Duration::from_secs(2)));
    call.user_says("Hello?");
    call.pass_ms(2_100);
    assert!(call.story().contains(&"turn 1 noAnswer".to_owned()));
}

#[test]
fn an_idle_call_only_wakes_for_its_silence() {
    let mut call = Script::live();
    call.pass(Duration::from_secs(10));
    let before = call.log.len();
    call.pass(Duration::from_secs(10));
    let inputs = call.log.len() - before;
    assert!(inputs < 2 * 10_000 / 32 + 20, "{inputs} inputs in ten seconds of silence");
    call.stall();
    call.pass_ms(100);
    let wake = call.wake.unwrap() - call.now;
    assert!(wake > Duration::from_secs(30), "a link that takes nothing costs nothing, and yet it wakes in {wake:?}");
}

#[test]
fn an_answer_that_goes_on_after_it_was_given_up_is_one_of_its_own() {
    let mut call = Script::live();
    call.user_says("Hello?");
    call.hear([spec("s1", "Well,"), sound("a1", 3)]);
    call.pass_ms(12_100);
    call.story();
    call.hear([more_sound("a1", 3), sound_end("a1", END_TURN)]);
    assert_eq!(call.story(), ["sound 2", "turn 2 answered"]);
}
