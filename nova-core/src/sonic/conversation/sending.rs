//! The way up: what the application says, and what goes out whenever the link takes something.

use std::time::Duration;

use super::audio_in::Next;
use super::call::{Call, Phase};
use super::io::{AudioPolicy, Output};
use super::line::Credit;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Feature;
use crate::sonic::config::AudioDuringTools;
use crate::sonic::event::{Event, TurnId};

/// Typed texts that may wait for their moment.
const TYPED_BOUND: usize = 32;

/// A text that waits for its moment.
pub(super) struct Typed {
    pub(super) text: String,
    /// The turn that it continues; a new one of its own otherwise.
    pub(super) turn: Option<TurnId>,
}

/// What has been seen of sending audio while a tool works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AudioWhileTools {
    Untried,
    Sent,
    Held,
}

impl AudioWhileTools {
    pub(super) fn at_first(wanted: AudioDuringTools) -> Self {
        match wanted {
            AudioDuringTools::Hold => AudioWhileTools::Held,
            AudioDuringTools::Adapt | AudioDuringTools::Send => AudioWhileTools::Untried,
        }
    }
}

impl Call {
    pub(super) fn audio(&mut self, pcm: bytes::Bytes, policy: AudioPolicy, at: Duration) -> Result<()> {
        if let Phase::Finishing(_) = self.phase {
            return Err(Error::new(ErrorKind::Misuse, "No audio is taken after finish()."));
        }
        if policy == AudioPolicy::Live {
            self.audio_in.make_room();
        }
        if self.audio_in.room() == 0 {
            return Err(Error::new(ErrorKind::Limit, "As much audio waits as may wait.")
                .with_code("audio-waiting")
                .with_retryable(true)
                .with_hint("Wait until `audio_room` says that there is room."));
        }
        self.audio_in.push(pcm, policy, at);
        Ok(())
    }

    pub(super) fn text(&mut self, text: String) -> Result<()> {
        if let Phase::Finishing(_) = self.phase {
            return Err(Error::new(ErrorKind::Misuse, "No text is taken after finish()."));
        }
        if text.trim().is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "The text is empty: there is nothing to answer."));
        }
        if !self.model.has(Feature::InteractiveText) {
            let message = format!("{} does not answer typed text: only speech starts an answer.", self.config.model);
            return Err(Error::new(ErrorKind::Invalid, message).with_hint("Use a newer model, or send audio."));
        }
        if self.typed.len() >= TYPED_BOUND {
            let message = format!("{TYPED_BOUND} texts are waiting to be sent already.");
            return Err(Error::new(ErrorKind::Limit, message).with_hint("Send the next one after an answer."));
        }
        self.typed.push_back(Typed { text, turn: None });
        Ok(())
    }

    /// Sends whatever is due while the link takes it.
    pub(super) fn pump(&mut self) {
        self.next_audio = None;
        self.send_typed();
        let held = self.holds_audio();
        let Some(line) = self.line.as_mut().filter(|line| line.credit == Credit::One) else { return };
        let payload = match line.next_payload() {
            Some(payload) => payload,
            None if held || !line.takes_audio() => return,
            None => match self.audio_in.next(self.now) {
                Next::Wait(until) => {
                    self.next_audio = Some(until);
                    return;
                }
                Next::Audio(pcm) => {
                    let sent = line.audio(&pcm).map(|()| line.next_payload());
                    match sent {
                        Ok(Some(payload)) => {
                            self.note_audio_while_tools();
                            payload
                        }
                        Ok(None) => return,
                        Err(error) => return self.bug(&error),
                    }
                }
            },
        };
        if let Some(line) = &mut self.line {
            line.credit = Credit::None { since: self.now };
            self.outputs.push_back(Output::Send { link: line.key, payload });
        }
        if let Some(duration) = self.audio_in.take_dropped() {
            self.event(Event::InputDropped { duration, why: crate::sonic::event::DropReason::Stale });
        }
    }

    fn send_typed(&mut self) {
        // One at a time: what has left this queue is out of its bound.
        if self.audio_in.is_primed()
            && let Some(line) = self.line.as_mut().filter(|line| line.takes_audio())
            && line.is_sent()
            && let Some(typed) = self.typed.pop_front()
        {
            if let Err(error) = line.type_text(&typed.text) {
                return self.bug(&error);
            }
            if typed.turn.is_none() {
                self.typed_turn(&typed.text);
            }
        }
    }

    pub(super) fn typed_turn(&mut self, text: &str) {
        let turn = self.turns.typed(self.now);
        let change = self.transcripts.user(turn, text);
        self.changed(change);
    }

    fn holds_audio(&self) -> bool {
        self.audio_while_tools == AudioWhileTools::Held && self.tool_is_due()
    }

    /// Says whether the current session waits for a tool; what an earlier one waits for is none of its business.
    fn tool_is_due(&self) -> bool {
        self.line.as_ref().is_some_and(|line| self.tools.holds_link(line.key))
    }

    fn note_audio_while_tools(&mut self) {
        if self.audio_while_tools == AudioWhileTools::Untried && self.tool_is_due() {
            self.audio_while_tools = AudioWhileTools::Sent;
        }
    }

    /// After a refusal: says whether audio during a tool may be the cause, and holds it from now on if so. The tool
    /// may be done by the time the refusal is here.
    pub(super) fn adapt_audio_to_tools(&mut self) -> bool {
        let suspect = self.config.audio_during_tools == AudioDuringTools::Adapt
            && self.audio_while_tools == AudioWhileTools::Sent;
        if suspect {
            self.audio_while_tools = AudioWhileTools::Held;
        }
        suspect
    }

    /// Says whether anything the application handed over still waits.
    pub(super) fn has_input_left(&self) -> bool {
        !self.audio_in.is_empty() || !self.typed.is_empty()
    }
}
