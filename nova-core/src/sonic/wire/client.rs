//! What we say (reference §2).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::Role;
use crate::ids::{ContentName, PromptName};
use crate::sonic::content::Content;
use crate::sonic::session::{Endpointing, Inference, PromptConfig, ToolChoice, ToolSpec};

/// One event to the service.
#[derive(Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent<'a> {
    /// Opens the session.
    SessionStart {
        /// Sampling parameters.
        inference: &'a Inference,
        /// Patience, for the second generation.
        turn_detection: Option<Endpointing>,
    },
    /// Opens the prompt.
    PromptStart {
        /// Its name.
        prompt: &'a PromptName,
        /// Voice, output rate and tools.
        config: &'a PromptConfig,
    },
    /// Opens a content block.
    ContentStart {
        /// The prompt's name.
        prompt: &'a PromptName,
        /// The block's name.
        content: &'a ContentName,
        /// What the block will hold.
        start: &'a Content,
    },
    /// A piece of text.
    TextInput {
        /// The prompt's name.
        prompt: &'a PromptName,
        /// The block's name.
        content: &'a ContentName,
        /// The text.
        text: &'a str,
    },
    /// A piece of audio.
    AudioInput {
        /// The prompt's name.
        prompt: &'a PromptName,
        /// The block's name.
        content: &'a ContentName,
        /// 16-bit little-endian samples.
        pcm: &'a [u8],
    },
    /// A tool's result.
    ToolResult {
        /// The prompt's name.
        prompt: &'a PromptName,
        /// The block's name.
        content: &'a ContentName,
        /// The text of a JSON object.
        json: &'a str,
    },
    /// Closes a content block.
    ContentEnd {
        /// The prompt's name.
        prompt: &'a PromptName,
        /// The block's name.
        content: &'a ContentName,
    },
    /// Closes the prompt.
    PromptEnd {
        /// Its name.
        prompt: &'a PromptName,
    },
    /// Closes the session.
    SessionEnd,
}

impl ClientEvent<'_> {
    /// Encodes the event as its payload. Audio goes straight into one buffer, without a JSON tree.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let body = match *self {
            ClientEvent::AudioInput { prompt, content, pcm } => return encode_audio(prompt, content, pcm),
            ClientEvent::SessionStart { inference, turn_detection } => session_start(inference, turn_detection),
            ClientEvent::PromptStart { prompt, config } => prompt_start(prompt, config),
            ClientEvent::ContentStart { prompt, content, start } => content_start(prompt, content, start),
            ClientEvent::TextInput { prompt, content, text: data }
            | ClientEvent::ToolResult { prompt, content, json: data } => {
                json!({ "promptName": prompt, "contentName": content, "content": data })
            }
            ClientEvent::ContentEnd { prompt, content } => json!({ "promptName": prompt, "contentName": content }),
            ClientEvent::PromptEnd { prompt } => json!({ "promptName": prompt }),
            ClientEvent::SessionEnd => json!({}),
        };
        Bytes::from(json!({ "event": { self.name(): body } }).to_string())
    }

    /// Returns the event's name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            ClientEvent::SessionStart { .. } => "sessionStart",
            ClientEvent::PromptStart { .. } => "promptStart",
            ClientEvent::ContentStart { .. } => "contentStart",
            ClientEvent::TextInput { .. } => "textInput",
            ClientEvent::AudioInput { .. } => "audioInput",
            ClientEvent::ToolResult { .. } => "toolResult",
            ClientEvent::ContentEnd { .. } => "contentEnd",
            ClientEvent::PromptEnd { .. } => "promptEnd",
            ClientEvent::SessionEnd => "sessionEnd",
        }
    }
}

