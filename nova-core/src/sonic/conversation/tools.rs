//! Tool calls on their way: each gets exactly one result, within its deadline.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::call::Call;
use super::io::{LinkKey, Output};
use super::line::{Gate, Line, LineState};
use super::sending::{Typed, TypedBy};
use crate::error::{Error, ErrorKind};
use crate::ids::ToolUseId;
use crate::sonic::event::{Event, ToolCall, ToolOutcome, TurnId};

/// How many calls may be under way at once; a further one is answered with an error.
const AT_ONCE: usize = 16;

#[derive(Default)]
pub(super) struct Tools {
    pending: BTreeMap<ToolUseId, Pending>,
    /// Results that were told, and that no answer has followed yet.
    told: Vec<Told>,
}

/// A result that another session is told again if this one is lost before it answers.
struct Told {
    turn: TurnId,
    link: LinkKey,
    /// The result in words, for a session that does not know the id of the call.
    text: String,
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

    /// Says whether a turn is a tool's to answer: it runs, or its result has not been answered yet. What the user said
    /// in it is not asked again, or the tool would run twice.
    pub(super) fn in_hand(&self, turn: TurnId) -> bool {
        self.holds(turn) || self.told.iter().any(|told| told.turn == turn)
    }

    /// Notes that an answer sounds, or that none will: its tools' results have done their work.
    pub(super) fn answered(&mut self, turn: TurnId) {
        self.told.retain(|told| told.turn != turn);
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
        let alive = self.gate(link) == Gate::Open;
        let next = self.turns.next(link, |turn| self.tools.holds(turn));
        let asking = next.or_else(|| alive.then(|| self.turns.unasked(self.now, link)));
        let turn = asking.or_else(|| self.turns.last()).unwrap_or_default();
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
        let takes = |line: &&mut Line| matches!(line.state, LineState::Live | LineState::Leaving);
        match self.lines.get_mut(asked_on).filter(takes) {
            Some(line) => match line.answer_tool(id, &result, outcome) {
                Ok(sent) => {
                    outcome = sent;
                    self.turns.asked(self.now, turn);
                    if self.turns.is_open(turn) {
                        self.tools.told.push(Told { turn, link: asked_on, text: in_words(&name, &result) });
                    }
                }
                Err(error) => return self.bug(&error),
            },
            // Another session does not know the id and would fail on it: it is told in words.
            None => {
                self.tell_in_words(turn, in_words(&name, &result));
            }
        }
        self.event(Event::ToolDone { id: id.clone(), name, outcome });
    }

    fn tell_in_words(&mut self, turn: TurnId, text: String) {
        let link = self.lines.current_key().unwrap_or_default();
        if self.turns.is_open(turn) {
            self.tools.told.push(Told { turn, link, text: text.clone() });
        }
        self.typed.push_back(Typed { text, by: TypedBy::Aside(turn) });
    }

    /// Another session takes over: it is told the results that the last one was told and has not answered.
    pub(super) fn tell_tools_again(&mut self, link: LinkKey) {
        for told in self.tools.told.iter_mut().filter(|told| told.link != link) {
            told.link = link;
            let waits = |typed: &Typed| typed.text == told.text && typed.by == TypedBy::Aside(told.turn);
            if !self.typed.iter().any(waits) {
                self.typed.push_back(Typed { text: told.text.clone(), by: TypedBy::Aside(told.turn) });
            }
        }
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

/// A result as a session is told it that never asked.
fn in_words(name: &str, result: &Value) -> String {
    format!("(Result of a tool: {})", json!({ "tool": name, "result": result }))
}

/// Makes a result into what the service takes: a JSON object (reference §2.4).
pub(super) fn as_object(result: Result<Value, String>) -> Value {
    match result {
        Ok(value @ Value::Object(_)) => value,
        Ok(value) => json!({ "result": value }),
        Err(reason) => json!({ "error": reason }),
    }
}
