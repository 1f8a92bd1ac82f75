//! Which block may open where: the rows `contentStart` of the table (reference §4.2).

use super::{
    blocks::ToolUse,
    order::{Judge, State},
    refusal::Refusal,
    shape::{BlockKind, Interactive, Speaker},
};
use crate::switches::{MissingSystem, TextAfterAudio, UnknownToolUse, Verdict};

impl Judge {
    /// The state that the block leads to.
    pub(super) fn may_open(&self, kind: &BlockKind) -> Result<State, Refusal> {
        match kind {
            BlockKind::System => self.may_open_system(),
            BlockKind::SystemSpeech => self.may_open_system_speech(),
            BlockKind::Text { role, interactive } => self.may_open_text(*role, *interactive),
            BlockKind::Audio { .. } => self.may_open_audio(),
            BlockKind::Tool { tool_use_id } => self.may_open_tool(tool_use_id),
        }
    }

    fn may_open_system(&self) -> Result<State, Refusal> {
        match self.state {
            State::Prompted => Ok(State::System),
            State::System => Err(Refusal::Generic),
            _ => Err(Refusal::DuplicateSystem),
        }
    }

    fn may_open_system_speech(&self) -> Result<State, Refusal> {
        match self.state {
            State::Prompted => Err(self.no_system()),
            State::Primed if self.history.blocks == 0 && !self.generation.is_first() => Ok(State::History),
            _ => Err(Refusal::Generic),
        }
    }

    /// The documentation wants roles to alternate; nothing published says that the service minds, so only the first is checked.
    fn may_open_text(&self, role: Option<Speaker>, interactive: Interactive) -> Result<State, Refusal> {
        match self.state {
            State::Prompted => Err(self.no_system()),
            State::Primed if self.history.bytes == 0 && role == Some(Speaker::Assistant) => Err(Refusal::Generic),
            State::Primed => Ok(State::History),
            State::Live => Ok(State::LiveText),
            State::AudioClosed if interactive == Interactive::No => Ok(State::ClosedText),
            State::AudioClosed if self.switches.text_after_audio != TextAfterAudio::Refused => Ok(State::ClosedText),
            _ => Err(Refusal::Generic),
        }
    }

    fn may_open_audio(&self) -> Result<State, Refusal> {
        match self.state {
            State::Prompted => Err(self.no_system()),
            State::Primed | State::AudioClosed => Ok(State::Live),
            State::History => Err(Refusal::HistoryLate),
            _ => Err(Refusal::Generic),
        }
    }

    fn may_open_tool(&self, id: &str) -> Result<State, Refusal> {
        let next = match self.state {
            State::Live => State::LiveTool,
            State::AudioClosed if self.switches.tool_result_after_audio == Verdict::Accepted => State::ClosedTool,
            _ => return Err(Refusal::Generic),
        };
        match (self.tools.find(id), self.switches.unknown_tool_use) {
            (Some(ToolUse::Pending), _) | (None, UnknownToolUse::Ignored) => Ok(next),
            (Some(ToolUse::Answered), _) | (None, UnknownToolUse::Fatal) => Err(Refusal::Generic),
        }
    }

    fn no_system(&self) -> Refusal {
        match self.switches.missing_system {
            MissingSystem::Named => Refusal::NoSystem,
            MissingSystem::Generic => Refusal::Generic,
        }
    }
}
