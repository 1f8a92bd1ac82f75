//! The life of one content block that we send: opened → fed → closed. An unfed block cannot be closed.

use std::fmt;

use crate::audio::SampleRate;
use crate::ids::{ContentName, PromptName, ToolUseId};
use crate::sonic::state::Move;
use crate::sonic::wire::Role;

/// What a block is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// The system prompt: first and once.
    System,
    /// The text that fixes the script of transcripts; second generation only, directly after the system prompt.
    SystemSpeech,
    /// One message of what was said before, by the user or the assistant; the first is the user's. While audio is open
    /// it is context that nobody answers (reference §4.2 note 1).
    History(Role),
    /// Typed text of the user's, to be answered aloud; second generation only, while or after audio is open.
    UserText,
    /// The user's voice: one block for the whole session as a rule.
    Audio {
        /// Its sample rate.
        rate: SampleRate,
    },
    /// The result of a tool that the service asked for.
    ToolResult {
        /// Names the use that is answered.
        tool_use_id: ToolUseId,
    },
}

impl Content {
    /// Returns the move that opens such a block; none for history by anybody but the two who talk.
    pub(crate) fn opening(&self) -> Option<Move> {
        Some(match self {
            Content::System => Move::OpenSystem,
            Content::SystemSpeech => Move::OpenSystemSpeech,
            Content::History(Role::User) => Move::OpenHistoryUser,
            Content::History(Role::Assistant) => Move::OpenHistoryAssistant,
            Content::History(_) => return None,
            Content::UserText => Move::OpenUserText,
            Content::Audio { .. } => Move::OpenAudio,
            Content::ToolResult { .. } => Move::OpenTool,
        })
    }

    /// Returns the move that closes such a block.
    pub(crate) fn closing(&self) -> Move {
        match self {
            Content::System | Content::SystemSpeech | Content::History(_) | Content::UserText => Move::CloseText,
            Content::Audio { .. } => Move::CloseAudio,
            Content::ToolResult { .. } => Move::CloseTool,
        }
    }
}

/// How far a block has come. A closed one is out of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Life {
    /// Opened, and nothing in it yet.
    Opened,
    /// Something is in it.
    Fed {
        /// Bytes of text, audio or result so far.
        bytes: usize,
    },
}

impl Life {
    /// Returns the bytes so far.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Life::Opened => 0,
            Life::Fed { bytes } => bytes,
        }
    }
}

/// One open block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) name: ContentName,
    pub(crate) content: Content,
    pub(crate) life: Life,
}

/// The open blocks of a session: never more than audio and one other. Names come from a counter, so none is used twice.
#[derive(Clone)]
pub(crate) struct Blocks {
    prompt: PromptName,
    made: u64,
    open: Vec<Block>,
}

impl Blocks {
    pub(crate) fn new(prompt: PromptName) -> Self {
        Blocks { prompt, made: 0, open: Vec::with_capacity(2) }
    }

    pub(crate) fn next_name(&mut self) -> ContentName {
        self.made += 1;
        ContentName::from(format!("{}-{}", self.prompt, self.made))
    }

    pub(crate) fn open(&mut self, name: ContentName, content: Content) {
        self.open.push(Block { name, content, life: Life::Opened });
    }

    pub(crate) fn get(&self, name: &ContentName) -> Option<&Block> {
        self.open.iter().find(|block| block.name == *name)
    }

    pub(crate) fn feed(&mut self, name: &ContentName, more: usize) {
        if let Some(block) = self.open.iter_mut().find(|block| block.name == *name) {
            block.life = Life::Fed { bytes: block.life.bytes().saturating_add(more) };
        }
    }

    pub(crate) fn close(&mut self, name: &ContentName) {
        self.open.retain(|block| block.name != *name);
    }
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.open).finish()
    }
}
