//! What the judge lets through.

use serde_json::Value;

use super::{
    prompt::Prompt,
    shape::{Hearing, Sensitivity},
};

/// What an accepted event means to the model.
#[derive(PartialEq)]
pub(crate) enum Accepted {
    /// The session began.
    SessionStarted(Sensitivity),
    /// A prompt began.
    Prompted(Prompt),
    /// The SYSTEM block closed, after this many bytes.
    SystemClosed(usize),
    /// Text closed that is read and not answered: history, context; of this many bytes.
    TextNoted(usize),
    /// An AUDIO block opened.
    AudioOpened {
        /// Samples per second.
        rate: u32,
        /// Whether the model listens.
        ear: Hearing,
    },
    /// Audio came, as little-endian 16-bit samples; a sample may be split between two chunks.
    Audio(Vec<u8>),
    /// The AUDIO block closed.
    AudioClosed,
    /// Interactive text is on its way.
    InteractiveProgress,
    /// The user typed this.
    Typed(String),
    /// A tool call got its result.
    ToolAnswered {
        /// The call.
        id: String,
        /// A JSON object.
        result: Value,
    },
    /// The prompt ended.
    PromptEnded,
    /// The session ended.
    SessionEnded,
    /// Nothing that the model reacts to.
    Nothing,
}
