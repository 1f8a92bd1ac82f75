//! The machine is deterministic, keeps its promises whatever comes, and shows nothing of what was said.

use std::time::Duration;

use crate::flight;
use crate::script::*;
use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::conversation::{AudioPolicy, Call, Input, LinkKey, Output};
use bedrock_nova::sonic::flight::Words;
use bedrock_nova::sonic::{Config, Event, Message};
use bedrock_nova::transport::Failure;
use proptest::prelude::*;
use serde_json::json;

/// A call in which a bit of everything happens.
pub fn eventful(config: Config) -> Script {
    let mut call = Script::with(config);
    call.hear([completion_start(), usage(10, 10)]);
    call.speak(600);
    call.user_says("Will it rain?");
    call.hear([tool_use("u-1", "weather", r#"{"city":"Oslo"}"#)]);
    call.tool_done("u-1", Ok(json!({ "sky": "blue" }))).unwrap();
    call.hear([spec("s1", "It is sunny."), sound("a1", 20)]);
    call.pass_ms(300);
    call.hear([speech_start(2_000), sound_end("a1", END_TURN), interrupted(r#"{"interrupted":true}"#)]);
    call.text("And tomorrow?").unwrap();
    call.fail("ModelTimeoutException", "Model has timed out in processing the request");
    call.fail("ThrottlingException", "slow down");
    call.pass(Duration::from_secs(5));
    call.hear([vec![event("novelty", json!({ "a": 1 }))], completion_start(), usage(5, 5)]);
    call.user_says("Hello?");
    call.answer("Hello.", 4);
    call.finish();
    call.pass(Duration::from_secs(30));
    assert!(call.is_over());
    call
}

fn replay(config: Config, log: &[(Duration, Input)]) -> Vec<Output> {
    let mut call = Call::new(config, Catalogue::built_in(), 7).unwrap();
    let mut outputs: Vec<Output> = std::iter::from_fn(|| call.poll()).collect();
    for (now, input) in log {
        // A refusal is the application's to read; a replay repeats it.
        let _ = call.handle(*now, input.clone());
        outputs.extend(std::iter::from_fn(|| call.poll()));
    }
    outputs
}

#[test]
fn a_recorded_log_replays_to_the_same_outputs() {
    let call = eventful(with_tools());
    let log = serde_json::to_string(&call.log).unwrap();
    let log: Vec<(Duration, Input)> = serde_json::from_str(&log).unwrap();
    assert_eq!(log, call.log);
    let live: Vec<Output> = call.outputs.iter().map(|(_, output)| output.clone()).collect();
    let again = replay(with_tools(), &log);
    assert_eq!(again.len(), live.len());
    assert!(again == live, "the same inputs gave other outputs");
}

#[test]
fn outputs_survive_being_written_down() {
    for (_, output) in eventful(with_tools()).outputs {
        let text = serde_json::to_string(&output).unwrap();
        let again: Output = serde_json::from_str(&text).unwrap();
        // Sound is not written with an event; everything else is.
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }
}

#[test]
fn nothing_that_was_said_or_told_is_shown() {
    let secret = "XYZZY";
    let mut config = with_tools();
    config.system = format!("Never say {secret}.");
    config.tools[0].spec.description = secret.to_owned();
    config.history = vec![Message::user(secret), Message::assistant(secret)];
    let mut call = Script::with(config.clone());
    let mut shown = format!("{config:?}");
    call.hear([completion_start(), user_final(secret), tool_use("u-1", "weather", &format!(r#"{{"a":"{secret}"}}"#))]);
    call.hear([spec("s1", secret), sound("a1", 2)]);
    call.hear([vec![event("novelty", json!({ "a": secret }))]]);
    call.stall();
    call.text(secret).unwrap();
    call.text(secret).unwrap();
    let pcm = bytes::Bytes::from(secret.repeat(100));
    call.input(Input::Audio { pcm, policy: AudioPolicy::Wait, at: call.now });
    shown += &format!("{:?}", call.call);
    call.unstall();
    call.tool_done("u-1", Ok(json!(secret))).unwrap();
    call.pass(Duration::from_secs(1));
    shown += &format!("{:?}", call.call);
    for (_, input) in &call.log {
        shown += &format!("{input:?}");
    }
    for (_, output) in &call.outputs {
        shown += &format!("{output:?}");
    }
    assert!(!shown.contains(secret), "{}", &shown[shown.find(secret).unwrap().saturating_sub(200)..]);
    assert!(shown.contains("Transcript") && shown.contains("Audio"));
}

/// One thing that may happen, for no reason.
#[derive(Clone, Debug)]
enum Chance {
    Said(Said),
    Speak(u64),
    Recorded(u64),
    EndAudio,
    Text,
    ToolDone(u8),
    Interrupt,
    Finish,
    Pass(u64),
    Stall,
    Unstall,
    Fail(Failure),
    End,
    Stale(u32),
    Ticks,
}

fn chance() -> impl Strategy<Value = Chance> {
    let id = || prop::sample::select(vec!["b1", "b2", "b3"]);
    let stop = || prop::sample::select(vec![END_TURN, PARTIAL_TURN, INTERRUPTED, "ODD"]);
    let words = || prop::sample::select(vec!["Yes.", "Yes. No.", "No.", "", " ", "Ye", "Something else."]);
    let said = prop_oneof![
        Just(completion_start()),
        Just(completion_end()),
        Just(speech_start(0)),
        Just(speech_end(100, 200)),
        words().prop_map(user_final),
        (id(), words()).prop_map(|(id, words)| spec(id, words)),
        (id(), words(), stop()).prop_map(|(id, words, stop)| text_block(id, "ASSISTANT", "SPECULATIVE", words, stop)),
        (id(), words(), stop()).prop_map(|(id, words, stop)| spoken(id, words, stop)),
        (id(), 0..4usize).prop_map(|(id, n)| sound(id, n)),
        (id(), 0..4usize).prop_map(|(id, n)| more_sound(id, n)),
        (id(), stop()).prop_map(|(id, stop)| sound_end(id, stop)),
        (id(), 1..4usize, stop()).prop_map(|(id, n, stop)| audio(id, n, stop)),
        Just(interrupted(r#"{"interrupted":true}"#)),
        (0..4u8, prop::sample::select(vec!["weather", "nothing"])).prop_map(|(n, name)| tool_use(
            &format!("u-{n}"),
            name,
            "{}"
        )),
        (0..100u64).prop_map(|n| usage(n, n)),
        Just(vec![event("novelty", json!({}))]),
        Just(vec![bytes::Bytes::from_static(b"no event")]),
    ];
    let failure = prop_oneof![
        Just(service("ModelTimeoutException", "Model has timed out in processing the request")),
        Just(service("ValidationException", "Invalid input request, please fix your input and try again.")),
        Just(service("ThrottlingException", "slow down")),
        Just(Failure::lost("reset")),
    ];
    prop_oneof![
        12 => said.prop_map(Chance::Said),
        2 => (1..30u64).prop_map(|n| Chance::Speak(n * 20)),
        1 => (1..30u64).prop_map(|n| Chance::Recorded(n * 20)),
        1 => Just(Chance::EndAudio),
        2 => Just(Chance::Text),
        2 => (0..4u8).prop_map(Chance::ToolDone),
        1 => Just(Chance::Interrupt),
        1 => Just(Chance::Finish),
        4 => (0..9_000u64).prop_map(Chance::Pass),
        1 => Just(Chance::Stall),
        2 => Just(Chance::Unstall),
        1 => failure.prop_map(Chance::Fail),
        1 => Just(Chance::End),
        1 => (0..4u32).prop_map(Chance::Stale),
        1 => Just(Chance::Ticks),
    ]
}

fn happen(call: &mut Script, chance: Chance) {
    // Refusals of what makes no sense at the moment are part of the game.
    match chance {
        Chance::Said(said) => call.hear([said]),
        Chance::Speak(ms) if call.call.audio_room() > 0 => drop(call.audio(ms, AudioPolicy::Live)),
        Chance::Recorded(ms) if call.call.audio_room() > 0 => drop(call.audio(ms, AudioPolicy::Wait)),
        Chance::Speak(_) | Chance::Recorded(_) => {}
        Chance::EndAudio => call.input(Input::EndAudio),
        Chance::Text => drop(call.text("Hello.")),
        Chance::ToolDone(n) => drop(call.tool_done(&format!("u-{n}"), Ok(json!({})))),
        Chance::Interrupt => drop(call.try_input(Input::Interrupt)),
        Chance::Finish => call.finish(),
        Chance::Pass(ms) => call.pass_ms(ms),
        Chance::Stall => call.stall(),
        Chance::Unstall => call.unstall(),
        Chance::Fail(failure) => call.fail_with(failure),
        Chance::End => call.end(),
        Chance::Stale(link) => {
            call.input(Input::Opened { link: LinkKey(link), request_id: None, identity_expires: None });
        }
        Chance::Ticks => {
            let told = call.outputs.iter().filter(|(_, output)| !matches!(output, Output::Wait { .. })).count();
            (0..5).for_each(|_| call.input(Input::Tick));
            let now = call.outputs.iter().filter(|(_, output)| !matches!(output, Output::Wait { .. })).count();
            assert_eq!(told, now, "the same moment again brings nothing new");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// The referee watches every output: no gap in the count, no payload without credit, no wake in the past, one item
    /// for each speaker and turn, each turn ended once, one Closed and nothing after it.
    #[test]
    fn whatever_happens_the_promises_are_kept(chances in prop::collection::vec(chance(), 1..60)) {
        let mut call = Script::with(with_tools());
        for chance in chances {
            happen(&mut call, chance);
        }
        call.unstall();
        call.finish();
        // Each turn that is owed an answer may use up its whole deadline, one after the other.
        for _ in 0..90 {
            if !call.is_over() {
                call.pass(Duration::from_secs(10));
            }
        }
        prop_assert!(call.is_over(), "{:?}", call.call);
        prop_assert_eq!(call.count(|event| matches!(event, Event::Closed { .. })), 1);
        let again = replay(with_tools(), &call.log);
        prop_assert!(again.iter().eq(call.outputs.iter().map(|(_, output)| output)), "a replay differs");
        // Not without its words: a service that repeats what it never said is compared in the middle of sentences, and
        // there a redacted log may part (see `Words`).
        let logged = flight::play(&flight::write_down(with_tools(), &call.log, Words::InFull));
        prop_assert!(logged.is_ok(), "a log of it differs");
    }
}
