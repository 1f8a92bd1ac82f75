//! Tools as contracts: deadline, places, interruption, limit, filler, and what is refused at registration.

use std::time::Duration;

use crate::script::*;
use crate::tools::{asked, results};
use bedrock_nova::ErrorKind;
use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::conversation::Call;
use bedrock_nova::sonic::{Config, Contract, Filler, OnInterrupt, ToolSpec};
use serde_json::json;

const FILLER: &str = "Say that you are looking it up.";

/// Both tools under the same contract.
pub fn under(change: impl Fn(&mut Contract)) -> Config {
    let mut config = with_tools();
    config.tools.iter_mut().for_each(|tool| change(&mut tool.contract));
    config
}

pub fn typed(call: &Script) -> Vec<(Duration, String)> {
    let texts = call.sent.iter().filter(|sent| sent.name == "textInput" && sent.at > Duration::ZERO);
    texts.map(|sent| (sent.at, sent.body["content"].as_str().unwrap().to_owned())).collect()
}

pub fn lose(call: &mut Script) {
    call.fail("ModelTimeoutException", "Model has timed out in processing the request");
    call.pass_ms(500);
}

// ---- deadline and places

#[test]
fn a_tool_has_a_deadline_of_its_own() {
    let mut config = with_tools();
    config.tools[0].contract.deadline = Some(ms(1_500));
    let mut call = asked(config);
    call.hear([tool_use("u-2", "clock", "{}")]);
    call.story();
    call.pass_ms(1_600);
    assert_eq!(call.story(), ["cancel u-1", "tool u-1 timedOut"]);
    assert_eq!(results(&call), [json!({ "error": "the tool did not answer within 1.5 s" })]);
    call.tool_done("u-2", Ok(json!({}))).unwrap();
}

