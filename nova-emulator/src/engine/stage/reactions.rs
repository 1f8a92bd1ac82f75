//! What the user does, and how the model takes it.

use std::time::Duration;

use serde_json::{Value, json};

use super::state::{Closing, Completion, Last, Stage};
use crate::{
    engine::{answers::Answers, events::Stop, outlet::Outlet, plan::Cue},
    gate::Found,
    judge::Prompt,
    ledger::{Tokens, Utterance},
    scenario::{Step, Turn},
    switches::{CompletionScope, CompletionStart, FinalText, SpeechEndOrder, TextAfterAnswer},
};

impl Stage {
    /// Begins a prompt; what an earlier one left undone is over.
    pub(in crate::engine) fn prompted(&mut self, prompt: Prompt, out: &mut Outlet) {
        if self.completion == Completion::Open {
            self.close_completion(Stop::EndTurn, out);
        }
        self.cues.clear();
        self.speaking = None;
        self.waiting.clear();
        self.answers = Answers::default();
        self.finals_due = None;
        self.closing = Closing::Open;
        self.completion = Completion::Unborn;
        self.labels.prompt.clone_from(&prompt.name);
        self.labels.completion = self.ids.next();
        self.unbilled.text_in += text_tokens(prompt.tool_bytes);
        self.prompt = Some(prompt);
    }

    /// Reads text that is not answered; it is billed with the next usage.
    pub(in crate::engine) fn noted(&mut self, bytes: usize) {
        self.unbilled.text_in += text_tokens(bytes);
    }

    /// Reacts to what the ear found.
    pub(in crate::engine) fn found(&mut self, now: Duration, found: Found, out: &mut Outlet) {
        match found {
            Found::Start { at_ms } => self.speech_started(now, at_ms, out),
            Found::End { start_ms, at_ms, noticed_ms } => self.speech_ended(now, start_ms, at_ms, noticed_ms, out),
        }
    }

    /// Answers typed text.
    pub(in crate::engine) fn typed(&mut self, now: Duration, text: &str, out: &mut Outlet) {
        self.noted(text.len());
        if self.is_emitting() {
            self.interrupt(now, out);
        } else if self.last == Last::Answer
            && self.manner.switches.text_after_answer == TextAfterAnswer::MarksInterrupted
        {
            self.signal(out);
            return;
        }
        self.new_input(out);
        if self.manner.switches.completion_start == CompletionStart::AtSpeechStart {
            self.start_completion(out);
        }
        out.ledger.turns += 1;
        if let Some(turn) = self.script.typed(text) {
            let delay = turn.delay_ms.map_or(ANSWER_DELAY, Duration::from_millis);
            self.queue(now, Cue::Pause(delay));
            let language = self.script.language(&turn).to_owned();
            self.queue_answer(now, &turn.answer, &language);
        }
    }

    /// Takes the result of a tool call, and goes on when it was the last one awaited.
    pub(in crate::engine) fn tool_answered(&mut self, now: Duration, id: String, result: Value, out: &mut Outlet) {
        self.noted(result.to_string().len());
        if let Some(call) = out.ledger.tool_calls.iter_mut().find(|call| call.id == id) {
            call.answered_at = Some(now);
        }
        self.results.insert(id, result);
        self.go_on_with_results(now);
        self.bill(Tokens::default(), out);
    }

    /// Takes the end of the prompt: what is under way is finished, then the completion closes.
    pub(in crate::engine) fn prompt_ended(&mut self) {
        self.closing = Closing::PromptEnded;
        self.waiting.clear();
    }

    pub(in crate::engine) fn speech_started(&mut self, now: Duration, at_ms: u64, out: &mut Outlet) {
        self.boundary("userSpeechStart", json!({ "inputAudioOffsetMs": at_ms }), out);
        if self.is_emitting() || self.answers.is_playing(now) {
            self.interrupt(now, out);
        }
        self.new_input(out);
        if self.manner.switches.completion_start == CompletionStart::AtSpeechStart {
            self.start_completion(out);
        }
    }

    pub(in crate::engine) fn speech_ended(
        &mut self,
        now: Duration,
        start_ms: u64,
        at_ms: u64,
        noticed_ms: u64,
        out: &mut Outlet,
    ) {
        let offsets = json!({ "inputAudioOffsetMs": at_ms, "inputAudioDetectionOffsetMs": noticed_ms });
        out.ledger.utterances.push(Utterance { start_ms, end_ms: at_ms });
        self.unbilled.speech_in += speech_tokens(at_ms - start_ms);
        let Some(turn) = self.script.spoken() else {
            return self.boundary("userSpeechEnd", offsets, out);
        };
        out.ledger.turns += 1;
        let late_end = self.manner.switches.speech_end_order == SpeechEndOrder::AfterTranscript;
        if !late_end {
            self.boundary("userSpeechEnd", offsets.clone(), out);
        }
        let delay = turn.delay_ms.map_or_else(|| usual_delay(&turn), Duration::from_millis);
        self.queue(now, Cue::Pause(delay.min(TRANSCRIPT_DELAY)));
        self.cues.extend(turn.heard.iter().cloned().map(Cue::Heard));
        if late_end {
            self.cues.push_back(Cue::SpeechEnd(offsets));
        }
        self.cues.push_back(Cue::Pause(delay.saturating_sub(TRANSCRIPT_DELAY)));
        let language = self.script.language(&turn).to_owned();
        self.queue_answer(now, &turn.answer, &language);
    }

    /// The user has said or typed something: what was kept for that moment comes now.
    pub(in crate::engine) fn new_input(&mut self, out: &mut Outlet) {
        self.last = Last::User;
        if self.manner.switches.final_text == FinalText::Late {
            self.send_finals(out);
        }
        if self.manner.switches.completion_scope == CompletionScope::Turn
            && self.completion == Completion::Open
            && self.is_quiet()
        {
            self.send_finals(out);
            self.close_completion(Stop::EndTurn, out);
        }
    }
}

/// First audio came 735 ms, a tool call 280 ms behind the end of speech (reference §3.4).
fn usual_delay(turn: &Turn) -> Duration {
    if matches!(turn.answer.first(), Some(Step::Call { .. })) { CALL_DELAY } else { ANSWER_DELAY }
}

pub(super) fn speech_tokens(ms: u64) -> u64 {
    ms.div_ceil(SPEECH_TOKEN_MS)
}

pub(super) fn text_tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(TEXT_TOKEN_BYTES)
}

const TRANSCRIPT_DELAY: Duration = Duration::from_millis(100);
const ANSWER_DELAY: Duration = Duration::from_millis(600);
const CALL_DELAY: Duration = Duration::from_millis(280);
// The service's own rates are not public; these give figures of the size that was measured (reference §4.5).
const SPEECH_TOKEN_MS: u64 = 40;
const TEXT_TOKEN_BYTES: u64 = 4;
