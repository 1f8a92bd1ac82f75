//! Questions 5, 14a–c and 16: what a prompt may hold.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, verdict};
use super::question::{Lab, OBJECTION};
use super::stream::Sound;
use super::wire::{self, Interactive, Prompt};

/// 5a.
pub(super) async fn tool_choice(lab: &Lab, id: &str) -> Answer {
    let prompt = Prompt { tools: vec![clock(&plain())], tool_choice: Some(json!({"auto": {}})), ..Prompt::default() };
    Answer::new(judge(lab, id, &wire::up_to_system(&prompt)).await)
}

/// 5b: a schema with the four keywords that one report says are refused.
pub(super) async fn schema_keywords(lab: &Lab, id: &str) -> Answer {
    let schema = json!({"type": "object", "title": "Clock", "additionalProperties": false, "properties": {
        "zone": {"anyOf": [{"type": "string"}, {"type": "integer"}], "default": "UTC"}}});
    let prompt = Prompt { tools: vec![clock(&schema)], ..Prompt::default() };
    Answer::new(judge(lab, id, &wire::up_to_system(&prompt)).await)
}

/// 14a.
pub(super) async fn max_tokens(lab: &Lab, id: &str) -> Answer {
    let opening = |most: usize| {
        let mut opening = vec![wire::session_start(most as u32), Prompt::default().start()];
        opening.extend(wire::system());
        opening
    };
    largest(lab, id, &[10_000, 10_001, 65_536, 1_000_000], opening).await
}

/// 14b: one long `textInput` in the SYSTEM block.
pub(super) async fn text_size(lab: &Lab, id: &str) -> Answer {
    let opening = |size: usize| {
        let mut opening = vec![wire::session_start(1024), Prompt::default().start()];
        opening.extend(wire::text_block("probe-system", "SYSTEM", Interactive::No, &"Be kind. ".repeat(size / 9 + 1)));
        opening
    };
    largest(lab, id, &[1_000, 1_100, 10_000, 40_000, 200_000], opening).await
}

/// 14c: a tool with a long description.
pub(super) async fn tool_size(lab: &Lab, id: &str) -> Answer {
    let opening = |size: usize| {
        let tool = wire::tool("get_time", &"Tells the time. ".repeat(size / 16 + 1), &plain());
        wire::up_to_system(&Prompt { tools: vec![tool], ..Prompt::default() })
    };
    largest(lab, id, &[1_000, 10_000, 100_000, 500_000], opening).await
}

/// 16.
pub(super) async fn odd_voices(lab: &Lab, id: &str) -> Answer {
    let mut found = Vec::new();
    for voice in ["camila", "aditi", "rohan"] {
        let prompt = Prompt { voice, ..Prompt::default() };
        found.push(format!("{voice} {}", judge(lab, id, &wire::up_to_system(&prompt)).await));
    }
    Answer::new(found.join("; "))
}

/// Tries ever larger sizes and tells the last that was accepted and what was said to the next.
async fn largest(lab: &Lab, id: &str, sizes: &[usize], opening: impl Fn(usize) -> Vec<Bytes>) -> Answer {
    let mut accepted = None;
    for size in sizes {
        let verdict = judge(lab, id, &opening(*size)).await;
        if verdict != "accepted" {
            let good = accepted.map_or("none".to_owned(), |size: usize| size.to_string());
            return Answer::new(format!("{good} accepted, {size} {verdict}"));
        }
        accepted = Some(*size);
    }
    Answer::new(format!("{} accepted; no more was tried", accepted.unwrap_or_default()))
}

/// Opens with these events, adds the AUDIO block and waits for an objection.
async fn judge(lab: &Lab, id: &str, opening: &[Bytes]) -> String {
    let mut stream = match lab.open(id, opening).await {
        Ok(stream) => stream,
        Err(Answer(why)) => return why,
    };
    stream.send([wire::audio_start(wire::AUDIO)]).await;
    let heard = stream.listen(Sound::SILENCE, OBJECTION, |_, _| false).await;
    lab.done(id, stream).await;
    verdict(&heard)
}

fn clock(schema: &Value) -> Value {
    wire::tool("get_time", "Tells what time it is.", schema)
}

fn plain() -> Value {
    json!({"type": "object", "properties": {"zone": {"type": "string"}}})
}
