//! What an application hears.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audio::SampleRate;
use crate::error::Error;
use crate::ids::ToolUseId;
use crate::sonic::wire::{Role, Tokens};
use crate::usage::{BudgetLevel, BudgetMeasure, BudgetScope, Money};

/// −50 dB of full scale: 32,768 × 10^(−50/20).
const AUDIBLE: u16 = 104;

/// Number of a turn, counted from 1 over the whole call, with a gap where it was resumed from a snapshot: what the user said and what the assistant answered.
pub type TurnId = u64;

/// Number of a transcript item, counted as turns are; a line that is never shown takes one too.
pub type ItemId = u64;

/// An event with its place in the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Event"))]
pub struct Stamped {
    /// Counts from 1 without gaps. Sound of an answer that was cut before it was read is not seen, and its numbers are
    /// missing then; a call that is resumed from a snapshot leaves room for what the snapshot missed, so that no number
    /// is ever given twice.
    pub seq: u64,
    /// Time since the call began.
    #[serde(rename = "atMs", with = "crate::sonic::millis")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
    pub at: Duration,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// What happens in a conversation, in order.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Event {
    /// The service accepted the first session: the call has begun.
    Connected {
        /// The service's request id, for a support case.
        request_id: Option<String>,
    },
    /// The service noticed that the user began to speak.
    UserSpeechStarted {
        /// Where in the audio that the application handed over, counted over the whole call; silence that the call
        /// itself puts in between is not counted.
        #[serde(rename = "offsetMs", with = "crate::sonic::millis")]
        #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
        offset: Duration,
    },
    /// The service noticed that the user stopped speaking.
    UserSpeechEnded {
        /// Where in the audio that the application handed over, counted as in [`Event::UserSpeechStarted`].
        #[serde(rename = "offsetMs", with = "crate::sonic::millis")]
        #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
        offset: Duration,
    },
    /// A line of the transcript is new or has changed; it replaces the earlier version of the same `item`.
    Transcript(Transcript),
    /// A piece of the assistant's voice.
    Audio(Audio),
    /// The user spoke into the answer, or the application interrupted it: stop playing it. Audio of this turn that was not yet read is gone already.
    Interrupted {
        /// The turn whose answer was cut.
        turn: TurnId,
        /// How much of the answer's audio was heard, by the best knowledge of this side. If the answer has a transcript
        /// line, its next version says which words that were.
        #[serde(rename = "heardMs", with = "crate::sonic::millis")]
        #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
        heard: Duration,
        /// How far from the truth that may be, in either direction; zero if it is certain.
        #[serde(rename = "errorMs", with = "crate::sonic::millis", default)]
        #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
        error: Duration,
    },
    /// A tool that the model asks for is to run now. Handlers registered with the builder run by themselves; otherwise
    /// answer it with `answer_tool`.
    ///
    /// A call that waits for its moment (see [`Contract::at_once`](crate::sonic::Contract::at_once)) is told when that
    /// has come, and one that must not run, for whatever reason, never: there is only its [`Event::ToolDone`].
    ToolCall(ToolCall),
    /// A call of the model's is over: its result, or why there is none, went to the model. Told exactly once per call.
    ToolDone {
        /// The call it answers.
        id: ToolUseId,
        /// Name of the tool.
        name: String,
        /// How it ended.
        outcome: ToolOutcome,
    },
    /// A turn is over.
    ///
    /// An answer is over when all of it has been told. It may still be playing, and an interruption still cuts its line.
    TurnEnded {
        /// The turn.
        turn: TurnId,
        /// How it ended.
        end: TurnEnd,
        /// What the user waited for.
        latency: Latency,
    },
    /// What the call has used so far, over all of its sessions.
    Usage {
        /// Tokens so far.
        total: Tokens,
        /// Tokens since the event before.
        #[serde(default)]
        delta: Tokens,
        /// What all of them cost at list prices; none where a price is unknown.
        #[serde(default)]
        cost: Option<Money>,
    },
    /// A bound of a budget was reached. A hard one ends the call: what the assistant still says is its farewell.
    Budget {
        /// Whose budget.
        scope: BudgetScope,
        /// What of it.
        measure: BudgetMeasure,
        /// Whether the call goes on.
        level: BudgetLevel,
    },
    /// The session was lost for a passing reason; the conversation opens another one with the history so far, and what
    /// the user says meanwhile is kept for it. [`Event::Renewed`] says when it is there.
    Reconnecting {
        /// What ended the session, or the attempt before.
        reason: Error,
        /// Which attempt this is, from 1.
        attempt: u32,
    },
    /// The call goes on in another session. Nothing is asked of the application: history, unanswered words and tools
    /// have moved too.
    Renewed {
        /// Which session of the call this is, from 2.
        session: u32,
        /// The service's request id, for a support case.
        request_id: Option<String>,
        /// Why.
        reason: RenewReason,
        /// User audio that the last session had taken and not answered, and that the new one was told again.
        #[serde(rename = "replayedMs", with = "crate::sonic::millis")]
        #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
        replayed: Duration,
        /// User audio that the last session had taken and not answered, and that is too old to be told again, or that the
        /// service's content filter may have refused.
        #[serde(rename = "lostMs", with = "crate::sonic::millis")]
        #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
        lost: Duration,
    },
    /// A sentence of an answer was not simply passed by whoever reviews the answers.
    Reviewed {
        /// The turn it is part of.
        turn: TurnId,
        /// What became of it.
        outcome: ReviewOutcome,
    },
    /// Nobody has said anything for a while; it is told again each time as long.
    UserIdle {
        /// Since the last word of either side.
        #[serde(rename = "silentMs", with = "crate::sonic::millis")]
        #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
        silent: Duration,
    },
    /// The history is longer than the model takes: its oldest lines were left out of the new session.
    HistoryTrimmed {
        /// Lines that were left out.
        lines: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// Input audio was given up.
    InputDropped {
        /// How much.
        #[serde(rename = "durationMs", with = "crate::sonic::millis")]
        #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
        duration: Duration,
        /// Why.
        why: DropReason,
    },
    /// The application read too slowly, or begins to read too late: these events, audio first, are not kept any more. It
    /// is told where they are missing, with the number of the last of them.
    Gap {
        /// How many events are missing.
        events: u64,
        /// How much audio is among them.
        #[serde(rename = "audioMs", with = "crate::sonic::millis")]
        #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
        audio: Duration,
    },
    /// The service sent an event that this version does not know, or broke its own grammar; nothing was lost.
    Unknown {
        /// Name of the event, or the broken rule.
        name: String,
        /// Its body as it came; null for a broken rule.
        body: Value,
    },
    /// The last event: the call is over.
    Closed {
        /// Why.
        reason: CloseReason,
        /// The failure, when one ended it.
        error: Option<Error>,
        /// What was handed over and never sent.
        unsent: Unsent,
    },
}

// What was said stays out of logs, and an unknown event may hold it.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Connected { .. } => write!(f, "Connected"),
            Event::UserSpeechStarted { offset } => write!(f, "UserSpeechStarted({offset:?})"),
            Event::UserSpeechEnded { offset } => write!(f, "UserSpeechEnded({offset:?})"),
            Event::Transcript(line) => line.fmt(f),
            Event::Audio(audio) => audio.fmt(f),
            Event::Interrupted { turn, heard, error } => {
                write!(f, "Interrupted(turn {turn}, heard {heard:?} ± {error:?})")
            }
            Event::ToolCall(call) => call.fmt(f),
            Event::ToolDone { id, name, outcome } => write!(f, "ToolDone({id}, {name}, {outcome:?})"),
            Event::TurnEnded { turn, end, latency } => write!(f, "TurnEnded(turn {turn}, {end:?}, {latency:?})"),
            Event::Usage { total, .. } => write!(f, "Usage({total:?})"),
            Event::Budget { scope, measure, level } => write!(f, "Budget({scope:?}, {measure:?}, {level:?})"),
            Event::Reconnecting { reason, attempt } => write!(f, "Reconnecting(attempt {attempt}, {reason:?})"),
            Event::Renewed { session, reason, replayed, lost, .. } => {
                write!(f, "Renewed(session {session}, {reason:?}, replayed {replayed:?}, lost {lost:?})")
            }
            Event::Reviewed { turn, outcome } => write!(f, "Reviewed(turn {turn}, {outcome:?})"),
            Event::UserIdle { silent } => write!(f, "UserIdle({silent:?})"),
            Event::HistoryTrimmed { lines, bytes } => write!(f, "HistoryTrimmed({lines} lines, {bytes} bytes)"),
            Event::InputDropped { duration, why } => write!(f, "InputDropped({duration:?}, {why:?})"),
            Event::Gap { events, audio } => write!(f, "Gap({events} events, {audio:?} of audio)"),
            Event::Unknown { name, .. } => write!(f, "Unknown({name})"),
            Event::Closed { reason, error, unsent } => write!(f, "Closed({reason:?}, {error:?}, {unsent:?})"),
        }
    }
}

