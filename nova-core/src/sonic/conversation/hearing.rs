//! What the service says, made into turns, transcript lines and sound.

use super::call::{Call, Part};
use super::io::LinkKey;
use crate::ids::ContentId;
use crate::sonic::event::{Audio, Event, TurnEnd, TurnId};
use crate::sonic::session::{self, BlockKind, Heard, Stage, Stop};
use serde_json::Value;

/// Blocks come one after another; more open ones than this are not remembered.
const OPEN_BLOCKS: usize = 8;

impl Call {
    /// A payload came on a link.
    pub(super) fn frame(&mut self, link: LinkKey, payload: &[u8]) {
        self.hear(link, session::Input::Payload(payload));
    }

    pub(super) fn hear(&mut self, link: LinkKey, input: session::Input<'_>) {
        let Some(line) = self.line.as_mut().filter(|line| line.key == link) else { return };
        for heard in line.hear(input) {
            if self.is_over() {
                return;
            }
            self.heard(link, heard);
        }
    }

    fn heard(&mut self, link: LinkKey, heard: Heard) {
        match heard {
            Heard::CompletionStarted => {}
            Heard::CompletionEnded => self.completion_ended(),
            Heard::UserSpeechStarted { offset } => {
                self.event(Event::UserSpeechStarted { offset });
                self.barge_in();
                self.turns.speech_started(self.now);
            }
            Heard::UserSpeechEnded { offset, detected } => {
                self.event(Event::UserSpeechEnded { offset });
                self.turns.speech_ended(self.now, detected.saturating_sub(offset));
            }
            Heard::BlockStarted { id, kind } => self.block_started(id, kind),
            Heard::Text { id, kind, text } => self.text_came(&id, kind, &text),
            Heard::Audio { id, pcm } => self.audio_came(&id, pcm),
            Heard::ToolUse { id, name, arguments } => self.begin_tool(link, id, name, arguments),
            Heard::BlockEnded { id, kind, text, stop } => self.block_ended(&id, kind, &text, &stop),
            Heard::Interrupted => self.interrupted_by_service(),
            Heard::Usage(report) => {
                if let Some(total) = self.usage.report(report.total) {
                    self.event(Event::Usage { total });
                }
            }
            Heard::Unknown { name, body } => self.event(Event::Unknown { name, body }),
            Heard::Warning(rule) => self.event(Event::Unknown { name: rule, body: Value::Null }),
            Heard::Ended => self.peer_ended(),
            Heard::Failed(error) => self.line_failed(error),
        }
    }

    fn block_started(&mut self, id: ContentId, kind: BlockKind) {
        let part = match kind {
            BlockKind::AssistantText(Stage::Speculative) => {
                let part = self.answer_part();
                if let Part::Answer(turn) = part {
                    self.transcripts.begin_sentence(turn);
                }
                part
            }
            BlockKind::AssistantAudio { .. } => self.answer_part(),
            _ => Part::Other,
        };
        self.blocks.push_back((id, part));
        if self.blocks.len() > OPEN_BLOCKS {
            self.blocks.pop_front();
        }
    }

    fn answer_part(&mut self) -> Part {
        self.turns.answer_begins(self.now).map_or(Part::Dead, Part::Answer)
    }

    fn part(&self, id: &ContentId) -> Part {
        self.blocks.iter().find(|(open, _)| open == id).map_or(Part::Other, |(_, part)| *part)
    }

    /// Like `part`, for something new in a block: if its turn was given up meanwhile, an answer of its own begins.
    fn living_part(&mut self, id: &ContentId) -> Part {
        match self.part(id) {
            Part::Answer(turn) if !self.turns.is_open(turn) => {
                let part = self.answer_part();
                self.blocks.iter_mut().filter(|(open, _)| open == id).for_each(|(_, old)| *old = part);
                part
            }
            part => part,
        }
    }

    fn text_came(&mut self, id: &ContentId, kind: BlockKind, text: &str) {
        if kind != BlockKind::AssistantText(Stage::Speculative) {
            return;
        }
        let before = self.part(id);
        if let Part::Answer(turn) = self.living_part(id) {
            if before != Part::Answer(turn) {
                self.transcripts.begin_sentence(turn);
            }
            self.turns.text_came(self.now, turn);
            let change = self.transcripts.announce(turn, text);
            self.changed(change);
        }
    }

