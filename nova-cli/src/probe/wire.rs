//! Events as a client spells them (reference §2), right or wrong as an experiment needs them.

use bytes::Bytes;
use serde_json::{Value, json};

/// Name of the one prompt.
pub(super) const PROMPT: &str = "probe-prompt";
/// Name of the audio block.
pub(super) const AUDIO: &str = "probe-audio";
/// Rate of the audio that goes in, in Hz.
pub(super) const RATE: u32 = 16_000;

/// Wraps an event in the envelope.
pub(super) fn event(name: &str, body: &Value) -> Bytes {
    Bytes::from(json!({"event": {name: body}}).to_string())
}

/// `sessionStart` with a bound for the answer's tokens.
pub(super) fn session_start(max_tokens: u32) -> Bytes {
    event(
        "sessionStart",
        &json!({"inferenceConfiguration": {"maxTokens": max_tokens, "topP": 0.9, "temperature": 0.7}}),
    )
}

/// What an experiment changes about `promptStart`.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    pub(super) name: &'static str,
    pub(super) voice: &'static str,
    pub(super) tools: Vec<Value>,
    pub(super) tool_choice: Option<Value>,
}

impl Default for Prompt {
    fn default() -> Self {
        Prompt { name: PROMPT, voice: "tiffany", tools: Vec::new(), tool_choice: None }
    }
}

impl Prompt {
    /// Spells `promptStart`.
    pub(super) fn start(&self) -> Bytes {
        let mut body = json!({
            "promptName": self.name,
            "textOutputConfiguration": {"mediaType": "text/plain"},
            "audioOutputConfiguration": {"mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16,
                "channelCount": 1, "voiceId": self.voice, "encoding": "base64", "audioType": "SPEECH"},
        });
        if !self.tools.is_empty() {
            body["toolUseOutputConfiguration"] = json!({"mediaType": "application/json"});
            body["toolConfiguration"] = json!({"tools": self.tools});
            if let Some(choice) = &self.tool_choice {
                body["toolConfiguration"]["toolChoice"] = choice.clone();
            }
        }
        event("promptStart", &body)
    }
}

/// A tool on offer, its schema as the string that the service wants.
pub(super) fn tool(name: &str, description: &str, schema: &Value) -> Value {
    json!({"toolSpec": {"name": name, "description": description, "inputSchema": {"json": schema.to_string()}}})
}

/// `contentStart` of a text block.
pub(super) fn text_start(name: &str, role: &str, interactive: Interactive) -> Bytes {
    event(
        "contentStart",
        &json!({"promptName": PROMPT, "contentName": name, "type": "TEXT", "role": role,
            "interactive": interactive == Interactive::Yes, "textInputConfiguration": {"mediaType": "text/plain"}}),
    )
}

/// Whether a text block wants an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interactive {
    Yes,
    No,
}

/// A whole text block.
pub(super) fn text_block(name: &str, role: &str, interactive: Interactive, text: &str) -> Vec<Bytes> {
    vec![
        text_start(name, role, interactive),
        event("textInput", &json!({"promptName": PROMPT, "contentName": name, "content": text})),
        content_end(name),
    ]
}

/// The SYSTEM block.
pub(super) fn system() -> Vec<Bytes> {
    text_block("probe-system", "SYSTEM", Interactive::No, SYSTEM)
}

/// `contentStart` of an audio block.
pub(super) fn audio_start(name: &str) -> Bytes {
    event(
        "contentStart",
        &json!({"promptName": PROMPT, "contentName": name, "type": "AUDIO", "interactive": true, "role": "USER",
            "audioInputConfiguration": {"mediaType": "audio/lpcm", "sampleRateHertz": RATE, "sampleSizeBits": 16,
                "channelCount": 1, "audioType": "SPEECH", "encoding": "base64"}}),
    )
}

/// A piece of audio.
pub(super) fn audio(samples: &[i16]) -> Bytes {
    let pcm: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    event("audioInput", &json!({"promptName": PROMPT, "contentName": AUDIO, "content": base64(&pcm)}))
}

/// `contentEnd`.
pub(super) fn content_end(name: &str) -> Bytes {
    event("contentEnd", &json!({"promptName": PROMPT, "contentName": name}))
}

/// `promptEnd`.
pub(super) fn prompt_end() -> Bytes {
    event("promptEnd", &json!({"promptName": PROMPT}))
}

/// A whole tool result block.
pub(super) fn tool_result(name: &str, tool_use_id: &str, result: &Value) -> Vec<Bytes> {
    vec![
        event(
            "contentStart",
            &json!({"promptName": PROMPT, "contentName": name, "interactive": false, "type": "TOOL", "role": "TOOL",
                "toolResultInputConfiguration": {"toolUseId": tool_use_id, "type": "TEXT",
                    "textInputConfiguration": {"mediaType": "text/plain"}}}),
        ),
        event("toolResult", &json!({"promptName": PROMPT, "contentName": name, "content": result.to_string()})),
        content_end(name),
    ]
}

/// Everything up to the closed SYSTEM block.
pub(super) fn up_to_system(prompt: &Prompt) -> Vec<Bytes> {
    let mut opening = vec![session_start(1024), prompt.start()];
    opening.extend(system());
    opening
}

/// Encodes bytes as base64 with padding. The trace of an experiment is no bottleneck, so this is the plain way.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize] as char;
            out.push(if place <= three.len() { letter } else { '=' });
        }
    }
    out
}

/// Long answers give a barge-in something to cut.
const SYSTEM: &str = "You are a friendly assistant. Answer in five or six sentences. Use a tool when one fits.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }
}
