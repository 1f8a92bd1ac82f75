//! The events of a short call, written by hand, and an emulator to send them to.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova::transport::{Bedrock, Opened, Transport};
use bedrock_nova_emulator::emulator::Builder;
use bedrock_nova_emulator::{Emulator, Fault};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{bedrock_with, send, soon, target};

/// Starts an emulator with these faults in every session, and a transport to it over TLS.
pub async fn emulated(faults: &str) -> (Emulator, Bedrock) {
    emulated_by(Emulator::builder(), faults).await
}

pub async fn emulated_by(builder: Builder, faults: &str) -> (Emulator, Bedrock) {
    let emulator = builder.faults(Fault::parse_list(faults).unwrap()).start().await.unwrap();
    let bedrock = over_tls(&emulator).await;
    (emulator, bedrock)
}

pub async fn over_tls(emulator: &Emulator) -> Bedrock {
    bedrock_with(&emulator.tls_url(), emulator).ca_pem(emulator.ca_pem()).build().await.unwrap()
}

/// What a session begins with, up to the system prompt: the five events on which the emulator accepts.
pub fn opening() -> Vec<Bytes> {
    vec![
        event(
            json!({"sessionStart": {"inferenceConfiguration": {"maxTokens": 1024, "topP": 0.9, "temperature": 0.7}}}),
        ),
        event(json!({"promptStart": {
            "promptName": "p",
            "textOutputConfiguration": {"mediaType": "text/plain"},
            "audioOutputConfiguration": {"mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16,
                "channelCount": 1, "voiceId": "matthew", "encoding": "base64", "audioType": "SPEECH"}}})),
        event(json!({"contentStart": {"promptName": "p", "contentName": "s", "type": "TEXT", "interactive": false,
            "role": "SYSTEM", "textInputConfiguration": {"mediaType": "text/plain"}}})),
        event(json!({"textInput": {"promptName": "p", "contentName": "s", "content": "Be brief."}})),
        event(json!({"contentEnd": {"promptName": "p", "contentName": "s"}})),
    ]
}

/// Begins the block that carries the user's voice: the sixth event.
pub fn audio_start() -> Bytes {
    event(json!({"contentStart": {"promptName": "p", "contentName": "a", "type": "AUDIO", "interactive": true,
        "role": "USER", "audioInputConfiguration": {"mediaType": "audio/lpcm", "sampleRateHertz": 16000,
            "sampleSizeBits": 16, "channelCount": 1, "audioType": "SPEECH", "encoding": "base64"}}}))
}

/// Two seconds of a loud tone and one of silence, in pieces of 100 ms.
pub fn speech() -> Vec<Bytes> {
    let tone = |n: usize| if n < 32_000 { (8000.0 * (n as f32 * 0.17).sin()) as i16 } else { 0 };
    let samples: Vec<i16> = (0..48_000).map(tone).collect();
    samples.chunks(1600).map(audio).collect()
}

pub fn closing() -> [Bytes; 3] {
    [
        event(json!({"contentEnd": {"promptName": "p", "contentName": "a"}})),
        event(json!({"promptEnd": {"promptName": "p"}})),
        event(json!({"sessionEnd": {}})),
    ]
}

/// Opens a link, begins the audio block and says something.
pub async fn call(bedrock: &Bedrock) -> Opened {
    let mut opened = soon(bedrock.open(target(), opening())).await.unwrap();
    send(&mut *opened.link, audio_start()).await.unwrap();
    for piece in speech() {
        send(&mut *opened.link, piece).await.unwrap();
    }
    opened
}

/// Waits for a condition that only the other side can make true.
pub async fn becomes(what: &str, condition: impl Fn() -> bool) {
    let end = tokio::time::Instant::now() + super::DEADLINE;
    while !condition() {
        assert!(tokio::time::Instant::now() < end, "it never came to be that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Names the event of a payload.
pub fn name(payload: &Bytes) -> String {
    let value: Value = serde_json::from_slice(payload).unwrap();
    value["event"].as_object().unwrap().keys().next().unwrap().clone()
}

/// Returns why a block ended, if the payload says so.
pub fn stop_reason(payload: &Bytes) -> String {
    let value: Value = serde_json::from_slice(payload).unwrap();
    value["event"]["contentEnd"]["stopReason"].as_str().unwrap_or_default().to_owned()
}

fn audio(samples: &[i16]) -> Bytes {
    let pcm: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    event(json!({"audioInput": {"promptName": "p", "contentName": "a", "content": STANDARD.encode(pcm)}}))
}

#[allow(clippy::needless_pass_by_value, reason = "it is always made on the spot")]
fn event(body: Value) -> Bytes {
    json!({ "event": body }).to_string().into()
}
