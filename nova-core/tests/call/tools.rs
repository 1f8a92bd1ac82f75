//! Tools: exactly one result for each call, whatever becomes of it.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::conversation::Output;
use bedrock_nova::sonic::{AudioDuringTools, Config};
use serde_json::{Value, json};

const REFUSED: &str = "Invalid input request, please fix your input and try again.";

pub fn asked(config: Config) -> Script {
    let mut call = Script::with(config);
    call.user_says("Will it rain?");
    call.hear([tool_use("u-1", "weather", r#"{"city":"Oslo"}"#)]);
    call
}

pub fn results(call: &Script) -> Vec<Value> {
    let results = call.sent.iter().filter(|sent| sent.name == "toolResult");
    results.map(|sent| serde_json::from_str(sent.body["content"].as_str().unwrap()).unwrap()).collect()
}

#[test]
fn a_call_is_run_and_answered_once_and_the_turn_goes_on() {
    let mut call = asked(with_tools());
    call.pass_ms(500);
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    assert_eq!(call.tool_done("u-1", Ok(json!(1))).unwrap_err().kind(), ErrorKind::Misuse);
    call.answer("It is sunny.", 3);
    assert_eq!(
        call.story()[4..],
        [
            "tool u-1 weather in 1",
            "run u-1",
            "tool u-1 answered",
            "assistant 1~ It is sunny.",
            "sound 1",
            "turn 1 answered"
        ]
    );
    assert_eq!(results(&call), [json!({ "sky": "blue" })]);
    let wire = call.wire(1);
    let at = wire.iter().position(|line| line == "begin TOOL u-1").unwrap();
    assert_eq!(wire[at..at + 3], ["begin TOOL u-1", r#"result {"sky":"blue"}"#, "end"]);
}

#[test]
fn arguments_are_an_object_however_often_they_were_encoded() {
    let once = r#"{"city":"Oslo"}"#;
    let twice = serde_json::to_string(once).unwrap();
    for content in [once.to_owned(), twice.clone(), serde_json::to_string(&twice).unwrap()] {
        let mut call = Script::with(with_tools());
        call.user_says("Will it rain?");
        call.hear([tool_use("u-1", "weather", &content)]);
        let run = call.outputs.iter().find_map(|(_, output)| match output {
            Output::RunTool(run) => Some(run.arguments.clone()),
            _ => None,
        });
        assert_eq!(run, Some(json!({ "city": "Oslo" })));
    }
}

#[test]
fn a_failure_an_unknown_name_and_a_bare_value_are_answered_as_objects() {
    let mut call = asked(with_tools());
    call.tool_done("u-1", Err("no network")).unwrap();
    call.hear([tool_use("u-2", "wether", "{}"), tool_use("u-3", "clock", "{}")]);
    call.tool_done("u-3", Ok(json!("noon"))).unwrap();
    let expected = [
        json!({ "error": "no network" }),
        json!({ "error": "there is no tool named wether" }),
        json!({ "result": "noon" }),
    ];
    assert_eq!(results(&call), expected);
    let story = call.story();
    assert!(story.contains(&"tool u-2 unknownTool".to_owned()) && !story.contains(&"run u-2".to_owned()), "{story:?}");
}

#[test]
fn a_slow_tool_does_not_end_the_turn_and_one_too_slow_is_stopped() {
    let mut call = asked(with_tools());
    call.pass(Duration::from_secs(29));
    assert!(!call.story().iter().any(|line| line.contains("noAnswer")));
    call.pass(Duration::from_secs(2));
    assert_eq!(call.story(), ["cancel u-1", "tool u-1 timedOut"]);
    assert_eq!(results(&call), [json!({ "error": "the tool did not answer within 30 s" })]);
    assert_eq!(call.tool_done("u-1", Ok(json!({}))).unwrap_err().kind(), ErrorKind::Misuse);
    call.answer("I cannot tell.", 3);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
}

#[test]
fn two_calls_in_a_row_are_answered_out_of_order() {
    let mut call = asked(with_tools());
    call.hear([tool_use("u-2", "clock", "{}")]);
    call.tool_done("u-2", Ok(json!({ "n": 2 }))).unwrap();
    call.hear([spec("s1", "One moment."), audio("a1", 2, END_TURN)]);
    assert!(!call.story().contains(&"turn 1 answered".to_owned()), "the turn still waits for a tool");
    call.tool_done("u-1", Ok(json!({ "n": 1 }))).unwrap();
    call.answer("Noon, and dry.", 3);
    assert_eq!(results(&call), [json!({ "n": 2 }), json!({ "n": 1 })]);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
}

#[test]
fn the_seventeenth_call_at_once_is_answered_with_an_error() {
    let mut call = Script::with(with_tools());
    call.user_says("All of it.");
    for n in 1..=17 {
        call.hear([tool_use(&format!("u-{n}"), "clock", "{}")]);
    }
    let story = call.story();
    assert_eq!(story.iter().filter(|line| line.starts_with("run ")).count(), 16);
    assert!(story.contains(&"tool u-17 tooMany".to_owned()), "{story:?}");
    assert_eq!(results(&call).len(), 1);
}

#[test]
fn a_result_too_large_for_one_event_is_told_by_its_beginning() {
    let mut call = asked(with_tools());
    call.tool_done("u-1", Ok(json!({ "text": "x".repeat(1_200_000) }))).unwrap();
    let told = &results(&call)[0];
    assert!(told["truncated"].as_str().unwrap().contains("1200011 bytes"), "{}", told["truncated"]);
    assert!(told["beginning"].as_str().unwrap().len() > 900_000);
    assert!(call.story().contains(&"tool u-1 shortened".to_owned()));
    assert!(!call.is_over());
}

#[test]
fn a_call_out_of_an_interrupted_answer_keeps_its_number() {
    let mut call = Script::with(with_tools());
    call.user_says("Tell me.");
    call.hear([spec("s1", "Once."), sound("a1", 5)]);
    call.interrupt();
    call.hear([sound_end("a1", PARTIAL_TURN), tool_use("u-1", "clock", "{}")]);
    assert!(call.story().contains(&"tool u-1 clock in 1".to_owned()));
    call.tool_done("u-1", Ok(json!({}))).unwrap();
    assert_eq!(results(&call).len(), 1);
}

#[test]
fn a_result_after_a_lost_session_is_told_in_words() {
    let mut call = asked(with_tools());
    call.fail("ModelTimeoutException", "Model has timed out in processing the request");
    call.pass(Duration::from_secs(3));
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    call.pass_ms(500);
    call.answer("It is sunny.", 3);
    assert!(results(&call).is_empty());
    let wire = call.wire(2).join("\n");
    assert!(wire.contains("begin USER\ntext Will it rain?\nend\nbegin AUDIO\naudio"), "{wire}");
    assert!(wire.contains(r#"text (Result of a tool: {"result":{"sky":"blue"},"tool":"weather"})"#), "{wire}");
    let story = call.story();
    assert!(story.contains(&"turn 1 answered".to_owned()), "{story:?}");
    assert_eq!(call.page()[..1], ["user 1: Will it rain?"]);
}

fn audio_while_a_tool_works(choice: AudioDuringTools) -> usize {
    let mut config = with_tools();
    config.audio_during_tools = choice;
    let mut call = asked(config);
    call.pass_ms(1);
    let from = call.now;
    call.speak(2_000);
    call.sound_since(from).len()
}

#[test]
fn audio_goes_on_or_is_held_while_a_tool_works() {
    assert_eq!(audio_while_a_tool_works(AudioDuringTools::Hold), 0);
    assert!(audio_while_a_tool_works(AudioDuringTools::Send) > 50);
    assert!(audio_while_a_tool_works(AudioDuringTools::Adapt) > 50);
}

#[test]
fn recorded_audio_that_was_held_is_sent_whole_afterwards() {
    let mut config = with_tools();
    config.audio_during_tools = AudioDuringTools::Hold;
    let mut call = asked(config);
    call.audio(400, bedrock_nova::sonic::conversation::AudioPolicy::Wait).unwrap();
    call.pass(Duration::from_secs(10));
    let from = call.now;
    call.tool_done("u-1", Ok(json!({}))).unwrap();
    call.pass(Duration::from_secs(1));
    let loud: usize = call.sound_since(from).iter().flat_map(|(_, pcm)| pcm).filter(|byte| **byte == 3).count();
    assert_eq!(loud, 400 * 32);
}

#[test]
fn a_refusal_of_audio_during_a_tool_is_survived_and_learnt_from() {
    for done_first in [false, true] {
        let mut call = asked(with_tools());
        call.pass_ms(500);
        if done_first {
            call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
        }
        call.fail("ValidationException", REFUSED);
        call.pass(Duration::from_secs(1));
        assert!(call.story().contains(&"reconnecting 1 for E-GEN".to_owned()));
        if !done_first {
            call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
            call.pass_ms(500);
            call.answer("It is sunny.", 3);
            assert!(call.story().contains(&"turn 1 answered".to_owned()));
        }
        call.user_says("And the time?");
        call.hear([tool_use("u-2", "clock", "{}")]);
        let from = call.now;
        call.pass(Duration::from_secs(2));
        assert_eq!(call.sound_since(from).len(), 0, "held from now on");
        call.tool_done("u-2", Ok(json!({}))).unwrap();
        call.fail("ValidationException", REFUSED);
        assert!(call.story().contains(&"closed failed for E-GEN".to_owned()), "a second one has another cause");
    }
}

#[test]
fn the_same_refusal_without_audio_during_a_tool_ends_the_call() {
    for choice in [AudioDuringTools::Hold, AudioDuringTools::Send] {
        let mut config = with_tools();
        config.audio_during_tools = choice;
        let mut call = asked(config);
        call.pass_ms(500);
        call.fail("ValidationException", REFUSED);
        assert!(call.story().contains(&"closed failed for E-GEN".to_owned()));
    }
}

#[test]
fn a_finished_call_waits_for_its_tool() {
    let mut call = asked(with_tools());
    call.finish();
    call.pass(Duration::from_secs(20));
    assert!(!call.wire(1).contains(&"sessionEnd".to_owned()));
    call.tool_done("u-1", Ok(json!({}))).unwrap();
    call.answer("Dry.", 3);
    call.pass_ms(100);
    assert_eq!(call.wire(1).last().unwrap(), "sessionEnd");
}

#[test]
fn a_tools_answer_comes_before_that_to_what_was_being_said_at_the_finish() {
    let mut call = asked(with_tools());
    call.hear([speech_start(5_000)]);
    call.finish();
    call.pass_ms(100);
    call.tool_done("u-1", Ok(json!({}))).unwrap();
    call.answer("Dry.", 3);
    let ends =
        |call: &mut Script| call.story().into_iter().filter(|line| line.starts_with("turn ")).collect::<Vec<_>>();
    assert_eq!(ends(&mut call), ["turn 1 answered"]);
    call.hear([speech_end(6_000, 6_400), user_final("And tomorrow?")]);
    call.answer("Wet.", 3);
    assert_eq!(ends(&mut call), ["turn 2 answered"]);
}
