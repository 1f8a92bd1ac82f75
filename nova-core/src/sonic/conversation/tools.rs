//! Tool calls on their way: each gets exactly one result, within its deadline.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::call::Call;
use super::io::{LinkKey, Output};
use super::line::LineState;
use super::sending::Typed;
use crate::error::{Error, ErrorKind};
use crate::ids::ToolUseId;
use crate::sonic::event::{Event, ToolCall, ToolOutcome, TurnId};

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

impl Call {
    /// Takes on a call of the model's.
    pub(super) fn begin_tool(&mut self, link: LinkKey, id: ToolUseId, name: String, arguments: Value) {
        // A call out of an answer that was interrupted belongs to that one, which is over.
        let asking = self.turns.front().or_else(|| self.turns.answer_begins(self.now)).or_else(|| self.turns.last());
        let turn = asking.unwrap_or_default();
        self.turns.touch(self.now);
        let call = ToolCall { turn, id, name, arguments };
        let known = self.config.tools.iter().any(|tool| tool.name == call.name);
        let begun = self.tools.begin(&call, link, self.now + self.config.timeouts.tool);
        self.event(Event::ToolCall(call.clone()));
        match begun {
            Err(reason) => self.tell_tool_result(&call.id, call.name, link, turn, Err(reason), ToolOutcome::Failed),
            Ok(()) if !known => {
                let reason = format!("there is no tool named {}", call.name);
                self.answer_tool(&call.id, Err(reason), ToolOutcome::Failed);
            }
            Ok(()) => self.outputs.push_back(Output::RunTool(call)),
        }
    }

    fn answer_tool(&mut self, id: &ToolUseId, result: Result<Value, String>, outcome: ToolOutcome) -> bool {
        let Some(pending) = self.tools.finish(id) else { return false };
        self.turns.touch(self.now);
        self.tell_tool_result(id, pending.name, pending.link, pending.turn, result, outcome);
        true
    }

    pub(super) fn tell_tool_result(
        &mut self,
        id: &ToolUseId,
        name: String,
        asked_on: LinkKey,
        turn: TurnId,
        result: Result<Value, String>,
        outcome: ToolOutcome,
    ) {
        let result = as_object(result);
        let mut outcome = outcome;
        match self.line.as_mut().filter(|line| line.key == asked_on && line.state == LineState::Live) {
            Some(line) => match line.answer_tool(id, &result, outcome) {
                Ok(sent) => outcome = sent,
                Err(error) => return self.bug(&error),
            },
            // Another session does not know the id and would fail on it: it is told in words.
            None => {
                let text = json!({ "tool": name, "result": result }).to_string();
                self.typed.push_back(Typed { text: format!("(Result of a tool: {text})"), turn: Some(turn) });
            }
        }
        self.event(Event::ToolDone { id: id.clone(), name, outcome });
    }

    pub(super) fn tool_done(&mut self, id: &ToolUseId, result: Result<Value, String>) -> crate::error::Result<()> {
        let outcome = if result.is_ok() { ToolOutcome::Answered } else { ToolOutcome::Failed };
        if self.answer_tool(id, result, outcome) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Misuse, format!("No tool call {id} is waiting for a result."))
            .with_hint("Each call is answered exactly once, before its deadline."))
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