// Names only: what a person or a prompt says stays out of logs.
impl fmt::Debug for ClientEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn encode_audio(prompt: &PromptName, content: &ContentName, pcm: &[u8]) -> Bytes {
    const AROUND: usize = 96;
    let room = AROUND + prompt.as_str().len() + content.as_str().len() + pcm.len().div_ceil(3) * 4;
    let mut out = String::with_capacity(room);
    out.push_str(r#"{"event":{"audioInput":{"promptName":"#);
    push_quoted(&mut out, prompt.as_str());
    out.push_str(r#","contentName":"#);
    push_quoted(&mut out, content.as_str());
    out.push_str(r#","content":""#);
    STANDARD.encode_string(pcm, &mut out);
    out.push_str(r#""}}}"#);
    Bytes::from(out)
}

/// Writes a JSON string; names are nearly always plain, and then nothing is allocated.
fn push_quoted(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte)) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

fn session_start(inference: &Inference, turn_detection: Option<Endpointing>) -> Value {
    let mut configuration = json!({});
    set(&mut configuration, "maxTokens", inference.max_tokens);
    set(&mut configuration, "topP", inference.top_p);
    set(&mut configuration, "temperature", inference.temperature);
    if !inference.stop_sequences.is_empty() {
        set(&mut configuration, "stopSequences", Some(inference.stop_sequences.as_slice()));
    }
    let mut body = json!({ "inferenceConfiguration": configuration });
    // Nested: the flat form is refused since 2026 (reference §2.1).
    let sensitivity = turn_detection.map(|patience| json!({ "endpointingSensitivity": sensitivity(patience) }));
    set(&mut body, "turnDetectionConfiguration", sensitivity);
    body
}

fn sensitivity(patience: Endpointing) -> &'static str {
    match patience {
        Endpointing::High => "HIGH",
        Endpointing::Medium => "MEDIUM",
        Endpointing::Low => "LOW",
    }
}

fn prompt_start(prompt: &PromptName, config: &PromptConfig) -> Value {
    let mut audio = pcm_format(config.output_rate.hz());
    set(&mut audio, "voiceId", Some(config.voice.id()));
    let mut body = json!({
        "promptName": prompt,
        "textOutputConfiguration": { "mediaType": "text/plain" },
        "audioOutputConfiguration": audio,
    });
    if !config.tools.is_empty() {
        let tools: Vec<Value> = config.tools.iter().map(tool).collect();
        let mut configuration = json!({ "tools": tools });
        set(&mut configuration, "toolChoice", config.tool_choice.as_ref().map(tool_choice));
        set(&mut body, "toolUseOutputConfiguration", Some(json!({ "mediaType": "application/json" })));
        set(&mut body, "toolConfiguration", Some(configuration));
    }
    body
}

/// The schema travels as the *text* of its JSON; an object is refused as `E-PARSE` (reference §2.2).
fn tool(spec: &ToolSpec) -> Value {
    json!({ "toolSpec": {
        "name": spec.name,
        "description": spec.description,
        "inputSchema": { "json": spec.schema.to_string() },
    } })
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!({ "auto": {} }),
        ToolChoice::Any => json!({ "any": {} }),
        ToolChoice::Tool(name) => json!({ "tool": { "name": name } }),
    }
}

fn content_start(prompt: &PromptName, content: &ContentName, start: &Content) -> Value {
    let mut body = json!({
        "promptName": prompt,
        "contentName": content,
        "type": content_type(start),
        "interactive": matches!(start, Content::UserText | Content::Audio { .. }),
        "role": role(start).as_wire(),
    });
    let text = json!({ "mediaType": "text/plain" });
    match start {
        Content::System | Content::SystemSpeech | Content::History(_) | Content::UserText => {
            set(&mut body, "textInputConfiguration", Some(text));
        }
        Content::Audio { rate } => set(&mut body, "audioInputConfiguration", Some(pcm_format(rate.hz()))),
        Content::ToolResult { tool_use_id } => {
            let result = json!({ "toolUseId": tool_use_id, "type": "TEXT", "textInputConfiguration": text });
            set(&mut body, "toolResultInputConfiguration", Some(result));
        }
    }
    body
}

fn content_type(start: &Content) -> &'static str {
    match start {
        Content::System | Content::SystemSpeech | Content::History(_) | Content::UserText => "TEXT",
        Content::Audio { .. } => "AUDIO",
        Content::ToolResult { .. } => "TOOL",
    }
}

/// Audio without a role makes the session deaf without a word (reference §2.3.5).
fn role(start: &Content) -> Role {
    match start {
        Content::System => Role::System,
        Content::SystemSpeech => Role::SystemSpeech,
        Content::History(role) => *role,
        Content::UserText | Content::Audio { .. } => Role::User,
        Content::ToolResult { .. } => Role::Tool,
    }
}

fn pcm_format(hz: u32) -> Value {
    json!({
        "mediaType": "audio/lpcm",
        "sampleRateHertz": hz,
        "sampleSizeBits": 16,
        "channelCount": 1,
        "audioType": "SPEECH",
        "encoding": "base64",
    })
}

fn set(object: &mut Value, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object[key] = value.into();
    }
}