    fn audio_came(&mut self, id: &ContentId, pcm: bytes::Bytes) {
        let Part::Answer(turn) = self.living_part(id) else { return };
        self.turns.audio_came(self.now, turn);
        self.transcripts.sounds(turn);
        let mut audio = Audio { turn, pcm, rate: self.config.output_rate, offset: std::time::Duration::ZERO };
        audio.offset = self.playback.delivered(turn, audio.duration());
        self.event(Event::Audio(audio));
    }

    fn block_ended(&mut self, id: &ContentId, kind: BlockKind, text: &str, stop: &Stop) {
        let part = self.part(id);
        self.blocks.retain(|(open, _)| open != id);
        match kind {
            BlockKind::UserText => {
                if self.turns.answering().is_some_and(|turn| self.turns.has_sounded(turn) && !self.tools.holds(turn)) {
                    // No boundary event and no end of the answer came: these words are the only sign of a barge-in.
                    self.interrupted_by_service();
                }
                let turn = self.turns.user_said(self.now);
                let change = self.transcripts.user(turn, text);
                self.changed(change);
            }
            BlockKind::AssistantText(Stage::Final) if !text.trim().is_empty() => self.spoken(text),
            _ => {}
        }
        match (stop, part) {
            (Stop::Interrupted, _) => self.interrupted_by_service(),
            (Stop::EndTurn, Part::Answer(turn)) => self.answer_ended(turn, kind),
            // The rest of a dead answer is through: what comes next is alive.
            (Stop::EndTurn, Part::Dead) => self.turns.reopen(),
            _ => {}
        }
    }

    /// An answer ends with its sound, or, if it had none, with its text (reference §3.3); a turn that waits for a tool
    /// has only been filled in.
    fn answer_ended(&mut self, turn: TurnId, kind: BlockKind) {
        let ends = match kind {
            BlockKind::AssistantAudio { .. } => true,
            _ => !self.turns.has_sounded(turn),
        };
        if !ends || self.tools.holds(turn) {
            return;
        }
        if !self.turns.has_sounded(turn) {
            self.transcripts.given_as_text(turn);
        }
        self.end_turn(turn, TurnEnd::Answered);
    }

    /// The service repeats what was spoken.
    fn spoken(&mut self, text: &str) {
        let last = self.turns.answering().or_else(|| self.playback.last()).or_else(|| self.turns.front());
        let Some(turn) = last.or_else(|| self.turns.last()).or_else(|| self.turns.answer_begins(self.now)) else {
            return;
        };
        let changes = self.transcripts.spoken(turn, text);
        if !self.turns.is_open(turn) {
            self.transcripts.turn_ended(turn, self.now);
        }
        self.settled(changes);
    }

    fn interrupted_by_service(&mut self) {
        self.cut_answers();
        self.turns.reopen();
    }

    /// This side knows of an interruption before the service does: what still comes of the answer is dead. An answer
    /// that was given to its end has nothing to come, and what comes next is alive.
    pub(super) fn barge_in(&mut self) {
        let given = self.turns.answering();
        self.cut_answers();
        if given.is_some() {
            self.turns.shut();
        }
    }

    /// Stops every answer that is being given or played, each once.
    fn cut_answers(&mut self) {
        let mut cut = self.playback.playing(self.now);
        cut.extend(self.turns.answering().filter(|turn| !cut.contains(turn)));
        for turn in cut {
            self.cut_answer(turn);
        }
    }

    fn cut_answer(&mut self, turn: TurnId) {
        let heard = self.playback.heard(self.now, turn);
        self.playback.stop(self.now, turn);
        for (_, part) in self.blocks.iter_mut().filter(|(_, part)| *part == Part::Answer(turn)) {
            *part = Part::Dead;
        }
        self.transcripts.interrupted(turn);
        self.flush(turn);
        self.event(Event::Interrupted { turn, heard });
        self.end_turn(turn, TurnEnd::Interrupted);
    }
}
