//! What a telephone call and an answer look like, made from nothing but numbers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Makes 16-bit little-endian mono samples that are neither silent nor regular: a tone with a little noise on it.
#[must_use]
pub fn pcm(rate_hz: u32, millis: u32) -> Vec<u8> {
    let mut noise: u32 = 0x2545_f491;
    let sample = |index: u32| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let tone = (f64::from(index) * 220.0 * std::f64::consts::TAU / f64::from(rate_hz)).sin() * 9_000.0;
        let hiss = f64::from(noise >> 22) - 512.0;
        // A sum of at most 9,512 in size fits.
        #[allow(clippy::cast_possible_truncation, reason = "the line above")]
        let sample = (tone + hiss) as i16;
        sample
    };
    (0..rate_hz / 1000 * millis).map(sample).flat_map(i16::to_le_bytes).collect()
}

/// Makes the payload with which the service sends samples, identifiers as long as its own (reference §3.1).
#[must_use]
pub fn audio_output(pcm: &[u8]) -> Vec<u8> {
    let content = STANDARD.encode(pcm);
    format!(
        r#"{{"event":{{"audioOutput":{{"completionId":"{COMPLETION}","content":"{content}","contentId":"{CONTENT}","promptName":"{PROMPT}","role":"ASSISTANT","sessionId":"{SESSION}"}}}}}}"#
    )
    .into_bytes()
}

/// Makes the payload with which the service sends a sentence.
#[must_use]
pub fn text_output(text: &str) -> Vec<u8> {
    format!(
        r#"{{"event":{{"textOutput":{{"completionId":"{COMPLETION}","content":"{text}","contentId":"{CONTENT}","promptName":"{PROMPT}","role":"ASSISTANT","sessionId":"{SESSION}"}}}}}}"#
    )
    .into_bytes()
}

/// Makes everything that comes before the sound of an answer, in the service's order: what the user said, what the
/// assistant is about to say, and the start of its audio block at 24 kHz (reference §3.3).
#[must_use]
pub fn answer_opening() -> Vec<Vec<u8>> {
    let text = r#""textOutputConfiguration":{"mediaType":"text/plain"}"#;
    let audio = r#""audioOutputConfiguration":{"mediaType":"audio/lpcm","sampleRateHertz":24000,"sampleSizeBits":16,"channelCount":1,"encoding":"base64","audioType":"SPEECH"}"#;
    let stage = |stage: &str| format!(r#""additionalModelFields":"{{\"generationStage\":\"{stage}\"}}""#);
    [
        event("completionStart", ""),
        event("contentStart", &format!(r#","contentId":"u","type":"TEXT","role":"USER",{},{text}"#, stage("FINAL"))),
        event("textOutput", r#","contentId":"u","content":"Say something long.","role":"USER""#),
        event("contentEnd", r#","contentId":"u","type":"TEXT","stopReason":"PARTIAL_TURN""#),
        event(
            "contentStart",
            &format!(r#","contentId":"t","type":"TEXT","role":"ASSISTANT",{},{text}"#, stage("SPECULATIVE")),
        ),
        event("textOutput", r#","contentId":"t","content":"This goes on and on.","role":"ASSISTANT""#),
        event("contentEnd", r#","contentId":"t","type":"TEXT","stopReason":"PARTIAL_TURN""#),
        event("contentStart", &format!(r#","contentId":"{CONTENT}","type":"AUDIO","role":"ASSISTANT",{audio}"#)),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect()
}

fn event(name: &str, fields: &str) -> String {
    format!(
        r#"{{"event":{{"{name}":{{"completionId":"{COMPLETION}","promptName":"{PROMPT}","sessionId":"{SESSION}"{fields}}}}}}}"#
    )
}

/// A prompt's name, as long as those in use.
pub const PROMPT: &str = "5f0a4c1e-6b1d-4f7e-9a53-0d5a8c0f2b11";
/// A content block's name, as long as those in use.
pub const CONTENT: &str = "0c9f1d3a-2b47-4a60-8f0e-7a1c5d9e3b22";
const COMPLETION: &str = "9b7e2f64-1c0d-4e3a-b5a8-6f2d1e0c4a33";
const SESSION: &str = "e1d8a7c5-4f3b-4b29-9c6d-2a0b8f7e5d44";
