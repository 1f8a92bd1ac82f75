//! Tool calls on their way: each gets exactly one result, whatever becomes of it.
//!
//! ```text
//!                 a place is free            result, failure, deadline, Cancel
//!  asked ──► waiting ──────► running ──────────────────────────────────────────► told
//!    │                         └─ Detach: told that it goes on ─► its result in words, later
//!    └─ no such tool, no arguments, too many: told, never run
//! ```
//!
//! Only the session that asked knows the id of a call. If it is gone, the session in use is told in words (`asides.rs`).

mod ledger;
mod words;

use std::time::Duration;

use serde_json::{Value, json};

use super::call::Call;
use super::io::{LinkKey, Output};
use super::line::{Gate, LineState};
use super::lines::Part;
use super::sending::{Typed, TypedBy};
use crate::error::{Error, ErrorKind};
use crate::ids::ToolUseId;
use crate::model::{Feature, Model};
use crate::sonic::config::Snapshots;
use crate::sonic::contract::{Contract, Effect, OfferedTool, OnInterrupt, TOOLS_AT_ONCE};
use crate::sonic::event::{Event, ToolCall, ToolOutcome, TurnEnd, TurnId};
use crate::sonic::session::unsupported;
use crate::sonic::snapshot::Run;
pub(super) use ledger::Tools;
use ledger::{Asker, Pending, Place, Told};

/// Checks the tools on offer for a model.
///
/// # Errors
/// `Invalid` for whatever the service would refuse, nothing could keep, or the model cannot do.
pub(super) fn check(tools: &[OfferedTool], model: &Model) -> crate::error::Result<()> {
    tools.iter().try_for_each(OfferedTool::check)?;
    if tools.iter().any(|tool| tool.contract.filler.is_some()) && !model.has(Feature::InteractiveText) {
        return Err(unsupported(model, "the filler of a tool: only speech makes it speak"));
    }
    Ok(())
}

impl Call {
    // ---- asked

    /// Takes on a call of the model's.
    pub(super) fn begin_tool(&mut self, link: LinkKey, id: ToolUseId, name: String, arguments: Value) {
        self.turns.touch(self.now);
        let asker = Asker { link, id };
        let arguments = words::as_arguments(arguments);
        // A call out of an answer that was interrupted belongs to that one, which is over.
        let alive = self.gate(link) == Gate::Open;
        let over = if alive { None } else { self.turns.last() };
        if let Ok(arguments) = &arguments
            && self.join(&asker, &name, arguments, over)
        {
            return;
        }
        let next = self.turns.next(link, |turn| self.tools.holds(turn));
        // What made room for another session owes nothing but answers that sound: the other one asks by itself.
        if next.is_none() && self.lines.part(link) == Some(Part::Leaving) {
            return;
        }
        let asking = next.or_else(|| alive.then(|| self.turns.unasked(self.now, link)));
        let turn = asking.or_else(|| self.turns.last()).unwrap_or_default();
        let offer = self.config.tools.iter().find(|tool| tool.spec.name == name);
        let contract = offer.map(|tool| tool.contract.clone());
        let refused = match (&arguments, &contract) {
            (_, None) => Some((ToolOutcome::UnknownTool, format!("there is no tool named {name}"))),
            (Err(reason), _) => Some((ToolOutcome::BadArguments, reason.clone())),
            _ if self.tools.count() >= TOOLS_AT_ONCE => {
                let reason = format!("{TOOLS_AT_ONCE} tools are already running; try again when one has finished");
                Some((ToolOutcome::TooMany, reason))
            }
            (_, Some(contract)) if !alive && contract.on_interrupt == OnInterrupt::Cancel => {
                Some((ToolOutcome::Cancelled, CANCELLED.to_owned()))
            }
            _ => None,
        };
        let call = ToolCall { turn, id: self.tools.own_id(&asker.id), name, arguments: arguments.unwrap_or_default() };
        let until = self.now + contract.as_ref().and_then(|own| own.deadline).unwrap_or(self.config.timeouts.tool);
        let pending = Pending::new(call, contract.unwrap_or_default(), asker, self.now, until);
        match refused {
            Some((outcome, reason)) => self.tell_tool_result(pending, Err(reason), outcome),
            None => {
                self.tools.take_on(pending);
                self.start_tools();
            }
        }
    }

