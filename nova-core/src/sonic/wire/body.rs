//! The body of an event: one reading of every field, made into the event that the name says.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::server::{unreadable, wire};
use super::{ContentType, Origin, Role, ServerEvent, Stage, Stop, Tokens, UsageReport};
use crate::error::{Error, Result};
use crate::ids::{ContentId, PromptName, SessionId, ToolUseId};

/// Every field that any known event has.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Body<'a> {
    #[serde(borrow)]
    session_id: Text<'a>,
    #[serde(borrow)]
    prompt_name: Text<'a>,
    #[serde(borrow)]
    completion_id: Text<'a>,
    #[serde(borrow)]
    content_id: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    stop_reason: Text<'a>,
    #[serde(borrow)]
    tool_name: Text<'a>,
    #[serde(borrow)]
    tool_use_id: Text<'a>,
    // Text, base64 or arguments: read when the event's name is known.
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    additional_model_fields: Option<&'a RawValue>,
    audio_output_configuration: Option<AudioFormat>,
    input_audio_offset_ms: Option<f64>,
    input_audio_detection_offset_ms: Option<f64>,
    details: Option<Details>,
}

/// What a body turned out to be.
pub(super) enum Read {
    Event(ServerEvent),
    Unknown,
    Broken(Error),
}

impl Body<'_> {
    /// Makes the event of that name.
    pub(super) fn into_event(self, name: &str) -> Read {
        let origin = self.origin();
        let content = ContentId::from(&*self.content_id.0);
        let offset = millis(self.input_audio_offset_ms);
        Read::Event(match name {
            "audioOutput" => match self.audio() {
                Ok(pcm) => ServerEvent::AudioOutput { origin, content, pcm },
                Err(error) => return Read::Broken(error),
            },
            "textOutput" => match self.text() {
                Some(text) => ServerEvent::TextOutput { origin, content, text },
                None => return Read::Unknown,
            },
            "contentStart" => self.content_start(origin, content),
            "contentEnd" => {
                let (kind, stop) = (ContentType::from_wire(&self.kind.0), Stop::from_wire(&self.stop_reason.0));
                ServerEvent::ContentEnd { origin, content, kind, stop }
            }
            "toolUse" => self.tool_use(origin, content),
            "completionStart" => ServerEvent::CompletionStart { origin },
            "completionEnd" => ServerEvent::CompletionEnd { origin, stop: Stop::from_wire(&self.stop_reason.0) },
            "userSpeechStart" => ServerEvent::UserSpeechStart { origin, offset },
            "userSpeechEnd" => {
                let detected = self.input_audio_detection_offset_ms.map_or(offset, |ms| millis(Some(ms)));
                ServerEvent::UserSpeechEnd { origin, offset, detected }
            }
            "usageEvent" => match self.details {
                Some(details) => ServerEvent::Usage { origin, report: details.into() },
                None => return Read::Unknown,
            },
            _ => return Read::Unknown,
        })
    }

    fn origin(&self) -> Origin {
        let filled = |text: &Text<'_>| (!text.0.is_empty()).then(|| text.0.to_string());
        Origin {
            session: filled(&self.session_id).map(SessionId::from),
            prompt: filled(&self.prompt_name).map(PromptName::from),
            completion: filled(&self.completion_id),
        }
    }

    fn content_start(&self, origin: Origin, content: ContentId) -> ServerEvent {
        let fields = self.additional_model_fields.map(unwrap_json).unwrap_or_default();
        let stage = match fields.get("generationStage").and_then(Value::as_str) {
            Some("SPECULATIVE") => Some(Stage::Speculative),
            Some("FINAL") => Some(Stage::Final),
            _ => None,
        };
        ServerEvent::ContentStart {
            origin,
            content,
            kind: ContentType::from_wire(&self.kind.0),
            role: Role::from_wire(&self.role.0),
            stage,
            rate: self.audio_output_configuration.as_ref().and_then(|format| format.sample_rate_hertz),
        }
    }

    fn text(&self) -> Option<String> {
        serde_json::from_str(self.content?.get()).ok()
    }

    fn audio(&self) -> Result<Bytes> {
        let quoted = self.content.map_or("\"\"", RawValue::get);
        let plain = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let base64: Cow<'_, str> = match plain {
            Some(plain) if !plain.contains('\\') => plain.into(),
            _ => serde_json::from_str::<String>(quoted).map_err(|error| unreadable(&error))?.into(),
        };
        STANDARD.decode(&*base64).map(Bytes::from).map_err(|_| wire("Audio came that is no base64."))
    }

    /// Clients in the field also find the arguments under `input` (reference §3.1).
    fn tool_use(&self, origin: Origin, content: ContentId) -> ServerEvent {
        ServerEvent::ToolUse {
            origin,
            content,
            id: ToolUseId::from(&*self.tool_use_id.0),
            name: self.tool_name.0.to_string(),
            arguments: self.content.or(self.input).map(unwrap_json).unwrap_or_default(),
        }
    }
}

/// A string, borrowed where it has no escapes; `null` counts as empty.
#[derive(Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(AnyText).map(Text)
    }
}

struct AnyText;

impl<'de> Visitor<'de> for AnyText {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AudioFormat {
    sample_rate_hertz: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    delta: Counters,
    total: Counters,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Counters {
    input: Counter,
    output: Counter,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Counter {
    speech_tokens: u64,
    text_tokens: u64,
}

impl From<Details> for UsageReport {
    fn from(details: Details) -> Self {
        UsageReport { total: details.total.into(), delta: details.delta.into() }
    }
}

impl From<Counters> for Tokens {
    fn from(counters: Counters) -> Self {
        Tokens {
            speech_in: counters.input.speech_tokens,
            text_in: counters.input.text_tokens,
            speech_out: counters.output.speech_tokens,
            text_out: counters.output.text_tokens,
        }
    }
}

/// Offsets are whole milliseconds; nonsense counts as zero.
fn millis(ms: Option<f64>) -> Duration {
    Duration::from_millis(ms.unwrap_or_default().round() as u64)
}

/// Takes layers of "JSON inside a string" off until something else than a string is there; a string that is no JSON
/// stays a string.
fn unwrap_json(raw: &RawValue) -> Value {
    let mut value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    while let Value::String(text) = &value {
        match serde_json::from_str(text) {
            Ok(inner) => value = inner,
            Err(_) => break,
        }
    }
    value
}
