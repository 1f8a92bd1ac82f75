//! What a well-behaved client sends (reference §4.6).

use std::f64::consts::TAU;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// sessionStart, promptStart and the SYSTEM block.
pub fn opening() -> Vec<Value> {
    let mut all = vec![session_start(), prompt_start()];
    all.extend(text_block("c-sys", "SYSTEM", "Answer in one sentence."));
    all
}

pub fn session_start() -> Value {
    json!({"event":{"sessionStart":{"inferenceConfiguration":{"maxTokens":1024,"topP":0.9,"temperature":0.7}}}})
}

pub fn prompt_start() -> Value {
    json!({"event":{"promptStart":{
        "promptName":"p-1",
        "textOutputConfiguration":{"mediaType":"text/plain"},
        "audioOutputConfiguration":{"mediaType":"audio/lpcm","sampleRateHertz":24000,"sampleSizeBits":16,
            "channelCount":1,"voiceId":"matthew","encoding":"base64","audioType":"SPEECH"}}}})
}

pub fn text_block(name: &str, role: &str, text: &str) -> [Value; 3] {
    [
        json!({"event":{"contentStart":{"promptName":"p-1","contentName":name,"type":"TEXT","interactive":false,
            "role":role,"textInputConfiguration":{"mediaType":"text/plain"}}}}),
        json!({"event":{"textInput":{"promptName":"p-1","contentName":name,"content":text}}}),
        content_end(name),
    ]
}

pub fn audio_start() -> Value {
    json!({"event":{"contentStart":{"promptName":"p-1","contentName":"c-audio","type":"AUDIO","interactive":true,
        "role":"USER","audioInputConfiguration":{"mediaType":"audio/lpcm","sampleRateHertz":16000,
        "sampleSizeBits":16,"channelCount":1,"audioType":"SPEECH","encoding":"base64"}}}})
}

/// Audible sound for about this many milliseconds, in pieces of 32 ms at 16 kHz.
pub fn speech(millis: usize) -> Vec<Value> {
    audio(millis, |at| (8000.0 * (at * 220.0 * TAU).sin() + 4000.0 * (at * 610.0 * TAU).sin()) as i16)
}

/// Digital silence.
pub fn silence(millis: usize) -> Vec<Value> {
    audio(millis, |_| 0)
}

/// contentEnd of the audio, promptEnd, sessionEnd.
pub fn closing() -> [Value; 3] {
    [content_end("c-audio"), json!({"event":{"promptEnd":{"promptName":"p-1"}}}), json!({"event":{"sessionEnd":{}}})]
}

pub fn content_end(name: &str) -> Value {
    json!({"event":{"contentEnd":{"promptName":"p-1","contentName":name}}})
}

fn audio(millis: usize, wave: impl Fn(f64) -> i16) -> Vec<Value> {
    (0..millis.div_ceil(32))
        .map(|piece| {
            let samples = (0..512).map(|sample| wave((piece * 512 + sample) as f64 / 16_000.0));
            let bytes: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
            let content = BASE64_STANDARD.encode(bytes);
            json!({"event":{"audioInput":{"promptName":"p-1","contentName":"c-audio","content":content}}})
        })
        .collect()
}
