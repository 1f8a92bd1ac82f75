//! The bodies of server-sent events that have one of their own: flat, in snake case, with the event's place in the call.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::event::written;
use crate::error::{Error, ErrorKind};
use crate::sonic::event::{self, CloseReason, Cut, ItemId, Stamped, TranscriptStage, TurnEnd, TurnId, Unsent};
use crate::sonic::wire::{Role, Tokens};
use crate::usage::Money;

// Not a doc comment: what the schema says of a message is what its body says.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Sse{B}"))]
pub(super) struct Placed<B> {
    /// The event's number.
    seq: u64,
    /// Milliseconds since the call began.
    #[serde(with = "crate::sonic::millis")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
    at_ms: Duration,
    #[serde(flatten)]
    body: B,
}

/// `transcript`: a line that is new or has changed.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Transcript<'a> {
    turn: TurnId,
    /// Names the line: it replaces the earlier version of the same item.
    item: ItemId,
    role: Speaker,
    text: &'a str,
    stage: Stage,
    #[serde(rename = "final")]
    is_final: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<Heard>,
}

/// `audio_response`: a piece of the assistant's voice.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Audio<'a> {
    turn: TurnId,
    /// 16-bit little-endian samples in base64.
    #[serde(serialize_with = "super::base64::serialize")]
    #[cfg_attr(feature = "schema", schemars(with = "super::base64::Base64"))]
    audio: &'a [u8],
    format: Format,
    sample_rate: u32,
    channels: u8,
    /// Where in the answer the piece begins.
    #[serde(with = "crate::sonic::millis")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
    offset_ms: Duration,
}

/// `content_start`: an answer begins.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ContentStart {
    turn: TurnId,
    role: Speaker,
}

/// `content_end`: an answer ends.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ContentEnd {
    turn: TurnId,
    role: Speaker,
    reason: TurnEnd,
}

/// `tool_use`: a tool is to run.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ToolUse<'a> {
    turn: TurnId,
    id: &'a str,
    name: &'a str,
    arguments: &'a Value,
}

/// `interrupted`: stop playing the answer.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Interrupted {
    turn: TurnId,
    #[serde(flatten)]
    heard: Heard,
}

/// How much of an answer was heard, and how sure that is.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SseHeard"))]
struct Heard {
    #[serde(with = "crate::sonic::millis")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
    heard_ms: Duration,
    #[serde(with = "crate::sonic::millis")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
    error_ms: Duration,
}

/// `usage`: what the call has used so far.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Usage {
    total: Counts,
    delta: Counts,
    cost_usd: Option<Money>,
}

/// Tokens by direction and kind.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SseCounts"))]
struct Counts {
    speech_in: u64,
    text_in: u64,
    speech_out: u64,
    text_out: u64,
}

/// `error`: the failure that ended the call.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Failure<'a> {
    kind: ErrorKind,
    code: &'a str,
    message: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// `done`: the last message.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Done<'a> {
    reason: CloseReason,
    /// Texts that were handed over and never sent.
    unsent_texts: &'a [String],
    /// Length of the audio that was handed over and never sent.
    #[serde(with = "crate::sonic::millis")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
    unsent_audio_ms: Duration,
}

/// Who speaks, in the service's own spelling.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SseSpeaker"))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Speaker {
    System,
    SystemSpeech,
    User,
    Assistant,
    Tool,
    Other,
}

/// How certain a line is, in the service's own spelling.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SseStage"))]
#[serde(rename_all = "UPPERCASE")]
enum Stage {
    Speculative,
    Final,
}

/// How audio is written.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SseFormat"))]
#[serde(rename_all = "lowercase")]
enum Format {
    Pcm,
}

pub(super) fn transcript(stamped: &Stamped, line: &event::Transcript) -> Bytes {
    let stage = match line.stage {
        TranscriptStage::Speculative => Stage::Speculative,
        TranscriptStage::Final => Stage::Final,
    };
    let is_final = line.stage == TranscriptStage::Final;
    let (role, cut) = (line.role.into(), line.cut.map(Heard::from));
    placed(stamped, Transcript { turn: line.turn, item: line.item, role, text: &line.text, stage, is_final, cut })
}

