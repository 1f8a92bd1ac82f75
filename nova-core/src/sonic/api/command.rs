//! What a client says.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::event::written;
use super::fields::{Fields, wrong};
use crate::audio::SampleRate;
use crate::error::{Error, Result};
use crate::ids::ToolUseId;
use crate::sonic::event::TurnId;

/// What a client says to a call, over whatever road: `{"type":"text","text":"What time is it?"}`.
#[derive(Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
#[non_exhaustive]
pub enum Command {
    /// The user's voice: 16-bit little-endian PCM, mono.
    Audio {
        /// The samples, in JSON as base64; an odd byte waits for its other half.
        #[serde(serialize_with = "super::base64::serialize")]
        #[cfg_attr(feature = "schema", schemars(with = "super::base64::Base64"))]
        pcm: Bytes,
        /// Its rate, if it is not the call's: nobody resamples it on the way.
        #[serde(skip_serializing_if = "Option::is_none")]
        sample_rate: Option<SampleRate>,
    },
    /// The microphone is off for now. The call itself goes on with silence, in which the service finds the end of the
    /// utterance.
    AudioEnd,
    /// Typed text, to be answered aloud.
    Text {
        /// The words.
        text: String,
    },
    /// Makes the assistant speak without being spoken to.
    Greet {
        /// What it should do, as an instruction that nobody sees.
        text: String,
    },
    /// Stops the answer that is being given.
    Interrupt,
    /// Says how much of an answer has come out of the loudspeaker.
    Played {
        /// Whose answer.
        turn: TurnId,
        /// From its beginning.
        #[serde(rename = "positionMs", with = "crate::sonic::millis")]
        #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
        position: Duration,
    },
    /// Answers a tool call.
    ToolResult {
        /// The call it answers.
        id: ToolUseId,
        /// What came of it.
        #[serde(flatten)]
        answer: ToolAnswer,
    },
    /// There will be no more input: the call ends when everything that is owed has been told.
    Finish,
}

/// What came of a tool call.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ToolAnswer {
    /// Any JSON value.
    Result(Value),
    /// A sentence for the model that says why there is none.
    Error(String),
}

impl Command {
    /// The `type` of every command.
    pub const TYPES: [&'static str; 8] =
        ["audio", "audioEnd", "text", "greet", "interrupt", "played", "toolResult", "finish"];

    /// Writes the command as one line of JSON.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        written(self)
    }

    /// Reads a command.
    ///
    /// # Errors
    /// `Invalid`, code `command`, with a sentence that names the field: no JSON object, a type that does not exist, a field
    /// that is missing, wrong, or unknown.
    pub fn decode(json: &[u8]) -> Result<Command> {
        let value = serde_json::from_slice::<Value>(json)
            .map_err(|cause| wrong(format!("A command is a JSON object: {cause}.")).with_cause(cause))?;
        Command::try_from(value)
    }
}

impl TryFrom<Value> for Command {
    type Error = Error;

    fn try_from(value: Value) -> Result<Command> {
        let Value::Object(mut object) = value else {
            return Err(wrong("A command is a JSON object.".to_owned()));
        };
        let kind = match object.remove("type") {
            Some(Value::String(kind)) => kind,
            Some(_) => return Err(wrong(format!("The field `type` of a command must be {}.", types()))),
            None => return Err(wrong(format!("A command needs the field `type`: {}.", types()))),
        };
        let Some(kind) = Command::TYPES.into_iter().find(|known| *known == kind) else {
            return Err(wrong(format!("There is no command {kind:?}; `type` must be {}.", types())));
        };
        let mut fields = Fields::new(format!("the command `{kind}`"), "command", object);
        let command = read(kind, &mut fields)?;
        fields.end()?;
        Ok(command)
    }
}

fn read(kind: &str, fields: &mut Fields) -> Result<Command> {
    Ok(match kind {
        "audio" => Command::Audio { pcm: fields.base64("pcm")?, sample_rate: fields.rate("sampleRate")? },
        "audioEnd" => Command::AudioEnd,
        "text" => Command::Text { text: fields.text("text")? },
        "greet" => Command::Greet { text: fields.text("text")? },
        "interrupt" => Command::Interrupt,
        "played" => Command::Played { turn: fields.count("turn")?, position: fields.millis("positionMs")? },
        "toolResult" => Command::ToolResult { id: fields.text("id")?.into(), answer: answer(fields)? },
        _ => Command::Finish,
    })
}

fn answer(fields: &mut Fields) -> Result<ToolAnswer> {
    match (fields.any("result"), fields.any("error")) {
        (Some(result), None) => Ok(ToolAnswer::Result(result)),
        (None, Some(Value::String(why))) => Ok(ToolAnswer::Error(why)),
        (None, Some(_)) => Err(wrong("The field `error` of the command `toolResult` must be a string.".to_owned())),
        _ => Err(wrong("The command `toolResult` needs one of the fields `result` and `error`.".to_owned())),
    }
}

fn types() -> String {
    format!("one of {}", Command::TYPES.join(", "))
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Command::try_from(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl From<ToolAnswer> for std::result::Result<Value, String> {
    fn from(answer: ToolAnswer) -> Self {
        match answer {
            ToolAnswer::Result(value) => Ok(value),
            ToolAnswer::Error(why) => Err(why),
        }
    }
}

impl From<std::result::Result<Value, String>> for ToolAnswer {
    fn from(result: std::result::Result<Value, String>) -> Self {
        result.map_or_else(ToolAnswer::Error, ToolAnswer::Result)
    }
}

// What people say stays out of logs.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Audio { pcm, sample_rate } => write!(f, "Audio({} bytes, {sample_rate:?})", pcm.len()),
            Command::AudioEnd => write!(f, "AudioEnd"),
            Command::Text { text } => write!(f, "Text({} bytes)", text.len()),
            Command::Greet { text } => write!(f, "Greet({} bytes)", text.len()),
            Command::Interrupt => write!(f, "Interrupt"),
            Command::Played { turn, position } => write!(f, "Played(turn {turn}, {position:?})"),
            Command::ToolResult { id, answer } => write!(f, "ToolResult({id}, {answer:?})"),
            Command::Finish => write!(f, "Finish"),
        }
    }
}

// What a tool found may be private.
impl fmt::Debug for ToolAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ToolAnswer::Result(_) => write!(f, "Result"),
            ToolAnswer::Error(why) => write!(f, "Error({} bytes)", why.len()),
        }
    }
}
