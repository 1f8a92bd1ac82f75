//! Every switch in every position.

use std::{collections::BTreeSet, time::Duration};

use bedrock_nova_emulator::{Scenario, Switches};
use serde_json::{Value, json};

use crate::raw::*;

/// The switches that this file turns; a test compares the list with the catalogue.
const TURNED: [&str; 35] = [
    "headers",
    "early-fault",
    "early-usage",
    "early-audio",
    "unknown-events",
    "unknown-fields",
    "missing-system",
    "duplicate-names",
    "second-prompt",
    "unknown-tool-use",
    "tool-choice",
    "schema-keywords",
    "audio-while-tool-pending",
    "text-after-audio",
    "tool-result-after-audio",
    "extra-voices",
    "large-max-tokens",
    "large-text-input",
    "completion-start",
    "completion-scope",
    "boundary-events",
    "boundary-completion-id",
    "speech-end-order",
    "endpointing",
    "audio-end-commits",
    "prompt-end",
    "final-text",
    "barge-in-audio-end",
    "barge-in-signal",
    "barge-in-order",
    "barge-in-json",
    "text-after-answer",
    "tool-content",
    "idle-silence",
    "silence-cut",
];

/// Turned in other files, or the server's.
const ELSEWHERE: [&str; 6] = ["history-limit", "idle", "model-v1", "signatures", "bearer", "padding"];

#[test]
fn no_switch_is_forgotten() {
    let known: BTreeSet<String> = Switches::catalogue().into_iter().map(|row| row.name).collect();
    let tested: BTreeSet<String> = TURNED.iter().chain(&ELSEWHERE).map(|name| (*name).to_owned()).collect();
    assert_eq!(known, tested);
}

/// Every position alone keeps a whole conversation within the grammar (the raw client checks each event).
#[test]
fn a_conversation_holds_under_every_position() {
    for row in Switches::catalogue() {
        for position in row.positions {
            let mut raw = setup().scenario(Scenario::tools()).switch(&format!("{}={position}", row.name)).start();
            raw.session_start();
            raw.send(prompt_start(json!({ "tools": [tool("get_weather"), tool("get_time")] })));
            raw.text_block("SYSTEM", false, "Be brief.");
            raw.pass(200);
            raw.audio_start("a");
            raw.ask();
            raw.silence(1984);
            answer_calls(&mut raw);
            raw.silence(960);
            raw.ask();
            raw.silence(8000);
            raw.text_block("USER", true, "hello");
            raw.pass(8000);
            raw.close();
            raw.pass(20_000);
            let name = format!("{}={position}", row.name);
            match name.as_str() {
                "headers=never" => assert!(raw.events.is_empty() && raw.ended.is_none()),
                "audio-while-tool-pending=refused" => assert!(raw.exception.is_some()),
                _ => assert!(raw.ended.is_some(), "{name}: {} {:?}", raw.message(), raw.shape()),
            }
        }
    }
}

fn answer_calls(raw: &mut Raw) {
    let calls: Vec<Value> = raw.all("toolUse").into_iter().cloned().collect();
    for call in calls {
        raw.tool_result(call["toolUseId"].as_str().unwrap(), "{\"temperature\":11,\"hour\":7}");
    }
}

fn asked(switch: &str) -> Raw {
    let mut raw = setup().switch(switch).live();
    raw.ask();
    raw.silence(9000);
    raw
}

fn place(raw: &Raw, line: &str) -> usize {
    raw.shape().iter().position(|found| found == line).unwrap_or_else(|| panic!("no {line} in {:?}", raw.shape()))
}

#[test]
fn headers() {
    for (position, accepted) in [
        ("at-once", [true, true, true, true]),
        ("after-session-start", [false, true, true, true]),
        ("after-system", [false, false, true, true]),
        ("after-audio", [false, false, false, true]),
        ("never", [false, false, false, false]),
    ] {
        let mut raw = setup().switch(&format!("headers={position}")).start();
        let mut found = vec![raw.accepted_at.is_some()];
        raw.session_start();
        found.push(raw.accepted_at.is_some());
        raw.prompt_start();
        raw.text_block("SYSTEM", false, "x");
        found.push(raw.accepted_at.is_some());
        raw.audio_start("a");
        found.push(raw.accepted_at.is_some());
        assert_eq!(found, accepted, "{position}");
    }
}