pub(super) fn audio(stamped: &Stamped, piece: &event::Audio) -> Bytes {
    let (audio, sample_rate, offset_ms) = (&piece.pcm[..], piece.rate.hz(), piece.offset);
    placed(stamped, Audio { turn: piece.turn, audio, format: Format::Pcm, sample_rate, channels: 1, offset_ms })
}

pub(super) fn start(stamped: &Stamped, turn: TurnId) -> Bytes {
    placed(stamped, ContentStart { turn, role: Speaker::Assistant })
}

pub(super) fn end(stamped: &Stamped, turn: TurnId, reason: TurnEnd) -> Bytes {
    placed(stamped, ContentEnd { turn, role: Speaker::Assistant, reason })
}

pub(super) fn tool_use(stamped: &Stamped, call: &event::ToolCall) -> Bytes {
    placed(stamped, ToolUse { turn: call.turn, id: call.id.as_str(), name: &call.name, arguments: &call.arguments })
}

pub(super) fn interrupted(stamped: &Stamped, turn: TurnId, heard_ms: Duration, error_ms: Duration) -> Bytes {
    placed(stamped, Interrupted { turn, heard: Heard { heard_ms, error_ms } })
}

pub(super) fn usage(stamped: &Stamped, total: Tokens, delta: Tokens, cost_usd: Option<Money>) -> Bytes {
    placed(stamped, Usage { total: total.into(), delta: delta.into(), cost_usd })
}

pub(super) fn failure(stamped: &Stamped, error: &Error) -> Bytes {
    let (code, message, retryable) = (error.code(), error.message(), error.is_retryable());
    let (request_id, hint) = (error.request_id(), error.hint());
    placed(stamped, Failure { kind: error.kind(), code, message, retryable, request_id, hint })
}

pub(super) fn done(stamped: &Stamped, reason: CloseReason, unsent: &Unsent) -> Bytes {
    placed(stamped, Done { reason, unsent_texts: &unsent.texts, unsent_audio_ms: unsent.audio })
}

fn placed(stamped: &Stamped, body: impl Serialize) -> Bytes {
    written(&Placed { seq: stamped.seq, at_ms: stamped.at, body })
}

impl From<Role> for Speaker {
    fn from(role: Role) -> Self {
        match role {
            Role::System => Speaker::System,
            Role::SystemSpeech => Speaker::SystemSpeech,
            Role::User => Speaker::User,
            Role::Assistant => Speaker::Assistant,
            Role::Tool => Speaker::Tool,
            Role::Other => Speaker::Other,
        }
    }
}

impl From<Cut> for Heard {
    fn from(cut: Cut) -> Self {
        Heard { heard_ms: cut.heard, error_ms: cut.error }
    }
}

impl From<Tokens> for Counts {
    fn from(tokens: Tokens) -> Self {
        let Tokens { speech_in, text_in, speech_out, text_out } = tokens;
        Counts { speech_in, text_in, speech_out, text_out }
    }
}

/// Adds every body to a schema.
#[cfg(feature = "schema")]
pub(super) fn describe(generator: &mut schemars::SchemaGenerator) {
    generator.subschema_for::<Placed<Transcript<'_>>>();
    generator.subschema_for::<Placed<Audio<'_>>>();
    generator.subschema_for::<Placed<ContentStart>>();
    generator.subschema_for::<Placed<ContentEnd>>();
    generator.subschema_for::<Placed<ToolUse<'_>>>();
    generator.subschema_for::<Placed<Interrupted>>();
    generator.subschema_for::<Placed<Usage>>();
    generator.subschema_for::<Placed<Failure<'_>>>();
    generator.subschema_for::<Placed<Done<'_>>>();
}
