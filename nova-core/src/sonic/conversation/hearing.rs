//! What the service says, made into turns, transcript lines and sound.

use std::time::Duration;

use serde_json::Value;

use super::call::{Block, BlockPart, Call};
use super::io::LinkKey;
use super::line::Gate;
use super::lines::Part;
use super::tape::Position;
use super::turns::{Boundaries, Ended, News};
use crate::ids::ContentId;
use crate::sonic::event::{Audio, Event, TurnEnd, TurnId};
use crate::sonic::session::{self, BlockKind, Heard, Stage, Stop};
use crate::usage::Money;

/// Blocks come one after another; more open ones than this are not remembered.
const OPEN_BLOCKS: usize = 8;

impl Call {
    /// A payload came on a link.
    pub(super) fn frame(&mut self, link: LinkKey, payload: &[u8]) {
        self.hear(link, session::Input::Payload(payload));
    }

    pub(super) fn hear(&mut self, link: LinkKey, input: session::Input<'_>) {
        let Some(line) = self.lines.get_mut(link) else { return };
        for heard in line.hear(input) {
            // What was heard before may have ended the call, or the line.
            if self.is_over() {
                return;
            }
            self.follow_speech(link, &heard);
            self.review(link, heard);
        }
    }

    /// Makes what was heard on a link happen.
    pub(super) fn heard(&mut self, link: LinkKey, heard: Heard) {
        let Some(part) = self.lines.part(link) else { return };
        match heard {
            Heard::CompletionEnded => self.completion_ended(link),
            Heard::UserSpeechStarted { offset } if part == Part::Current => self.speech_started(link, offset),
            Heard::UserSpeechEnded { offset, detected } if part == Part::Current => {
                self.speech_ended(link, offset, detected);
            }
            // The session that made room hears of the user what the new one hears too.
            Heard::UserSpeechStarted { .. } | Heard::UserSpeechEnded { .. } | Heard::CompletionStarted => {}
            Heard::BlockStarted { id, kind } => self.block_started(link, id, kind),
            Heard::Text { id, kind, text } => self.text_came(link, &id, kind, &text),
            Heard::Audio { id, pcm } => self.audio_came(link, &id, pcm),
            Heard::ToolUse { id, name, arguments } => self.begin_tool(link, id, name, arguments),
            Heard::BlockEnded { id, kind, text, stop } => self.block_ended(link, &id, kind, &text, &stop),
            Heard::Interrupted => {
                self.superseded(link);
                self.interrupted_by_service(link);
            }
            Heard::Usage(report) => {
                if let Some((total, delta)) = self.usage.report(link, report.total) {
                    let cost = Money::cost(total, self.model.prices());
                    self.event(Event::Usage { total, delta, cost });
                }
            }
            Heard::Unknown { name, body } => self.event(Event::Unknown { name, body }),
            Heard::Warning(rule) => self.event(Event::Unknown { name: rule, body: Value::Null }),
            Heard::Ended => self.stream_ended(link),
            Heard::Failed(error) => self.line_failed(link, error),
        }
    }

    fn speech_started(&mut self, link: LinkKey, offset: Duration) {
        let at = self.user_position(link, offset);
        if let Some(line) = self.lines.get_mut(link) {
            line.user_began = offset;
        }
        // Before the turn begins: an answer that it cuts is none of its own.
        if self.turns.is_news(at) == News::Fresh {
            self.event(Event::UserSpeechStarted { offset: self.user_time(at) });
            self.barge_in();
        }
        let tools = &self.tools;
        self.turns.speech_started(self.now, link, at, |turn| tools.in_hand(turn));
    }

    fn speech_ended(&mut self, link: LinkKey, offset: Duration, detected: Duration) {
        let at = self.user_position(link, offset);
        // An end may be told after the words, and the user have begun again meanwhile (reference §3.2).
        let ended = match self.lines.get_mut(link) {
            Some(line) if offset < line.user_began => Ended::Before,
            _ => Ended::Now,
        };
        if ended == Ended::Now {
            self.set_gate(link, Gate::Open);
        }
        if self.turns.speech_ended(self.now, link, detected.saturating_sub(offset), at, ended) == News::Fresh {
            self.event(Event::UserSpeechEnded { offset: self.user_time(at) });
        }
    }

    fn user_position(&mut self, link: LinkKey, offset: Duration) -> Position {
        let now = self.now;
        let Some(line) = self.lines.get_mut(link) else { return 0 };
        line.user_heard = now;
        line.position(&self.config, offset)
    }

    fn user_time(&self, at: Position) -> Duration {
        self.config.input_rate.duration(at as usize)
    }

