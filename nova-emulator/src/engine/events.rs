//! The output events as the service writes them (reference §3.1, §3.2).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::ledger::Tokens;

/// One event before it is written down.
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) body: Value,
}

/// The ids that every event of a prompt carries.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    pub(super) session: String,
    pub(super) prompt: String,
    pub(super) completion: String,
}

/// `stopReason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    PartialTurn,
    EndTurn,
    Interrupted,
    ToolUse,
}

/// Who speaks in a TEXT block, and how surely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voicing {
    User,
    Speculative,
    Final,
}

impl Event {
    /// The payload, `{"event":{"<name>":{…}}}`.
    pub(super) fn payload(&self) -> Bytes {
        Bytes::from(json!({ "event": { self.name: &self.body } }).to_string())
    }
}

impl Labels {
    pub(super) fn completion_start(&self) -> Event {
        self.event("completionStart", json!({}))
    }

    pub(super) fn completion_end(&self, stop: Stop) -> Event {
        self.event("completionEnd", json!({ "stopReason": stop.text() }))
    }

    pub(super) fn text_start(&self, id: &str, voicing: Voicing) -> Event {
        let stage = if voicing == Voicing::Speculative { "SPECULATIVE" } else { "FINAL" };
        let fields = json!({
            "contentId": id, "type": "TEXT", "role": voicing.role(),
            "additionalModelFields": json!({ "generationStage": stage }).to_string(),
            "textOutputConfiguration": { "mediaType": "text/plain" },
        });
        self.event("contentStart", fields)
    }

    pub(super) fn text(&self, id: &str, voicing: Voicing, content: &str) -> Event {
        self.event("textOutput", json!({ "contentId": id, "content": content, "role": voicing.role() }))
    }

    pub(super) fn audio_start(&self, id: &str, rate: u32) -> Event {
        let fields = json!({
            "contentId": id, "type": "AUDIO", "role": "ASSISTANT",
            "audioOutputConfiguration": {
                "mediaType": "audio/lpcm", "sampleRateHertz": rate, "sampleSizeBits": 16,
                "encoding": "base64", "channelCount": 1,
            },
        });
        self.event("contentStart", fields)
    }

    pub(super) fn audio(&self, id: &str, samples: &[i16]) -> Event {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.event("audioOutput", json!({ "contentId": id, "content": STANDARD.encode(bytes), "role": "ASSISTANT" }))
    }

    pub(super) fn tool_start(&self, id: &str) -> Event {
        let fields = json!({
            "contentId": id, "type": "TOOL", "role": "TOOL",
            "toolUseOutputConfiguration": { "mediaType": "application/json" },
        });
        self.event("contentStart", fields)
    }

    pub(super) fn tool_use(&self, id: &str, tool_use_id: &str, tool: &str, arguments: &str) -> Event {
        let fields = json!({
            "contentId": id, "toolName": tool, "toolUseId": tool_use_id, "content": arguments, "role": "TOOL",
        });
        self.event("toolUse", fields)
    }

    pub(super) fn content_end(&self, id: &str, kind: &str, stop: Stop) -> Event {
        self.event("contentEnd", json!({ "contentId": id, "type": kind, "stopReason": stop.text() }))
    }

    pub(super) fn usage(&self, delta: Tokens, total: Tokens) -> Event {
        let (input, output) = (total.speech_in + total.text_in, total.speech_out + total.text_out);
        let fields = json!({
            "details": { "delta": shares(delta), "total": shares(total) },
            "totalInputTokens": input, "totalOutputTokens": output, "totalTokens": input + output,
        });
        self.event("usageEvent", fields)
    }

    /// `userSpeechStart` and `userSpeechEnd`, which were seen without a completionId.
    pub(super) fn boundary(&self, name: &'static str, offsets: Value) -> Event {
        let mut event = self.event(name, offsets);
        if let Some(body) = event.body.as_object_mut() {
            body.remove("completionId");
        }
        event
    }

    fn event(&self, name: &'static str, mut body: Value) -> Event {
        body["sessionId"] = self.session.as_str().into();
        body["promptName"] = self.prompt.as_str().into();
        body["completionId"] = self.completion.as_str().into();
        Event { name, body }
    }
}

impl Stop {
    fn text(self) -> &'static str {
        match self {
            Self::PartialTurn => "PARTIAL_TURN",
            Self::EndTurn => "END_TURN",
            Self::Interrupted => "INTERRUPTED",
            Self::ToolUse => "TOOL_USE",
        }
    }
}

impl Voicing {
    fn role(self) -> &'static str {
        if self == Self::User { "USER" } else { "ASSISTANT" }
    }
}

fn shares(tokens: Tokens) -> Value {
    json!({
        "input": { "speechTokens": tokens.speech_in, "textTokens": tokens.text_in },
        "output": { "speechTokens": tokens.speech_out, "textTokens": tokens.text_out },
    })
}
