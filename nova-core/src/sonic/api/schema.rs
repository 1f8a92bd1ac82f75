//! The JSON Schema of what [`encode`](super::encode) and [`Command`] write, made from the types that they write.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::base64::Base64;
use super::{Command, brief};
use crate::sonic::event::Stamped;

/// Returns the schema (draft 2020-12) of events and commands, and of the bodies of those [`sse`](super::sse) messages
/// that have one of their own; `docs/schema/conversation.schema.json` is this.
#[must_use]
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut generator = settings.with_transform(RecursiveTransform(plain_words)).into_generator();
    let event = generator.subschema_for::<Stamped>();
    let command = generator.subschema_for::<Command>();
    brief::describe(&mut generator);
    let mut schema = json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A conversation with Nova Sonic: its events, and the commands that it takes",
        "anyOf": [event, command],
    });
    schema.insert("$defs".to_owned(), generator.take_definitions(true).into());
    schema.to_value()
}

/// Adds the samples to a piece of audio: [`encode`](super::encode) writes them beside what the type itself writes.
pub(crate) fn with_pcm(schema: &mut Schema) {
    let mut pcm = Base64::json_schema(&mut SchemaGenerator::default());
    pcm.insert("description".to_owned(), "The samples; their length varies from piece to piece.".into());
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("pcm".to_owned(), pcm.into());
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.push("pcm".into());
    }
}

/// Keeps the first paragraph of a description, without line breaks and without links to this library's own pages: a
/// schema is read elsewhere.
fn plain_words(schema: &mut Schema) {
    let Some(Value::String(words)) = schema.get_mut("description") else { return };
    *words = words.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    while let Some((start, text, end)) = link(words) {
        words.replace_range(start..end, &text);
    }
}

/// Finds a link, `[text](address)` or `[text]`; returns where it is, and its text.
fn link(words: &str) -> Option<(usize, String, usize)> {
    let start = words.find('[')?;
    let text = &words[start + 1..][..words[start + 1..].find(']')?];
    let mut end = start + text.len() + 2;
    if words[end..].starts_with('(') {
        end += words[end..].find(')')? + 1;
    }
    Some((start, text.to_owned(), end))
}
