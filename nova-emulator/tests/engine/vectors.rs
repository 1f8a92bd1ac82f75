//! The conformance vectors V1–V9 and V12–V15 of reference §8.2, but the refusals.

use std::time::Duration;

use bedrock_nova_emulator::{ExceptionKind, Scenario, clips};
use serde_json::{Value, json};

use crate::raw::*;

const ANSWER: [&str; 6] =
    ["start TEXT SPECULATIVE", "text", "end TEXT PARTIAL_TURN", "start AUDIO", "audio", "end AUDIO END_TURN"];
const USER: [&str; 3] = ["start TEXT USER", "text", "end TEXT PARTIAL_TURN"];

fn one_sentence() -> Value {
    json!({ "version": 1, "name": "one", "turns": [{ "heard": "Hi.", "answer": ["You are welcome."] }] })
}

#[test]
fn v1_a_normal_turn() {
    let mut raw = setup().script(one_sentence()).live();
    raw.speak(1920);
    raw.silence(4000);
    raw.pass(3000);
    let mut wanted = vec!["userSpeechStart", "completionStart", "userSpeechEnd"];
    wanted.extend(USER);
    wanted.extend(ANSWER);
    wanted.extend(["start TEXT FINAL", "text", "end TEXT END_TURN"]);
    assert_eq!(raw.shape(), wanted);
    raw.close();
    wanted.push("completionEnd");
    assert_eq!(raw.shape(), wanted);
    assert!(raw.ended.is_some());
    assert_eq!(raw.all("userSpeechStart")[0]["inputAudioOffsetMs"], 0);
    assert_eq!(raw.all("userSpeechEnd")[0]["inputAudioOffsetMs"], 1920);
    assert_eq!(raw.all("userSpeechEnd")[0]["inputAudioDetectionOffsetMs"], 2400);
    assert_eq!(raw.all("completionEnd")[0]["stopReason"], "END_TURN");
    assert!(raw.count("usageEvent") >= 4);
    assert!(raw.engine.breaches().is_empty());
    // What came out is what the ledger says, and it took a quarter of its own length.
    let ledger = raw.engine.ledger();
    assert_eq!(ledger.said[0].samples * 2, raw.audio_bytes() as u64);
    assert_eq!(ledger.said[0].sent, ledger.said[0].samples);
    assert_eq!((ledger.turns, ledger.heard.as_slice()), (1, ["Hi.".to_owned()].as_slice()));
    let took = raw.time_of("end AUDIO END_TURN") - raw.time_of("start AUDIO");
    let length = Duration::from_secs_f64(ledger.said[0].samples as f64 / 24_000.0);
    assert!((took.as_secs_f64() * 4.0 - length.as_secs_f64()).abs() < 0.35, "{took:?} for {length:?}");
}

#[test]
fn v2_two_sentences() {
    let mut raw = setup().live();
    raw.ask();
    raw.silence(9000);
    let ends: Vec<_> = raw.shape().into_iter().filter(|line| line.starts_with("end AUDIO")).collect();
    assert_eq!(ends, ["end AUDIO PARTIAL_TURN", "end AUDIO END_TURN"]);
    assert_eq!(raw.texts("SPECULATIVE").len(), 2);
    assert_eq!(raw.texts("FINAL"), raw.texts("SPECULATIVE"));
    let stops: Vec<_> = raw.shape().into_iter().rev().filter(|line| line.starts_with("end TEXT")).take(2).collect();
    assert_eq!(stops, ["end TEXT END_TURN", "end TEXT PARTIAL_TURN"]);
}

#[test]
fn v3_barge_in() {
    let mut raw = setup().scenario(Scenario::long_answer()).live();
    raw.ask();
    raw.silence(1216);
    assert!(raw.shape().last().unwrap() == "audio", "the answer is under way");
    let before = raw.events.len();
    raw.ask();
    raw.silence(4000);
    let shape: Vec<String> = raw.events[before..].iter().map(|(_, event)| summary(event)).collect();
    let place =
        |line: &str| shape.iter().position(|found| found == line).unwrap_or_else(|| panic!("{line}: {shape:?}"));
    assert!(place("userSpeechStart") < place("end AUDIO END_TURN"));
    assert!(place("end AUDIO END_TURN") < place("end TEXT INTERRUPTED"));
    assert!(place("end TEXT INTERRUPTED") < place("start TEXT USER"));
    assert!(!shape[place("end TEXT INTERRUPTED")..place("start TEXT USER")].contains(&"audio".to_owned()));
    let finals = raw.texts("FINAL");
    assert_eq!(finals[0], "{ \"interrupted\" : true }");
    assert!(
        raw.texts("SPECULATIVE")[0].starts_with(&finals[1]) && finals[1].len() < raw.texts("SPECULATIVE")[0].len() + 1
    );
    assert_eq!(raw.texts("USER").len(), 2);
    assert_eq!(raw.texts("SPECULATIVE").last().unwrap(), "All right, I will stop here.");
    let ledger = raw.engine.ledger();
    assert_eq!(ledger.interruptions, 1);
    assert!(ledger.said.iter().any(|said| said.sent < said.samples));
}