/// Why a call goes on in another session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum RenewReason {
    /// The session grew old, and the moment was quiet.
    Age,
    /// The session reached its last moment, whatever was going on.
    Deadline,
    /// The user had been silent for almost as long as the service puts up with.
    Silence,
    /// The credentials that signed the session were about to expire.
    Credentials,
    /// The session was lost; see [`Event::Reconnecting`].
    Recovery,
    /// Another process had the call before, and this one goes on from a snapshot.
    Resumed,
}

/// What became of a reviewed sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ReviewOutcome {
    /// Other words stand in its place, without sound.
    Replaced,
    /// Nobody decided in time, and it was not said.
    Withheld,
    /// Nobody decided in time, and it was said.
    Unreviewed,
}

/// Why input audio was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DropReason {
    /// The way up was blocked until it was too old to be worth saying.
    Stale,
    /// The assistant was speaking, in half duplex.
    HalfDuplex,
    /// The call ended first.
    Closed,
}

/// What an application handed over and the call never sent.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Unsent {
    /// Typed texts, oldest first.
    pub texts: Vec<String>,
    /// Audio, at the call's input rate.
    #[serde(skip)]
    pub pcm: Bytes,
    /// Length of the audio.
    #[serde(rename = "audioMs", with = "crate::sonic::millis")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
    pub audio: Duration,
}

