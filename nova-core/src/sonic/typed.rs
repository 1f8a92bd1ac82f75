//! The order of a session as types: what comes too early, too late or twice does not compile.
//!
//! A door over [`session::Session`](Machine), without logic of its own: every step calls the machine, which still checks
//! what types cannot (values, the model, sizes). A step consumes its session; a refused one gives only the error back,
//! and the session is gone with it.
//!
//! ```text
//! Session<Opening> ─start─► Session<Started> ─prompt─► Session<Prompted> ─system─► Block ─text─► Block<Fed>
//!                                                                                                  │ close
//!    ┌─ system_speech, history ─► Block ─text─► Block<Fed> ─close─┐                                ▼
//!    └──────────────────────────────────────────────────────────► Session<Primed> ◄────────────────┘
//!                                                                       │ audio_block
//!    Session<Closed> ◄─end─ Session<PromptClosed>                       ▼
//!                                ▲ end_prompt                     Session<Live<Unfed>>
//!                                │                                      │ audio
//!                         Session<AudioClosed> ◄─close_audio─ Session<Live> ◄─► Block (typed text, context), answer
//! ```
//!
//! ```
//! use bedrock_nova::audio::SampleRate;
//! use bedrock_nova::model::{Catalogue, ModelId, Voice};
//! use bedrock_nova::sonic::session::{Inference, PromptConfig};
//! use bedrock_nova::sonic::typed::Session;
//!
//! let model = Catalogue::built_in().model(&ModelId::default());
//! let prompt = PromptConfig::new(Voice::Tiffany, SampleRate::Hz24000);
//! let live = Session::new(&model)
//!     .start(&Inference::default(), None)?
//!     .prompt(&prompt)?
//!     .system()?
//!     .text("Answer in two or three sentences.")?
//!     .close()?
//!     .audio_block(SampleRate::Hz16000)?
//!     .audio(&[0; 3200])?;
//! let closed = live.typed_text()?.text("Hello!")?.close()?.close_audio()?.end_prompt()?.end()?;
//! assert_eq!(closed.machine().upstream().name(), "Closed");
//! # Ok::<(), bedrock_nova::Error>(())
//! ```

use std::marker::PhantomData;

use serde_json::Value;

use crate::audio::SampleRate;
use crate::error::Result;
use crate::ids::{ContentName, ToolUseId};
use crate::model::Model;
use crate::sonic::content::Content;
use crate::sonic::session::{Endpointing, Inference, Input, Output, PromptConfig, Session as Machine};
use crate::sonic::wire::Role;

/// A session in a state that its type names.
#[derive(Debug)]
pub struct Session<State> {
    machine: Machine,
    state: PhantomData<State>,
}

/// Nothing is sent.
#[derive(Debug)]
pub enum Opening {}
/// `sessionStart` is sent.
#[derive(Debug)]
pub enum Started {}
/// `promptStart` is sent.
#[derive(Debug)]
pub enum Prompted {}
/// The system prompt is closed, and no audio is open yet.
#[derive(Debug)]
pub enum Primed {}
/// Audio is open; `Feed` says whether something is in it.
#[derive(Debug)]
pub struct Live<Feed = Fed>(PhantomData<Feed>);
/// Audio is closed, and the prompt is open.
#[derive(Debug)]
pub enum AudioClosed {}
/// `promptEnd` is sent.
#[derive(Debug)]
pub enum PromptClosed {}
/// `sessionEnd` is sent.
#[derive(Debug)]
pub enum Closed {}

/// Nothing is in the block yet, so it cannot be closed.
#[derive(Debug)]
pub enum Unfed {}
/// Something is in the block.
#[derive(Debug)]
pub enum Fed {}

/// An open text block, which holds the whole session until it is closed; then the session is in state `After`.
#[derive(Debug)]
pub struct Block<After, Feed = Unfed> {
    machine: Machine,
    name: ContentName,
    state: PhantomData<(After, Feed)>,
}

impl Session<Opening> {
    /// Makes a session that has sent nothing.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        Session::of(Machine::new(model))
    }

    /// Opens the session.
    ///
    /// # Errors
    /// As [`Machine::start`].
    pub fn start(mut self, inference: &Inference, turn_detection: Option<Endpointing>) -> Result<Session<Started>> {
        self.machine.start(inference, turn_detection)?;
        Ok(self.into_state())
    }
}

impl Session<Started> {
    /// Fixes voice, output rate and tools.
    ///
    /// # Errors
    /// As [`Machine::start_prompt`].
    pub fn prompt(mut self, prompt: &PromptConfig) -> Result<Session<Prompted>> {
        self.machine.start_prompt(prompt)?;
        Ok(self.into_state())
    }

    /// Ends a session that never had a prompt.
    ///
    /// # Errors
    /// As [`Machine::end`].
    pub fn end(mut self) -> Result<Session<Closed>> {
        self.machine.end()?;
        Ok(self.into_state())
    }
}

impl Session<Prompted> {
    /// Opens the system prompt.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn system(self) -> Result<Block<Primed>> {
        self.block(Content::System)
    }
}