    /// The model asks in another session for what it has asked for already, for a turn that still waits: it is the same
    /// wish, and has the same result; so it is in the turn that was cut and is `over`. Says whether that is so.
    fn join(&mut self, asker: &Asker, name: &str, arguments: &Value, over: Option<TurnId>) -> bool {
        let (lines, turns) = (&self.lines, &self.turns);
        let gone = |link: LinkKey| lines.part(link).is_none();
        let is_here = |turn: TurnId| turns.is_open(turn) && !turns.is_elsewhere(turn, asker.link);
        let waits = |turn: TurnId| is_here(turn) || over == Some(turn);
        let same = |call: &ToolCall| call.name == name && call.arguments == *arguments && waits(call.turn);
        if self.tools.join_pending(asker, same, gone) {
            return true;
        }
        let Some(mut told) = self.tools.take_told(asker.link, same) else { return false };
        // The words that were to tell it are not needed any more.
        let turn = told.call.turn;
        self.typed.retain(|typed| typed.text != told.text || typed.by != TypedBy::Aside(turn));
        let stands = match told.outcome {
            ToolOutcome::Answered | ToolOutcome::Shortened => true,
            ToolOutcome::Failed | ToolOutcome::TimedOut => told.contract.effect == Effect::Once,
            // It never ran, or the user has spoken since: this is another wish.
            _ => false,
        };
        if !stands {
            return false;
        }
        match self.tell_on_wire(std::slice::from_ref(asker), turn, &told.result, told.outcome) {
            Ok(_) => {
                told.asked_on.push(asker.link);
                told.is_told_to(asker.link);
                self.tools.tell(told);
            }
            Err(error) => self.bug(&error),
        }
        true
    }

    /// Lets every call run whose moment has come. One that must not run twice is written down first, if the call is kept.
    pub(super) fn start_tools(&mut self) {
        let kept = self.config.snapshots == Snapshots::Kept;
        while let Some(pending) = self.tools.next() {
            if kept && pending.contract.effect == Effect::Once {
                pending.place = Place::Unwritten { revision: self.keeping.next() };
            } else {
                pending.place = Place::Running;
                let call = pending.call.clone();
                self.run_tool(call);
            }
        }
    }

    /// Lets every call run that is written down now.
    pub(super) fn run_written_tools(&mut self) {
        let kept = self.kept();
        while let Some(pending) = self.tools.next_written(kept) {
            pending.place = Place::Running;
            let call = pending.call.clone();
            self.run_tool(call);
        }
    }

    fn run_tool(&mut self, call: ToolCall) {
        self.event(Event::ToolCall(call.clone()));
        self.outputs.push_back(Output::RunTool(call));
    }

    // ---- over

    pub(super) fn tool_done(&mut self, id: &ToolUseId, result: Result<Value, String>) -> crate::error::Result<()> {
        let outcome = if result.is_ok() { ToolOutcome::Answered } else { ToolOutcome::Failed };
        let Some(pending) = self.tools.finish(id) else {
            return Err(Error::new(ErrorKind::Misuse, format!("No tool call {id} is waiting for a result."))
                .with_hint("Each call is answered exactly once, before its deadline."));
        };
        self.tell_tool_result(pending, result, outcome);
        self.start_tools();
        Ok(())
    }

    /// Ends the calls whose time is over.
    pub(super) fn expire_tools(&mut self) {
        while let Some(pending) = self.tools.expire(self.now) {
            self.stop_tool(&pending);
            let seconds = (pending.until - pending.since).as_secs_f64();
            let reason = format!("the tool did not answer within {seconds} s");
            self.tell_tool_result(pending, Err(reason), ToolOutcome::TimedOut);
            self.start_tools();
        }
    }

    /// The user speaks, or the application interrupts: each call goes on, is stopped, or goes on in the background. A turn
    /// that waited for one that does not go on is over.
    pub(super) fn interrupt_tools(&mut self) {
        while let Some(pending) = self.tools.take(OnInterrupt::Cancel) {
            let turn = pending.call.turn;
            self.stop_tool(&pending);
            self.tell_tool_result(pending, Err(CANCELLED.to_owned()), ToolOutcome::Cancelled);
            self.end_unless_held(turn);
        }
        for (turn, askers) in self.tools.detach() {
            let goes_on = json!({ "status": DETACHED });
            if let Err(error) = self.tell_on_wire(&askers, turn, &goes_on, ToolOutcome::Answered) {
                return self.bug(&error);
            }
            self.end_unless_held(turn);
        }
        self.start_tools();
    }

