//! The service's side of a script: its events, written by hand from the reference §3 and not through our own types.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

/// Some events, in order.
pub type Said = Vec<Bytes>;

pub const END_TURN: &str = "END_TURN";
pub const PARTIAL_TURN: &str = "PARTIAL_TURN";
pub const INTERRUPTED: &str = "INTERRUPTED";

/// Length of one piece of the assistant's voice: 80 ms at 24 kHz (reference §3.1).
pub const PIECE_MS: u64 = 80;

pub fn event(name: &str, mut body: Value) -> Bytes {
    if let Some(fields) = body.as_object_mut() {
        fields.insert("sessionId".into(), "s".into());
        fields.insert("promptName".into(), "p".into());
    }
    Bytes::from(json!({ "event": { name: body } }).to_string())
}

pub fn completion_start() -> Said {
    vec![event("completionStart", json!({ "completionId": "c" }))]
}

pub fn completion_end() -> Said {
    vec![event("completionEnd", json!({ "completionId": "c", "stopReason": END_TURN }))]
}

pub fn speech_start(ms: u64) -> Said {
    vec![event("userSpeechStart", json!({ "inputAudioOffsetMs": ms }))]
}

pub fn speech_end(ms: u64, detected: u64) -> Said {
    vec![event("userSpeechEnd", json!({ "inputAudioOffsetMs": ms, "inputAudioDetectionOffsetMs": detected }))]
}

/// One ASR block of the user's words.
pub fn user_final(text: &str) -> Said {
    text_block(&format!("user {text}"), "USER", "FINAL", text, PARTIAL_TURN)
}

/// A sentence that is announced.
pub fn spec(id: &str, text: &str) -> Said {
    text_block(id, "ASSISTANT", "SPECULATIVE", text, PARTIAL_TURN)
}

/// What was spoken, repeated under an id of its own.
pub fn spoken(id: &str, text: &str, stop: &str) -> Said {
    text_block(id, "ASSISTANT", "FINAL", text, stop)
}

/// The control text of a barge-in in the spelling given, with its block.
pub fn interrupted(spelling: &str) -> Said {
    text_block("control", "ASSISTANT", "FINAL", spelling, INTERRUPTED)
}

pub fn text_block(id: &str, role: &str, stage: &str, text: &str, stop: &str) -> Said {
    let stage = json!({ "generationStage": stage }).to_string();
    vec![
        event("contentStart", json!({ "contentId": id, "type": "TEXT", "role": role, "additionalModelFields": stage })),
        event("textOutput", json!({ "contentId": id, "role": role, "content": text })),
        event("contentEnd", json!({ "contentId": id, "type": "TEXT", "stopReason": stop })),
    ]
}

/// A whole block of the assistant's voice.
pub fn audio(id: &str, pieces: usize, stop: &str) -> Said {
    let mut said = sound(id, pieces);
    said.extend(sound_end(id, stop));
    said
}

/// The beginning of a block of the assistant's voice.
pub fn sound(id: &str, pieces: usize) -> Said {
    let start = json!({ "contentId": id, "type": "AUDIO", "role": "ASSISTANT",
        "audioOutputConfiguration": { "mediaType": "audio/lpcm", "sampleRateHertz": 24000 } });
    let mut said = vec![event("contentStart", start)];
    said.extend(more_sound(id, pieces));
    said
}

pub fn more_sound(id: &str, pieces: usize) -> Said {
    let pcm = STANDARD.encode(vec![7u8; 24 * 2 * PIECE_MS as usize]);
    (0..pieces).map(|_| event("audioOutput", json!({ "contentId": id, "content": pcm, "role": "ASSISTANT" }))).collect()
}

pub fn sound_end(id: &str, stop: &str) -> Said {
    vec![event("contentEnd", json!({ "contentId": id, "type": "AUDIO", "stopReason": stop }))]
}

/// The wish to use a tool; `content` is the text of its arguments as it stands on the wire.
pub fn tool_use(id: &str, name: &str, content: &str) -> Said {
    let block = format!("tool {id}");
    vec![
        event("contentStart", json!({ "contentId": block, "type": "TOOL", "role": "TOOL" })),
        event("toolUse", json!({ "contentId": block, "toolName": name, "toolUseId": id, "content": content })),
        event("contentEnd", json!({ "contentId": block, "type": "TOOL", "stopReason": "TOOL_USE" })),
    ]
}

/// A running total of a session, with the share that a careless client would add to it.
pub fn usage(total: u64, delta: u64) -> Said {
    let counters = |n: u64| json!({ "input": { "speechTokens": n, "textTokens": 0 }, "output": { "speechTokens": 0, "textTokens": n } });
    vec![event("usageEvent", json!({ "details": { "total": counters(total), "delta": counters(delta) } }))]
}