impl Session<Primed> {
    /// Opens the text that fixes the script of transcripts; directly after the system prompt only, which is checked
    /// while running.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn system_speech(self) -> Result<Block<Primed>> {
        self.block(Content::SystemSpeech)
    }

    /// Opens one message of history; the first is the user's, which is checked while running.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn history(self, role: Role) -> Result<Block<Primed>> {
        self.block(Content::History(role))
    }

    /// Opens the audio block.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn audio_block(self, rate: SampleRate) -> Result<Session<Live<Unfed>>> {
        self.open_audio(rate)
    }
}

impl Session<Live<Unfed>> {
    /// Sends the first audio.
    ///
    /// # Errors
    /// As [`Machine::audio`].
    pub fn audio(mut self, pcm: &[u8]) -> Result<Session<Live>> {
        self.machine.audio(pcm)?;
        Ok(self.into_state())
    }
}

impl Session<Live> {
    /// Sends audio.
    ///
    /// # Errors
    /// As [`Machine::audio`].
    pub fn audio(&mut self, pcm: &[u8]) -> Result<()> {
        self.machine.audio(pcm)
    }

    /// Opens typed text of the user's, to be answered aloud. Audio waits until it is closed.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn typed_text(self) -> Result<Block<Live>> {
        self.block(Content::UserText)
    }

    /// Opens a message that nobody answers. Audio waits until it is closed.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn context(self, role: Role) -> Result<Block<Live>> {
        self.block(Content::History(role))
    }

    /// Answers a tool use, in one step.
    ///
    /// # Errors
    /// As [`Machine::open`] and [`Machine::tool_result`]. After an error here the result may be half sent; the
    /// machine's own steps are finer.
    pub fn answer(&mut self, tool_use_id: ToolUseId, result: &Value) -> Result<()> {
        let block = self.machine.open(Content::ToolResult { tool_use_id })?;
        self.machine.tool_result(&block, result)?;
        self.machine.close(&block)
    }

    /// Closes the audio block.
    ///
    /// # Errors
    /// As [`Machine::close`].
    pub fn close_audio(mut self) -> Result<Session<AudioClosed>> {
        if let Some(audio) = self.machine.open_audio().cloned() {
            self.machine.close(&audio)?;
        }
        Ok(self.into_state())
    }
}

impl Session<AudioClosed> {
    /// Opens another audio block.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn audio_block(self, rate: SampleRate) -> Result<Session<Live<Unfed>>> {
        self.open_audio(rate)
    }

    /// Ends the prompt.
    ///
    /// # Errors
    /// As [`Machine::end_prompt`].
    pub fn end_prompt(mut self) -> Result<Session<PromptClosed>> {
        self.machine.end_prompt()?;
        Ok(self.into_state())
    }
}

impl Session<PromptClosed> {
    /// Ends the session.
    ///
    /// # Errors
    /// As [`Machine::end`].
    pub fn end(mut self) -> Result<Session<Closed>> {
        self.machine.end()?;
        Ok(self.into_state())
    }
}

impl<After> Block<After, Unfed> {
    /// Puts the first text in.
    ///
    /// # Errors
    /// As [`Machine::text`].
    pub fn text(mut self, text: &str) -> Result<Block<After, Fed>> {
        self.machine.text(&self.name, text)?;
        Ok(Block { machine: self.machine, name: self.name, state: PhantomData })
    }
}

impl<After> Block<After, Fed> {
    /// Puts more text in.
    ///
    /// # Errors
    /// As [`Machine::text`].
    pub fn text(mut self, text: &str) -> Result<Self> {
        self.machine.text(&self.name, text)?;
        Ok(self)
    }

    /// Closes the block and gives the session back.
    ///
    /// # Errors
    /// As [`Machine::close`].
    pub fn close(mut self) -> Result<Session<After>> {
        self.machine.close(&self.name)?;
        Ok(Session::of(self.machine))
    }
}

/// The link lives in every state.
impl<State> Session<State> {
    /// Takes what came from the link.
    pub fn handle(&mut self, input: Input<'_>) {
        self.machine.handle(input);
    }

    /// Gives out what is next, or nothing.
    pub fn poll(&mut self) -> Option<Output> {
        self.machine.poll()
    }

    /// Returns the machine, to look at.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Leaves the door: the machine checks the same order while running.
    #[must_use]
    pub fn into_machine(self) -> Machine {
        self.machine
    }

    fn of(machine: Machine) -> Self {
        Session { machine, state: PhantomData }
    }

    fn into_state<Next>(self) -> Session<Next> {
        Session::of(self.machine)
    }

    fn block<After>(mut self, content: Content) -> Result<Block<After>> {
        let name = self.machine.open(content)?;
        Ok(Block { machine: self.machine, name, state: PhantomData })
    }

    fn open_audio(mut self, rate: SampleRate) -> Result<Session<Live<Unfed>>> {
        self.machine.open(Content::Audio { rate })?;
        Ok(self.into_state())
    }
}

/// The link lives while a block is open, too.
impl<After, Feed> Block<After, Feed> {
    /// Takes what came from the link.
    pub fn handle(&mut self, input: Input<'_>) {
        self.machine.handle(input);
    }

    /// Gives out what is next, or nothing.
    pub fn poll(&mut self) -> Option<Output> {
        self.machine.poll()
    }
}