    fn end_unless_held(&mut self, turn: TurnId) {
        if !self.tools.holds(turn) {
            self.end_turn(turn, TurnEnd::Interrupted);
        }
    }

    /// Ends every call, because nobody can be answered any more.
    pub(super) fn abandon_tools(&mut self) {
        while let Some(pending) = self.tools.take_any() {
            self.stop_tool(&pending);
            self.tool_is_done(pending.call, ToolOutcome::Abandoned);
        }
    }

    fn stop_tool(&mut self, pending: &Pending) {
        if pending.place == Place::Running {
            self.cancel_tool(pending.call.id.clone());
        }
    }

    // ---- told

    /// Takes up a call again that was under way in a snapshot. Its session is gone, so the result is told in words.
    pub(super) fn resume_tool(&mut self, call: ToolCall, run: Run) {
        self.tools.reserve(call.id.clone());
        let offer = self.config.tools.iter().find(|tool| tool.spec.name == call.name);
        let contract = offer.map(|tool| tool.contract.clone());
        let again =
            contract.as_ref().is_some_and(|contract| run == Run::NotYet || contract.effect == Effect::Idempotent);
        let until = self.now + contract.as_ref().and_then(|own| own.deadline).unwrap_or(self.config.timeouts.tool);
        let nobody = Asker { link: LinkKey::default(), id: call.id.clone() };
        let pending = Pending::new(call, contract.unwrap_or_default(), nobody, self.now, until);
        if again {
            self.tools.take_on(pending);
        } else {
            self.tell_tool_result(pending, Err(UNKNOWN.to_owned()), ToolOutcome::Unknown);
        }
    }

    /// Takes up a result again that was told and not answered in a snapshot.
    pub(super) fn resume_result(&mut self, call: ToolCall, result: Value, outcome: ToolOutcome) {
        self.tools.reserve(call.id.clone());
        let offer = self.config.tools.iter().find(|tool| tool.spec.name == call.name);
        let contract = offer.map(|tool| tool.contract.clone()).unwrap_or_default();
        let text = self.in_words(&call.name, &result, contract.result_limit).0;
        self.tools.tell(Told::new(call, contract, Vec::new(), LinkKey::default(), result, text, outcome));
    }

    fn tell_tool_result(&mut self, pending: Pending, result: Result<Value, String>, outcome: ToolOutcome) {
        let Pending { call, contract, askers, .. } = pending;
        self.turns.touch(self.now);
        let result = words::as_object(result);
        let cut = words::cut(&result, contract.result_limit);
        let outcome = if cut.is_some() { words::shortened(outcome) } else { outcome };
        let result = cut.unwrap_or(result);
        let done = match self.tell_on_wire(&askers, call.turn, &result, outcome) {
            Ok(Some((link, sent))) => {
                let text = self.in_words(&call.name, &result, contract.result_limit).0;
                let asked_on = askers.iter().map(|asker| asker.link).collect();
                if self.turns.is_open(call.turn) {
                    self.tools.tell(Told::new(call.clone(), contract, asked_on, link, result, text, sent));
                }
                sent
            }
            // What nobody waits for any more, and was stopped, is nobody's concern.
            Ok(None) if outcome == ToolOutcome::Cancelled => outcome,
            Ok(None) => self.tell_in_words(&call, contract, &askers, result, outcome),
            Err(error) => {
                self.tool_is_done(call, ToolOutcome::Abandoned);
                return self.bug(&error);
            }
        };
        self.tool_is_done(call, done);
    }

    fn tool_is_done(&mut self, call: ToolCall, outcome: ToolOutcome) {
        self.event(Event::ToolDone { id: call.id, name: call.name, outcome });
    }

    /// Answers those who asked and can still make something of it; returns the last of them, and how it ended.
    fn tell_on_wire(
        &mut self,
        askers: &[Asker],
        turn: TurnId,
        result: &Value,
        outcome: ToolOutcome,
    ) -> crate::error::Result<Option<(LinkKey, ToolOutcome)>> {
        let mut told = None;
        for Asker { link, id } in askers {
            // A session that makes room still finishes its own turns; nobody hears what it says in others.
            let elsewhere = self.turns.is_elsewhere(turn, *link);
            let hears = |state| state == LineState::Live || (state == LineState::Leaving && !elsewhere);
            if let Some(line) = self.lines.get_mut(*link).filter(|line| hears(line.state)) {
                if line.is_between_blocks() {
                    // Nobody has seen the service take a result without an open block.
                    line.begin_audio(self.now, &mut self.audio_in)?;
                }
                told = Some((*link, line.answer_tool(id, result, outcome)?));
                line.speaks = Some(self.now);
                self.tools.told_at = self.now;
                self.turns.asked(self.now, turn);
            }
        }
        Ok(told)
    }

