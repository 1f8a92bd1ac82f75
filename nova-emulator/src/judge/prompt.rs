//! The shape of `promptStart` (reference §2.2).

use serde_json::Value;

use super::{fields::Fields, refusal::Refusal, shape::audio_format};
use crate::{
    model::{EXTRA_VOICES, Generation},
    switches::{Switches, Verdict},
};

/// What a prompt asks of the answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) name: String,
    /// The rate of the answers, in samples per second.
    pub(crate) rate: u32,
    /// The names of the tools.
    pub(crate) tools: Vec<String>,
    /// The bytes of the tools' descriptions and schemas, for the bill.
    pub(crate) tool_bytes: usize,
}

/// Reads a `promptStart`.
pub(super) fn prompt_start(mut body: Fields, generation: Generation, switches: &Switches) -> Result<Prompt, Refusal> {
    let name = body.text("promptName")?;
    media_type(body.object("textOutputConfiguration")?, "text/plain")?;
    let rate = audio_output(body.object("audioOutputConfiguration")?, generation, switches)?;
    if let Some(media) = body.maybe_object("toolUseOutputConfiguration")? {
        media_type(media, "application/json")?;
    }
    let mut prompt = Prompt { name, rate, tools: Vec::new(), tool_bytes: 0 };
    if let Some(tools) = body.maybe_object("toolConfiguration")? {
        tool_configuration(tools, switches, &mut prompt)?;
    }
    body.finish()?;
    Ok(prompt)
}

fn media_type(mut body: Fields, wanted: &str) -> Result<(), Refusal> {
    body.exactly("mediaType", wanted)?;
    body.finish()
}

fn audio_output(mut format: Fields, generation: Generation, switches: &Switches) -> Result<u32, Refusal> {
    let rate = audio_format(&mut format)?;
    format.exactly("audioType", "SPEECH")?;
    let voice = format.maybe_text("voiceId")?.unwrap_or_default();
    let extra = switches.extra_voices == Verdict::Accepted && EXTRA_VOICES.contains(&voice.as_str());
    if voice.is_empty() {
        return Err(Refusal::VoiceEmpty);
    }
    if !extra && !generation.has_voice(&voice) {
        return Err(Refusal::VoiceUnknown(voice));
    }
    format.finish()?;
    Ok(rate)
}

fn tool_configuration(mut body: Fields, switches: &Switches, prompt: &mut Prompt) -> Result<(), Refusal> {
    let unknown = body.unknown();
    let tools = match body.take("tools") {
        None => Vec::new(),
        Some(Value::Array(tools)) => tools,
        Some(_) => return Err(Refusal::Generic),
    };
    for (index, tool) in tools.into_iter().enumerate() {
        tool_spec(index, Fields::of(tool, unknown)?, switches, prompt)?;
    }
    if let Some(choice) = body.take("toolChoice") {
        if switches.tool_choice == Verdict::Refused {
            return Err(Refusal::Parse);
        }
        tool_choice(Fields::of(choice, unknown)?)?;
    }
    body.finish()
}

fn tool_spec(index: usize, mut tool: Fields, switches: &Switches, prompt: &mut Prompt) -> Result<(), Refusal> {
    let mut spec = tool.object("toolSpec")?;
    tool.finish()?;
    let name = spec.text("name")?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return Err(Refusal::ToolName { index, name });
    }
    let description = spec.text("description")?;
    let mut schema = spec.object("inputSchema")?;
    // An object here is the documentation's own mistake (reference §7.2); the service cannot parse it.
    let Some(Value::String(json)) = schema.take("json") else { return Err(Refusal::Parse) };
    let parsed: Value = serde_json::from_str(&json).map_err(|_| Refusal::Parse)?;
    if switches.schema_keywords == Verdict::Refused && has_refused_keyword(&parsed) {
        return Err(Refusal::Generic);
    }
    schema.finish()?;
    spec.finish()?;
    prompt.tool_bytes += name.len() + description.len() + json.len();
    prompt.tools.push(name);
    Ok(())
}

/// `{"auto":{}}`, `{"any":{}}` or `{"tool":{"name":"…"}}`; there is no "none".
fn tool_choice(mut choice: Fields) -> Result<(), Refusal> {
    if let Some(mut tool) = choice.maybe_object("tool")? {
        tool.text("name")?;
        tool.finish()?;
    } else {
        let any = choice.maybe_object("any")?;
        let auto = choice.maybe_object("auto")?;
        match (any, auto) {
            (Some(only), None) | (None, Some(only)) => only.finish()?,
            _ => return Err(Refusal::Generic),
        }
    }
    choice.finish()
}

fn has_refused_keyword(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(key, value)| {
            REFUSED_KEYWORDS.contains(&key.as_str())
                || if key == "properties" { properties_refused(value) } else { has_refused_keyword(value) }
        }),
        Value::Array(items) => items.iter().any(has_refused_keyword),
        _ => false,
    }
}

/// Under `properties` the keys are the caller's names, one of which may be called `title`.
fn properties_refused(properties: &Value) -> bool {
    properties.as_object().is_some_and(|members| members.values().any(has_refused_keyword))
}

const REFUSED_KEYWORDS: [&str; 4] = ["anyOf", "default", "additionalProperties", "title"];
