//! What is fixed for a whole session: sampling, patience, voice and tools, with the checks that can be made here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audio::SampleRate;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Feature, Model, Voice};
use crate::sonic::limits;

/// Sampling parameters of `sessionStart`; absent ones are left to the service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Inference {
    /// Tokens of one answer at most, from 1 to the model's bound.
    pub max_tokens: Option<u32>,
    /// Nucleus sampling, 0 to 1.
    pub top_p: Option<f64>,
    /// Temperature, 0 to 1.
    pub temperature: Option<f64>,
    /// Texts that end an answer; effect unknown (reference §2.1), not sent when empty.
    pub stop_sequences: Vec<String>,
}

impl Default for Inference {
    /// The values of AWS's own samples (reference §2.1).
    fn default() -> Self {
        Inference { max_tokens: Some(1_024), top_p: Some(0.9), temperature: Some(0.7), stop_sequences: Vec::new() }
    }
}

impl Inference {
    /// Checks the ranges for a model.
    ///
    /// # Errors
    /// `Invalid`, code `inference`, naming the field, its value and its range.
    pub fn check(&self, model: &Model) -> Result<()> {
        let bound = model.limits().output_tokens.unwrap_or(limits::MAX_TOKENS);
        if let Some(tokens) = self.max_tokens.filter(|tokens| !(1..=bound).contains(tokens)) {
            return Err(invalid("inference", format!("maxTokens is {tokens}, outside of 1 to {bound}.")));
        }
        check_share("topP", self.top_p)?;
        check_share("temperature", self.temperature)
    }
}

/// How patiently the service waits for the end of an utterance; second generation only (reference §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Endpointing {
    /// Answers soonest: a documented pause of 1.5 s.
    High,
    /// Balanced: 1.75 s.
    Medium,
    /// Waits longest: 2 s.
    Low,
}

/// What `promptStart` fixes for the whole session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptConfig {
    /// The voice that answers.
    pub voice: Voice,
    /// Rate of the audio that comes out.
    pub output_rate: SampleRate,
    /// The tools on offer.
    #[serde(default)]
    pub tools: Vec<ToolSpec>,
    /// Whether the model must use one of them.
    #[serde(default)]
    pub tool_choice: Option<ToolChoice>,
}

impl PromptConfig {
    /// Makes a prompt without tools.
    #[must_use]
    pub fn new(voice: Voice, output_rate: SampleRate) -> Self {
        PromptConfig { voice, output_rate, tools: Vec::new(), tool_choice: None }
    }

    /// Checks voice, tools and tool choice for a model.
    ///
    /// # Errors
    /// `Invalid` with a sentence that names what is wrong and what would be right.
    pub fn check(&self, model: &Model) -> Result<()> {
        model.check_voice(&self.voice)?;
        for (position, tool) in self.tools.iter().enumerate() {
            tool.check()?;
            if self.tools[..position].iter().any(|earlier| earlier.name == tool.name) {
                return Err(invalid("tools", format!("There are two tools of the name {:?}.", tool.name)));
            }
        }
        self.tool_choice.as_ref().map_or(Ok(()), |choice| self.check_choice(choice, model))
    }

    fn check_choice(&self, choice: &ToolChoice, model: &Model) -> Result<()> {
        if !model.has(Feature::ToolChoice) {
            return Err(unsupported(model, "a choice of tool"));
        }
        match choice {
            _ if self.tools.is_empty() => Err(invalid("tools", "There is a choice of tool but no tool.")),
            ToolChoice::Tool(name) if !self.tools.iter().any(|tool| tool.name == *name) => {
                Err(invalid("tools", format!("The chosen tool {name:?} is not among the tools.")))
            }
            _ => Ok(()),
        }
    }
}

/// A tool that the model may ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpec {
    /// Its name: letters, digits, `_` and `-`.
    pub name: String,
    /// What it does and when to use it, for the model.
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub schema: Value,
}

impl ToolSpec {
    /// Describes a tool.
    pub fn new(name: impl Into<String>, description: impl Into<String>, schema: Value) -> Self {
        ToolSpec { name: name.into(), description: description.into(), schema }
    }

    /// Drops the schema keywords that reports say the service refuses; see [`plain_schema`](super::plain_schema).
    #[must_use]
    pub fn with_plain_schema(mut self) -> Self {
        self.schema = super::plain_schema(&self.schema);
        self
    }

    /// Checks name, description and schema against what the service is known to refuse (reference §2.2); keywords that
    /// nobody has reported on pass.
    ///
    /// # Errors
    /// `Invalid`, naming the tool, where the offence stands and what mends it; code `E-TOOLNAME` for the name, `E-PARSE`
    /// for a schema that is no object, `E-GEN` for a keyword.
    pub fn check(&self) -> Result<()> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if self.name.is_empty() || !self.name.chars().all(allowed) {
            let sentence = format!("The tool name {:?} must be made of letters, digits, _ and - only.", self.name);
            return Err(invalid("E-TOOLNAME", sentence).with_hint("Call it get_weather, not get.weather."));
        }
        if self.description.trim().is_empty() {
            return Err(invalid("tools", format!("The tool {:?} needs a description for the model.", self.name)));
        }
        if self.schema.get("type").and_then(Value::as_str) != Some("object") {
            let at = if self.schema.is_object() { "$.type" } else { "$" };
            let sentence = format!("The schema of tool {:?} is no object at {at}.", self.name);
            return Err(invalid("E-PARSE", sentence)
                .with_hint("A tool takes named arguments: {\"type\": \"object\", \"properties\": {…}}."));
        }
        match super::schema::first_refused(&self.schema) {
            None => Ok(()),
            Some(path) => {
                let sentence =
                    format!("The schema of tool {:?} has a keyword that the service refuses: {path}.", self.name);
                Err(invalid("E-GEN", sentence).with_hint("Leave it out, or have it mended by with_plain_schema()."))
            }
        }
    }
}

/// Whether the model must use a tool; there is no "none" (reference §2.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// Some tool must be used.
    Any,
    /// This tool must be used.
    Tool(String),
}

/// Makes the refusal of something that a model does not take.
pub(crate) fn unsupported(model: &Model, what: &str) -> Error {
    let error = invalid("unsupported", format!("{} does not take {what}.", model.facts().name));
    match model.replacement() {
        Some(newer) => error.with_hint(format!("Leave it out, or use {newer}.")),
        None => error.with_hint("Leave it out."),
    }
}

pub(crate) fn invalid(code: &str, sentence: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, sentence).with_code(code)
}

fn check_share(name: &str, value: Option<f64>) -> Result<()> {
    match value {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            Err(invalid("inference", format!("{name} is {value}, outside of 0 to 1.")))
        }
        _ => Ok(()),
    }
}
