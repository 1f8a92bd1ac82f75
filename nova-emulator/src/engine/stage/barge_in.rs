//! The user interrupts (reference §6.1).

use std::time::Duration;

use super::state::Stage;
use crate::{
    engine::{
        events::{Stop, Voicing},
        outlet::Outlet,
        plan::Cue,
    },
    ledger::Tokens,
    switches::{BargeInAudioEnd, BargeInJson, BargeInOrder, BargeInSignal, CompletionScope, FinalText},
};

impl Stage {
    /// Stops the answer: what was not sent is never sent, and FINAL text is cut to what must have been heard.
    pub(super) fn interrupt(&mut self, now: Duration, out: &mut Outlet) {
        let stop = match (self.manner.switches.barge_in_signal, self.manner.switches.barge_in_audio_end) {
            (BargeInSignal::SpeechStartOnly, _) | (_, BargeInAudioEnd::PartialTurn) => Stop::PartialTurn,
            (_, BargeInAudioEnd::EndTurn) => Stop::EndTurn,
            (_, BargeInAudioEnd::Interrupted) => Stop::Interrupted,
        };
        self.drop_answer();
        out.ledger.interruptions += 1;
        match self.manner.switches.barge_in_order {
            BargeInOrder::AudioEndFirst => {
                self.close_audio(stop, out);
                self.signal(out);
            }
            BargeInOrder::SignalFirst => {
                self.signal(out);
                self.close_audio(stop, out);
            }
        }
        let heard = self.answers.take_heard(now);
        if !matches!(self.manner.switches.final_text, FinalText::Never | FinalText::Early) {
            self.final_blocks(&heard, out);
        }
        self.finals_due = None;
        if self.manner.switches.completion_scope == CompletionScope::Turn {
            self.close_completion(Stop::Interrupted, out);
        }
    }

    /// Drops what was to be said, keeps transcripts that are on their way and waits for calls that already went out.
    fn drop_answer(&mut self) {
        let mut unmade: Vec<String> = Vec::new();
        for cue in std::mem::take(&mut self.cues) {
            match cue {
                Cue::Heard(_) | Cue::SpeechEnd(_) => self.cues.push_back(cue),
                Cue::Call(call) => unmade.push(call.id),
                Cue::Await(wait) if wait.calls.iter().all(|call| !unmade.contains(&call.id)) => self.waiting.push(wait),
                Cue::Pause(_) | Cue::Say(_) | Cue::Await(_) => {}
            }
        }
    }

    /// The TEXT block that ends `INTERRUPTED` (reference §6.1).
    pub(super) fn signal(&mut self, out: &mut Outlet) {
        if self.manner.switches.barge_in_signal == BargeInSignal::SpeechStartOnly {
            return;
        }
        let text = match self.manner.switches.barge_in_json {
            BargeInJson::Spaced => "{ \"interrupted\" : true }",
            BargeInJson::Compact => "{\"interrupted\":true}",
        };
        self.start_completion(out);
        self.text_block(Voicing::Final, text, Stop::Interrupted, out);
        self.bill(Tokens::default(), out);
    }
}
