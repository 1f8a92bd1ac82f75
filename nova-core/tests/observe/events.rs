//! Events by hand.

use std::time::Duration;

use bedrock_nova::audio::SampleRate;
use bedrock_nova::sonic::{
    Audio, CloseReason, Event, Latency, RenewReason, Role, Stamped, Tokens, ToolCall, ToolOutcome, Transcript,
    TranscriptStage, TurnEnd, TurnId, Unsent,
};
use bedrock_nova::usage::Money;
use bedrock_nova::{Error, ErrorKind};
use bytes::Bytes;
use serde_json::json;

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Stamps events with their moments, in milliseconds.
pub fn stamped<const N: usize>(events: [(u64, Event); N]) -> Vec<Stamped> {
    let numbered = events.into_iter().zip(1..);
    numbered.map(|((at, event), seq)| Stamped { seq, at: ms(at), event }).collect()
}

pub fn connected() -> Event {
    Event::Connected { request_id: Some("r-1".into()) }
}

pub fn speech_ended() -> Event {
    Event::UserSpeechEnded { offset: ms(700) }
}

pub fn user(turn: TurnId) -> Event {
    line(turn, Role::User, TranscriptStage::Final)
}

pub fn assistant(turn: TurnId) -> Event {
    line(turn, Role::Assistant, TranscriptStage::Speculative)
}

fn line(turn: TurnId, role: Role, stage: TranscriptStage) -> Event {
    Event::Transcript(Transcript { item: turn * 2, turn, role, text: "planted words".into(), stage, cut: None })
}

pub fn audio(turn: TurnId) -> Event {
    let pcm = Bytes::from_static(&[1; 64]);
    Event::Audio(Audio { turn, pcm, rate: SampleRate::Hz24000, offset: Duration::ZERO })
}

pub fn tool_call(turn: TurnId, id: &str, name: &str) -> Event {
    let arguments = json!({ "city": "planted words" });
    Event::ToolCall(ToolCall { turn, id: id.into(), name: name.into(), arguments })
}

pub fn tool_done(id: &str, name: &str, outcome: ToolOutcome) -> Event {
    Event::ToolDone { id: id.into(), name: name.into(), outcome }
}

/// Ends a turn whose user waited so long for text, sound, and something to hear.
pub fn turn_ended(turn: TurnId, end: TurnEnd, waited: [u64; 3]) -> Event {
    let [text, audio, audible] = waited.map(|waited| (waited > 0).then(|| ms(waited)));
    Event::TurnEnded { turn, end, latency: Latency { first_text: text, first_audio: audio, first_audible: audible } }
}

/// Speech in, text in, speech out, text out.
pub fn tokens(counts: [u64; 4]) -> Tokens {
    let [speech_in, text_in, speech_out, text_out] = counts;
    Tokens { speech_in, text_in, speech_out, text_out }
}

pub fn usage(total: [u64; 4], pico_dollars: Option<u128>) -> Event {
    let cost = pico_dollars.map(Money::from_pico_dollars);
    Event::Usage { total: tokens(total), delta: Tokens::default(), cost }
}

pub fn interrupted(turn: TurnId, heard: u64) -> Event {
    Event::Interrupted { turn, heard: ms(heard), error: Duration::ZERO }
}

pub fn error(kind: ErrorKind, code: &str) -> Error {
    Error::new(kind, "The service answered with planted words.").with_code(code)
}

pub fn reconnecting(attempt: u32, kind: ErrorKind, code: &str) -> Event {
    Event::Reconnecting { reason: error(kind, code), attempt }
}

pub fn renewed(session: u32, reason: RenewReason, lost: u64) -> Event {
    Event::Renewed { session, request_id: Some("r-2".into()), reason, replayed: ms(250), lost: ms(lost) }
}

pub fn closed(reason: CloseReason, error: Option<Error>) -> Event {
    Event::Closed { reason, error, unsent: Unsent::default() }
}