// What was said stays out of logs.
impl fmt::Debug for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unsent({} texts, {:?} of audio)", self.texts.len(), self.audio)
    }
}

/// One line of the transcript.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// Which line; later versions of the same line carry the same number.
    pub item: ItemId,
    /// The turn it belongs to.
    pub turn: TurnId,
    /// Who speaks.
    pub role: Role,
    /// The whole line as known now. Empty in the final version of a line that was announced and of which nothing was
    /// said or heard after all: take it off the page.
    pub text: String,
    /// How certain it is.
    pub stage: TranscriptStage,
    /// Where the answer was cut by an interruption; none for a line that was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
}

/// Where an answer was cut, by the best knowledge of this side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Cut {
    /// How much of the answer's audio was heard.
    #[serde(rename = "heardMs", with = "crate::sonic::millis")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
    pub heard: Duration,
    /// How far the end of the line's words may be from what was heard, as time of speech in either direction; zero if
    /// the words are certain. The service tells them later, or never.
    #[serde(rename = "errorMs", with = "crate::sonic::millis", default)]
    #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
    pub error: Duration,
}

impl Cut {
    /// Says whether the words are an estimate, made from the clock of the answer's sound.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        !self.error.is_zero()
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcript")
            .field("item", &self.item)
            .field("turn", &self.turn)
            .field("role", &self.role)
            .field("stage", &self.stage)
            .field("text_bytes", &self.text.len())
            .field("cut", &self.cut)
            .finish()
    }
}

/// How certain a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum TranscriptStage {
    /// What the assistant is about to say.
    Speculative,
    /// What was said, and heard. A later version of the line may still correct it.
    Final,
}

/// A piece of the assistant's voice: 16-bit little-endian PCM, mono.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::sonic::api::with_pcm))]
#[serde(rename_all = "camelCase")]
pub struct Audio {
    /// The turn it answers.
    pub turn: TurnId,
    /// The samples; their length varies from piece to piece.
    #[serde(skip)]
    pub pcm: Bytes,
    /// Sample rate.
    pub rate: SampleRate,
    /// Where in this turn's answer the piece begins.
    #[serde(rename = "offsetMs", with = "crate::sonic::millis")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::sonic::millis::Millis"))]
    pub offset: Duration,
}

