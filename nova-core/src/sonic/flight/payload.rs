//! The words inside event payloads, in both directions.
//!
//! What is known to hold no words stays: the protocol's own names, ids, roles, counters, formats, names of tools.
//! Everything else goes, and so does whatever this version does not know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::ink::{Ink, Pen};
use crate::sonic::session::is_interruption;

/// Members of an event's body that are the protocol's own.
const STAYS: [&str; 20] = [
    "audioInputConfiguration",
    "audioOutputConfiguration",
    "completionId",
    "contentId",
    "contentName",
    "details",
    "inputAudioDetectionOffsetMs",
    "inputAudioOffsetMs",
    "interactive",
    "promptName",
    "role",
    "sessionId",
    "stopReason",
    "textInputConfiguration",
    "textOutputConfiguration",
    "toolName",
    "toolResultInputConfiguration",
    "toolUseId",
    "toolUseOutputConfiguration",
    "type",
];

/// Events whose bodies are understood here; of any other nothing but the name stays.
const KNOWN: [&str; 17] = [
    "audioInput",
    "audioOutput",
    "completionEnd",
    "completionStart",
    "contentEnd",
    "contentStart",
    "promptEnd",
    "promptStart",
    "sessionEnd",
    "sessionStart",
    "textInput",
    "textOutput",
    "toolResult",
    "toolUse",
    "usageEvent",
    "userSpeechEnd",
    "userSpeechStart",
];

/// A text that comes in several pieces, one after another.
#[derive(Debug, Default)]
pub(super) struct Pieces(Option<(Option<Value>, Pen)>);

/// Writes another payload of the same shape.
pub(super) fn redact(ink: &Ink, payload: &Bytes, pieces: &mut Pieces) -> Bytes {
    let Ok(mut value) = serde_json::from_slice::<Value>(payload) else { return unreadable(payload) };
    match value.get_mut("event").and_then(Value::as_object_mut) {
        Some(events) => {
            for (name, body) in events.iter_mut() {
                *body = match body.as_object() {
                    Some(members) if KNOWN.contains(&name.as_str()) => known(ink, name, members, pieces),
                    _ => ink.json(body),
                };
            }
            let events = Value::Object(std::mem::take(events));
            // What stands beside the event is not read by anybody.
            json!({ "event": events }).to_string().into()
        }
        None => ink.json(&value).to_string().into(),
    }
}

/// Bytes that are no JSON stay no JSON in the same way, cut off or mangled.
fn unreadable(payload: &Bytes) -> Bytes {
    payload.iter().map(|byte| if byte.is_ascii_alphanumeric() || !byte.is_ascii() { b'x' } else { *byte }).collect()
}

fn known(ink: &Ink, event: &str, members: &Map<String, Value>, pieces: &mut Pieces) -> Value {
    if event == "contentStart" {
        *pieces = Pieces::default();
    }
    let redacted = members.iter().map(|(name, value)| {
        let redacted = match (event, name.as_str()) {
            (_, stays) if STAYS.contains(&stays) => value.clone(),
            ("audioInput" | "audioOutput", "content") => silence(value),
            ("textOutput", "content") => piece(ink, members.get("contentId"), value, pieces),
            ("toolUse" | "toolResult", "content" | "input") => inside(value, &|json| ink.json(json)),
            ("sessionStart", "turnDetectionConfiguration") => value.clone(),
            ("sessionStart", "inferenceConfiguration") => inference(ink, value),
            ("promptStart", "toolConfiguration") => tools(ink, value),
            (_, "additionalModelFields") => inside(value, &|json| stage(ink, json)),
            _ => ink.json(value),
        };
        (name.clone(), redacted)
    });
    Value::Object(redacted.collect())
}

/// As much digital silence; what is no base64 stays no base64.
fn silence(content: &Value) -> Value {
    match content.as_str().map(|base64| STANDARD.decode(base64)) {
        Some(Ok(pcm)) => STANDARD.encode(vec![0; pcm.len()]).into(),
        Some(Err(_)) => "?".into(),
        None => Value::Null,
    }
}

fn piece(ink: &Ink, block: Option<&Value>, content: &Value, pieces: &mut Pieces) -> Value {
    let Some(text) = content.as_str() else { return ink.json(content) };
    if is_interruption(text) {
        return json!({ "interrupted": true }).to_string().into();
    }
    let pen = match &mut pieces.0 {
        Some((of, pen)) if of.as_ref() == block => pen,
        other => &mut other.insert((block.cloned(), ink.pen())).1,
    };
    text.chars().map(|c| pen.write(c)).collect::<String>().into()
}

/// Changes JSON that may be wrapped in layers of text; text that is no JSON counts as a JSON string.
fn inside(value: &Value, change: &dyn Fn(&Value) -> Value) -> Value {
    match value.as_str().map(serde_json::from_str::<Value>) {
        Some(Ok(json)) => inside(&json, change).to_string().into(),
        _ => change(value),
    }
}

