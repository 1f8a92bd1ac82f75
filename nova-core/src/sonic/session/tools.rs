//! Which tools the service has asked for, and which are answered: exactly once each (reference §4.2 note 2).

use std::collections::BTreeMap;

use super::Rule;
use crate::ids::ToolUseId;

/// Every use of this session.
#[derive(Clone, Debug, Default)]
pub(super) struct ToolUses {
    uses: BTreeMap<ToolUseId, Standing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Asked,
    Answering,
    Answered,
}

impl ToolUses {
    /// Notes a use that the service asks for; a sentence if it cannot be answered.
    pub(super) fn ask(&mut self, id: ToolUseId) -> Result<(), String> {
        if id.as_str().is_empty() {
            return Err("A tool use came without an id, so it cannot be answered.".to_owned());
        }
        if self.uses.contains_key(&id) {
            return Err(format!("The tool use {id} was asked for twice; it runs once."));
        }
        self.uses.insert(id, Standing::Asked);
        Ok(())
    }

    /// Decides whether an answer may begin.
    pub(super) fn may_answer(&self, id: &ToolUseId) -> Result<(), Rule> {
        match self.uses.get(id) {
            Some(Standing::Asked) => Ok(()),
            Some(Standing::Answering | Standing::Answered) => Err(Rule::ToolOnce),
            None => Err(Rule::ToolUnknown),
        }
    }

    pub(super) fn begin_answer(&mut self, id: &ToolUseId) {
        self.uses.insert(id.clone(), Standing::Answering);
    }

    pub(super) fn end_answer(&mut self, id: &ToolUseId) {
        self.uses.insert(id.clone(), Standing::Answered);
    }
}
