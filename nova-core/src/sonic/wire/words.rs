//! The words that events share.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// Who a text is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Role {
    /// The system prompt.
    System,
    /// The prompt that fixes the script of transcripts.
    SystemSpeech,
    /// The person who talks with the assistant.
    User,
    /// The assistant.
    Assistant,
    /// A tool.
    Tool,
    /// A role that this version does not know.
    Other,
}

impl Role {
    /// Returns the service's word; empty for [`Role::Other`].
    #[must_use]
    pub fn as_wire(self) -> &'static str {
        match self {
            Role::System => "SYSTEM",
            Role::SystemSpeech => "SYSTEM_SPEECH",
            Role::User => "USER",
            Role::Assistant => "ASSISTANT",
            Role::Tool => "TOOL",
            Role::Other => "",
        }
    }

    pub(super) fn from_wire(word: &str) -> Role {
        match word {
            "SYSTEM" => Role::System,
            "SYSTEM_SPEECH" => Role::SystemSpeech,
            "USER" => Role::User,
            "ASSISTANT" => Role::Assistant,
            "TOOL" => Role::Tool,
            _ => Role::Other,
        }
    }
}

/// As in the JSON of events: `user`, `assistant`.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::System => "system",
            Role::SystemSpeech => "systemSpeech",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
            Role::Other => "other",
        })
    }
}

/// What a content block of the service's holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentType {
    /// Text.
    Text,
    /// Audio.
    Audio,
    /// Tool use.
    Tool,
    /// A type that this version does not know, as it came.
    Other(String),
}

impl ContentType {
    pub(super) fn from_wire(word: &str) -> ContentType {
        match word {
            "TEXT" => ContentType::Text,
            "AUDIO" => ContentType::Audio,
            "TOOL" => ContentType::Tool,
            other => ContentType::Other(other.to_owned()),
        }
    }
}

/// How certain a text of the assistant's is (reference §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Stage {
    /// What is about to be said.
    Speculative,
    /// What was delivered as audio.
    Final,
}

/// Why a block ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Stop {
    /// More of the turn follows.
    PartialTurn,
    /// The turn is complete.
    EndTurn,
    /// The user spoke into it.
    Interrupted,
    /// A tool is asked for.
    ToolUse,
    /// A reason that this version does not know, as it came; empty for none.
    Other(String),
}

impl Stop {
    pub(super) fn from_wire(word: &str) -> Stop {
        match word {
            "PARTIAL_TURN" => Stop::PartialTurn,
            "END_TURN" => Stop::EndTurn,
            "INTERRUPTED" => Stop::Interrupted,
            "TOOL_USE" => Stop::ToolUse,
            other => Stop::Other(other.to_owned()),
        }
    }
}

/// Tokens used, by direction and kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// Speech that went in.
    pub speech_in: u64,
    /// Text that went in.
    pub text_in: u64,
    /// Speech that came out.
    pub speech_out: u64,
    /// Text that came out.
    pub text_out: u64,
}

impl Tokens {
    /// Returns what is more in this count than in an earlier one.
    #[must_use]
    pub fn since(self, before: Tokens) -> Tokens {
        Tokens {
            speech_in: self.speech_in.saturating_sub(before.speech_in),
            text_in: self.text_in.saturating_sub(before.text_in),
            speech_out: self.speech_out.saturating_sub(before.speech_out),
            text_out: self.text_out.saturating_sub(before.text_out),
        }
    }
}

impl Add for Tokens {
    type Output = Tokens;

    /// Adds counter by counter and stays at the highest number rather than overflow.
    fn add(self, other: Tokens) -> Tokens {
        Tokens {
            speech_in: self.speech_in.saturating_add(other.speech_in),
            text_in: self.text_in.saturating_add(other.text_in),
            speech_out: self.speech_out.saturating_add(other.speech_out),
            text_out: self.text_out.saturating_add(other.text_out),
        }
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Tokens) {
        *self = *self + other;
    }
}

/// What the service counted: sum the deltas *or* take the last total, never both (reference §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageReport {
    /// Tokens of the session so far.
    pub total: Tokens,
    /// Tokens since the report before.
    pub delta: Tokens,
}