    /// Tells the session in use what it never asked, since it does not know the id and would fail on it.
    fn tell_in_words(
        &mut self,
        call: &ToolCall,
        contract: Contract,
        askers: &[Asker],
        result: Value,
        outcome: ToolOutcome,
    ) -> ToolOutcome {
        if !self.model.has(Feature::InteractiveText) {
            self.end_turn(call.turn, TurnEnd::Lost);
            return ToolOutcome::Abandoned;
        }
        let (text, cut) = self.in_words(&call.name, &result, contract.result_limit);
        let outcome = if cut { words::shortened(outcome) } else { outcome };
        self.typed.push_back(Typed { text: text.clone(), by: TypedBy::Aside(call.turn) });
        if self.turns.is_open(call.turn) {
            let asked_on = askers.iter().map(|asker| asker.link).collect();
            let link = self.lines.current_key().unwrap_or_default();
            self.tools.tell(Told::new(call.clone(), contract, asked_on, link, result, text, outcome));
        }
        outcome
    }

    /// A result as a session is told it that never asked, and whether it had to be cut for that.
    fn in_words(&self, name: &str, result: &Value, limit: Option<usize>) -> (String, bool) {
        let most = self.model.limits().history_message_bytes;
        let cut = words::cut(result, Some(limit.map_or(most, |limit| limit.min(most))));
        (words::in_words(name, cut.as_ref().unwrap_or(result)), cut.is_some())
    }

    /// Another session takes over: it is told the results that the last one was told and has not answered.
    pub(super) fn tell_tools_again(&mut self, link: LinkKey) {
        if !self.model.has(Feature::InteractiveText) {
            for turn in self.tools.forget_told_elsewhere(link) {
                self.end_turn(turn, TurnEnd::Lost);
            }
            return;
        }
        for told in self.tools.told_elsewhere(link) {
            let by = TypedBy::Aside(told.call.turn);
            if !self.typed.iter().any(|typed| typed.text == told.text && typed.by == by) {
                self.typed.push_back(Typed { text: told.text.clone(), by });
            }
        }
    }

    // ---- fillers

    /// Returns the filler whose moment has come: its tool still works, and nothing sounds. It is taken out.
    pub(super) fn due_filler(&mut self) -> Option<Typed> {
        let turn = self.turn_of_due_filler()?;
        let text = self.tools.take_filler(self.filler_is_due()?)?.text;
        Some(Typed { text, by: TypedBy::Aside(turn) })
    }

    /// Returns the turn in which a filler's moment has come.
    pub(super) fn turn_of_due_filler(&self) -> Option<TurnId> {
        let turn = self.tools.find(self.filler_is_due()?)?.call.turn;
        self.may_say_aside(turn).then_some(turn)
    }

    fn filler_is_due(&self) -> Option<impl Fn(&Pending) -> bool + use<>> {
        let link = self.lines.live()?.key;
        let (now, word, quiet) = (self.now, self.turns.last_word(), self.quiet_since());
        Some(move |pending: &Pending| pending.filler_due(link, word, quiet).is_some_and(|due| due <= now))
    }

    fn quiet_since(&self) -> Duration {
        self.tools.told_at.max(self.playback.plays_until().unwrap_or_default())
    }

    /// Returns when a tool's time is over, or its filler is due.
    pub(super) fn tools_wake(&self) -> Option<Duration> {
        let (word, quiet) = (self.turns.last_word(), self.quiet_since());
        let filler = self.lines.live().and_then(|line| self.tools.filler_wake(self.now, line.key, word, quiet));
        filler.into_iter().chain(self.tools.wake()).min()
    }
}

const UNKNOWN: &str = "the connection to the tool was lost while it ran: it may have done its work, or not";
const CANCELLED: &str = "the user interrupted, so the tool was cancelled";
const DETACHED: &str =
    "the user interrupted; the tool goes on in the background, and its result will follow as a message";
