//! One wish of the model's is run once and answered once, however many sessions are told of it.

use crate::contracts::{lose, typed, under};
use crate::script::*;
use crate::tools::{asked, results};
use bedrock_nova::sonic::Effect;
use bedrock_nova::sonic::conversation::LinkKey;
use serde_json::json;

#[test]
fn a_call_repeated_in_the_next_session_while_it_runs_has_the_same_result() {
    let mut call = asked(with_tools());
    lose(&mut call);
    call.story();
    call.hear([tool_use("n-1", "weather", r#"{"city":"Oslo"}"#), tool_use("n-2", "weather", r#"{"city":"Rome"}"#)]);
    assert_eq!(call.story(), ["unknown A block started before the completion.", "tool n-2 weather in 1", "run n-2"]);
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    call.pass_ms(500);
    assert_eq!(call.wire(2).iter().filter(|line| *line == "begin TOOL n-1").count(), 1);
    assert_eq!(results(&call), [json!({ "sky": "blue" })]);
    assert_eq!(typed(&call), [], "no words are needed");
}

#[test]
fn a_call_repeated_after_its_result_was_told_is_answered_and_not_run() {
    for words_first in [true, false] {
        let mut call = asked(with_tools());
        call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
        call.fail("ModelTimeoutException", "Model has timed out in processing the request");
        call.pass_ms(1);
        if words_first {
            call.pass_ms(500);
        }
        call.story();
        call.hear([tool_use("n-1", "weather", r#"{"city":"Oslo"}"#)]);
        assert!(!call.story().iter().any(|line| line.starts_with("run")));
        assert_eq!(results(&call), [json!({ "sky": "blue" }), json!({ "sky": "blue" })]);
        call.answer("It is sunny.", 3);
        assert!(call.story().contains(&"turn 1 answered".to_owned()));
    }
}

#[test]
fn the_same_call_twice_in_one_session_or_in_two_turns_is_two_wishes() {
    let mut call = asked(with_tools());
    call.story();
    call.hear([tool_use("u-2", "weather", r#"{"city":"Oslo"}"#)]);
    assert_eq!(call.story(), ["tool u-2 weather in 1", "run u-2"]);
    call.tool_done("u-1", Ok(json!({}))).unwrap();
    call.tool_done("u-2", Ok(json!({}))).unwrap();
    call.answer("It is sunny.", 3);
    lose(&mut call);
    call.user_says("And now?");
    call.story();
    call.hear([tool_use("n-1", "weather", r#"{"city":"Oslo"}"#)]);
    assert_eq!(call.story(), ["tool n-1 weather in 2", "run n-1"]);
}

#[test]
fn only_an_idempotent_call_is_tried_again_after_it_failed() {
    for (effect, runs) in [(Effect::Once, 0), (Effect::Idempotent, 1)] {
        let mut call = asked(under(|contract| contract.effect = effect));
        call.tool_done("u-1", Err("no network")).unwrap();
        lose(&mut call);
        call.story();
        call.hear([tool_use("n-1", "weather", r#"{"city":"Oslo"}"#)]);
        let story = call.story();
        assert_eq!(story.iter().filter(|line| line.starts_with("run")).count(), runs, "{story:?}");
    }
}

#[test]
fn an_id_that_two_sessions_use_names_two_calls() {
    let mut call = asked(with_tools());
    lose(&mut call);
    call.story();
    call.hear([tool_use("u-1", "clock", "{}")]);
    assert!(call.story().ends_with(&["tool u-1.2 clock in 1".into(), "run u-1.2".into()]));
    call.tool_done("u-1.2", Ok(json!({ "hour": 7 }))).unwrap();
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    call.answer("It is seven.", 1);
    call.pass_ms(500);
    assert_eq!(results(&call), [json!({ "hour": 7 })]);
    assert!(call.wire(2).contains(&"begin TOOL u-1".to_owned()), "the service knows its own id");
    assert!(typed(&call).iter().any(|(_, text)| text.contains("blue")), "{:?}", call.wire(2));
}

#[test]
fn a_repeated_call_is_joined_even_when_the_user_has_asked_something_else_meanwhile() {
    let mut call = asked(with_tools());
    lose(&mut call);
    call.user_says("Are you there?");
    call.story();
    call.hear([tool_use("n-1", "weather", r#"{"city":"Oslo"}"#)]);
    assert_eq!(call.story(), [""; 0]);
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    assert_eq!(results(&call), [json!({ "sky": "blue" })]);
}

#[test]
fn a_model_that_takes_no_words_is_not_told_any() {
    for told_before in [true, false] {
        let mut config = with_tools();
        config.model = V1.into();
        let mut call = Script::with(config);
        call.hear([user_final("Will it rain?"), tool_use("u-1", "weather", "{}")]);
        if told_before {
            call.tool_done("u-1", Ok(json!({}))).unwrap();
        }
        lose(&mut call);
        if !told_before {
            call.tool_done("u-1", Ok(json!({}))).unwrap();
            assert!(call.story().contains(&"tool u-1 abandoned".to_owned()));
        } else {
            assert!(call.story().contains(&"turn 1 lost".to_owned()));
        }
        call.pass_ms(500);
        assert!(!call.is_over());
        assert_eq!(typed(&call), []);
    }
}

#[test]
fn a_session_that_makes_room_is_not_told_what_another_one_is_to_answer() {
    let mut config = with_tools();
    (config.renewal.from, config.renewal.at_the_latest) = (0.1, 0.125);
    let mut call = Script::with(config);
    call.pass_ms(40_000);
    call.user_says("Will it rain?");
    call.hear([tool_use("u-1", "weather", "{}")]);
    call.pass_ms(15_000);
    // A spare is open; the session in use still speaks.
    call.link = LinkKey(1);
    call.hear([speech_start(50_000), speech_end(51_000, 51_400), user_final("Tell me a story.")]);
    call.hear([spec("s1", "Once upon a time."), sound("a1", 25)]);
    call.pass_ms(8_000);
    assert!(call.story().contains(&"renewed 2 for deadline".to_owned()));
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    assert!(results(&call).is_empty(), "nobody would hear its answer");
    let is_told = |call: &Script| call.wire(2).iter().any(|line| line.contains("Result of a tool"));
    call.pass_ms(3_000);
    assert!(!is_told(&call), "the story is not told yet");
    call.hear([sound_end("a1", END_TURN)]);
    call.pass_ms(100);
    assert!(is_told(&call), "{:?}", call.wire(2));
}

#[test]
fn what_a_session_that_makes_room_still_wishes_for_a_question_that_moved_is_not_run() {
    let mut config = with_tools();
    (config.renewal.from, config.renewal.at_the_latest) = (0.1, 0.125);
    let mut call = Script::with(config);
    call.pass_ms(45_000);
    call.hear([speech_start(45_000)]);
    call.pass_ms(14_900);
    // A spare is open; the session in use hears the end of the question at the last moment.
    call.link = LinkKey(1);
    call.hear([speech_end(59_000, 59_900), user_final("Will it rain?")]);
    call.pass_ms(150);
    assert!(call.story().contains(&"renewed 2 for deadline".to_owned()));
    let wish = |id| tool_use(id, "weather", r#"{"city":"Oslo"}"#);
    call.hear([wish("u-1")]);
    assert_eq!(call.story(), [""; 0]);
    call.link = LinkKey(2);
    call.hear([user_final("Will it rain?"), wish("n-1")]);
    call.story();
    call.tool_done("n-1", Ok(json!({ "sky": "blue" }))).unwrap();
    call.answer("No.", 3);
    assert_eq!(results(&call), [json!({ "sky": "blue" })]);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
}