/// Whether a text is announced or spoken; nothing else of what may stand there is known.
fn stage(ink: &Ink, fields: &Value) -> Value {
    match fields.get("generationStage").and_then(Value::as_str) {
        Some(stage @ ("SPECULATIVE" | "FINAL")) => json!({ "generationStage": stage }),
        _ => ink.json(fields),
    }
}

fn inference(ink: &Ink, configuration: &Value) -> Value {
    let mut configuration = configuration.clone();
    if let Some(sequences) = configuration.get_mut("stopSequences") {
        *sequences = ink.json(sequences);
    }
    configuration
}

fn tools(ink: &Ink, configuration: &Value) -> Value {
    let mut configuration = configuration.clone();
    for tool in configuration.get_mut("tools").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(tool) = tool.get_mut("toolSpec").and_then(Value::as_object_mut) else { continue };
        for (name, value) in tool.iter_mut() {
            match name.as_str() {
                "name" => {}
                "inputSchema" => {
                    if let Some(json) = value.get_mut("json") {
                        *json = inside(json, &|schema| self::schema(ink, schema));
                    }
                }
                _ => *value = ink.json(value),
            }
        }
    }
    configuration
}

/// A tool's schema: its keywords, and the names of the arguments, stay; what is said about them goes.
pub(super) fn schema(ink: &Ink, schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let redacted = members.iter().map(|(keyword, value)| match (keyword.as_str(), value) {
                ("type" | "format" | "required" | "$ref" | "$schema", _) => (keyword.clone(), value.clone()),
                _ => (keyword.clone(), self::schema(ink, value)),
            });
            Value::Object(redacted.collect())
        }
        Value::Array(values) => values.iter().map(|value| self::schema(ink, value)).collect(),
        Value::String(text) => Value::String(ink.text(text)),
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::collections::hash_map::RandomState;

    use super::*;
    use crate::sonic::wire::ServerEvent;

    fn redacted(ink: &Ink, payload: &str) -> String {
        let payload = redact(ink, &Bytes::from(payload.to_owned()), &mut Pieces::default());
        String::from_utf8(payload.to_vec()).unwrap()
    }

    const SECRETS: [&str; 11] = [
        r#"{"event":{"textOutput":{"content":"SECRET 4711","contentId":"c-1","role":"USER"}}}"#,
        r#"{"event":{"textOutput":{"content":{"SECRET":4711},"contentId":"c-1"}}}"#,
        r#"{"event":{"textOutput":{"content":"{\"interrupted\":true,\"SECRET\":4711}"}}}"#,
        r#"{"event":{"toolUse":{"content":"{\"SECRET\":{\"SECRET\":4711}}","toolName":"weather","toolUseId":"t-1"}}}"#,
        r#"{"event":{"toolUse":{"input":{"SECRET":["SECRET",4711]},"toolName":"weather","toolUseId":"t-1"}}}"#,
        r#"{"event":{"contentStart":{"additionalModelFields":"{\"generationStage\":\"FINAL\",\"SECRET\":4711}"}}}"#,
        r#"{"event":{"novelty":{"SECRET":"SECRET"}},"SECRET":4711}"#,
        r#"{"event":{"audioOutput":{"content":"SECRET+4711+","novelty":"SECRET 4711"}}}"#,
        r#"{"SECRET":[4711]}"#,
        r#"{"event":{"textOutput":{"content":"SECRET 47"#,
        r#"{"event":{"promptStart":{"toolConfiguration":{"tools":[{"toolSpec":{"name":"weather","description":"SECRET",
            "inputSchema":{"json":"{\"type\":\"object\",\"properties\":{\"city\":{\"description\":\"SECRET\"}}}"}}}]}}}}"#,
    ];

    #[test]
    fn no_event_keeps_a_word() {
        for payload in SECRETS {
            for ink in [Ink::Crosses, Ink::Chance(RandomState::new())] {
                let redacted = redacted(&ink, payload);
                assert!(!redacted.contains("SECRET") && !redacted.contains("4711"), "{redacted}");
                let again = |payload: &str| self::redacted(&Ink::Crosses, payload);
                assert_eq!(again(&redacted), again(payload), "what is compared is the same either way");
            }
        }
    }

    #[test]
    fn what_an_event_means_stays() {
        for payload in SECRETS {
            let redacted = redacted(&Ink::Chance(RandomState::new()), payload);
            let name = |payload: &str| ServerEvent::decode(payload.as_bytes()).map(|event| event.name().to_owned());
            match (name(payload), name(&redacted)) {
                (Err(before), Err(after)) => assert_eq!(before.kind(), after.kind()),
                (before, after) => assert_eq!(before, after, "{redacted}"),
            }
        }
        let tool = redacted(&Ink::Crosses, SECRETS[3]);
        assert!(tool.contains("weather") && tool.contains("t-1"), "{tool}");
        assert!(redacted(&Ink::Crosses, SECRETS[5]).contains("FINAL"));
        assert!(redacted(&Ink::Crosses, SECRETS[10]).contains("city"), "an argument's name is the program's own");
    }
}