impl Audio {
    /// Returns how long the piece sounds.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.rate.duration(self.pcm.len() / 2)
    }

    /// Returns where in the piece something can be heard first: a sample louder than −50 dB of full scale, which is far
    /// below speech and above the noise that a voice begins with.
    #[must_use]
    pub fn first_audible(&self) -> Option<Duration> {
        self.samples().position(|sample| sample.unsigned_abs() > AUDIBLE).map(|at| self.rate.duration(at))
    }

    /// Returns the samples as numbers.
    pub fn samples(&self) -> impl Iterator<Item = i16> + '_ {
        self.pcm.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
    }
}

impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audio")
            .field("turn", &self.turn)
            .field("offset", &self.offset)
            .field("bytes", &self.pcm.len())
            .finish_non_exhaustive()
    }
}

/// The model's wish to use a tool.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// The turn in which it was asked.
    pub turn: TurnId,
    /// Names this call, and no other one of the last thousand; answer it exactly once. It is the service's own name,
    /// unless another session of the call has used that before.
    pub id: ToolUseId,
    /// Name of the tool.
    pub name: String,
    /// Its arguments, a JSON object.
    pub arguments: Value,
}

impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCall")
            .field("turn", &self.turn)
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How a tool call ended. Whichever it is, the model was told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ToolOutcome {
    /// The handler's result was sent.
    Answered,
    /// The handler's result was too long: its beginning was sent.
    Shortened,
    /// The handler failed.
    Failed,
    /// It took longer than its deadline.
    TimedOut,
    /// It was stopped, or never begun, because the user spoke or the application interrupted.
    Cancelled,
    /// It was not run: there is no tool of that name.
    UnknownTool,
    /// It was not run: its arguments are no JSON object.
    BadArguments,
    /// It was not run: too many calls were under way already.
    TooMany,
    /// The process that ran it is gone, and nobody knows how far it came: it is not run again.
    Unknown,
    /// The call ended first, or only a session knew of it that is gone: nobody could be told.
    Abandoned,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum TurnEnd {
    /// The answer was delivered to its end. Playing it takes longer, and it may still be [interrupted](Event::Interrupted).
    Answered,
    /// The user spoke into the answer, or the application interrupted it.
    Interrupted,
    /// No answer, or no further word of one, within the deadline.
    NoAnswer,
    /// The session was lost before the answer was complete.
    Lost,
    /// The call was closed first.
    Closed,
    /// The service's content filter refused it.
    Filtered,
}

/// What the user waited for, counted from the end of speech (or from the sending of a text).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// Until the first word of the answer's text.
    #[serde(rename = "firstTextMs", with = "crate::sonic::millis::option", default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::sonic::millis::Millis>"))]
    pub first_text: Option<Duration>,
    /// Until the first piece of the answer's audio.
    #[serde(rename = "firstAudioMs", with = "crate::sonic::millis::option", default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::sonic::millis::Millis>"))]
    pub first_audio: Option<Duration>,
    /// Until the first sample that can be heard, if the answer is played as soon as it comes: many answers begin with
    /// some silence.
    #[serde(rename = "firstAudibleMs", with = "crate::sonic::millis::option", default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::sonic::millis::Millis>"))]
    pub first_audible: Option<Duration>,
}

/// Why a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum CloseReason {
    /// This side closed it, and everything owed was delivered.
    Finished,
    /// This side closed it, and the peer did not end the stream within the deadline.
    CloseTimedOut,
    /// The service ended the stream without being asked, again and again.
    PeerEnded,
    /// Nobody said anything for as long as [`Idle::hang_up`](crate::sonic::Idle::hang_up).
    Idle,
    /// The call reached [`Idle::longest_call`](crate::sonic::Idle::longest_call).
    LongestCall,
    /// This process has given the call up, and another one may go on from a snapshot.
    Parked,
    /// A hard bound of a [budget](crate::usage::Budget) was reached.
    Budget,
    /// A failure ended it; the event carries it.
    Failed,
}
