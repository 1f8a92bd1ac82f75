//! Reads what a client says that writes its events by itself: [`ClientEvent`](super::ClientEvent) backwards.
//!
//! Fields that are not known are passed over, as the service does. What a known field must be for the event to mean
//! anything is asked for; whether it may come now is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Role;
use crate::audio::SampleRate;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::ToolUseId;
use crate::model::Voice;
use crate::sonic::content::Content;
use crate::sonic::session::{Endpointing, Inference, PromptConfig, ToolChoice, ToolSpec};

/// A client's event, with the names that the client gave.
pub(crate) enum Said {
    SessionStart { inference: Inference, turn_detection: Option<Endpointing> },
    PromptStart { prompt: String, config: PromptConfig },
    ContentStart { at: Place, start: Content },
    Text { at: Place, text: String },
    Audio { at: Place, pcm: Vec<u8> },
    ToolResult { at: Place, json: Value },
    ContentEnd { at: Place },
    PromptEnd { prompt: String },
    SessionEnd,
}

/// A block, in a client's words.
pub(crate) struct Place {
    pub(crate) prompt: String,
    pub(crate) content: String,
}

impl Said {
    /// # Errors
    /// `Invalid`: code `E-PARSE` for what is no event, or lacks something; `unknown-event` for a name that no event of a
    /// client's has; those of what is inside. No word of what was said is in the sentence.
    pub(crate) fn read(payload: &[u8]) -> Result<Said> {
        let value: Value = serde_json::from_slice(payload)
            .map_err(|error| parse(format!("This is no JSON (line {}, column {}).", error.line(), error.column())))?;
        let events = value.get("event").and_then(Value::as_object);
        let mut events = events.into_iter().flatten();
        let (Some((name, body)), None) = (events.next(), events.next()) else {
            return Err(parse(r#"This is no event: {"event":{"<name>":{…}}} has one name."#));
        };
        let fields = Fields { event: name, body };
        Ok(match name.as_str() {
            "sessionStart" => fields.session_start()?,
            "promptStart" => Said::PromptStart { prompt: fields.text("/promptName")?, config: fields.prompt()? },
            "contentStart" => Said::ContentStart { at: fields.place()?, start: fields.content()? },
            "textInput" => Said::Text { at: fields.place()?, text: fields.text("/content")? },
            "audioInput" => Said::Audio { at: fields.place()?, pcm: fields.audio()? },
            "toolResult" => Said::ToolResult { at: fields.place()?, json: fields.result()? },
            "contentEnd" => Said::ContentEnd { at: fields.place()? },
            "promptEnd" => Said::PromptEnd { prompt: fields.text("/promptName")? },
            "sessionEnd" => Said::SessionEnd,
            _ => {
                return Err(invalid("unknown-event", "This is no event that a client sends.").with_hint(
                    "A client sends sessionStart, promptStart, contentStart, textInput, audioInput, toolResult, \
                     contentEnd, promptEnd and sessionEnd.",
                ));
            }
        })
    }
}

/// The body of one event.
#[derive(Clone, Copy)]
struct Fields<'a> {
    event: &'a str,
    body: &'a Value,
}

impl<'a> Fields<'a> {
    fn session_start(self) -> Result<Said> {
        let inference = Inference {
            max_tokens: self.number("/inferenceConfiguration/maxTokens")?,
            top_p: self.share("/inferenceConfiguration/topP")?,
            temperature: self.share("/inferenceConfiguration/temperature")?,
            stop_sequences: Vec::new(),
        };
        let sensitivity = "/turnDetectionConfiguration/endpointingSensitivity";
        let turn_detection = match self.find(sensitivity).map(Value::as_str) {
            None => None,
            Some(Some("HIGH")) => Some(Endpointing::High),
            Some(Some("MEDIUM")) => Some(Endpointing::Medium),
            Some(Some("LOW")) => Some(Endpointing::Low),
            Some(_) => return Err(self.lacks(sensitivity, "HIGH, MEDIUM or LOW")),
        };
        Ok(Said::SessionStart { inference, turn_detection })
    }

    fn prompt(self) -> Result<PromptConfig> {
        let tools = match self.find("/toolConfiguration/tools") {
            None => Vec::new(),
            Some(tools) => {
                let tools = tools.as_array().ok_or_else(|| self.lacks("/toolConfiguration/tools", "a list"))?;
                tools.iter().map(|tool| Fields { body: tool, ..self }.tool()).collect::<Result<_>>()?
            }
        };
        let output = "/audioOutputConfiguration/sampleRateHertz";
        Ok(PromptConfig {
            voice: Voice::from(self.text("/audioOutputConfiguration/voiceId")?),
            output_rate: self.rate(output)?,
            tools,
            tool_choice: self.tool_choice()?,
        })
    }