#[test]
fn early_fault() {
    for (position, accepted) in [("http-error", false), ("in-stream", true)] {
        let mut raw = setup().switch(&format!("early-fault={position}")).start();
        raw.prompt_start();
        assert!(raw.exception.is_some());
        assert_eq!(raw.accepted_at.is_some(), accepted, "{position}");
    }
}

#[test]
fn early_usage() {
    for (position, headers, count) in
        [("off", "after-system", 0), ("on", "after-system", 1), ("on", "at-once", 1), ("on", "after-audio", 1)]
    {
        let raw = setup().switch(&format!("early-usage={position}")).switch(&format!("headers={headers}")).live();
        assert_eq!(raw.count("usageEvent"), count, "{position} {headers}");
    }
}

#[test]
fn early_audio() {
    for (position, wait_ms, taken) in [("accepted", 0, true), ("refused", 0, false), ("refused", 150, true)] {
        let mut raw = setup().switch(&format!("early-audio={position}")).start();
        raw.open();
        raw.pass(wait_ms);
        raw.audio_start("a");
        assert_eq!(raw.is_alive(), taken, "{position} after {wait_ms} ms");
        if !taken {
            assert!(raw.message().contains("Chat history should be sent completely"));
        }
    }
}

#[test]
fn unknown_events_and_fields() {
    let raw = asked("unknown-events=on");
    assert_eq!(raw.count("experimentalEvent"), raw.count("contentEnd"));
    let raw = asked("unknown-fields=on");
    assert!(
        raw.events.iter().all(|(_, event)| event
            .as_object()
            .unwrap()
            .values()
            .all(|body| body.get("experimentalField").is_some()))
    );
    let raw = asked("unknown-fields=off");
    assert_eq!(raw.count("experimentalEvent"), 0);
    assert!(!raw.events.iter().any(|(_, event)| event.to_string().contains("experimentalField")));
}

/// Plays something and tells whether the session lives.
fn lives(switch: &str, play: impl FnOnce(&mut Raw)) -> bool {
    let mut raw = setup().scenario(Scenario::tools()).switch(switch).start();
    play(&mut raw);
    raw.is_alive()
}

#[test]
fn missing_system() {
    for (position, sentence) in [("named", "System instructions are missing"), ("generic", "Invalid input request")] {
        let mut raw = setup().switch(&format!("missing-system={position}")).start();
        raw.session_start();
        raw.prompt_start();
        raw.audio_start("a");
        assert!(raw.message().contains(sentence), "{position}");
    }
}

