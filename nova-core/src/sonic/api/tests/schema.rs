use std::collections::BTreeSet;
use std::path::PathBuf;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use super::super::{encode, schema};
use super::*;

/// Set it to write the committed file anew.
const RENEW: &str = "BEDROCK_NOVA_RENEW_SCHEMA";

#[test]
fn the_committed_file_is_what_the_types_give() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/schema/conversation.schema.json");
    let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os(RENEW).is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "{} is not what the types give: renew it with {RENEW}=1", path.display());
}

/// The schema of one definition, in which nothing may be that is not described.
struct Closed {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Closed {
    fn of(name: &str) -> Closed {
        let mut whole = schema();
        whole["$defs"]["closed"] = json!({ "$ref": format!("#/$defs/{name}"), "unevaluatedProperties": false });
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("mem://schema", whole).unwrap();
        let index = compiler.compile("mem://schema#/$defs/closed", &mut schemas).unwrap();
        Closed { schemas, index }
    }

    fn check(&self, value: &Value) -> Result<(), String> {
        self.schemas.validate(value, self.index).map_err(|error| format!("{error}"))
    }
}

/// Every `type` that a definition knows.
fn types(definition: &Value) -> BTreeSet<String> {
    let all = definition["oneOf"].as_array().unwrap().iter();
    all.map(|one| one["properties"]["type"]["const"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_event_is_as_the_schema_says() {
    let closed = Closed::of("Event");
    let mut seen = BTreeSet::new();
    for event in events() {
        let value: Value = serde_json::from_slice(&encode(&event)).unwrap();
        closed.check(&value).unwrap_or_else(|error| panic!("{value}: {error}"));
        seen.insert(value["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, types(&schema()["$defs"]["Event"]), "there is an example of every event");
}

#[test]
fn every_command_is_as_the_schema_says() {
    let closed = Closed::of("Command");
    let mut seen = BTreeSet::new();
    for command in commands() {
        let value: Value = serde_json::from_slice(&command.encode()).unwrap();
        closed.check(&value).unwrap_or_else(|error| panic!("{value}: {error}"));
        seen.insert(value["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, types(&schema()["$defs"]["Command"]), "there is an example of every command");
}

#[test]
fn every_message_with_a_body_of_its_own_is_as_the_schema_says() {
    let mut contents = super::super::sse::Contents::default();
    let told = [line(8, Role::Assistant, TranscriptStage::Speculative), ended(8)];
    let events = events().into_iter().chain(told.map(|event| stamped(90, event)));
    let mut seen = BTreeSet::new();
    for message in events.flat_map(|event| contents.messages(&event)) {
        let definition = match message.event {
            "transcript" => "SseTranscript",
            "audio_response" => "SseAudio",
            "content_start" => "SseContentStart",
            "content_end" => "SseContentEnd",
            "tool_use" => "SseToolUse",
            "interrupted" => "SseInterrupted",
            "usage" => "SseUsage",
            "error" => "SseFailure",
            "done" => "SseDone",
            _ => "Event",
        };
        let value = serde_json::from_slice(&message.data).unwrap();
        Closed::of(definition).check(&value).unwrap_or_else(|error| panic!("{} {value}: {error}", message.event));
        seen.insert(definition);
    }
    assert_eq!(seen.len(), 10);
}

#[test]
fn the_schema_refuses_what_the_decoder_refuses() {
    let closed = Closed::of("Command");
    for wrong in [
        json!({ "type": "sing" }),
        json!({ "type": "text" }),
        json!({ "type": "text", "text": "a", "txt": "b" }),
        json!({ "type": "finish", "now": true }),
        json!({ "type": "audio", "pcm": "AQ" }),
        json!({ "type": "audio", "pcm": "AQ==", "sampleRate": 44100 }),
        json!({ "type": "played", "turn": -1, "positionMs": 0 }),
        json!({ "type": "played", "turn": 1, "positionMs": -1 }),
        json!({ "type": "toolResult", "id": "a" }),
        json!({ "type": "toolResult", "id": "a", "result": 1, "error": "b" }),
    ] {
        assert!(closed.check(&wrong).is_err(), "{wrong}");
        assert!(Command::try_from(wrong.clone()).is_err(), "{wrong}");
    }
    let event = Closed::of("Event");
    for wrong in [
        json!({ "seq": 1, "atMs": 0.0, "type": "userIdle" }),
        json!({ "seq": 1, "atMs": "0", "type": "userIdle", "silentMs": 1 }),
        json!({ "seq": 1, "atMs": 0.0, "type": "audio", "turn": 1, "rate": 24000, "offsetMs": 0.0 }),
        json!({ "seq": 1, "atMs": 0.0, "type": "usage", "total": {}, "delta": {}, "cost": 0.25 }),
    ] {
        assert!(event.check(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn no_link_to_our_own_pages_is_left_in_its_words() {
    fn look(value: &Value) {
        match value {
            Value::Object(fields) => {
                let words = fields.get("description").and_then(Value::as_str).unwrap_or_default();
                assert!(!words.contains("]("), "{words}");
                fields.values().for_each(look);
            }
            Value::Array(items) => items.iter().for_each(look),
            _ => {}
        }
    }
    look(&schema());
}
