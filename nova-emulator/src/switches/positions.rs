//! The positions that a switch can have.

use serde::{Deserialize, Serialize};

/// Declares enums whose variants have a written form, and lists those forms for help texts and tests.
macro_rules! positions {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $position:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $position,)+
        }

        impl $name {
            /// The written forms of all positions.
            pub const POSITIONS: &'static [&'static str] = &[$($text),+];
        }
    )+};
}

positions! {
    /// Something extra that happens or does not.
    Toggle {
        /// It does not.
        Off = "off",
        /// It does.
        On = "on",
    }
    /// What becomes of something that may or may not be allowed.
    Verdict {
        /// It is taken.
        Accepted = "accepted",
        /// It is refused, which ends the session.
        Refused = "refused",
    }
    /// When the response headers are released.
    Headers {
        /// When the SYSTEM block closes, an AUDIO block opens, or something fails.
        AfterSystem = "after-system",
        /// As soon as the request is there.
        AtOnce = "at-once",
        /// When `sessionStart` is accepted.
        AfterSessionStart = "after-session-start",
        /// When an AUDIO block opens.
        AfterAudio = "after-audio",
        /// Never; not even an error is sent.
        Never = "never",
    }
    /// How an error travels that occurs while the response headers are unsent.
    EarlyFault {
        /// As an HTTP error.
        HttpError = "http-error",
        /// As an exception message behind a status 200.
        InStream = "in-stream",
    }
    /// Whether signatures are checked where a secret is configured.
    Signatures {
        /// The request and the chain of events are verified.
        Verified = "verified",
        /// They are only decoded.
        DecodeOnly = "decode-only",
    }
    /// The sentence for a prompt that does not begin with SYSTEM.
    MissingSystem {
        /// `System instructions are missing`.
        Named = "named",
        /// `Invalid input request, please fix your input and try again.`
        Generic = "generic",
    }
    /// What happens on a result for a tool call that was never made.
    UnknownToolUse {
        /// It ends the session.
        Fatal = "fatal",
        /// The result is ignored.
        Ignored = "ignored",
    }
    /// What happens on interactive text when the AUDIO block is closed.
    TextAfterAudio {
        /// It is answered.
        Answered = "answered",
        /// It is taken and produces nothing.
        Ignored = "ignored",
        /// It is refused.
        Refused = "refused",
    }
    /// How much history a prompt may carry.
    HistoryLimit {
        /// 40 KB for v1, 200 KB for v2 and v2.5.
        ByModel = "by-model",
        /// 1 KB per message, 40 KB in all.
        Kb40 = "40kb",
        /// 50 KB per message, 200 KB in all.
        Kb200 = "200kb",
    }
    /// When `completionStart` comes.
    CompletionStart {
        /// At the first start of speech or the first accepted interactive text.
        AtSpeechStart = "at-speech-start",
        /// Directly before the first USER transcript (or the answer, for typed text).
        BeforeTranscript = "before-transcript",
        /// Directly behind the first USER transcript.
        AfterTranscript = "after-transcript",
    }
    /// What one completion spans.
    CompletionScope {
        /// The prompt, as measured.
        Prompt = "prompt",
        /// A turn, as the documentation reads.
        Turn = "turn",
    }
    /// Whether `userSpeechStart` and `userSpeechEnd` are sent.
    BoundaryEvents {
        /// By v2 and v2.5, not by v1.
        ByModel = "by-model",
        /// By every model.
        On = "on",
        /// By none.
        Off = "off",
    }
    /// Where `userSpeechEnd` stands.
    SpeechEndOrder {
        /// Before the USER transcript.
        BeforeTranscript = "before-transcript",
        /// Behind the USER transcript.
        AfterTranscript = "after-transcript",
    }
    /// How long a silence ends an utterance.
    Endpointing {
        /// 500 ms, in whole frames of 32 ms.
        Measured = "measured",
        /// 1.5, 1.75 or 2.0 s, by `endpointingSensitivity`.
        Documented = "documented",
    }
    /// When the FINAL text of an answer comes.
    FinalText {
        /// 3 s behind the last audio (scaled by the clock), or at `promptEnd`.
        After = "after",
        /// Before the audio of its sentence.
        Early = "early",
        /// At the user's next speech or text, or at `promptEnd`.
        Late = "late",
        /// Never.
        Never = "never",
    }
    /// How an AUDIO block ends that a barge-in cuts.
    BargeInAudioEnd {
        /// `END_TURN`.
        EndTurn = "end-turn",
        /// `PARTIAL_TURN`.
        PartialTurn = "partial-turn",
        /// `INTERRUPTED`.
        Interrupted = "interrupted",
    }
    /// How a barge-in shows.
    BargeInSignal {
        /// As a TEXT block that ends `INTERRUPTED`.
        TextBlock = "text-block",
        /// As `userSpeechStart` alone; cut blocks end `PARTIAL_TURN`.
        SpeechStartOnly = "speech-start-only",
    }
    /// Which comes first when a barge-in cuts an open AUDIO block.
    BargeInOrder {
        /// The AUDIO `contentEnd`.
        AudioEndFirst = "audio-end-first",
        /// The TEXT block that ends `INTERRUPTED`, inside the open AUDIO block.
        SignalFirst = "signal-first",
    }
    /// How the text of the interruption is written.
    BargeInJson {
        /// `{ "interrupted" : true }`.
        Spaced = "spaced",
        /// `{"interrupted":true}`.
        Compact = "compact",
    }
    /// What interactive text does directly after an answer.
    TextAfterAnswer {
        /// It is answered.
        Answered = "answered",
        /// It opens no turn and marks the answer before it interrupted.
        MarksInterrupted = "marks-interrupted",
    }
    /// How the arguments of a tool call are written.
    ToolContent {
        /// As JSON text.
        Plain = "plain",
        /// As a JSON string that holds JSON text.
        DoubleEncoded = "double-encoded",
    }
    /// What `promptEnd` does to an utterance whose end has not been found.
    PromptEnd {
        /// It is forgotten.
        DropsPending = "drops-pending",
        /// It is answered.
        FlushesPending = "flushes-pending",
    }
    /// How long the input may be idle.
    Idle {
        /// 60 s for v1, 55 s for v2 and v2.5.
        ByModel = "by-model",
        /// 55 s.
        Seconds55 = "55",
        /// 60 s.
        Seconds60 = "60",
        /// 295 s.
        Seconds295 = "295",
    }
    /// Whether silent audio keeps the input from being idle.
    IdleSilence {
        /// It does.
        Counts = "counts",
        /// Only audible audio does.
        Ignored = "ignored",
    }
    /// Whether v1 is still there.
    ModelV1 {
        /// It answers.
        Alive = "alive",
        /// It is refused, past its end of life.
        Retired = "retired",
    }
}