#[test]
fn what_may_or_may_not_be() {
    let twice = |raw: &mut Raw| {
        raw.open();
        for _ in 0..2 {
            raw.send(text_start("same", "USER", false));
            raw.send(text_input("same", "x"));
            raw.send(content_end("same"));
        }
    };
    let choice = |raw: &mut Raw| {
        raw.session_start();
        raw.send(prompt_start(json!({ "tools": [tool("a")], "toolChoice": { "any": {} } })));
    };
    let schema = |raw: &mut Raw| {
        let mut tool = tool("a");
        tool["toolSpec"]["inputSchema"]["json"] =
            json!({ "type": "object", "properties": { "title": { "type": "string", "default": "x" } } })
                .to_string()
                .into();
        raw.session_start();
        raw.send(prompt_start(json!({ "tools": [tool] })));
    };
    let voice = |raw: &mut Raw| {
        let mut event = prompt_start(json!({}));
        event["promptStart"]["audioOutputConfiguration"]["voiceId"] = "camila".into();
        raw.session_start();
        raw.send(event);
    };
    let tokens = |raw: &mut Raw| {
        let mut event = session_start();
        event["sessionStart"]["inferenceConfiguration"]["maxTokens"] = 10_001.into();
        raw.send(event);
    };
    let text = |raw: &mut Raw| {
        raw.session_start();
        raw.prompt_start();
        raw.text_block("SYSTEM", false, &"x".repeat(1025));
    };
    let pending = |raw: &mut Raw| {
        raw.open_with_tools();
        raw.ask();
        raw.silence(960);
    };
    let result_late = |raw: &mut Raw| {
        raw.open_with_tools();
        raw.ask();
        raw.silence(960);
        let id = raw.all("toolUse")[0]["toolUseId"].as_str().unwrap().to_owned();
        raw.send(content_end("a"));
        raw.tool_result(&id, "{\"temperature\":3}");
        raw.pass(4000);
        if raw.is_alive() {
            assert_eq!(raw.texts("SPECULATIVE")[0], "It is 3 degrees in Oslo right now.");
        }
    };
    let second = |raw: &mut Raw| {
        raw.open();
        raw.audio_start("a");
        raw.ask();
        raw.silence(4000);
        raw.send(content_end("a"));
        raw.send(prompt_end());
        let mut event = prompt_start(json!({}));
        event["promptStart"]["promptName"] = "p2".into();
        raw.send(event);
    };
    let cases: [(&str, &dyn Fn(&mut Raw)); 9] = [
        ("duplicate-names", &twice),
        ("tool-choice", &choice),
        ("schema-keywords", &schema),
        ("extra-voices", &voice),
        ("large-max-tokens", &tokens),
        ("large-text-input", &text),
        ("audio-while-tool-pending", &pending),
        ("tool-result-after-audio", &result_late),
        ("second-prompt", &second),
    ];
    for (name, play) in cases {
        assert!(lives(&format!("{name}=accepted"), play), "{name} accepted");
        assert!(!lives(&format!("{name}=refused"), play), "{name} refused");
    }
    assert!(lives("schema-keywords=refused", Raw::open_with_tools), "plain schemas are no matter");
}

#[test]
fn audio_flows_again_once_the_result_is_there() {
    let mut raw = setup().scenario(Scenario::tools()).switch("audio-while-tool-pending=refused").start();
    raw.open_with_tools();
    raw.ask();
    raw.pass(600);
    answer_calls(&mut raw);
    raw.silence(4000);
    assert!(raw.is_alive());
    assert_eq!(raw.texts("SPECULATIVE").len(), 2);
}

#[test]
fn unknown_tool_use() {
    let stray = |raw: &mut Raw| {
        raw.open_with_tools();
        raw.silence(96);
        raw.tool_result("never-called", "{}");
        raw.silence(2000);
    };
    assert!(!lives("unknown-tool-use=fatal", stray));
    assert!(lives("unknown-tool-use=ignored", stray));
}

#[test]
fn text_after_audio() {
    for (position, alive, answers) in [("answered", true, 2), ("ignored", true, 0), ("refused", false, 0)] {
        let mut raw = setup().switch(&format!("text-after-audio={position}")).live();
        raw.silence(128);
        raw.send(content_end("a"));
        raw.text_block_if_alive("USER", true, "hello");
        raw.pass(9000);
        assert_eq!((raw.is_alive(), raw.texts("SPECULATIVE").len()), (alive, answers), "{position}");
    }
}

#[test]
fn completion_start() {
    let raw = asked("completion-start=at-speech-start");
    assert_eq!(place(&raw, "completionStart"), place(&raw, "userSpeechStart") + 1);
    let raw = asked("completion-start=before-transcript");
    assert_eq!(place(&raw, "completionStart") + 1, place(&raw, "start TEXT USER"));
    assert!(place(&raw, "userSpeechEnd") < place(&raw, "completionStart"));
    let raw = asked("completion-start=after-transcript");
    assert_eq!(place(&raw, "start TEXT USER") + 3, place(&raw, "completionStart"));
}

#[test]
fn completion_scope() {
    for (position, count) in [("prompt", 1), ("turn", 2)] {
        for finals in ["after", "late", "never", "early"] {
            let mut raw =
                setup().switch(&format!("completion-scope={position}")).switch(&format!("final-text={finals}")).live();
            raw.ask();
            raw.silence(9000);
            raw.ask();
            raw.silence(9000);
            raw.close();
            assert_eq!(
                (raw.count("completionStart"), raw.count("completionEnd")),
                (count, count),
                "{position} {finals}"
            );
            let ids: BTreeSet<_> =
                raw.all("completionStart").iter().map(|body| body["completionId"].to_string()).collect();
            assert_eq!(ids.len(), count);
        }
    }
}