#[test]
fn v3_barge_in_behind_the_last_audio_while_it_must_still_be_playing() {
    let mut raw = setup().script(one_sentence()).live();
    raw.ask();
    raw.silence(1000);
    assert_eq!(raw.shape().last().unwrap(), "end AUDIO END_TURN");
    raw.speak(320);
    assert!(raw.shape().contains(&"end TEXT INTERRUPTED".to_owned()));
    assert_eq!(raw.engine.ledger().interruptions, 1);
}

#[test]
fn v4_a_tool() {
    let mut raw = setup().scenario(Scenario::tools()).start();
    raw.open_with_tools();
    raw.ask();
    raw.silence(600);
    let shape = raw.shape();
    assert_eq!(shape[shape.len() - 3..], ["start TOOL", "toolUse", "end TOOL TOOL_USE"]);
    let call = raw.all("toolUse")[0].clone();
    assert_eq!(call["toolName"], "get_weather");
    assert_eq!(serde_json::from_str::<Value>(call["content"].as_str().unwrap()).unwrap(), json!({ "city": "Oslo" }));
    raw.silence(3000);
    assert_eq!(raw.texts("SPECULATIVE").len(), 0, "the model waits for the result");
    raw.tool_result(call["toolUseId"].as_str().unwrap(), "{\"temperature\": 11}");
    raw.silence(4000);
    assert_eq!(raw.texts("SPECULATIVE"), ["It is 11 degrees in Oslo right now.", "You may want to take a coat."]);
    assert!(raw.engine.ledger().tool_calls[0].answered_at.is_some());
}

