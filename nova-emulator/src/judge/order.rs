//! The state machine of the input: the table of reference §4.2, state by event.

use std::time::Duration;

use serde_json::Value;

use super::{
    accepted::Accepted,
    blocks::{AudioBlock, Block, Fed, History, Names, ToolUses},
    envelope::{Envelope, Name, is_pretty},
    fields::{Fields, Unknown},
    prompt,
    refusal::Refusal,
    shape::{self, BlockKind, BlockStart, Data, Sensitivity},
};
use crate::{
    breach::{Breach, Rule},
    engine::Strictness,
    limits::Limits,
    model::Generation,
    switches::{Switches, TextAfterAudio, Verdict},
};

/// Where the input stands; the names I0–I8 are those of reference §4.1.
///
/// ```text
/// Connected(I0) → Session(I1) → Prompted(I2) ⇄ System(I2s) → Primed(I3) ⇄ History(I3t)
///                                                               ↓
///                              AudioClosed(I6) ⇄ Live(I5) ⇄ LiveText(I5t), LiveTool(I5r)
///                                   ⇅ ↓
///                          ClosedText, ClosedTool      PromptClosed(I7) → Closed(I8)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Connected,
    Session,
    Prompted,
    System,
    Primed,
    History,
    Live,
    LiveText,
    LiveTool,
    AudioClosed,
    ClosedText,
    ClosedTool,
    PromptClosed,
    Closed,
}

/// Judges one session's input.
pub(crate) struct Judge {
    pub(super) generation: Generation,
    pub(super) switches: Switches,
    strictness: Strictness,
    limits: Limits,
    pub(super) state: State,
    prompt: String,
    names: Names,
    audio: Option<AudioBlock>,
    block: Option<Block>,
    pub(super) history: History,
    pub(super) tools: ToolUses,
    breaches: Vec<Breach>,
}

impl Judge {
    pub(crate) fn new(generation: Generation, switches: Switches, strictness: Strictness, limits: Limits) -> Self {
        Self {
            generation,
            switches,
            strictness,
            limits,
            state: State::Connected,
            prompt: String::new(),
            names: Names::default(),
            audio: None,
            block: None,
            history: History::default(),
            tools: ToolUses::default(),
            breaches: Vec::new(),
        }
    }

    /// Judges one payload.
    pub(crate) fn payload(&mut self, now: Duration, payload: &[u8]) -> Result<Accepted, Refusal> {
        if payload.len() > MAX_CHUNK {
            return Err(Refusal::Generic);
        }
        let Envelope { name, body } = Envelope::open(payload)?;
        if is_pretty(payload) {
            self.forgive(now, Rule::PrettyPrinted, name.text(), Refusal::Parse)?;
        }
        match name {
            Name::SessionStart => self.session_start(now, body),
            Name::PromptStart => self.prompt_start(body),
            Name::ContentStart => self.content_start(body),
            Name::TextInput => self.text_input(body),
            Name::AudioInput => self.audio_input(body),
            Name::ToolResult => self.tool_result(body),
            Name::ContentEnd => self.content_end(body),
            Name::PromptEnd => self.prompt_end(body),
            Name::SessionEnd => self.session_end(body),
            Name::Unknown(name) => self.unknown(now, &name),
        }
    }

    /// Judges the end of the input.
    pub(crate) fn input_ended(&mut self, now: Duration) -> Result<(), Refusal> {
        let refusal = Refusal::OpenPrompt(self.prompt.clone());
        match self.state {
            State::Connected | State::Session | State::PromptClosed | State::Closed => Ok(()),
            State::Prompted | State::System | State::Primed | State::History => {
                self.forgive(now, Rule::NoClosingEvents, "the input ended before any audio", refusal)
            }
            State::Live | State::LiveText | State::LiveTool => {
                self.forgive(now, Rule::AudioOpenAtEnd, "the input ended in an AUDIO block", refusal.clone())?;
                self.forgive(now, Rule::NoClosingEvents, "no promptEnd, no sessionEnd", refusal)
            }
            State::AudioClosed | State::ClosedText | State::ClosedTool => Err(refusal),
        }
    }

    /// Notes a client that reset or dropped its stream after everything was over.
    pub(crate) fn abrupt_close(&mut self, now: Duration) {
        self.breaches.push(Breach::new(Rule::AbruptClose, "reset or dropped after the end", now));
    }

    /// Notes a tool call that went out; its result is now awaited.
    pub(crate) fn tool_called(&mut self, id: &str) {
        self.tools.called(id);
    }

    pub(crate) fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    fn session_start(&mut self, now: Duration, body: Value) -> Result<Accepted, Refusal> {
        self.only_in(&[State::Connected])?;
        let body = self.fields(body)?;
        let sensitivity = if body.is_empty() {
            self.forgive(now, Rule::EmptySessionStart, "no inferenceConfiguration", Refusal::Generic)?;
            Sensitivity::default()
        } else {
            shape::session_start(body, &self.switches)?
        };
        self.state = State::Session;
        Ok(Accepted::SessionStarted(sensitivity))
    }

