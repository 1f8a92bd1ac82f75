//! What goes into a call and what comes out: the seam that the driver, the tests and the flight log share.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

use crate::error::Error;
use crate::ids::ToolUseId;
use crate::sonic::event::{Stamped, ToolCall, TurnId};
use crate::transport::{Failure, Target};
use crate::usage::{BudgetLevel, BudgetMeasure};

/// Names one link of a call; counted from 1, never reused. 0 names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LinkKey(pub u32);

impl fmt::Display for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link {}", self.0)
    }
}

/// Everything that can happen to a call.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Input {
    /// The service accepted the stream that [`Output::Open`] asked for.
    Opened {
        /// Which link.
        link: LinkKey,
        /// The service's request id.
        request_id: Option<String>,
        /// When the credentials that sign it expire, as time since the call began.
        #[serde(default, with = "crate::sonic::flight::compact::seconds::option")]
        identity_expires: Option<Duration>,
    },
    /// The link takes one more payload. It is answered by one [`Output::Send`], now or as soon as there is one.
    Ready {
        /// Which link.
        link: LinkKey,
    },
    /// A payload came.
    Frame {
        /// Which link.
        link: LinkKey,
        /// One whole event.
        #[serde(with = "crate::sonic::flight::compact::payload")]
        payload: Bytes,
    },
    /// The peer ended the stream in order.
    Ended {
        /// Which link.
        link: LinkKey,
    },
    /// The stream could not be opened, or broke.
    Failed {
        /// Which link.
        link: LinkKey,
        /// What happened.
        failure: Failure,
    },
    /// A tool came to an end: a JSON value, or a sentence that says why not.
    ToolDone {
        /// The call it answers.
        id: ToolUseId,
        /// Its result.
        result: Result<Value, String>,
    },
    /// The application took audio of an answer, presumably to play it.
    Taken {
        /// Whose audio.
        turn: TurnId,
        /// How much.
        #[serde(with = "crate::sonic::flight::compact::seconds")]
        duration: Duration,
    },
    /// The application says how much of an answer has come out of the loudspeaker; it knows better than the clock that
    /// starts with [`Taken`](Input::Taken).
    Played {
        /// Whose audio.
        turn: TurnId,
        /// From the beginning of the answer.
        #[serde(with = "crate::sonic::flight::compact::seconds")]
        position: Duration,
    },
    /// The application hands over audio: 16-bit little-endian PCM, mono, in pieces of any length.
    Audio {
        /// The bytes; an odd one waits for its other half.
        #[serde(with = "crate::sonic::flight::compact::pcm")]
        pcm: Bytes,
        /// What may happen to it when the way up is blocked.
        policy: AudioPolicy,
        /// When the application handed it over.
        #[serde(with = "crate::sonic::flight::compact::seconds")]
        at: Duration,
    },
    /// The application's microphone is off until there is more audio: once what was handed over is sent, the session's
    /// audio block is closed, and no silence is sent in its place.
    EndAudio,
    /// The application sends typed text.
    Text {
        /// The words.
        text: String,
    },
    /// The assistant is to speak first: an instruction that the user neither said nor sees.
    Greet {
        /// What it should say, as an instruction.
        text: String,
    },
    /// The application has decided about a sentence, asked for by [`Output::Review`].
    Reviewed {
        /// Which one.
        id: u64,
        /// What becomes of it.
        verdict: Verdict,
    },
    /// A snapshot that [`Output::Save`] asked for is kept.
    Saved {
        /// The newest revision that is in it.
        revision: u64,
    },
    /// A bound of the owner's budget was reached, by all calls of the owner together.
    OwnerBudget {
        /// What of it.
        measure: BudgetMeasure,
        /// Whether the call goes on.
        level: BudgetLevel,
    },
    /// The application interrupts the answer by itself.
    Interrupt,
    /// This process gives the call up, at once and without an end of what is open: another one goes on from a snapshot.
    Park {
        /// Why, if it does so because it must.
        error: Option<Error>,
    },
    /// The application has nothing more to say; the answer under way is still delivered.
    Finish,
    /// Time has passed.
    Tick,
}

/// What becomes of a sentence that was looked at.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Verdict {
    /// It is said.
    Pass,
    /// It is not said: these words stand in its place in transcript and history, without sound.
    Replace {
        /// The words; empty leaves nothing.
        text: String,
    },
}

// What was said stays out of logs.
impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Pass => write!(f, "Pass"),
            Verdict::Replace { text } => write!(f, "Replace({} bytes)", text.len()),
        }
    }
}

/// What may happen to input audio that cannot be sent in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AudioPolicy {
    /// Waits as long as it takes, and is sent in real time: recorded audio.
    Wait,
    /// Is given up when it is too old to be worth saying, and is sent at once otherwise: a live microphone.
    Live,
}

