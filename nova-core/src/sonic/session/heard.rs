//! What a session hears, with AWS's spelling stripped.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::error::Error;
use crate::ids::{ContentId, ToolUseId};
use crate::sonic::state::BlockKind;
use crate::sonic::wire::{Stop, UsageReport};

/// Something that came from the service.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Heard {
    /// The model takes part from here on; once per session as a rule.
    CompletionStarted,
    /// The model takes no part any more.
    CompletionEnded,
    /// The user began to speak.
    UserSpeechStarted {
        /// Where, in time of the input audio.
        offset: Duration,
    },
    /// The user stopped speaking.
    UserSpeechEnded {
        /// Where, in time of the input audio.
        offset: Duration,
        /// Where the service noticed, in time of the input audio.
        detected: Duration,
    },
    /// A block opens.
    BlockStarted {
        /// The block.
        id: ContentId,
        /// What it will hold.
        kind: BlockKind,
    },
    /// A piece of text.
    Text {
        /// The block.
        id: ContentId,
        /// What the block holds.
        kind: BlockKind,
        /// The piece.
        text: String,
    },
    /// A piece of the assistant's voice, in whole samples wherever the service cut it.
    Audio {
        /// The block.
        id: ContentId,
        /// 16-bit little-endian samples.
        pcm: Bytes,
    },
    /// The model asks for a tool, and its block is complete: it may run now. Comes just before the block's end.
    ToolUse {
        /// Names this use; the answer carries it.
        id: ToolUseId,
        /// Name of the tool.
        name: String,
        /// Its arguments, as a rule an object.
        arguments: Value,
    },
    /// A block closes.
    BlockEnded {
        /// The block.
        id: ContentId,
        /// What it held.
        kind: BlockKind,
        /// All of its text; empty for audio and tools.
        text: String,
        /// Why it ended.
        stop: Stop,
    },
    /// The user spoke into the answer: drop what is not yet played.
    Interrupted,
    /// Tokens were counted.
    Usage(UsageReport),
    /// An event that this version does not know.
    Unknown {
        /// Its name.
        name: String,
        /// Its body as it came.
        body: Value,
    },
    /// The service broke its grammar (reference §4.3); what came was used all the same.
    Warning(String),
    /// The service ended the stream in order.
    Ended,
    /// The session is dead.
    Failed(Error),
}

impl Heard {
    /// Returns the variant's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Heard::CompletionStarted => "CompletionStarted",
            Heard::CompletionEnded => "CompletionEnded",
            Heard::UserSpeechStarted { .. } => "UserSpeechStarted",
            Heard::UserSpeechEnded { .. } => "UserSpeechEnded",
            Heard::BlockStarted { .. } => "BlockStarted",
            Heard::Text { .. } => "Text",
            Heard::Audio { .. } => "Audio",
            Heard::ToolUse { .. } => "ToolUse",
            Heard::BlockEnded { .. } => "BlockEnded",
            Heard::Interrupted => "Interrupted",
            Heard::Usage(_) => "Usage",
            Heard::Unknown { .. } => "Unknown",
            Heard::Warning(_) => "Warning",
            Heard::Ended => "Ended",
            Heard::Failed(_) => "Failed",
        }
    }
}

// What was said stays out of logs.
impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(self.name());
        match self {
            Heard::UserSpeechStarted { offset } => out.field("offset", offset),
            Heard::UserSpeechEnded { offset, detected } => out.field("offset", offset).field("detected", detected),
            Heard::BlockStarted { id, kind } => out.field("id", id).field("kind", kind),
            Heard::Text { id, kind, text } => out.field("id", id).field("kind", kind).field("bytes", &text.len()),
            Heard::Audio { id, pcm } => out.field("id", id).field("bytes", &pcm.len()),
            Heard::ToolUse { id, name, .. } => out.field("id", id).field("name", name),
            Heard::BlockEnded { id, kind, text, stop } => {
                out.field("id", id).field("kind", kind).field("bytes", &text.len()).field("stop", stop)
            }
            Heard::Usage(report) => out.field("report", report),
            Heard::Unknown { name, .. } => out.field("name", name),
            Heard::Warning(sentence) => out.field("sentence", sentence),
            Heard::Failed(error) => out.field("error", error),
            Heard::CompletionStarted | Heard::CompletionEnded | Heard::Interrupted | Heard::Ended => &mut out,
        };
        out.finish()
    }
}