    fn block_started(&mut self, link: LinkKey, id: ContentId, kind: BlockKind) {
        let part = match kind {
            BlockKind::AssistantText(Stage::Speculative) => {
                let part = self.answer_part(link);
                if let BlockPart::Answer(turn) = part {
                    self.transcripts.begin_sentence(turn);
                }
                part
            }
            BlockKind::AssistantAudio { .. } => self.answer_part(link),
            _ => BlockPart::Other,
        };
        if let BlockPart::Answer(turn) = part {
            self.tools.answer_begins(turn);
        }
        self.blocks.push_back(Block { link, id, part });
        if self.blocks.len() > OPEN_BLOCKS {
            self.blocks.pop_front();
        }
    }

    fn answer_part(&mut self, link: LinkKey) -> BlockPart {
        if self.gate(link) == Gate::Shut {
            self.turns.touch(self.now);
            return BlockPart::Dead;
        }
        let tools = &self.tools;
        match self.turns.answer_begins(self.now, link, self.audio_in.sent_to(), |turn| tools.holds(turn)) {
            Some(turn) => BlockPart::Answer(turn),
            // Only the session in use may speak unasked; another one answers what was asked again elsewhere.
            None if self.lines.part(link) == Some(Part::Current) => {
                BlockPart::Answer(self.turns.unasked(self.now, link))
            }
            None => BlockPart::Dead,
        }
    }

    pub(super) fn gate(&mut self, link: LinkKey) -> Gate {
        self.lines.get_mut(link).map_or(Gate::Open, |line| line.gate)
    }

    fn set_gate(&mut self, link: LinkKey, gate: Gate) {
        if let Some(line) = self.lines.get_mut(link) {
            line.gate = gate;
        }
    }

    fn part(&self, link: LinkKey, id: &ContentId) -> BlockPart {
        let block = self.blocks.iter().find(|block| block.link == link && block.id == *id);
        block.map_or(BlockPart::Other, |block| block.part)
    }

    /// Like `part`, for something new in a block: if its turn was given up meanwhile, an answer of its own begins.
    fn living_part(&mut self, link: LinkKey, id: &ContentId) -> BlockPart {
        match self.part(link, id) {
            BlockPart::Answer(turn) if !self.turns.is_open(turn) => {
                let part = self.answer_part(link);
                let this = self.blocks.iter_mut().filter(|block| block.link == link && block.id == *id);
                this.for_each(|block| block.part = part);
                part
            }
            part => part,
        }
    }

    fn text_came(&mut self, link: LinkKey, id: &ContentId, kind: BlockKind, text: &str) {
        if kind != BlockKind::AssistantText(Stage::Speculative) {
            return;
        }
        let before = self.part(link, id);
        if let BlockPart::Answer(turn) = self.living_part(link, id) {
            if before != BlockPart::Answer(turn) {
                self.transcripts.begin_sentence(turn);
            }
            self.turns.text_came(self.now, turn);
            let change = self.transcripts.announce(turn, text);
            self.changed(change);
        }
    }

    fn audio_came(&mut self, link: LinkKey, id: &ContentId, pcm: bytes::Bytes) {
        if self.review.mutes(link) {
            return self.turns.touch(self.now);
        }
        let BlockPart::Answer(turn) = self.living_part(link, id) else { return };
        let mut audio = Audio { turn, pcm, rate: self.config.output_rate, offset: Duration::ZERO };
        audio.offset = self.playback.delivered(turn, audio.duration());
        self.turns.audio_came(self.now, turn);
        if self.turns.waits_for_sound(turn)
            && let Some(at) = audio.first_audible()
        {
            self.turns.audible_at(turn, audio.offset + at);
        }
        self.tools.sounds(turn);
        self.transcripts.sounds(turn, audio.duration());
        self.event(Event::Audio(audio));
    }

    fn block_ended(&mut self, link: LinkKey, id: &ContentId, kind: BlockKind, text: &str, stop: &Stop) {
        let part = self.part(link, id);
        self.blocks.retain(|block| block.link != link || block.id != *id);
        match kind {
            BlockKind::UserText => self.user_said(link, text),
            BlockKind::AssistantText(Stage::Final) if !text.trim().is_empty() => self.spoken(link, text),
            BlockKind::AssistantAudio { .. } if *stop != Stop::Interrupted => {
                if let BlockPart::Answer(turn) = part {
                    self.transcripts.sound_ended(turn);
                }
            }
            _ => {}
        }
        match (stop, part) {
            (Stop::Interrupted, _) => self.interrupted_by_service(link),
            (Stop::EndTurn, BlockPart::Answer(turn)) => self.answer_ended(turn, kind),
            // The rest of a dead answer is through: what comes next is alive.
            (Stop::EndTurn, BlockPart::Dead) => self.set_gate(link, Gate::Open),
            _ => {}
        }
    }

