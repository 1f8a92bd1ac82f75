//! What a session makes of the vectors V1–V4 of reference §8.2.

use bedrock_nova::audio::SampleRate;
use bedrock_nova::ids::PromptName;
use bedrock_nova::model::{Catalogue, ModelId, Voice};
use bedrock_nova::sonic::session::{Heard, Inference, Input, Output, PromptConfig, Session};
use serde_json::{Value, json};

/// Feeds events, each written as `name contentId rest`, and returns what was heard, one short line each.
fn heard(script: &[&str]) -> Vec<String> {
    let mut session = Session::with_prompt(&Catalogue::built_in().model(&ModelId::default()), PromptName::from("p"));
    session.start(&Inference::default(), None).unwrap();
    session.start_prompt(&PromptConfig::new(Voice::Tiffany, SampleRate::Hz8000)).unwrap();
    for line in script {
        session.handle(Input::Payload(payload(line).to_string().as_bytes()));
    }
    let all = std::iter::from_fn(|| session.poll());
    all.filter_map(|output| if let Output::Heard(heard) = output { Some(line(&heard)) } else { None }).collect()
}

fn payload(line: &str) -> Value {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (id, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (name, body) = match name {
        "start" => ("completionStart", json!({})),
        "end" => ("completionEnd", json!({ "stopReason": "END_TURN" })),
        "user" => ("contentStart", json!({ "type": "TEXT", "role": "USER", "additionalModelFields": stage("FINAL") })),
        "spec" => (
            "contentStart",
            json!({ "type": "TEXT", "role": "ASSISTANT", "additionalModelFields": stage("SPECULATIVE") }),
        ),
        "final" => {
            ("contentStart", json!({ "type": "TEXT", "role": "ASSISTANT", "additionalModelFields": stage("FINAL") }))
        }
        "audio" => ("contentStart", json!({ "type": "AUDIO", "role": "ASSISTANT" })),
        "tool" => ("contentStart", json!({ "type": "TOOL", "role": "TOOL" })),
        "to" => ("textOutput", json!({ "content": rest })),
        "ao" => ("audioOutput", json!({ "content": rest })),
        "use" => (
            "toolUse",
            json!({ "toolName": "weather", "toolUseId": rest, "content": "\"{\\\"city\\\":\\\"Oslo\\\"}\"" }),
        ),
        "ce" => {
            let (kind, stop) = rest.split_once(' ').unwrap();
            ("contentEnd", json!({ "type": kind, "stopReason": stop }))
        }
        other => panic!("{other}"),
    };
    let mut body = body;
    body["contentId"] = id.into();
    json!({ "event": { name: body } })
}

fn stage(stage: &str) -> String {
    json!({ "generationStage": stage }).to_string()
}

fn line(heard: &Heard) -> String {
    match heard {
        Heard::BlockStarted { id, kind } => format!("+{id} {kind:?}"),
        Heard::Text { id, text, .. } => format!("{id} {text:?}"),
        Heard::Audio { id, pcm } => format!("{id} {} bytes", pcm.len()),
        Heard::ToolUse { id, name, arguments } => format!("{name} {id} {arguments}"),
        Heard::BlockEnded { id, text, stop, .. } => format!("-{id} {text:?} {stop:?}"),
        other => other.name().to_owned(),
    }
}

#[test]
fn v1_normal_turn() {
    let heard = heard(&[
        "start",
        "user u",
        "to u what's",
        "to u  up",
        "ce u TEXT PARTIAL_TURN",
        "spec s",
        "to s Not much.",
        "ce s TEXT PARTIAL_TURN",
        "audio a",
        "ao a AAAAAA==",
        "ce a AUDIO END_TURN",
        "final f",
        "to f Not much.",
        "ce f TEXT END_TURN",
        "end",
    ]);
    assert_eq!(
        heard,
        [
            "CompletionStarted",
            "+u UserText",
            "u \"what's\"",
            "u \" up\"",
            "-u \"what's up\" PartialTurn",
            "+s AssistantText(Speculative)",
            "s \"Not much.\"",
            "-s \"Not much.\" PartialTurn",
            "+a AssistantAudio { rate: Hz8000 }",
            "a 4 bytes",
            "-a \"\" EndTurn",
            "+f AssistantText(Final)",
            "f \"Not much.\"",
            "-f \"Not much.\" EndTurn",
            "CompletionEnded",
        ]
    );
}

#[test]
fn v3_barge_in_is_said_once_and_its_control_text_is_not_shown() {
    for control in ["{ \"interrupted\" : true }", "{\"interrupted\":true}", "\n{\"interrupted\": true, \"at\": 3}"] {
        let heard = heard(&["start", "final f", &format!("to f {control}"), "ce f TEXT INTERRUPTED"]);
        assert_eq!(heard, ["CompletionStarted", "+f AssistantText(Final)", "Interrupted", "-f \"\" Interrupted"]);
    }
    let said_by_the_user = heard(&["start", "user u", "to u {\"interrupted\":true}", "ce u TEXT PARTIAL_TURN"]);
    assert!(!said_by_the_user.contains(&"Interrupted".to_owned()));
    let not_so = heard(&["start", "final f", "to f {\"interrupted\":false}", "ce f TEXT END_TURN"]);
    assert!(not_so.contains(&"f \"{\\\"interrupted\\\":false}\"".to_owned()), "{not_so:?}");
}

#[test]
fn v4_a_tool_may_run_when_its_block_is_complete() {
    let open = ["start", "tool t", "use t u-1"];
    assert_eq!(heard(&open), ["CompletionStarted", "+t ToolUse"]);
    let closed = heard(&[&open[..], &["ce t TOOL TOOL_USE", "tool v", "use v u-2", "ce v TOOL TOOL_USE"]].concat());
    assert_eq!(
        closed[2..],
        [
            "weather u-1 {\"city\":\"Oslo\"}",
            "-t \"\" ToolUse",
            "+v ToolUse",
            "weather u-2 {\"city\":\"Oslo\"}",
            "-v \"\" ToolUse",
        ]
    );
}

#[test]
fn blocks_that_overlap_are_kept_apart() {
    let heard = heard(&[
        "start",
        "spec s",
        "audio a",
        "to s Hi",
        "ao a AAA=",
        "ao a AAA=",
        "ce s TEXT PARTIAL_TURN",
        "ce a AUDIO END_TURN",
    ]);
    assert_eq!(
        heard,
        [
            "CompletionStarted",
            "+s AssistantText(Speculative)",
            "Warning",
            "+a AssistantAudio { rate: Hz8000 }",
            "s \"Hi\"",
            "a 2 bytes",
            "a 2 bytes",
            "-s \"Hi\" PartialTurn",
            "-a \"\" EndTurn",
        ]
    );
}