/// Everything that a call wants done.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "out", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Output {
    /// Open a link; answer with [`Input::Opened`] or [`Input::Failed`].
    Open {
        /// The new link's name.
        link: LinkKey,
        /// Where to.
        target: Target,
        /// The events that go out before the service answers anything.
        #[serde(with = "crate::sonic::flight::compact::payloads")]
        opening: Vec<Bytes>,
    },
    /// Send one payload.
    Send {
        /// Which link.
        link: LinkKey,
        /// One whole event.
        #[serde(with = "crate::sonic::flight::compact::payload")]
        payload: Bytes,
    },
    /// End the sending half in order; the receiving half stays open.
    Finish {
        /// Which link.
        link: LinkKey,
    },
    /// Drop the link; nothing more is heard of it.
    Abort {
        /// Which link.
        link: LinkKey,
    },
    /// Run a tool; answer with [`Input::ToolDone`].
    RunTool(ToolCall),
    /// Stop a tool whose result nobody waits for any more.
    CancelTool {
        /// Which call.
        id: ToolUseId,
    },
    /// Decide about a sentence of an answer; answer with [`Input::Reviewed`] within
    /// [`Review::deadline`](crate::sonic::Review::deadline).
    Review {
        /// Names the sentence.
        id: u64,
        /// The turn it is part of.
        turn: TurnId,
        /// Its words.
        text: String,
    },
    /// Keep [`Call::snapshot`](super::Call::snapshot) of now where another process finds it; answer with
    /// [`Input::Saved`]. A newer one makes an older one needless. Only for [`Snapshots::Kept`](crate::sonic::Snapshots).
    Save {
        /// Counts from 1.
        revision: u64,
    },
    /// Throw away audio of a turn that the application has not taken yet.
    Flush {
        /// Whose audio.
        turn: TurnId,
    },
    /// Tell the application.
    Event(Stamped),
    /// Nothing more to do before this time, unless an input comes; none: only an input can bring anything.
    Wait {
        /// Time since the call began.
        #[serde(with = "crate::sonic::flight::compact::seconds::option")]
        until: Option<Duration>,
    },
}

// Payloads and texts hold what people said: only sizes are shown.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Opened { link, .. } => write!(f, "Opened({link})"),
            Input::Ready { link } => write!(f, "Ready({link})"),
            Input::Frame { link, payload } => write!(f, "Frame({link}, {} bytes)", payload.len()),
            Input::Ended { link } => write!(f, "Ended({link})"),
            Input::Failed { link, failure } => write!(f, "Failed({link}, {failure:?})"),
            Input::ToolDone { id, result } => write!(f, "ToolDone({id}, ok: {})", result.is_ok()),
            Input::Taken { turn, duration } => write!(f, "Taken(turn {turn}, {duration:?})"),
            Input::Played { turn, position } => write!(f, "Played(turn {turn}, {position:?})"),
            Input::Audio { pcm, policy, .. } => write!(f, "Audio({} bytes, {policy:?})", pcm.len()),
            Input::EndAudio => write!(f, "EndAudio"),
            Input::Text { text } => write!(f, "Text({} bytes)", text.len()),
            Input::Greet { text } => write!(f, "Greet({} bytes)", text.len()),
            Input::Reviewed { id, verdict } => write!(f, "Reviewed({id}, {verdict:?})"),
            Input::Saved { revision } => write!(f, "Saved({revision})"),
            Input::OwnerBudget { measure, level } => write!(f, "OwnerBudget({measure:?}, {level:?})"),
            Input::Interrupt => write!(f, "Interrupt"),
            Input::Park { error } => write!(f, "Park({error:?})"),
            Input::Finish => write!(f, "Finish"),
            Input::Tick => write!(f, "Tick"),
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Output::Open { link, target, opening } => {
                write!(f, "Open({link}, {}, {} events)", target.model, opening.len())
            }
            Output::Send { link, payload } => write!(f, "Send({link}, {} bytes)", payload.len()),
            Output::Finish { link } => write!(f, "Finish({link})"),
            Output::Abort { link } => write!(f, "Abort({link})"),
            Output::RunTool(call) => write!(f, "RunTool({call:?})"),
            Output::CancelTool { id } => write!(f, "CancelTool({id})"),
            Output::Review { id, turn, text } => write!(f, "Review({id}, turn {turn}, {} bytes)", text.len()),
            Output::Save { revision } => write!(f, "Save({revision})"),
            Output::Flush { turn } => write!(f, "Flush(turn {turn})"),
            Output::Event(event) => write!(f, "Event({event:?})"),
            Output::Wait { until } => write!(f, "Wait({until:?})"),
        }
    }
}