    fn user_said(&mut self, link: LinkKey, text: &str) {
        let now = self.now;
        if self.lines.part(link) != Some(Part::Current) {
            return;
        }
        if self.turns.answering_on(link).is_some_and(|turn| self.turns.has_sounded(turn) && !self.tools.holds(turn)) {
            // No boundary event and no end of the answer came: these words are the only sign of a barge-in.
            self.interrupted_by_service(link);
        }
        if self.turns.boundaries() == Boundaries::NeverSeen {
            // The same for a tool: these words came after its call.
            self.interrupt_tools();
        }
        if let Some(line) = self.lines.get_mut(link) {
            line.user_heard = now;
            line.gate = Gate::Open;
        }
        let turn = self.turns.user_said(now, link, self.audio_in.sent_to());
        let change = self.transcripts.user(turn, text);
        self.changed(change);
    }

    /// An answer ends with its sound, or, if it had none, with its text (reference §3.3); a turn that waits for a tool
    /// has only been filled in.
    fn answer_ended(&mut self, turn: TurnId, kind: BlockKind) {
        let ends = match kind {
            BlockKind::AssistantAudio { .. } => true,
            _ => !self.turns.has_sounded(turn),
        };
        if !ends || self.tools.holds(turn) || self.tools.owes_answer(turn) {
            return;
        }
        if !self.turns.has_sounded(turn) {
            self.transcripts.given_as_text(turn);
        }
        self.end_turn(turn, TurnEnd::Answered);
    }

    /// The service repeats what was spoken.
    fn spoken(&mut self, link: LinkKey, text: &str) {
        if self.review.refused(text) {
            return;
        }
        let next = || self.turns.next(link, |turn| self.tools.holds(turn));
        let last = self.turns.answering_on(link).or_else(|| self.playback.last()).or_else(next);
        let Some(turn) = last.or_else(|| self.turns.last()).or_else(|| match self.answer_part(link) {
            BlockPart::Answer(turn) => Some(turn),
            _ => None,
        }) else {
            return;
        };
        let since = self.lines.get_mut(link).map_or(0, |line| line.first_turn);
        let change = self.transcripts.spoken(since, turn, text);
        if !self.turns.is_open(turn) {
            self.transcripts.turn_ended(turn, self.now);
        }
        self.changed(change);
    }

    /// The service gave up a question for a later one before it answered: nothing of an answer was there to be cut.
    fn superseded(&mut self, link: LinkKey) {
        let cuts = self.turns.answering().next().is_some() || self.playback.is_playing(self.now);
        if cuts || self.gate(link) == Gate::Shut {
            return;
        }
        if let Some(turn) = self.turns.superseded(link).filter(|turn| !self.tools.in_hand(*turn)) {
            self.end_turn(turn, TurnEnd::Interrupted);
        }
    }

    /// The service noticed that the user spoke into its answer. The session that made room cannot have: what it says
    /// concerns its own answer alone.
    fn interrupted_by_service(&mut self, link: LinkKey) {
        self.review.forget(link);
        match self.lines.part(link) {
            Some(Part::Current) => self.cut_answers(),
            _ => {
                if let Some(turn) = self.turns.answering_on(link) {
                    self.cut_answer(turn);
                }
            }
        }
        self.set_gate(link, Gate::Open);
    }

    /// This side knows of an interruption before the service does: what still comes of the answer is dead. An answer
    /// that was given to its end has nothing to come, and what comes next is alive.
    pub(super) fn barge_in(&mut self) {
        for line in self.lines.all_mut() {
            let held = self.review.forget(line.key);
            if held || self.turns.answering_on(line.key).is_some() {
                line.gate = Gate::Shut;
            }
        }
        self.cut_answers();
        self.interrupt_tools();
    }

    /// Stops every answer that is being given or played, each once.
    fn cut_answers(&mut self) {
        let mut cut = self.playback.playing(self.now);
        cut.extend(self.turns.answering().filter(|turn| !cut.contains(turn)).collect::<Vec<_>>());
        for turn in cut {
            self.cut_answer(turn);
        }
    }

    fn cut_answer(&mut self, turn: TurnId) {
        let cut = self.playback.heard(self.now, turn);
        self.playback.stop(self.now, turn);
        for block in self.blocks.iter_mut().filter(|block| block.part == BlockPart::Answer(turn)) {
            block.part = BlockPart::Dead;
        }
        let change = self.transcripts.interrupted(self.now, turn, cut);
        self.flush(turn);
        self.event(Event::Interrupted { turn, heard: cut.heard, error: cut.error });
        self.changed(change);
        self.end_turn(turn, TurnEnd::Interrupted);
    }
}