#[test]
fn boundary_events() {
    for (model, position, count) in [(V1, "by-model", 0), (V2, "by-model", 1), (V1, "on", 1), (V2, "off", 0)] {
        let mut raw = setup().model(model).switch(&format!("boundary-events={position}")).live();
        raw.ask();
        raw.silence(600);
        assert_eq!((raw.count("userSpeechStart"), raw.count("userSpeechEnd")), (count, count), "{model} {position}");
        assert_eq!(raw.texts("USER").len(), 1);
    }
    for (position, has) in [("off", false), ("on", true)] {
        let raw = asked(&format!("boundary-completion-id={position}"));
        assert_eq!(raw.all("userSpeechStart")[0].get("completionId").is_some(), has);
    }
}

#[test]
fn speech_end_order() {
    let raw = asked("speech-end-order=before-transcript");
    assert!(place(&raw, "userSpeechEnd") < place(&raw, "start TEXT USER"));
    let raw = asked("speech-end-order=after-transcript");
    assert!(place(&raw, "userSpeechEnd") > place(&raw, "start TEXT USER"));
}

#[test]
fn endpointing() {
    for (position, sensitivity, lag) in [
        ("measured", "LOW", 480),
        ("documented", "HIGH", 1472),
        ("documented", "MEDIUM", 1728),
        ("documented", "LOW", 1984),
    ] {
        let mut raw = setup().switch(&format!("endpointing={position}")).start();
        let mut start = session_start();
        start["sessionStart"]["turnDetectionConfiguration"] = json!({ "endpointingSensitivity": sensitivity });
        raw.send(start);
        raw.prompt_start();
        raw.text_block("SYSTEM", false, "x");
        raw.audio_start("a");
        raw.speak(992);
        raw.silence(2112);
        let end = raw.all("userSpeechEnd")[0];
        let found = end["inputAudioDetectionOffsetMs"].as_u64().unwrap() - end["inputAudioOffsetMs"].as_u64().unwrap();
        assert_eq!(found, lag, "{position} {sensitivity}");
    }
}

#[test]
fn an_unfinished_utterance_at_the_end_of_audio_or_prompt() {
    for (switch, answers) in [
        ("audio-end-commits=off", 0),
        ("audio-end-commits=on", 2),
        ("prompt-end=drops-pending", 0),
        ("prompt-end=flushes-pending", 2),
    ] {
        let mut raw = setup().switch(switch).live();
        raw.speak(960);
        raw.close();
        raw.pass(9000);
        assert_eq!(raw.texts("SPECULATIVE").len(), answers, "{switch}");
        assert!(raw.ended.is_some());
    }
}

#[test]
fn final_text() {
    let raw = asked("final-text=after");
    let wait = raw.time_of("start TEXT FINAL") - raw.time_of("end AUDIO END_TURN");
    assert!(wait.abs_diff(Duration::from_secs(3)) < Duration::from_millis(50), "{wait:?}");
    let raw = asked("final-text=early");
    assert_eq!(place(&raw, "start TEXT FINAL") + 3, place(&raw, "start AUDIO"));
    assert_eq!(raw.texts("FINAL"), raw.texts("SPECULATIVE"));
    for (position, before, behind) in [("late", 0, 2), ("never", 0, 0)] {
        let mut raw = asked(&format!("final-text={position}"));
        assert_eq!(raw.texts("FINAL").len(), before);
        raw.speak(320);
        assert_eq!(raw.texts("FINAL").len(), behind, "{position}");
    }
    let mut raw = asked("final-text=late");
    raw.close();
    assert_eq!(raw.texts("FINAL").len(), 2, "promptEnd is the last occasion");
    let mut raw = setup().switch("final-text=after").clock(30.0).live();
    raw.ask();
    raw.silence(4000);
    let wait = raw.time_of("start TEXT FINAL") - raw.time_of("end AUDIO END_TURN");
    assert!(wait < Duration::from_millis(150), "the clock scales the delay: {wait:?}");
}

