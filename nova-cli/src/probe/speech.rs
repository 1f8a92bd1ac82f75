//! Questions 9 to 11: what happens around speech. The user is recorded (the emulator's clips).

use std::time::Duration;

use bedrock_nova_emulator::clips;
use serde_json::Value;

use super::answer::{Answer, verdict};
use super::question::Lab;
use super::stream::{Heard, Sound, Stream};
use super::wire::{self, Prompt};

/// From the first sample of a question to its answer, with room for a slow region.
pub(super) const TURN: Duration = Duration::from_secs(15);
/// How long an unfinished utterance may wait for its answer.
const FLUSH: Duration = Duration::from_secs(6);

/// 9: says something and looks at the events that frame it.
pub(super) async fn boundary_events(lab: &Lab, id: &str) -> Answer {
    let mut stream = match ready(lab, id, &Prompt::default()).await {
        Ok(stream) => stream,
        Err(answer) => return answer,
    };
    let mut seen = Vec::new();
    let heard = stream
        .listen(Sound::Speech(&question("who")), TURN, |name, body| {
            if name.starts_with("userSpeech") {
                let with = if body.get("completionId").is_some() { "with" } else { "without" };
                seen.push(format!("{name} {with} completionId"));
            }
            is_answer(name, body)
        })
        .await;
    lab.done(id, stream).await;
    Answer::new(match (seen.is_empty(), heard) {
        (false, _) => seen.join(", "),
        (true, Heard::Found(_)) => "none: the answer came without any".to_owned(),
        (true, Heard::TimeUp) => format!("none, and no answer within {} s", TURN.as_secs()),
        (true, over) => verdict(&over),
    })
}

/// 10: speaks into an answer and writes down what comes, in order.
pub(super) async fn barge_in(lab: &Lab, id: &str) -> Answer {
    let mut stream = match ready(lab, id, &Prompt::default()).await {
        Ok(stream) => stream,
        Err(answer) => return answer,
    };
    let is_audio = |name: &str, _: &Value| name == "audioOutput";
    let answered = stream.listen(Sound::Speech(&question("sea")), TURN, is_audio).await;
    if !matches!(answered, Heard::Found(_)) {
        lab.done(id, stream).await;
        return Answer::new(format!("not asked: no answer to interrupt ({})", verdict(&answered)));
    }
    let mut signs: Vec<String> = Vec::new();
    let heard = stream
        .listen(Sound::Speech(&question("stop")), TURN, |name, body| {
            signs.extend(sign(name, body));
            // The next transcript of the user ends the matter.
            name == "textOutput" && body.get("role").is_some_and(|role| role == "USER")
        })
        .await;
    lab.done(id, stream).await;
    Answer::new(match (signs.is_empty(), heard) {
        (false, _) => signs.join(", "),
        (true, over @ Heard::Over(_)) => verdict(&over),
        (true, _) => "nothing shows it".to_owned(),
    })
}

/// What an event says about a barge-in.
fn sign(name: &str, body: &Value) -> Option<String> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    match name {
        "userSpeechStart" => Some(name.to_owned()),
        "contentEnd" if text("type") == "AUDIO" => Some(format!("AUDIO contentEnd {}", text("stopReason"))),
        "contentEnd" if text("stopReason") == "INTERRUPTED" => Some("TEXT contentEnd INTERRUPTED".to_owned()),
        "textOutput" if says_interrupted(text("content")) => Some(format!("text {}", text("content"))),
        _ => None,
    }
}

/// Recognises `{ "interrupted" : true }` in any spacing.
pub(super) fn says_interrupted(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.get("interrupted") == Some(&Value::Bool(true)))
}

/// 11: breaks a question off without any silence and closes the prompt.
pub(super) async fn prompt_end(lab: &Lab, id: &str) -> Answer {
    let mut stream = match ready(lab, id, &Prompt::default()).await {
        Ok(stream) => stream,
        Err(answer) => return answer,
    };
    let speech = question("who");
    let length = Duration::from_secs_f64(speech.len() as f64 / f64::from(wire::RATE));
    let early = stream.listen(Sound::Speech(&speech), length, is_answer).await;
    stream.send([wire::content_end(wire::AUDIO), wire::prompt_end()]).await;
    let heard = match early {
        Heard::TimeUp => stream.listen(Sound::None, FLUSH, is_answer).await,
        other => other,
    };
    lab.done(id, stream).await;
    Answer::new(match heard {
        Heard::Found(_) => "yes, it is answered".to_owned(),
        Heard::TimeUp => format!("no answer within {} s", FLUSH.as_secs()),
        over => format!("no answer: {}", verdict(&over)),
    })
}

/// Opens a stream up to the AUDIO block.
pub(super) async fn ready(lab: &Lab, id: &str, prompt: &Prompt) -> Result<Stream, Answer> {
    let mut stream = lab.open(id, &wire::up_to_system(prompt)).await?;
    stream.send([wire::audio_start(wire::AUDIO)]).await;
    Ok(stream)
}

/// Says whether an event is part of an assistant's answer.
pub(super) fn is_answer(name: &str, body: &Value) -> bool {
    let assistant = body.get("role").is_some_and(|role| role == "ASSISTANT");
    matches!(name, "textOutput" | "audioOutput") && assistant
}

/// Returns a recorded question without the silence at its end; none of that name is silence.
pub(super) fn question(name: &str) -> Vec<i16> {
    let mut samples = clips::question(name).map(|clip| clip.at(wire::RATE).pcm).unwrap_or_default();
    let last = samples.iter().rposition(|sample| sample.unsigned_abs() > 1000).map_or(0, |last| last + 1);
    samples.truncate(last);
    samples
}