#[test]
fn calls_beyond_the_places_wait_in_their_order_and_then_run() {
    let mut call = asked(under(|contract| contract.at_once = 1));
    call.hear([tool_use("u-2", "weather", r#"{"city":"Rome"}"#), tool_use("u-3", "clock", "{}")]);
    let running: Vec<_> = call.story().into_iter().filter(|line| line.starts_with("run")).collect();
    assert_eq!(running, ["run u-1", "run u-3"], "each tool has places of its own");
    assert_eq!(call.tool_done("u-2", Ok(json!({}))).unwrap_err().kind(), ErrorKind::Misuse, "it does not run yet");
    call.tool_done("u-1", Err("no network")).unwrap();
    assert_eq!(call.story(), ["tool u-1 failed", "tool u-2 weather in 1", "run u-2"]);
    call.tool_done("u-2", Ok(json!({ "n": 2 }))).unwrap();
    assert_eq!(results(&call), [json!({ "error": "no network" }), json!({ "n": 2 })]);
}

#[test]
fn a_call_whose_moment_never_comes_is_told_and_never_run() {
    let mut call = asked(under(|contract| contract.at_once = 1));
    call.pass(Duration::from_secs(20));
    call.hear([tool_use("u-2", "weather", "{}")]);
    call.pass(Duration::from_secs(9));
    call.story();
    call.hear([tool_use("u-3", "clock", "{}")]);
    call.tool_done("u-3", Ok(json!({}))).unwrap();
    call.pass(Duration::from_secs(2));
    let story = call.story();
    assert_eq!(story[3..], ["cancel u-1", "tool u-1 timedOut", "tool u-2 weather in 1", "run u-2"], "{story:?}");
    let mut call = asked(under(|contract| contract.at_once = 1));
    call.hear([tool_use("u-2", "weather", "{}")]);
    call.story();
    call.pass(Duration::from_secs(31));
    let story = call.story();
    assert!(!story.contains(&"tool u-2 weather in 1".to_owned()) || story.contains(&"cancel u-2".to_owned()));
    assert_eq!(results(&call).len(), 2, "{story:?}");
}

// ---- interruption

#[test]
fn a_tool_goes_on_when_the_user_speaks_unless_its_contract_says_otherwise() {
    let mut call = asked(under(|_| {}));
    call.pass_ms(400);
    call.hear([speech_start(9_000), speech_end(9_500, 9_900), user_final("Hello?")]);
    assert!(results(&call).is_empty());
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    assert_eq!(results(&call), [json!({ "sky": "blue" })]);
}

#[test]
fn a_tool_that_is_cancelled_by_an_interruption_is_stopped_and_the_model_told_once() {
    for by_voice in [true, false] {
        let mut call = asked(under(|contract| {
            contract.on_interrupt = OnInterrupt::Cancel;
            contract.at_once = 1;
        }));
        call.hear([tool_use("u-2", "weather", r#"{"city":"Rome"}"#)]);
        call.pass_ms(400);
        call.story();
        if by_voice {
            call.hear([speech_start(9_000)]);
        } else {
            call.interrupt();
        }
        let story = call.story();
        let end = ["cancel u-1", "tool u-1 cancelled", "tool u-2 cancelled", "turn 1 interrupted"];
        assert_eq!(story[story.len() - 4..], end);
        let told = json!({ "error": "the user interrupted, so the tool was cancelled" });
        assert_eq!(results(&call), [told.clone(), told], "what waited was never run");
        assert_eq!(call.tool_done("u-1", Ok(json!({}))).unwrap_err().kind(), ErrorKind::Misuse);
    }
}

#[test]
fn without_boundary_events_the_next_words_are_the_interruption() {
    let mut config = under(|contract| contract.on_interrupt = OnInterrupt::Cancel);
    config.model = V1.into();
    let mut call = Script::with(config);
    call.hear([user_final("Will it rain?"), tool_use("u-1", "weather", "{}")]);
    assert!(results(&call).is_empty());
    call.hear([user_final("Never mind.")]);
    assert_eq!(results(&call).len(), 1);
}

#[test]
fn a_call_out_of_an_interrupted_answer_is_not_begun_if_it_would_be_cancelled() {
    let mut call = Script::with(under(|contract| contract.on_interrupt = OnInterrupt::Cancel));
    call.user_says("Tell me.");
    call.hear([spec("s1", "Once."), sound("a1", 5)]);
    call.interrupt();
    call.story();
    call.hear([sound_end("a1", PARTIAL_TURN), tool_use("u-1", "clock", "{}")]);
    assert_eq!(call.story(), ["tool u-1 cancelled"]);
    assert_eq!(results(&call).len(), 1);
}

#[test]
fn a_detached_tool_is_answered_at_once_and_its_result_follows_in_words_when_nobody_speaks() {
    let mut call = asked(under(|contract| contract.on_interrupt = OnInterrupt::Detach));
    call.hear([spec("s0", "One moment."), audio("a0", 25, PARTIAL_TURN)]);
    call.pass_ms(400);
    call.story();
    call.hear([speech_start(9_000)]);
    assert!(results(&call)[0]["status"].as_str().unwrap().contains("background"));
    let story = call.story();
    assert!(story.contains(&"turn 1 interrupted".to_owned()), "{story:?}");
    assert!(!story.iter().any(|line| line.starts_with("tool") || line.starts_with("cancel")), "it goes on: {story:?}");
    call.hear([speech_end(9_500, 9_900), user_final("Tell me a story.")]);
    call.hear([spec("s1", "Once upon a time."), sound("a1", 25)]);
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    call.pass_ms(500);
    assert_eq!(typed(&call), [], "not into the answer");
    call.hear([sound_end("a1", END_TURN)]);
    call.pass_ms(1_400);
    assert_eq!(typed(&call), [], "not while it is played");
    call.pass_ms(200);
    let words = typed(&call);
    assert_eq!(words[0].1, r#"(Result of a tool: {"result":{"sky":"blue"},"tool":"weather"})"#);
    call.answer("By the way, the sky is blue.", 3);
    assert_eq!(results(&call).len(), 1, "one result on the wire");
    let story = call.story();
    assert_eq!(story.iter().filter(|line| *line == "tool u-1 answered").count(), 1);
    let ends: Vec<_> = story.iter().filter(|line| line.starts_with("turn")).collect();
    assert_eq!(ends, ["turn 2 answered", "turn 3 answered"], "the late result has a turn of its own");
    assert!(!story.iter().any(|line| line.starts_with("interrupted")), "{story:?}");
    assert!(!call.page().iter().any(|line| line.contains("Result of")), "{:?}", call.page());
}

// ---- arguments and results

#[test]
fn arguments_that_are_no_object_are_told_and_never_run() {
    for (arguments, runs) in
        [("", true), ("null", true), (r#""""#, true), ("[1]", false), ("Oslo", false), ("7", false)]
    {
        let mut call = Script::with(with_tools());
        call.user_says("Will it rain?");
        call.story();
        call.hear([tool_use("u-1", "weather", arguments)]);
        let story = call.story();
        if runs {
            assert_eq!(story, ["tool u-1 weather in 1", "run u-1"], "{arguments:?}");
        } else {
            assert_eq!(story, ["tool u-1 badArguments"], "{arguments:?}");
            assert!(results(&call)[0]["error"].as_str().unwrap().contains("no JSON object"));
        }
    }
}

#[test]
fn a_result_beyond_its_limit_is_told_by_its_beginning_on_the_wire_and_in_words() {
    let long = json!({ "text": "It is sunny. ".repeat(100) });
    let mut call = asked(under(|contract| contract.result_limit = Some(300)));
    call.tool_done("u-1", Ok(long.clone())).unwrap();
    let told = results(&call)[0].clone();
    assert!(told.to_string().len() <= 300 && told["beginning"].as_str().unwrap().starts_with("It is sunny. "));
    assert!(call.story().contains(&"tool u-1 shortened".to_owned()));
    // In words a result is also held to what the model takes as one message.
    let mut call = asked(with_tools());
    lose(&mut call);
    call.tool_done("u-1", Ok(json!({ "text": "x".repeat(100_000) }))).unwrap();
    call.pass_ms(500);
    let words: String = typed(&call).into_iter().map(|(_, text)| text).collect();
    assert!((40_000..52_000).contains(&words.len()) && words.contains("truncated"), "{}", words.len());
    assert!(call.story().contains(&"tool u-1 shortened".to_owned()));
}

// ---- fillers

fn fills() -> Config {
    let mut config = with_tools();
    config.tools[0].contract.filler = Some(Filler::new(FILLER));
    config
}

#[test]
fn a_filler_is_told_once_when_nothing_sounds_for_a_moment() {
    let mut call = asked(fills());
    let asked_at = call.now;
    call.pass_ms(1_400);
    assert_eq!(typed(&call), []);
    call.pass_ms(200);
    let told = typed(&call);
    assert_eq!(told[0].1, FILLER);
    assert!((told[0].0 - asked_at - ms(1_500)) < ms(50));
    call.answer("I am looking it up.", 3);
    assert!(!call.story().contains(&"turn 1 answered".to_owned()), "the turn waits for its tool");
    call.pass(Duration::from_secs(10));
    assert_eq!(typed(&call).len(), 1);
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    call.answer("It is sunny.", 3);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
    assert_eq!(call.page(), ["user 1: Will it rain?", "assistant 1~ I am looking it up. It is sunny."]);
}

#[test]
fn a_filler_is_dropped_when_the_result_is_there_first_or_anybody_has_a_word() {
    type Happening = fn(&mut Script);
    let happenings: [Happening; 5] = [
        |call| call.tool_done("u-1", Ok(json!({}))).unwrap(),
        |call| call.hear([speech_start(9_000)]),
        |call| call.hear([spec("s1", "One moment."), audio("a1", 3, PARTIAL_TURN)]),
        |call| call.text("Hurry up.").unwrap(),
        |call| lose(call),
    ];
    for (n, happens) in happenings.into_iter().enumerate() {
        let mut call = asked(fills());
        call.pass_ms(1_000);
        happens(&mut call);
        call.pass(Duration::from_secs(20));
        assert!(!typed(&call).iter().any(|(_, text)| text == FILLER), "case {n}");
    }
}

#[test]
fn a_filler_waits_until_what_was_said_before_the_call_is_played() {
    let mut call = Script::with(fills());
    call.user_says("Will it rain?");
    call.hear([spec("s1", "Let me see."), audio("a1", 25, PARTIAL_TURN), tool_use("u-1", "weather", "{}")]);
    let from = call.now;
    call.pass(Duration::from_secs(5));
    let told = typed(&call);
    assert!((told[0].0 - from - ms(2_000 + 1_500)) < ms(50), "{:?}", told[0].0 - from);
}

#[test]
fn a_filler_that_is_still_spoken_when_the_result_comes_does_not_end_the_turn() {
    let mut call = asked(fills());
    call.pass_ms(1_600);
    call.hear([spec("s1", "I am looking it up."), sound("a1", 5)]);
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    call.story();
    call.hear([more_sound("a1", 3), sound_end("a1", END_TURN)]);
    assert_eq!(call.story(), ["sound 1"]);
    call.answer("It is sunny.", 3);
    assert_eq!(call.story(), ["assistant 1~ I am looking it up. It is sunny.", "sound 1", "turn 1 answered"]);
}

// ---- at registration

#[test]
fn what_the_service_would_refuse_is_refused_here_with_its_place_and_what_mends_it() {
    let object = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let titled = json!({ "type": "object", "properties": { "city": { "type": "string", "title": "City" } } });
    let refused = |spec: ToolSpec, contract: Contract| {
        let mut config = Config::default();
        config.tools = vec![bedrock_nova::sonic::OfferedTool::new(spec, contract)];
        Call::new(config, Catalogue::built_in(), 7).unwrap_err()
    };
    let contract = |change: fn(&mut Contract)| {
        let mut contract = Contract::default();
        change(&mut contract);
        contract
    };
    let plain = || ToolSpec::new("weather", "Tells the weather.", object.clone());
    let cases = [
        (ToolSpec::new("get.weather", "Tells it.", object.clone()), contract(|_| {}), "E-TOOLNAME", "get.weather"),
        (ToolSpec::new("weather", " ", object.clone()), contract(|_| {}), "tools", "description"),
        (ToolSpec::new("weather", "Tells it.", json!("{}")), contract(|_| {}), "E-PARSE", "at $."),
        (ToolSpec::new("weather", "Tells it.", json!({})), contract(|_| {}), "E-PARSE", "at $.type"),
        (ToolSpec::new("weather", "Tells it.", titled.clone()), contract(|_| {}), "E-GEN", "$.properties.city.title"),
        (plain(), contract(|own| own.at_once = 0), "tools", "at_once"),
        (plain(), contract(|own| own.deadline = Some(Duration::ZERO)), "tools", "no time"),
        (plain(), contract(|own| own.result_limit = Some(10)), "tools", "result limit"),
        (plain(), contract(|own| own.filler = Some(Filler::new(" "))), "tools", "filler"),
    ];
    for (spec, contract, code, words) in cases {
        let error = refused(spec, contract);
        assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, code), "{error}");
        assert!(error.message().contains(words), "{error}");
    }
    let mut old = fills();
    old.model = V1.into();
    let error = Call::new(old, Catalogue::built_in(), 7).unwrap_err();
    assert!(error.message().contains("filler"), "{error}");
    let error = refused(ToolSpec::new("weather", "Tells it.", titled.clone()), Contract::default());
    assert!(
        error.message().contains("\"weather\"") && error.hint().unwrap().contains("with_plain_schema()"),
        "{error}"
    );
    ToolSpec::new("weather", "Tells it.", titled).with_plain_schema().check().unwrap();
}

#[test]
fn contracts_are_written_with_the_configuration_and_may_be_left_out() {
    let config = under(|contract| {
        contract.deadline = Some(Duration::from_secs(3));
        contract.on_interrupt = OnInterrupt::Detach;
        contract.filler = Some(Filler::from(FILLER).after(ms(800)));
    });
    let text = serde_json::to_string(&config).unwrap();
    assert!(serde_json::from_str::<Config>(&text).unwrap() == config);
    let bare = r#"{"tools":[{"name":"a","description":"b","schema":{"type":"object"}}]}"#;
    assert_eq!(serde_json::from_str::<Config>(bare).unwrap().tools[0].contract, Contract::default());
    assert!(!format!("{config:?} {:?}", config.tools[0].contract).contains(FILLER));
}

#[test]
fn a_greeting_in_the_configuration_is_said_as_soon_as_the_call_is_there() {
    let mut call = Script::with(config(|config| config.greeting = Some("Greet the caller.".into())));
    let wire = call.wire(1);
    let at = wire.iter().position(|line| line == "begin AUDIO").unwrap();
    assert_eq!(wire[at..at + 5], ["begin AUDIO", "audio", "begin USER", "text Greet the caller.", "end"]);
    call.answer("Good morning!", 3);
    assert_eq!(call.page(), ["assistant 1~ Good morning!"]);
    let mut config = v1();
    config.greeting = Some("Greet the caller.".into());
    let refused = Call::new(config, Catalogue::built_in(), 7).unwrap_err();
    assert!(refused.message().contains("cannot speak first"), "{refused}");
}
