//! One payload, one event: the envelope `{"event":{"<name>":{…}}}` (reference §2).

use serde_json::Value;

use super::refusal::Refusal;

/// A payload taken out of its envelope; the body's shape is still unknown.
pub(super) struct Envelope {
    pub(super) name: Name,
    pub(super) body: Value,
}

/// The event names of reference §2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    SessionStart,
    PromptStart,
    ContentStart,
    TextInput,
    AudioInput,
    ToolResult,
    ContentEnd,
    PromptEnd,
    SessionEnd,
    Unknown(String),
}

impl Envelope {
    /// Opens a payload. Unknown siblings of the event are ignored: clients in the field put settings there.
    pub(super) fn open(payload: &[u8]) -> Result<Self, Refusal> {
        let Ok(Value::Object(mut whole)) = serde_json::from_slice(payload) else { return Err(Refusal::Parse) };
        let Some(Value::Object(mut event)) = whole.remove("event") else { return Err(Refusal::Parse) };
        let mut known = event.keys().filter(|key| Name::of(key).is_some());
        match (known.next().cloned(), known.next()) {
            (Some(_), Some(_)) => Err(Refusal::Generic),
            (Some(key), None) => {
                let name = Name::of(&key).ok_or(Refusal::Generic)?;
                Ok(Self { name, body: event.remove(&key).unwrap_or_default() })
            }
            (None, _) => {
                let name = event.keys().next().cloned().ok_or(Refusal::Generic)?;
                Ok(Self { name: Name::Unknown(name), body: Value::Null })
            }
        }
    }
}

impl Name {
    /// The name as it is written.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::SessionStart => "sessionStart",
            Self::PromptStart => "promptStart",
            Self::ContentStart => "contentStart",
            Self::TextInput => "textInput",
            Self::AudioInput => "audioInput",
            Self::ToolResult => "toolResult",
            Self::ContentEnd => "contentEnd",
            Self::PromptEnd => "promptEnd",
            Self::SessionEnd => "sessionEnd",
            Self::Unknown(name) => name,
        }
    }

    fn of(key: &str) -> Option<Self> {
        Some(match key {
            "sessionStart" => Self::SessionStart,
            "promptStart" => Self::PromptStart,
            "contentStart" => Self::ContentStart,
            "textInput" => Self::TextInput,
            "audioInput" => Self::AudioInput,
            "toolResult" => Self::ToolResult,
            "contentEnd" => Self::ContentEnd,
            "promptEnd" => Self::PromptEnd,
            "sessionEnd" => Self::SessionEnd,
            _ => return None,
        })
    }
}

/// Whether a payload is spread over several lines; inside JSON strings a line break is always escaped.
pub(super) fn is_pretty(payload: &[u8]) -> bool {
    payload.trim_ascii().iter().any(|byte| matches!(byte, b'\n' | b'\r' | b'\t'))
}

/// The name of the event in a payload, for faults that wait for it.
pub(crate) fn event_name(payload: &[u8]) -> Option<String> {
    Envelope::open(payload).ok().map(|envelope| envelope.name.text().to_owned())
}
