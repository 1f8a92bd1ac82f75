//! Questions 6, 12 and 15b: what may happen around a tool call.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, verdict};
use super::question::{Lab, OBJECTION};
use super::speech::{TURN, is_answer, question, ready};
use super::stream::{Heard, Sound, Stream, named};
use super::wire::{self, Prompt};

/// How long audio goes on beside a pending tool call.
const PENDING: Duration = Duration::from_secs(4);
/// From a tool's result to the answer.
const ANSWER: Duration = Duration::from_secs(8);

/// 6: lets a tool call wait while silence goes up.
pub(super) async fn audio_while_pending(lab: &Lab, id: &str) -> Answer {
    let (mut stream, tool) = match called(lab, id).await {
        Ok(called) => called,
        Err(answer) => return answer,
    };
    let heard = stream.listen(Sound::SILENCE, PENDING, |_, _| false).await;
    if stream.over().is_none() {
        stream.send(wire::tool_result("probe-result", &tool, &weather())).await;
        stream.listen(Sound::SILENCE, ANSWER, is_answer).await;
    }
    lab.done(id, stream).await;
    Answer::new(verdict(&heard))
}

/// 12: answers a call that nobody made.
pub(super) async fn unknown_id(lab: &Lab, id: &str) -> Answer {
    let prompt = Prompt { tools: tools(), ..Prompt::default() };
    let mut stream = match ready(lab, id, &prompt).await {
        Ok(stream) => stream,
        Err(answer) => return answer,
    };
    stream.send([wire::audio(&[0; 3200])]).await;
    stream.send(wire::tool_result("probe-result", "probe-no-such-call", &weather())).await;
    let heard = stream.listen(Sound::SILENCE, OBJECTION, |_, _| false).await;
    lab.done(id, stream).await;
    Answer::new(match heard {
        Heard::TimeUp => "ignored".to_owned(),
        other => verdict(&other),
    })
}

/// 15b: closes the AUDIO block while a call waits, then answers the call.
pub(super) async fn result_after_audio(lab: &Lab, id: &str) -> Answer {
    let (mut stream, tool) = match called(lab, id).await {
        Ok(called) => called,
        Err(answer) => return answer,
    };
    stream.send([wire::content_end(wire::AUDIO)]).await;
    stream.send(wire::tool_result("probe-result", &tool, &weather())).await;
    let heard = stream.listen(Sound::None, ANSWER, is_answer).await;
    lab.done(id, stream).await;
    Answer::new(match heard {
        Heard::Found(_) => "answered".to_owned(),
        Heard::TimeUp => format!("taken, and not answered within {} s", ANSWER.as_secs()),
        over => verdict(&over),
    })
}

/// Asks for the weather until the model calls a tool; returns the call's id.
async fn called(lab: &Lab, id: &str) -> Result<(Stream, String), Answer> {
    let mut stream = ready(lab, id, &Prompt { tools: tools(), ..Prompt::default() }).await?;
    let heard = stream.listen(Sound::Speech(&question("weather")), TURN, |name, _| name == "toolUse").await;
    if let Heard::Found(event) = &heard
        && let Some((_, body)) = named(event)
        && let Some(tool) = body.get("toolUseId").and_then(Value::as_str)
    {
        let tool = tool.to_owned();
        return Ok((stream, tool));
    }
    let answer = match heard {
        Heard::Over(_) => verdict(&heard),
        _ => format!("not asked: no tool was called within {} s", TURN.as_secs()),
    };
    lab.done(id, stream).await;
    Err(Answer::new(answer))
}

fn tools() -> Vec<Value> {
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let zone = json!({"type": "object", "properties": {"zone": {"type": "string"}}});
    vec![
        wire::tool("get_weather", "Tells the weather in a city.", &city),
        wire::tool("get_time", "Tells what time it is.", &zone),
    ]
}

fn weather() -> Value {
    json!({"temperature": 12, "sky": "clear"})
}
