//! A call at one moment, written down: enough for another process, machine or language to go on with it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::{Config, Message};
use super::event::{ItemId, ToolCall, ToolOutcome, Transcript, TurnId};
use super::wire::Role;
use crate::error::{Error, ErrorKind, Result};
use crate::usage::{BudgetLevel, BudgetMeasure, BudgetScope, Money, Usage};

/// The form of a snapshot; a change that an older reader would misread counts it up.
const FORM: u32 = 1;

/// A call at one moment: its configuration, what was said and heard, tools under way, usage.
///
/// It holds what people said, and no credentials: those belong to the transport. It reads and writes as JSON, the same in
/// every language. [`Conversation::resume`](super::Conversation::resume) goes on from it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Snapshot {
    /// The form of what follows.
    pub snapshot: u32,
    /// Time since the call began.
    #[serde(rename = "atMs", with = "super::millis")]
    pub at: Duration,
    /// Number of the last event.
    pub seq: u64,
    /// What the call was made with, except for what `lines` holds.
    pub config: Config,
    /// What was said and heard so far, oldest first, by the best knowledge of that moment.
    pub lines: Vec<Line>,
    /// What was left out of them for good because the whole grew too long.
    pub trimmed: Left,
    /// Lines that the application knows, as they would have ended.
    pub unsettled: Vec<Transcript>,
    /// Number of the last line.
    pub items: ItemId,
    /// Number of the last turn.
    pub turns: TurnId,
    /// Turns that were not over.
    pub open: Vec<OpenTurn>,
    /// Tool calls that were under way.
    pub tools: Vec<PendingTool>,
    /// Results that the model was told and had not answered.
    pub results: Vec<ToldResult>,
    /// Texts that waited to be typed.
    pub typed: Vec<WaitingText>,
    /// Answers that were being played: the ledger of what was heard.
    pub playing: Vec<Playing>,
    /// What was used so far.
    pub usage: Usage,
    /// Bounds of budgets that were told of.
    pub budget_told: Vec<(BudgetScope, BudgetMeasure, BudgetLevel)>,
    /// Sessions that were put to use.
    pub sessions: u32,
    /// Samples of the user's audio that had been sent.
    pub user_samples: u64,
}

/// A line of what was said.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Line {
    /// Its turn; none for what was said before the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnId>,
    /// Who said it.
    pub role: Role,
    /// The words: of an answer those that were heard.
    pub text: String,
}

/// What is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Left {
    /// Lines.
    pub lines: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// A turn that was not over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OpenTurn {
    /// The turn.
    pub turn: TurnId,
    /// What the user asked, as far as its words are known.
    pub question: Option<String>,
    /// Whether its answer had begun to sound; then it is not asked again.
    pub answer: Answer,
}

/// How far an answer had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Answer {
    /// Nothing of it was heard.
    Owed,
    /// It sounded.
    Begun,
}

/// A tool call that was under way.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PendingTool {
    /// The call.
    pub call: ToolCall,
    /// Whether it can have run.
    pub run: Run,
}

/// Whether a tool can have run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Run {
    /// It waited for its moment.
    NotYet,
    /// It ran, or may have been begun right after; nobody knows how far it came.
    Unknown,
}

/// A result that the model was told and had not answered.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToldResult {
    /// The call.
    pub call: ToolCall,
    /// Its result.
    pub result: Value,
    /// How it ended.
    pub outcome: ToolOutcome,
}

/// A text that waited to be typed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WaitingText {
    /// The words.
    pub text: String,
    /// Whose they are.
    pub from: TextFrom,
}

/// Whose words a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum TextFrom {
    /// The user's.
    User,
    /// The application's, in the user's place.
    Application,
    /// The call's own, in a turn.
    Call(TurnId),
}

/// An answer that was being played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Playing {
    /// Whose.
    pub turn: TurnId,
    /// How much of it had been heard.
    #[serde(rename = "heardMs", with = "super::millis")]
    pub heard: Duration,
    /// How much of it had come.
    #[serde(rename = "deliveredMs", with = "super::millis")]
    pub delivered: Duration,
}

impl Snapshot {
    /// The form of the snapshots that this version writes, and the only one that it reads.
    pub const FORM: u32 = FORM;

    /// Returns what was said and heard, as [`Builder::history`](super::Builder::history) takes it.
    pub fn history(&self) -> impl Iterator<Item = Message> + '_ {
        self.lines.iter().map(|line| Message { role: line.role, text: line.text.clone() })
    }

    /// Returns what all of it has cost so far; none where a price is unknown.
    #[must_use]
    pub fn cost(&self) -> Option<Money> {
        self.usage.cost
    }

    /// Writes it as JSON.
    #[must_use]
    #[allow(clippy::expect_used, reason = "see the sentence")]
    pub fn to_json(&self) -> Bytes {
        serde_json::to_vec(self).expect("a snapshot is a tree of named members, texts and numbers").into()
    }

    /// Reads what [`to_json`](Self::to_json) has written, in this version or another of the same form.
    ///
    /// # Errors
    /// `Invalid`, code `snapshot`, if it is none, or one of a form that this version cannot read; the sentence holds
    /// nothing of what is in it.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let refused = |sentence: String| Error::new(ErrorKind::Invalid, sentence).with_code("snapshot");
        #[derive(Deserialize)]
        struct Form {
            snapshot: u32,
        }
        let Form { snapshot: form } = serde_json::from_slice(json)
            .map_err(|error| refused(format!("It is no snapshot of a call (line {}).", error.line())))?;
        if form != FORM {
            let sentence = format!("It is a snapshot of form {form}; this version reads form {FORM}.");
            return Err(refused(sentence).with_hint("Resume the call with the version that wrote it."));
        }
        serde_json::from_slice(json).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            refused(format!("The snapshot cannot be read at line {line}, column {column}."))
        })
    }
}

// What was said stays out of logs.
impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("at", &self.at)
            .field("seq", &self.seq)
            .field("lines", &self.lines.len())
            .field("turns", &self.turns)
            .field("open", &self.open.len())
            .field("tools", &self.tools.len())
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({:?}, {:?}, {} bytes)", self.turn, self.role, self.text.len())
    }
}

impl fmt::Debug for OpenTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenTurn({}, {:?})", self.turn, self.answer)
    }
}

impl fmt::Debug for PendingTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PendingTool({:?}, {:?})", self.call, self.run)
    }
}

impl fmt::Debug for ToldResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToldResult({:?}, {:?})", self.call, self.outcome)
    }
}

impl fmt::Debug for WaitingText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WaitingText({:?}, {} bytes)", self.from, self.text.len())
    }
}