    fn prompt_start(&mut self, body: Value) -> Result<Accepted, Refusal> {
        let again = self.state == State::PromptClosed && self.switches.second_prompt == Verdict::Accepted;
        if !again {
            self.only_in(&[State::Session])?;
        }
        let prompt = prompt::prompt_start(self.fields(body)?, self.generation, &self.switches)?;
        let fresh = self.names.new_prompt(&prompt.name);
        self.fresh_name(fresh)?;
        self.prompt.clone_from(&prompt.name);
        self.history = History::default();
        self.state = State::Prompted;
        Ok(Accepted::Prompted(prompt))
    }

    fn content_start(&mut self, body: Value) -> Result<Accepted, Refusal> {
        self.in_prompt()?;
        let BlockStart { prompt, name, kind } = shape::content_start(self.fields(body)?)?;
        self.same_prompt(&prompt)?;
        let next = self.may_open(&kind)?;
        let fresh = self.names.new_content(&name);
        self.fresh_name(fresh)?;
        self.state = next;
        if let BlockKind::Audio { rate, ear } = kind {
            self.audio = Some(AudioBlock { name, fed: Fed::Nothing });
            return Ok(Accepted::AudioOpened { rate, ear });
        }
        if next == State::History {
            self.history.blocks += 1;
        }
        let block = self.block.insert(Block::new(name, kind));
        Ok(if block.is_interactive() { Accepted::InteractiveProgress } else { Accepted::Nothing })
    }

    fn text_input(&mut self, body: Value) -> Result<Accepted, Refusal> {
        self.in_prompt()?;
        let data = shape::data(self.fields(body)?)?;
        self.same_prompt(&data.prompt)?;
        match self.state {
            State::System | State::History | State::LiveText | State::ClosedText => self.feed_text(&data),
            State::LiveTool | State::ClosedTool => Err(Refusal::Generic),
            _ => Err(Refusal::NoContent(data.name)),
        }
    }

    fn feed_text(&mut self, data: &Data) -> Result<Accepted, Refusal> {
        let state = self.state;
        let block = named(self.block.as_mut(), &data.name)?;
        let length = data.content.len();
        if length > MAX_TEXT_INPUT && self.switches.large_text_input == Verdict::Refused {
            return Err(Refusal::Generic);
        }
        block.bytes += length;
        if block.bytes > MAX_CHUNK {
            return Err(Refusal::Generic);
        }
        if state == State::History && block.kind != BlockKind::SystemSpeech {
            self.history.bytes += length;
            if block.bytes > self.limits.history_message || self.history.bytes > self.limits.history_total {
                return Err(Refusal::HistoryTooLong);
            }
        }
        if !block.is_interactive() || state == State::History {
            return Ok(Accepted::Nothing);
        }
        block.text.push_str(&data.content);
        Ok(Accepted::InteractiveProgress)
    }

    fn audio_input(&mut self, body: Value) -> Result<Accepted, Refusal> {
        self.in_prompt()?;
        let data = shape::data(self.fields(body)?)?;
        self.same_prompt(&data.prompt)?;
        match self.state {
            State::Prompted | State::System => Err(Refusal::Generic),
            State::History | State::LiveText => Err(Refusal::HistoryLate),
            State::Live | State::LiveTool => self.feed_audio(&data),
            _ => Err(Refusal::NoContent(data.name)),
        }
    }

    fn feed_audio(&mut self, data: &Data) -> Result<Accepted, Refusal> {
        if self.switches.audio_while_tool_pending == Verdict::Refused && self.tools.any_pending() {
            return Err(Refusal::Generic);
        }
        let audio = self.audio.as_mut().filter(|audio| audio.name == data.name);
        let audio = audio.ok_or_else(|| Refusal::NoContent(data.name.clone()))?;
        let bytes = shape::audio_bytes(&data.content)?;
        if !bytes.is_empty() {
            audio.fed = Fed::Something;
        }
        Ok(Accepted::Audio(bytes))
    }

    fn tool_result(&mut self, body: Value) -> Result<Accepted, Refusal> {
        self.in_prompt()?;
        let data = shape::tool_data(body, self.unknown_fields())?;
        self.same_prompt(&data.prompt)?;
        match self.state {
            State::LiveTool | State::ClosedTool => {}
            State::Live | State::AudioClosed => return Err(Refusal::NoContent(data.name)),
            _ => return Err(Refusal::Generic),
        }
        let block = named(self.block.as_mut(), &data.name)?;
        if block.bytes > 0 {
            return Err(Refusal::Generic);
        }
        shape::tool_object(&data.content)?;
        block.bytes += data.content.len();
        block.text = data.content;
        Ok(Accepted::Nothing)
    }

    fn content_end(&mut self, body: Value) -> Result<Accepted, Refusal> {
        self.in_prompt()?;
        let (prompt, name) = shape::content_end(self.fields(body)?)?;
        self.same_prompt(&prompt)?;
        if self.block.as_ref().is_some_and(|block| block.name == name) {
            return self.close_block();
        }
        let live = matches!(self.state, State::Live | State::LiveText | State::LiveTool);
        if live && self.audio.as_ref().is_some_and(|audio| audio.name == name) {
            return self.close_audio(name);
        }
        Err(Refusal::NoContent(name))
    }