/// Interrupts a long answer.
fn interrupted(switch: &str) -> Raw {
    let mut raw = setup().scenario(Scenario::long_answer()).switch(switch).live();
    raw.ask();
    raw.silence(1216);
    raw.speak(320);
    raw
}

#[test]
fn barge_in() {
    for (switch, end) in [
        ("barge-in-audio-end=end-turn", "end AUDIO END_TURN"),
        ("barge-in-audio-end=partial-turn", "end AUDIO PARTIAL_TURN"),
        ("barge-in-audio-end=interrupted", "end AUDIO INTERRUPTED"),
    ] {
        let raw = interrupted(switch);
        let shape = raw.shape();
        let signal = place(&raw, "end TEXT INTERRUPTED");
        assert_eq!(shape[signal - 3], end, "{switch}");
    }
    let raw = interrupted("barge-in-signal=speech-start-only");
    assert!(!raw.shape().iter().any(|line| line.contains("INTERRUPTED")));
    let last_audio_end = raw.shape().into_iter().rfind(|line| line.starts_with("end AUDIO")).unwrap();
    assert_eq!(last_audio_end, "end AUDIO PARTIAL_TURN");
    assert_eq!(raw.count("userSpeechStart"), 2);
    let raw = interrupted("barge-in-order=signal-first");
    assert_eq!(raw.shape()[place(&raw, "end TEXT INTERRUPTED") + 1], "end AUDIO END_TURN");
    let raw = interrupted("barge-in-order=audio-end-first");
    assert_eq!(raw.shape()[place(&raw, "end TEXT INTERRUPTED") - 3], "end AUDIO END_TURN");
    assert_eq!(interrupted("barge-in-json=spaced").texts("FINAL")[0], "{ \"interrupted\" : true }");
    assert_eq!(interrupted("barge-in-json=compact").texts("FINAL")[0], "{\"interrupted\":true}");
}

#[test]
fn text_during_and_behind_an_answer() {
    let mut raw = setup().scenario(Scenario::long_answer()).live();
    raw.ask();
    raw.silence(1216);
    raw.text_block("USER", true, "stop");
    raw.pass(4000);
    assert!(raw.shape().contains(&"end TEXT INTERRUPTED".to_owned()), "text during an answer interrupts it");
    assert_eq!(raw.texts("SPECULATIVE").last().unwrap(), "All right, I will stop here.");
    for (position, answers, signals) in [("answered", 3, 0), ("marks-interrupted", 2, 1)] {
        let mut raw = asked(&format!("text-after-answer={position}"));
        raw.text_block("USER", true, "and now?");
        raw.pass(4000);
        let found = raw.shape().iter().filter(|line| *line == "end TEXT INTERRUPTED").count();
        assert_eq!((raw.texts("SPECULATIVE").len(), found), (answers, signals), "{position}");
    }
}

#[test]
fn tool_content() {
    for (position, levels) in [("plain", 1), ("double-encoded", 2)] {
        let mut raw = setup().scenario(Scenario::tools()).switch(&format!("tool-content={position}")).start();
        raw.open_with_tools();
        raw.ask();
        raw.silence(960);
        let mut content = raw.all("toolUse")[0]["content"].clone();
        let mut found = 0;
        while let Some(text) = content.as_str() {
            content = serde_json::from_str(text).unwrap();
            found += 1;
        }
        assert_eq!((found, content), (levels, json!({ "city": "Oslo" })), "{position}");
    }
}

#[test]
fn silence() {
    for (switch, alive) in [("idle-silence=counts", true), ("idle-silence=ignored", false)] {
        let mut raw = setup().switch(switch).live();
        raw.silence(60_000);
        assert_eq!(raw.is_alive(), alive, "{switch}");
    }
    let mut raw = setup().switch("silence-cut=off").live();
    raw.silence(300_000);
    assert!(raw.is_alive(), "a muted hold of five minutes");
    let mut raw = setup().switch("silence-cut=on").live();
    raw.silence(100_000);
    raw.ask();
    raw.silence(174_000);
    assert!(raw.is_alive());
    raw.silence(2000);
    assert!(raw.message().contains("InternalErrorCode=531::RST_STREAM closed stream"));
}