    /// The schema travels as the text of its JSON (reference §2.2).
    fn tool(self) -> Result<ToolSpec> {
        let schema = "/toolSpec/inputSchema/json";
        let parsed = serde_json::from_str(&self.text(schema)?);
        let parsed = parsed.map_err(|_| self.lacks(schema, "the text of a JSON Schema"))?;
        // One without a description is left to the check of tools.
        let description = self.text("/toolSpec/description").unwrap_or_default();
        Ok(ToolSpec::new(self.text("/toolSpec/name")?, description, parsed))
    }

    fn tool_choice(self) -> Result<Option<ToolChoice>> {
        let Some(choice) = self.find("/toolConfiguration/toolChoice") else { return Ok(None) };
        if choice.get("auto").is_some() {
            Ok(Some(ToolChoice::Auto))
        } else if choice.get("any").is_some() {
            Ok(Some(ToolChoice::Any))
        } else {
            self.text("/toolConfiguration/toolChoice/tool/name").map(|name| Some(ToolChoice::Tool(name)))
        }
    }

    fn content(self) -> Result<Content> {
        let role = Role::from_wire(self.find("/role").and_then(Value::as_str).unwrap_or_default());
        let is_interactive = self.find("/interactive").and_then(Value::as_bool).unwrap_or_default();
        match (self.text("/type")?.as_str(), role) {
            ("TEXT", Role::System) => Ok(Content::System),
            ("TEXT", Role::SystemSpeech) => Ok(Content::SystemSpeech),
            ("TEXT", Role::User) if is_interactive => Ok(Content::UserText),
            ("TEXT", role) => Ok(Content::History(role)),
            ("AUDIO", Role::User) => {
                Ok(Content::Audio { rate: self.rate("/audioInputConfiguration/sampleRateHertz")? })
            }
            // Without it the session is deaf and does not say so (reference §2.3.5).
            ("AUDIO", _) => Err(self.lacks("/role", "USER, as audio needs")),
            ("TOOL", _) => {
                let id = self.text("/toolResultInputConfiguration/toolUseId")?;
                Ok(Content::ToolResult { tool_use_id: ToolUseId::from(id) })
            }
            _ => Err(self.lacks("/type", "TEXT, AUDIO or TOOL")),
        }
    }

    fn audio(self) -> Result<Vec<u8>> {
        let base64 = self.find("/content").and_then(Value::as_str);
        base64.and_then(|base64| STANDARD.decode(base64).ok()).ok_or_else(|| self.lacks("/content", "base64"))
    }

    /// The service takes the text of a JSON object and nothing else (reference §2.4).
    fn result(self) -> Result<Value> {
        let parsed = serde_json::from_str(&self.text("/content")?).ok();
        parsed.filter(Value::is_object).ok_or_else(|| {
            invalid("E-TOOLPARSE", "The content of toolResult is not the text of a JSON object.")
                .with_hint(r#"Put anything else into one: {"result": …}."#)
        })
    }

    fn place(self) -> Result<Place> {
        Ok(Place { prompt: self.text("/promptName")?, content: self.text("/contentName")? })
    }

    fn find(self, path: &str) -> Option<&'a Value> {
        self.body.pointer(path)
    }

    fn text(self, path: &str) -> Result<String> {
        let text = self.find(path).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| self.lacks(path, "a text"))
    }

    fn number(self, path: &str) -> Result<Option<u32>> {
        let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
        self.find(path).map(|value| number(value).ok_or_else(|| self.lacks(path, "a whole number"))).transpose()
    }

    fn share(self, path: &str) -> Result<Option<f64>> {
        self.find(path).map(|value| value.as_f64().ok_or_else(|| self.lacks(path, "a number"))).transpose()
    }

    fn rate(self, path: &str) -> Result<SampleRate> {
        let hz = self.number(path)?.ok_or_else(|| self.lacks(path, "a sample rate"))?;
        SampleRate::try_from(hz)
    }

    fn lacks(self, path: &str, what: &str) -> Error {
        parse(format!("{} has at {} not {what}.", self.event, path.trim_start_matches('/').replace('/', ".")))
    }
}

fn parse(sentence: impl Into<String>) -> Error {
    invalid("E-PARSE", sentence)
}

fn invalid(code: &str, sentence: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, sentence).with_code(code)
}
