//! The shape of every event but `promptStart` (reference §2.1, §2.3, §2.4, §2.5).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{
    fields::{Fields, Unknown},
    refusal::Refusal,
};
use crate::switches::{Switches, Verdict};

/// `endpointingSensitivity`, with MEDIUM where it is left out (reference §2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Sensitivity {
    High,
    #[default]
    Medium,
    Low,
}

/// A `contentStart`, of one of the kinds of reference §2.3.
pub(super) struct BlockStart {
    pub(super) prompt: String,
    pub(super) name: String,
    pub(super) kind: BlockKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BlockKind {
    System,
    SystemSpeech,
    /// Text of the user or the assistant; old samples leave the role to `textInput`.
    Text {
        role: Option<Speaker>,
        interactive: Interactive,
    },
    Audio {
        rate: u32,
        ear: Hearing,
    },
    Tool {
        tool_use_id: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Assistant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interactive {
    Yes,
    No,
}

/// Whether the model listens: an AUDIO block without a role makes it silently deaf (reference §2.3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hearing {
    Open,
    Deaf,
}

/// The data of `textInput`, `audioInput` or `toolResult`.
pub(super) struct Data {
    pub(super) prompt: String,
    pub(super) name: String,
    pub(super) content: String,
}

pub(super) fn session_start(mut body: Fields, switches: &Switches) -> Result<Sensitivity, Refusal> {
    let mut inference = body.object("inferenceConfiguration")?;
    inference.maybe_share("topP")?;
    inference.maybe_share("temperature")?;
    max_tokens(inference.take("maxTokens"), switches)?;
    stop_sequences(inference.take("stopSequences"))?;
    inference.finish()?;
    let sensitivity = body.maybe_object("turnDetectionConfiguration")?.map(turn_detection).transpose()?;
    body.finish()?;
    Ok(sensitivity.unwrap_or_default())
}

pub(super) fn content_start(mut body: Fields) -> Result<BlockStart, Refusal> {
    let prompt = body.text("promptName")?;
    let name = body.text("contentName")?;
    let interactive = match body.take("interactive") {
        None | Some(Value::Bool(false)) => Interactive::No,
        Some(Value::Bool(true)) => Interactive::Yes,
        Some(_) => return Err(Refusal::Generic),
    };
    let role = body.maybe_text("role")?;
    let kind = match body.text("type")?.as_str() {
        "TEXT" => text_block(&mut body, role.as_deref(), interactive)?,
        "AUDIO" => audio_block(&mut body, role.as_deref())?,
        "TOOL" => tool_block(&mut body, role.as_deref())?,
        _ => return Err(Refusal::Generic),
    };
    body.finish()?;
    Ok(BlockStart { prompt, name, kind })
}

/// Old samples repeat the role here (reference §2.4), so it is known.
pub(super) fn data(mut body: Fields) -> Result<Data, Refusal> {
    let data =
        Data { prompt: body.text("promptName")?, name: body.text("contentName")?, content: body.text("content")? };
    body.maybe_text("role")?;
    body.finish()?;
    Ok(data)
}

/// A `toolResult` whose content is not even a string is the same mistake as one that holds no object.
pub(super) fn tool_data(body: Value, unknown: Unknown) -> Result<Data, Refusal> {
    if body.get("content").is_some_and(|content| !content.is_string()) {
        return Err(Refusal::ToolParse);
    }
    data(Fields::of(body, unknown)?)
}

pub(super) fn content_end(mut body: Fields) -> Result<(String, String), Refusal> {
    let names = (body.text("promptName")?, body.text("contentName")?);
    body.finish()?;
    Ok(names)
}

pub(super) fn prompt_end(mut body: Fields) -> Result<String, Refusal> {
    let prompt = body.text("promptName")?;
    body.finish()?;
    Ok(prompt)
}

pub(super) fn audio_bytes(content: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD.decode(content).map_err(|_| Refusal::Generic)
}

/// A tool result is a string that holds a JSON object (reference §2.4).
pub(super) fn tool_object(content: &str) -> Result<Value, Refusal> {
    serde_json::from_str(content).ok().filter(Value::is_object).ok_or(Refusal::ToolParse)
}

fn max_tokens(value: Option<Value>, switches: &Switches) -> Result<(), Refusal> {
    let Some(value) = value else { return Ok(()) };
    match value.as_u64() {
        Some(0) | None => Err(Refusal::Generic),
        Some(tokens) if tokens > 10_000 && switches.large_max_tokens == Verdict::Refused => Err(Refusal::Generic),
        Some(_) => Ok(()),
    }
}

fn stop_sequences(value: Option<Value>) -> Result<(), Refusal> {
    match value {
        None => Ok(()),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => Ok(()),
        Some(_) => Err(Refusal::Generic),
    }
}

fn turn_detection(mut body: Fields) -> Result<Sensitivity, Refusal> {
    let sensitivity = match body.maybe_text("endpointingSensitivity")?.as_deref() {
        Some("HIGH") => Sensitivity::High,
        Some("MEDIUM") | None => Sensitivity::Medium,
        Some("LOW") => Sensitivity::Low,
        Some(_) => return Err(Refusal::Generic),
    };
    body.finish()?;
    Ok(sensitivity)
}

fn text_block(body: &mut Fields, role: Option<&str>, interactive: Interactive) -> Result<BlockKind, Refusal> {
    let mut media = body.object("textInputConfiguration")?;
    media.exactly("mediaType", "text/plain")?;
    media.finish()?;
    Ok(match role {
        Some("SYSTEM") => BlockKind::System,
        Some("SYSTEM_SPEECH") => BlockKind::SystemSpeech,
        Some("USER") => BlockKind::Text { role: Some(Speaker::User), interactive },
        Some("ASSISTANT") => BlockKind::Text { role: Some(Speaker::Assistant), interactive },
        None => BlockKind::Text { role: None, interactive },
        Some(_) => return Err(Refusal::Generic),
    })
}

fn audio_block(body: &mut Fields, role: Option<&str>) -> Result<BlockKind, Refusal> {
    let mut format = body.object("audioInputConfiguration")?;
    let rate = audio_format(&mut format)?;
    format.exactly("audioType", "SPEECH")?;
    format.finish()?;
    match role {
        Some("USER") => Ok(BlockKind::Audio { rate, ear: Hearing::Open }),
        None => Ok(BlockKind::Audio { rate, ear: Hearing::Deaf }),
        Some(_) => Err(Refusal::Generic),
    }
}

/// The members that both directions of audio share (reference §5.1).
pub(super) fn audio_format(format: &mut Fields) -> Result<u32, Refusal> {
    format.exactly("mediaType", "audio/lpcm")?;
    format.exactly("encoding", "base64")?;
    format.one_of("sampleSizeBits", &[16])?;
    format.one_of("channelCount", &[1])?;
    format.one_of("sampleRateHertz", &[8000, 16000, 24000])
}

fn tool_block(body: &mut Fields, role: Option<&str>) -> Result<BlockKind, Refusal> {
    let mut result = body.object("toolResultInputConfiguration")?;
    let tool_use_id = result.text("toolUseId")?;
    if role != Some("TOOL") || result.maybe_text("type")?.as_deref() != Some("TEXT") {
        return Err(Refusal::ToolParse);
    }
    let mut media = result.object("textInputConfiguration")?;
    if media.text("mediaType")? != "text/plain" {
        return Err(Refusal::ToolMedia);
    }
    media.finish()?;
    result.finish()?;
    Ok(BlockKind::Tool { tool_use_id })
}
