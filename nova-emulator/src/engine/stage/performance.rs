//! The cues, performed one after another.

use std::time::Duration;

use serde_json::Value;

use super::{
    reactions::{speech_tokens, text_tokens},
    state::{Closing, Completion, Last, PIECE, Speaking, Stage},
};
use crate::{
    engine::{
        events::{Stop, Voicing},
        outlet::Outlet,
        plan::{Await, Call, Cue, Place, Sentence},
    },
    ledger::{Said, Tokens, ToolCall},
    speech::{Tone, Voice as _},
    switches::{CompletionStart, FinalText, ToolContent},
};

impl Stage {
    /// Closes the completion once nothing is left to say; tells whether that is so.
    pub(in crate::engine) fn is_finished(&mut self, out: &mut Outlet) -> bool {
        if self.closing == Closing::Open || self.speaking.is_some() || !self.cues.is_empty() {
            return false;
        }
        if self.completion == Completion::Open {
            self.send_finals(out);
            self.close_completion(Stop::EndTurn, out);
        }
        true
    }

    /// Does the one thing that is due first.
    pub(in crate::engine) fn act(&mut self, now: Duration, out: &mut Outlet) {
        if self.speaking.is_none() && self.finals_due.is_some_and(|due| due <= now) {
            self.send_finals(out);
            self.turn_over(out);
        } else if self.speaking.is_some() {
            self.speak_on(now, out);
        } else if let Some(cue) = self.cues.pop_front() {
            self.perform(now, cue, out);
        }
    }

    fn perform(&mut self, now: Duration, cue: Cue, out: &mut Outlet) {
        match cue {
            Cue::Pause(time) => self.due += time,
            Cue::Heard(text) => self.send_transcript(&text, out),
            Cue::SpeechEnd(offsets) => self.boundary("userSpeechEnd", offsets, out),
            Cue::Say(sentence) => self.say(now, &sentence, out),
            Cue::Call(call) => self.call(call, out),
            Cue::Await(wait) => {
                self.waiting.push(wait);
                self.go_on_with_results(now);
            }
        }
        // Behind promptEnd no result can come.
        if self.closing == Closing::PromptEnded {
            self.waiting.clear();
        }
    }

    fn send_transcript(&mut self, text: &str, out: &mut Outlet) {
        if self.manner.switches.completion_start == CompletionStart::BeforeTranscript {
            self.start_completion(out);
        }
        self.text_block(Voicing::User, text, Stop::PartialTurn, out);
        out.ledger.heard.push(text.to_owned());
        self.start_completion(out);
        self.bill(Tokens::default(), out);
    }

    fn say(&mut self, now: Duration, sentence: &Sentence, out: &mut Outlet) {
        let rate = self.rate();
        self.start_completion(out);
        if self.finals_due.is_some() {
            // They belong to the answer before; this one begins.
            self.send_finals(out);
        }
        self.text_block(Voicing::Speculative, &sentence.text, Stop::PartialTurn, out);
        self.bill(Tokens { text_out: text_tokens(sentence.text.len()), ..Tokens::default() }, out);
        if self.manner.switches.final_text == FinalText::Early {
            let stop = if sentence.place == Place::Last { Stop::EndTurn } else { Stop::PartialTurn };
            self.text_block(Voicing::Final, &sentence.text, stop, out);
        }
        let spoken = self.manner.voice.speak(&sentence.text, &sentence.language, rate).filter(|pcm| !pcm.is_empty());
        let pcm = spoken.or_else(|| Tone.speak(&sentence.text, &sentence.language, rate)).unwrap_or_default();
        let id = self.ids.next();
        out.emit(self.labels.audio_start(&id, rate));
        out.ledger.said.push(Said { text: sentence.text.clone(), samples: pcm.len() as u64, sent: 0 });
        self.answers.begin(now, &sentence.text);
        self.speaking = Some(Speaking { id, pcm, at: 0, place: sentence.place });
    }

    /// Sends the next piece, or the end of the block behind the last one.
    fn speak_on(&mut self, now: Duration, out: &mut Outlet) {
        let rate = self.rate();
        let piece = (u64::from(rate) * PIECE.as_millis() as u64 / 1000) as usize;
        let Some(speaking) = self.speaking.as_mut() else { return };
        let rest = speaking.pcm.get(speaking.at..).unwrap_or_default();
        if rest.is_empty() {
            let place = speaking.place;
            return self.end_sentence(place, out);
        }
        let samples = &rest[..piece.min(rest.len())];
        out.emit(self.labels.audio(&speaking.id, samples));
        self.answers.sent(now, samples_time(samples.len(), rate));
        if let Some(said) = out.ledger.said.last_mut() {
            said.sent += samples.len() as u64;
        }
        speaking.at += samples.len();
        self.due += self.piece_time;
    }

    fn end_sentence(&mut self, place: Place, out: &mut Outlet) {
        let stop = if place == Place::Last { Stop::EndTurn } else { Stop::PartialTurn };
        self.close_audio(stop, out);
        if self.manner.switches.final_text == FinalText::Early || self.manner.switches.final_text == FinalText::Never {
            self.answers.take_whole();
        }
        if place == Place::Last {
            self.last = Last::Answer;
            if self.manner.switches.final_text == FinalText::After {
                self.finals_due = Some(self.due + self.manner.final_delay);
            }
            if !self.answers.owes() {
                self.turn_over(out);
            }
        }
    }

    pub(super) fn close_audio(&mut self, stop: Stop, out: &mut Outlet) {
        let Some(speaking) = self.speaking.take() else { return };
        out.emit(self.labels.content_end(&speaking.id, "AUDIO", stop));
        let ms = samples_time(speaking.at, self.rate()).as_millis() as u64;
        self.bill(Tokens { speech_out: speech_tokens(ms), ..Tokens::default() }, out);
    }

    fn call(&mut self, call: Call, out: &mut Outlet) {
        self.start_completion(out);
        let plain = call.arguments.to_string();
        let content = match self.manner.switches.tool_content {
            ToolContent::Plain => plain,
            ToolContent::DoubleEncoded => Value::from(plain).to_string(),
        };
        let id = self.ids.next();
        out.emit(self.labels.tool_start(&id));
        out.emit(self.labels.tool_use(&id, &call.id, &call.tool, &content));
        out.emit(self.labels.content_end(&id, "TOOL", Stop::ToolUse));
        out.ledger.tool_calls.push(ToolCall { id: call.id.clone(), name: call.tool, answered_at: None });
        self.calls.push(call.id);
        self.bill(Tokens { text_out: text_tokens(content.len()), ..Tokens::default() }, out);
    }

    pub(super) fn go_on_with_results(&mut self, now: Duration) {
        let results = &self.results;
        let ready = |wait: &Await| wait.calls.iter().all(|call| results.contains_key(&call.id));
        let Some(place) = self.waiting.iter().position(ready) else { return };
        let wait = self.waiting.remove(place);
        let found: Vec<Value> = wait.calls.iter().filter_map(|call| self.results.remove(&call.id)).collect();
        self.queue(now, Cue::Pause(RESULT_DELAY));
        self.queue_answer(now, &wait.answer(&found), &wait.language);
    }
}

fn samples_time(samples: usize, rate: u32) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(rate.max(1)))
}

/// From the last result to the next word (reference §3.4: 735 ms less 280 ms).
const RESULT_DELAY: Duration = Duration::from_millis(450);
