//! `transcript.json`: who said what, and when; written anew after every turn.

use std::time::Duration;

use bedrock_nova::sonic::{Role, TranscriptStage};
use serde_json::{Value, json};

use super::story::{Line, Story, Turn};

/// Version of the file's form.
const VERSION: u32 = 1;

/// What is known of a call before it begins.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// Headline of the picture.
    pub(crate) title: String,
    /// Model id.
    pub(crate) model: String,
    /// Voice.
    pub(crate) voice: String,
    /// Where it went, in words: `Amazon Bedrock`, `local emulator`, a URL.
    pub(crate) target: String,
    /// Whether a real model listened.
    pub(crate) peer: Peer,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A service that may be real.
    Service,
    /// The emulator inside: what it heard and says is scripted.
    Emulator,
}

/// Writes the whole transcript as pretty JSON. Times are milliseconds since the call began.
pub(crate) fn render(about: &About, story: &Story, length: Duration) -> Vec<u8> {
    let document = json!({
        "version": VERSION,
        "model": about.model,
        "voice": about.voice,
        "target": about.target,
        "scripted": about.peer == Peer::Emulator,
        "lengthMs": millis(length),
        "sent": story.spoken.iter().map(|s| json!({"name": s.name, "fromMs": millis(s.from), "toMs": millis(s.to)})).collect::<Vec<_>>(),
        "turns": story.turns.iter().map(|turn| one_turn(turn, story)).collect::<Vec<_>>(),
        "tools": story.tools.iter().map(|tool| json!({
            "name": tool.name,
            "fromMs": millis(tool.from),
            "toMs": tool.to.map(|(to, _)| millis(to)),
            "outcome": tool.to.map(|(_, outcome)| outcome),
        })).collect::<Vec<_>>(),
        "tokens": story.usage,
        "closed": story.closed,
    });
    let mut text = format!("{document:#}").into_bytes();
    text.push(b'\n');
    text
}

fn one_turn(turn: &Turn, story: &Story) -> Value {
    let lines = |role: Role| -> Vec<Value> {
        story.lines.iter().filter(|line| line.turn == turn.id && line.role == role).map(one_line).collect()
    };
    json!({
        "turn": turn.id,
        "fromMs": millis(turn.at),
        "user": lines(Role::User),
        "assistant": lines(Role::Assistant),
        "audioMs": millis(turn.audio),
        "playedMs": turn.played.map(|(from, to)| [millis(from), millis(to)]),
        "cutAtMs": turn.cut.map(|(at, _)| millis(at)),
        "heardMs": turn.cut.map(|(_, heard)| millis(heard)),
        "end": turn.end.map(|(_, end, _)| end),
        "firstTextMs": turn.end.and_then(|(_, _, latency)| latency.first_text).map(millis),
        "firstAudioMs": turn.end.and_then(|(_, _, latency)| latency.first_audio).map(millis),
    })
}

fn one_line(line: &Line) -> Value {
    json!({"text": line.text, "final": line.stage == TranscriptStage::Final, "atMs": millis(line.at)})
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
