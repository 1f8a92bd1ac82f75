//! The blocks and single events that the stage sends.

use serde_json::Value;

use super::state::{Completion, Stage};
use crate::{
    engine::{
        events::{Stop, Voicing},
        outlet::Outlet,
    },
    ledger::Tokens,
    switches::{CompletionScope, Toggle},
};

impl Stage {
    /// Opens the completion if it is not open: once per prompt, or anew for every turn where the switch says so.
    pub(super) fn start_completion(&mut self, out: &mut Outlet) {
        let again =
            self.completion == Completion::Closed && self.manner.switches.completion_scope == CompletionScope::Turn;
        if again {
            self.labels.completion = self.ids.next();
        }
        if again || self.completion == Completion::Unborn {
            self.completion = Completion::Open;
            out.emit(self.labels.completion_start());
        }
    }

    pub(super) fn close_completion(&mut self, stop: Stop, out: &mut Outlet) {
        if self.completion == Completion::Open {
            self.completion = Completion::Closed;
            out.emit(self.labels.completion_end(stop));
        }
    }

    /// Closes the completion of a turn that is over, where completions span turns.
    pub(super) fn turn_over(&mut self, out: &mut Outlet) {
        if self.manner.switches.completion_scope == CompletionScope::Turn && self.is_quiet() {
            self.close_completion(Stop::EndTurn, out);
        }
    }

    pub(super) fn text_block(&mut self, voicing: Voicing, text: &str, stop: Stop, out: &mut Outlet) {
        let id = self.ids.next();
        out.emit(self.labels.text_start(&id, voicing));
        out.emit(self.labels.text(&id, voicing, text));
        out.emit(self.labels.content_end(&id, "TEXT", stop));
    }

    /// Sends the FINAL texts that are owed.
    pub(super) fn send_finals(&mut self, out: &mut Outlet) {
        self.finals_due = None;
        let texts = self.answers.take_whole();
        self.final_blocks(&texts, out);
    }

    /// FINAL repeats what was spoken, under other ids (reference §3.3).
    pub(super) fn final_blocks(&mut self, texts: &[String], out: &mut Outlet) {
        for (index, text) in texts.iter().enumerate() {
            let stop = if index + 1 == texts.len() { Stop::EndTurn } else { Stop::PartialTurn };
            self.text_block(Voicing::Final, text, stop, out);
            self.bill(Tokens::default(), out);
        }
    }

    pub(super) fn boundary(&mut self, name: &'static str, offsets: Value, out: &mut Outlet) {
        if self.manner.boundaries == Toggle::Off {
            return;
        }
        let mut event = self.labels.boundary(name, offsets);
        if self.manner.switches.boundary_completion_id == Toggle::On {
            event.body["completionId"] = self.labels.completion.as_str().into();
        }
        out.emit(event);
    }

    /// Sends a usage event: what was noted before and this, added to the total.
    pub(super) fn bill(&mut self, more: Tokens, out: &mut Outlet) {
        let noted = std::mem::take(&mut self.unbilled);
        let delta = noted.plus(more);
        out.ledger.tokens = out.ledger.tokens.plus(delta);
        let total = out.ledger.tokens;
        out.emit(self.labels.usage(delta, total));
    }
}
