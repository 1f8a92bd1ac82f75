//! What happened, one short line each, so that a test reads like a sequence diagram.

use std::time::Duration;

use bedrock_nova::sonic::conversation::Output;
use bedrock_nova::sonic::{Event, RenewReason, Role, Transcript, TranscriptStage};

use super::Sent;

pub fn tell(outputs: &[(Duration, Output)]) -> Vec<String> {
    let mut story: Vec<String> = Vec::new();
    for line in outputs.iter().filter_map(|(_, output)| output_line(output)) {
        if story.last() != Some(&line) || !line.starts_with("sound") {
            story.push(line);
        }
    }
    story
}

pub fn line(line: &Transcript) -> String {
    let speaker = if line.role == Role::User { "user" } else { "assistant" };
    let mark = if line.stage == TranscriptStage::Final { ':' } else { '~' };
    format!("{speaker} {}{mark} {}", line.turn, line.text)
}

pub fn wire<'a>(sent: impl Iterator<Item = &'a Sent>) -> Vec<String> {
    let mut story: Vec<String> = Vec::new();
    for line in sent.map(sent_line) {
        if story.last() != Some(&line) || line != "audio" {
            story.push(line);
        }
    }
    story
}

fn output_line(output: &Output) -> Option<String> {
    Some(match output {
        Output::Open { link, .. } => format!("open {}", link.0),
        Output::Finish { link } => format!("finish {}", link.0),
        Output::Abort { link } => format!("abort {}", link.0),
        Output::RunTool(call) => format!("run {}", call.id),
        Output::CancelTool { id } => format!("cancel {id}"),
        Output::Flush { turn } => format!("flush {turn}"),
        Output::Event(stamped) => event_line(&stamped.event),
        _ => return None,
    })
}

fn event_line(event: &Event) -> String {
    match event {
        Event::Connected { .. } => "connected 1".into(),
        Event::Renewed { session, reason: RenewReason::Recovery, .. } => format!("connected {session}"),
        Event::Renewed { session, reason, .. } => format!("renewed {session} for {}", word(reason)),
        Event::UserSpeechStarted { .. } => "speech starts".into(),
        Event::UserSpeechEnded { .. } => "speech ends".into(),
        Event::Transcript(text) => line(text),
        Event::Audio(audio) => format!("sound {}", audio.turn),
        Event::Interrupted { turn, heard, .. } => format!("interrupted {turn} after {} ms", heard.as_millis()),
        Event::ToolCall(call) => format!("tool {} {} in {}", call.id, call.name, call.turn),
        Event::ToolDone { id, outcome, .. } => format!("tool {id} {}", word(outcome)),
        Event::TurnEnded { turn, end, .. } => format!("turn {turn} {}", word(end)),
        Event::Usage { total, .. } => format!("usage {}", total.speech_in + total.text_out),
        Event::Reconnecting { reason, attempt, .. } => format!("reconnecting {attempt} for {}", reason.code()),
        Event::InputDropped { duration, .. } => format!("dropped {} ms", duration.as_millis()),
        Event::Unknown { name, .. } => format!("unknown {name}"),
        Event::Closed { reason, error: None, .. } => format!("closed {}", word(reason)),
        Event::Closed { reason, error: Some(error), .. } => format!("closed {} for {}", word(reason), error.code()),
        Event::Reviewed { outcome, .. } => format!("reviewed {}", word(outcome)),
        other => format!("{other:?}"),
    }
}

fn sent_line(sent: &Sent) -> String {
    let body = &sent.body;
    let words = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    match sent.name.as_str() {
        "contentStart" => match words("type").as_str() {
            "TOOL" => format!("begin TOOL {}", body["toolResultInputConfiguration"]["toolUseId"].as_str().unwrap()),
            "AUDIO" => "begin AUDIO".into(),
            _ => format!("begin {}", words("role")),
        },
        "textInput" => format!("text {}", words("content")),
        "toolResult" => format!("result {}", words("content")),
        "audioInput" => "audio".into(),
        "contentEnd" => "end".into(),
        name => name.to_owned(),
    }
}

fn word(value: &impl std::fmt::Debug) -> String {
    let name = format!("{value:?}");
    name.chars().next().map(|first| first.to_lowercase().to_string() + &name[1..]).unwrap_or_default()
}
