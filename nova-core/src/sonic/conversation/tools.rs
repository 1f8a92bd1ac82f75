//! Tool calls on their way: each gets exactly one result, within its deadline.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::io::LinkKey;
use crate::ids::ToolUseId;
use crate::sonic::event::{ToolCall, TurnId};

/// How many calls may be under way at once; a further one is answered with an error.
const AT_ONCE: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Tools {
    pending: BTreeMap<ToolUseId, Pending>,
}

/// A call that is owed a result.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) turn: TurnId,
    pub(super) name: String,
    /// The session that asked, and the only one that knows the id.
    pub(super) link: LinkKey,
    pub(super) until: Duration,
}

impl Tools {
    /// Takes a call on; says no when too many are under way.
    pub(super) fn begin(&mut self, call: &ToolCall, link: LinkKey, until: Duration) -> Result<(), String> {
        if self.pending.len() >= AT_ONCE {
            return Err(format!("{AT_ONCE} tools are already running; try again when one has finished"));
        }
        self.pending.insert(call.id.clone(), Pending { turn: call.turn, name: call.name.clone(), link, until });
        Ok(())
    }

    /// Ends a call; none if nobody waits for it any more.
    pub(super) fn finish(&mut self, id: &ToolUseId) -> Option<Pending> {
        self.pending.remove(id)
    }

    /// Ends a call whose time is over.
    pub(super) fn expire(&mut self, now: Duration) -> Option<(ToolUseId, Pending)> {
        let id = self.pending.iter().find(|(_, pending)| pending.until <= now).map(|(id, _)| id.clone())?;
        self.pending.remove_entry(&id)
    }

    pub(super) fn wake(&self) -> Option<Duration> {
        self.pending.values().map(|pending| pending.until).min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Says whether a session waits for a tool.
    pub(super) fn holds_link(&self, link: LinkKey) -> bool {
        self.pending.values().any(|pending| pending.link == link)
    }

    /// Says whether a turn waits for a tool.
    pub(super) fn holds(&self, turn: TurnId) -> bool {
        self.pending.values().any(|pending| pending.turn == turn)
    }

    /// Ends all calls, because nobody can be answered any more.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (ToolUseId, Pending)> {
        std::mem::take(&mut self.pending).into_iter()
    }
}

/// Makes a result into what the service takes: a JSON object (reference §2.4).
pub(super) fn as_object(result: Result<Value, String>) -> Value {
    match result {
        Ok(value @ Value::Object(_)) => value,
        Ok(value) => json!({ "result": value }),
        Err(reason) => json!({ "error": reason }),
    }
}
