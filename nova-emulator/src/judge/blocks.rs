//! The content blocks of a prompt: which is open, what it has received, which names and calls are spent.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    refusal::Refusal,
    shape::{BlockKind, Interactive, Speaker},
};

/// The one block that may be open beside AUDIO.
pub(super) struct Block {
    pub(super) name: String,
    pub(super) kind: BlockKind,
    /// The bytes received.
    pub(super) bytes: usize,
    /// The text itself, kept only where it will be answered or read as a tool result.
    pub(super) text: String,
}

/// The AUDIO block.
pub(super) struct AudioBlock {
    pub(super) name: String,
    pub(super) fed: Fed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    Nothing,
    Something,
}

impl Block {
    pub(super) fn new(name: String, kind: BlockKind) -> Self {
        Self { name, kind, bytes: 0, text: String::new() }
    }

    /// Whether it is text that the model answers when it closes.
    pub(super) fn is_interactive(&self) -> bool {
        matches!(self.kind, BlockKind::Text { role: Some(Speaker::User) | None, interactive: Interactive::Yes })
    }

    /// A block cannot end before it has received something.
    pub(super) fn close(self) -> Result<Self, Refusal> {
        if self.bytes == 0 { Err(Refusal::EmptyContent(self.name)) } else { Ok(self) }
    }
}

/// The names a session has used; it lives for eight minutes at most, which bounds them.
#[derive(Default)]
pub(super) struct Names {
    prompts: BTreeSet<String>,
    contents: BTreeSet<String>,
}

impl Names {
    /// Notes a prompt's name; tells whether it is new.
    pub(super) fn new_prompt(&mut self, name: &str) -> bool {
        self.prompts.insert(name.to_owned())
    }

    /// Notes a block's name; tells whether it is new.
    pub(super) fn new_content(&mut self, name: &str) -> bool {
        self.contents.insert(name.to_owned())
    }
}

/// The tool calls that the model has made, and whether each has its one result.
#[derive(Default)]
pub(super) struct ToolUses(BTreeMap<String, ToolUse>);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ToolUse {
    Pending,
    Answered,
}

impl ToolUses {
    pub(super) fn called(&mut self, id: &str) {
        self.0.insert(id.to_owned(), ToolUse::Pending);
    }

    pub(super) fn answered(&mut self, id: &str) {
        self.0.insert(id.to_owned(), ToolUse::Answered);
    }

    pub(super) fn find(&self, id: &str) -> Option<ToolUse> {
        self.0.get(id).copied()
    }

    pub(super) fn any_pending(&self) -> bool {
        self.0.values().any(|call| *call == ToolUse::Pending)
    }
}

/// The history sent so far.
#[derive(Default)]
pub(super) struct History {
    /// Bytes in all.
    pub(super) bytes: usize,
    /// Blocks begun.
    pub(super) blocks: usize,
}