    fn close_block(&mut self) -> Result<Accepted, Refusal> {
        let Some(block) = self.block.take() else { return Err(Refusal::Generic) };
        let block = block.close()?;
        let history = self.state == State::History;
        self.state = match self.state {
            State::System | State::History => State::Primed,
            State::ClosedText | State::ClosedTool => State::AudioClosed,
            _ => State::Live,
        };
        Ok(match block.kind {
            BlockKind::System => Accepted::SystemClosed(block.bytes),
            BlockKind::Tool { tool_use_id } => self.tool_answered(tool_use_id, &block.text)?,
            _ if block.is_interactive() && !history && self.text_is_answered() => Accepted::Typed(block.text),
            _ => Accepted::TextNoted(block.bytes),
        })
    }

    fn text_is_answered(&self) -> bool {
        self.state == State::Live || self.switches.text_after_audio == TextAfterAudio::Answered
    }

    /// The block ends the call: exactly one result each (reference §4.5).
    fn tool_answered(&mut self, id: String, content: &str) -> Result<Accepted, Refusal> {
        if self.tools.find(&id).is_none() {
            return Ok(Accepted::Nothing);
        }
        self.tools.answered(&id);
        Ok(Accepted::ToolAnswered { id, result: shape::tool_object(content)? })
    }

    /// Text and tool blocks are closed first; what the service does otherwise is unknown (reference §4.2).
    fn close_audio(&mut self, name: String) -> Result<Accepted, Refusal> {
        if self.state != State::Live {
            return Err(Refusal::Generic);
        }
        if self.audio.as_ref().is_some_and(|audio| audio.fed == Fed::Nothing) {
            return Err(Refusal::EmptyContent(name));
        }
        self.audio = None;
        self.state = State::AudioClosed;
        Ok(Accepted::AudioClosed)
    }

    fn prompt_end(&mut self, body: Value) -> Result<Accepted, Refusal> {
        self.in_prompt()?;
        let prompt = shape::prompt_end(self.fields(body)?)?;
        self.same_prompt(&prompt)?;
        match self.state {
            State::Prompted | State::Primed => Err(Refusal::NoAudio(prompt)),
            State::AudioClosed => {
                self.state = State::PromptClosed;
                Ok(Accepted::PromptEnded)
            }
            _ => Err(Refusal::OpenContent),
        }
    }

    fn session_end(&mut self, body: Value) -> Result<Accepted, Refusal> {
        self.fields(body)?.finish()?;
        match self.state {
            State::Connected | State::Closed => Err(Refusal::Generic),
            State::Session | State::PromptClosed => {
                self.state = State::Closed;
                Ok(Accepted::SessionEnded)
            }
            _ => Err(Refusal::OpenPrompt(self.prompt.clone())),
        }
    }

    fn unknown(&mut self, now: Duration, name: &str) -> Result<Accepted, Refusal> {
        self.only_in(&[State::PromptClosed])?;
        self.forgive(now, Rule::UnknownForSessionEnd, name, Refusal::Generic)?;
        self.state = State::Closed;
        Ok(Accepted::SessionEnded)
    }

    /// Writes a deviation of reference §1.9a down, or refuses it under `strict`.
    fn forgive(&mut self, now: Duration, rule: Rule, detail: &str, refusal: Refusal) -> Result<(), Refusal> {
        if self.strictness == Strictness::Strict {
            return Err(refusal);
        }
        self.breaches.push(Breach::new(rule, detail, now));
        Ok(())
    }

    fn only_in(&self, states: &[State]) -> Result<(), Refusal> {
        if states.contains(&self.state) { Ok(()) } else { Err(Refusal::Generic) }
    }

    fn in_prompt(&self) -> Result<(), Refusal> {
        match self.state {
            State::Connected | State::Session | State::PromptClosed | State::Closed => Err(Refusal::Generic),
            _ => Ok(()),
        }
    }

    fn same_prompt(&self, prompt: &str) -> Result<(), Refusal> {
        if prompt == self.prompt { Ok(()) } else { Err(Refusal::Generic) }
    }

    fn fresh_name(&self, fresh: bool) -> Result<(), Refusal> {
        if fresh || self.switches.duplicate_names == Verdict::Accepted { Ok(()) } else { Err(Refusal::Generic) }
    }

    fn fields(&self, body: Value) -> Result<Fields, Refusal> {
        Fields::of(body, self.unknown_fields())
    }

    fn unknown_fields(&self) -> Unknown {
        if self.generation.is_first() { Unknown::Ignore } else { Unknown::Refuse }
    }
}

fn named<'a>(block: Option<&'a mut Block>, name: &str) -> Result<&'a mut Block, Refusal> {
    block.filter(|block| block.name == name).ok_or_else(|| Refusal::NoContent(name.to_owned()))
}

/// One `bytes` blob (reference §1.3).
const MAX_CHUNK: usize = 1_000_000;
/// The classic guidance (reference §4.5), enforced only where the switch says so.
const MAX_TEXT_INPUT: usize = 1024;