#[test]
fn v4_two_calls_answered_out_of_order_behind_a_filler() {
    let mut raw = setup().scenario(Scenario::tools()).start();
    raw.open_with_tools();
    raw.ask();
    raw.silence(600);
    let first = raw.all("toolUse")[0]["toolUseId"].as_str().unwrap().to_owned();
    raw.tool_result(&first, "{\"error\": \"no weather today\"}");
    raw.silence(5000);
    assert_eq!(raw.texts("SPECULATIVE"), ["I could not find that out, sorry."]);
    raw.ask();
    raw.silence(2000);
    assert_eq!(raw.texts("SPECULATIVE").last().unwrap(), "Let me look that up.");
    let ids: Vec<_> = raw.all("toolUse").iter().map(|call| call["toolUseId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 3);
    raw.tool_result(&ids[2], "{\"temperature\": 24}");
    raw.silence(1000);
    raw.tool_result(&ids[1], "{\"hour\": 7}");
    raw.silence(4000);
    let spoken = raw.texts("SPECULATIVE");
    assert_eq!(spoken[spoken.len() - 2..], ["The clock in Oslo says 7.", "In Rome it is 24 degrees."]);
    assert_eq!(raw.shape().iter().filter(|line| *line == "end AUDIO END_TURN").count(), 2);
}

#[test]
fn v4_a_prompt_without_the_tool_is_answered_otherwise() {
    let mut raw = setup().scenario(Scenario::tools()).live();
    raw.ask();
    raw.silence(3000);
    assert_eq!(raw.texts("SPECULATIVE"), ["I could not find that out, sorry."]);
    assert_eq!(raw.count("toolUse"), 0);
}

#[test]
fn v4_talk_goes_on_while_a_tool_works_and_its_result_is_still_spoken() {
    let mut raw = setup().scenario(Scenario::tools()).start();
    raw.open_with_tools();
    raw.ask();
    raw.silence(600);
    let id = raw.all("toolUse")[0]["toolUseId"].as_str().unwrap().to_owned();
    raw.ask();
    raw.silence(6000);
    assert_eq!(raw.texts("USER").len(), 2);
    raw.tool_result(&id, "{\"temperature\": -4}");
    raw.silence(3000);
    assert!(raw.texts("SPECULATIVE").contains(&"It is -4 degrees in Oslo right now.".to_owned()));
}

#[test]
fn v5_text_in() {
    for (model, primed_ms, answers) in [(V2, 128, 1), (V25, 128, 1), (V2, 64, 0), (V1, 128, 0)] {
        let mut raw = setup().model(model).script(one_sentence()).live();
        raw.silence(primed_ms);
        raw.text_block("USER", true, "hi");
        raw.silence(4000);
        assert_eq!(raw.texts("SPECULATIVE").len(), answers, "{model} after {primed_ms} ms");
        assert_eq!(raw.texts("USER").len(), 0, "typed text is not echoed");
        assert_eq!(raw.engine.ledger().typed, ["hi"]);
        assert!(raw.is_alive());
    }
}

#[test]
fn v6_three_turns_one_completion() {
    let mut raw = setup().live();
    for question in ["who", "what", "bye"] {
        let clip = clips::question(question).unwrap().at(16_000);
        raw.stream(&clip.pcm);
        raw.silence(9000);
    }
    raw.close();
    assert_eq!(raw.texts("USER"), raw.engine.ledger().heard);
    assert_eq!(raw.texts("USER").len(), 3);
    assert_eq!((raw.count("completionStart"), raw.count("completionEnd")), (1, 1));
    assert_eq!(raw.shape().iter().filter(|line| *line == "end AUDIO END_TURN").count(), 3);
    assert!(raw.ended.is_some());
}

#[test]
fn a_used_up_script_still_answers_every_turn_once() {
    let mut raw = setup().script(one_sentence()).live();
    for turn in 1..=6 {
        raw.ask();
        raw.silence(7000);
        let ends = raw.shape().iter().filter(|line| *line == "end AUDIO END_TURN").count();
        assert_eq!((raw.texts("USER").len(), ends), (turn, turn));
    }
}

#[test]
fn v7_eight_minutes() {
    for (clock, seconds) in [(1.0, 480), (60.0, 8)] {
        let mut raw = setup().clock(clock).switch("silence-cut=off").live();
        for _ in 0..seconds * 4 {
            raw.silence(250);
            if raw.exception.is_some() {
                break;
            }
        }
        let exception = raw.exception.clone().unwrap();
        assert_eq!(exception.kind, ExceptionKind::ModelTimeout);
        assert!(exception.message.contains("Model has timed out in processing the request"));
        assert_eq!(raw.engine.wake(), None);
    }
}

#[test]
fn v8_idle() {
    for (model, switch, seconds, sentence) in [
        (V2, "idle=by-model", 55, "InternalErrorCode=532::Timed out waiting for audio bytes or interactive content"),
        (V25, "idle=295", 295, "are less than 295 seconds"),
        (V2, "idle=60", 60, "are less than 60 seconds"),
        (V1, "idle=by-model", 60, "Timed out waiting for input events"),
    ] {
        let mut raw = setup().model(model).switch(switch).switch("silence-cut=off").live();
        raw.silence(992);
        raw.pass(seconds * 1000 - 100);
        assert!(raw.is_alive(), "{model} {switch}");
        raw.pass(101);
        assert!(raw.message().contains(sentence), "{}", raw.message());
        assert_eq!(raw.exception.unwrap().kind, ExceptionKind::Validation);
    }
}

#[test]
fn v12_an_end_right_behind_the_prompt_gives_no_events_and_no_error() {
    let mut raw = setup().live();
    let mut samples = sound(16_000, 1000);
    samples.resize(32_000, 0);
    raw.send(audio_input("a", &samples));
    raw.close();
    raw.end_input();
    raw.pass(10_000);
    assert_eq!((raw.events.len(), raw.exception.is_none()), (0, true));
    assert!(raw.ended.is_some() && raw.engine.breaches().is_empty());
}

#[test]
fn v12_a_client_that_waits_gets_its_answer_before_the_completion_ends() {
    let mut raw = setup().live();
    let mut samples = sound(16_000, 1000);
    samples.resize(32_000, 0);
    raw.send(audio_input("a", &samples));
    raw.close();
    raw.pass(10_000);
    assert_eq!(raw.texts("SPECULATIVE").len(), 2);
    assert_eq!(raw.texts("FINAL").len(), 2);
    assert_eq!(raw.shape().last().unwrap(), "completionEnd");
    assert!(raw.ended.is_some());
}

#[test]
fn v13_an_unfed_audio_block_cannot_be_closed() {
    let mut raw = setup().live();
    raw.send(content_end("a"));
    assert!(raw.message().contains("Cannot end content [a] as no content data was received"));
    let mut raw = setup().live();
    raw.send(prompt_end());
    assert!(raw.message().contains("All contents must be closed before ending prompt"));
}

#[test]
fn v14_priming_counts_milliseconds_at_every_rate() {
    for rate in [8000, 16_000, 24_000] {
        for (ms, answers) in [(0, 0), (64, 0), (68, 1), (100, 1)] {
            let mut raw = setup().script(one_sentence()).start();
            raw.rate = rate;
            raw.open();
            raw.audio_start("a");
            raw.send(audio_input("a", &vec![0; (rate * ms / 1000) as usize]));
            raw.text_block("USER", true, "hi");
            raw.pass(4000);
            assert_eq!(raw.texts("SPECULATIVE").len(), answers, "{ms} ms at {rate} Hz");
        }
    }
}

#[test]
fn v15_a_muted_user_costs_nothing_and_nothing_at_all_is_idle() {
    let mut raw = setup().live();
    raw.silence(90_000);
    assert!(raw.is_alive());
    assert!(raw.events.iter().all(|(_, event)| summary(event) == "usageEvent"));
    assert_eq!(raw.engine.ledger().tokens, Default::default());
    raw.pass(55_001);
    assert!(raw.message().contains("less than 55 seconds"));
}

#[test]
fn audio_in_any_slices_gives_the_same_session() {
    let mut samples = sound(16_000, 992);
    samples.resize(30_000, 0);
    let whole: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let play = |size: usize| {
        let mut raw = setup().live();
        for piece in whole.chunks(size) {
            let content = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, piece);
            raw.send(json!({ "audioInput": { "promptName": "p", "contentName": "a", "content": content } }));
        }
        raw.pass(10_000);
        (raw.shape(), raw.engine.ledger().utterances.clone(), raw.engine.ledger().audio_samples_in)
    };
    let reference = play(whole.len());
    for size in [1, 3, 333, 1024, 4097] {
        assert!(play(size) == reference, "slices of {size} bytes");
    }
}

#[test]
fn a_block_for_every_packet_is_one_utterance_all_the_same() {
    let mut raw = setup().start();
    raw.open();
    let mut samples = sound(16_000, 1000);
    samples.resize(32_000, 0);
    for (index, packet) in samples.chunks(320).enumerate() {
        let name = format!("a-{index}");
        raw.audio_start(&name);
        raw.send(audio_input(&name, packet));
        raw.send(content_end(&name));
        raw.pass(20);
    }
    raw.pass(9000);
    assert_eq!((raw.texts("USER").len(), raw.texts("SPECULATIVE").len()), (1, 2));
}

#[test]
fn a_sleepy_caller_gets_the_same_events_in_the_same_order() {
    let play = |steps: u64| {
        let mut raw = setup().live();
        let mut samples = sound(16_000, 1000);
        samples.resize(32_000, 0);
        raw.send(audio_input("a", &samples));
        for _ in 0..steps {
            raw.oversleep(20_000 / steps);
        }
        (raw.shape(), raw.audio_bytes())
    };
    let finely = play(20_000);
    assert_eq!(finely.0.last().unwrap(), "end TEXT END_TURN");
    assert_eq!(play(20), finely);
    assert_eq!(play(1), finely);
}

#[test]
fn finals_of_an_answer_stand_before_the_next_answer() {
    let mut raw = setup()
        .script(json!({ "version": 1, "name": "two", "turns": [
        { "heard": "A?", "answer": ["You are welcome."] },
        { "heard": "B?", "answer": ["Let me look that up.", "Have a nice day!"] },
    ] }))
        .live();
    raw.ask();
    raw.silence(2500);
    raw.text_block("USER", true, "B");
    raw.pass(9000);
    let shape = raw.shape();
    let ends: Vec<usize> = (0..shape.len()).filter(|place| shape[*place].starts_with("end AUDIO")).collect();
    let finals: Vec<usize> = (0..shape.len()).filter(|place| shape[*place] == "start TEXT FINAL").collect();
    assert!(ends[0] < finals[0] && finals[0] < ends[1], "{shape:?}");
    assert!(ends[2] < finals[1], "{shape:?}");
}

#[test]
fn an_audio_block_without_a_role_is_deaf() {
    let mut raw = setup().start();
    raw.open();
    let mut start = audio_start("a", 16_000);
    start["contentStart"].as_object_mut().unwrap().remove("role");
    raw.send(start);
    raw.ask();
    raw.silence(3000);
    assert!(raw.is_alive() && raw.events.is_empty());
    assert!(raw.engine.ledger().audio_samples_in > 0);
    assert!(raw.engine.ledger().audio_in.is_empty(), "nobody asked for it to be kept");
}
