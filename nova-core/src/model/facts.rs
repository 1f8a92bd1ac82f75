//! The facts of one model, as they stand in the catalogue.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ModelId, Voice};

/// The facts of one speech model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Facts {
    /// Id in the request path.
    pub id: ModelId,
    /// Name for people.
    pub name: String,
    /// When it came, as year, year and month, or date.
    #[serde(default)]
    pub released: Option<String>,
    /// Announced end of life as `yyyy-mm-dd`; absent where none is announced.
    #[serde(default)]
    pub end_of_life: Option<String>,
    /// The model to use instead.
    #[serde(default)]
    pub replacement: Option<ModelId>,
    /// Languages it understands and speaks, as BCP 47 tags.
    pub languages: Vec<String>,
    /// Its limits.
    pub limits: Limits,
    /// Its list prices.
    pub pico_dollars_per_token: Prices,
    /// What it can do beyond listening and speaking.
    pub features: Vec<Feature>,
    /// Its voices.
    pub voices: Vec<VoiceFacts>,
}

/// The limits of a model (reference §4.5); absent where nothing is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Limits {
    /// Seconds that a session lives at most.
    pub session_seconds: u32,
    /// Seconds without input after which the service gives a session up.
    pub idle_seconds: u32,
    /// Bytes of UTF-8 in one message of history.
    pub history_message_bytes: usize,
    /// Bytes of UTF-8 in the whole history.
    pub history_bytes: usize,
    /// Tokens of context.
    pub context_tokens: Option<u32>,
    /// Tokens of one answer: the bound of `maxTokens`.
    pub output_tokens: Option<u32>,
    /// Streams at once per account.
    pub streams: Option<u32>,
}

impl Limits {
    /// Returns how long a session lives at most.
    #[must_use]
    pub fn session_life(&self) -> Duration {
        Duration::from_secs(self.session_seconds.into())
    }

    /// Returns how long a session lives without input.
    #[must_use]
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds.into())
    }
}

/// List prices in pico-dollars (10⁻¹² USD) per token; an unknown price is absent, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Prices {
    /// Speech that goes in.
    pub speech_in: Option<u64>,
    /// Text that goes in.
    pub text_in: Option<u64>,
    /// Speech that comes out.
    pub speech_out: Option<u64>,
    /// Text that comes out.
    pub text_out: Option<u64>,
}

/// Something that not every model can do (reference §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Feature {
    /// Answers typed text.
    InteractiveText,
    /// Takes a setting for how patiently it waits for the end of an utterance.
    TurnDetection,
    /// Takes a `SYSTEM_SPEECH` block that fixes the script of transcripts.
    SystemSpeech,
    /// Takes a choice of tool.
    ToolChoice,
    /// Says when the user begins and stops speaking.
    BoundaryEvents,
    /// A feature that a newer catalogue names and this version does not know.
    #[serde(other)]
    Unknown,
}

/// One voice of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VoiceFacts {
    /// The voice.
    pub id: Voice,
    /// How it sounds.
    pub gender: Gender,
    /// Where its accent is from, as BCP 47 tags.
    pub locales: Vec<String>,
    /// Which languages it speaks.
    #[serde(default)]
    pub reach: Reach,
}

/// How a voice sounds, in the service's own two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Gender {
    /// A feminine voice.
    Feminine,
    /// A masculine voice.
    Masculine,
}

/// Which languages a voice speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Reach {
    /// Those of its locales.
    #[default]
    Locales,
    /// Every language of the model.
    Polyglot,
}
