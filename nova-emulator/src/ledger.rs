//! What a session heard, said and billed, for tests to compare with what a client says it saw.

use std::{fmt, time::Duration};

/// The account of one session. `Debug` shows counts, never a text.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Ledger {
    /// Events taken in and judged good.
    pub events_in: u64,
    /// Events given out.
    pub events_out: u64,
    /// Audio samples received.
    pub audio_samples_in: u64,
    /// The audio itself, 16-bit little-endian samples as they came; empty unless [`InputAudio::Kept`] asks for it.
    ///
    /// [`InputAudio::Kept`]: crate::InputAudio::Kept
    pub audio_in: Vec<u8>,
    /// The rate of the last AUDIO block, in samples per second.
    pub audio_rate_in: u32,
    /// Utterances found in the audio.
    pub utterances: Vec<Utterance>,
    /// The transcripts sent for them.
    pub heard: Vec<String>,
    /// Interactive text, answered or not.
    pub typed: Vec<String>,
    /// Turns begun: answers to speech or to text, empty answers included.
    pub turns: u64,
    /// Sentences begun.
    pub said: Vec<Said>,
    /// Interruptions signalled.
    pub interruptions: u64,
    /// Tool calls made.
    pub tool_calls: Vec<ToolCall>,
    /// What was billed.
    pub tokens: Tokens,
    /// How the session ended, once it has.
    pub ending: Option<Ending>,
}

/// One utterance; milliseconds of input audio, not of wall time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Utterance {
    /// Where speech began.
    pub start_ms: u64,
    /// Where it ended.
    pub end_ms: u64,
}

/// One sentence of an answer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Said {
    /// The text.
    pub text: String,
    /// Audio samples of the sentence, at the prompt's output rate.
    pub samples: u64,
    /// Audio samples that were sent; fewer after an interruption.
    pub sent: u64,
}

/// One tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCall {
    /// The id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// When its result came, since the connection opened.
    pub answered_at: Option<Duration>,
}

/// Tokens, as the usage events add them up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tokens {
    /// Speech of the user.
    pub speech_in: u64,
    /// Text of the user, the system prompt, the history and tools.
    pub text_in: u64,
    /// Speech of the model.
    pub speech_out: u64,
    /// Text of the model.
    pub text_out: u64,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// In order: everything was closed, or the input ended.
    Orderly,
    /// With an error of this name.
    Failed(&'static str),
    /// By a fault that was asked for.
    Fault,
    /// The client vanished.
    Gone,
}

impl Tokens {
    /// Adds two accounts.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            speech_in: self.speech_in + other.speech_in,
            text_in: self.text_in + other.text_in,
            speech_out: self.speech_out + other.speech_out,
            text_out: self.text_out + other.text_out,
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("events_in", &self.events_in)
            .field("events_out", &self.events_out)
            .field("audio_samples_in", &self.audio_samples_in)
            .field("utterances", &self.utterances)
            .field("typed", &self.typed.len())
            .field("turns", &self.turns)
            .field("said", &self.said)
            .field("interruptions", &self.interruptions)
            .field("tool_calls", &self.tool_calls.len())
            .field("tokens", &self.tokens)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} samples", self.sent, self.samples)
    }
}
