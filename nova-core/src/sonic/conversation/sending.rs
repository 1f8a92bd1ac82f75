//! The way up: what the application says, and what goes out whenever a link takes something.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::call::{Call, Phase};
use super::io::{AudioPolicy, Output};
use super::line::{Credit, Gate, Line, Up};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Feature;
use crate::sonic::config::{AudioDuringTools, Duplex};
use crate::sonic::event::{CloseReason, DropReason, Event, TurnId, Unsent};

/// Audio that is given up is told of this often at most.
const DROPS_GATHERED: Duration = Duration::from_secs(1);
/// Typed texts that may wait for their moment.
pub(super) const TYPED_BOUND: usize = 32;

/// A text that waits for its moment.
pub(super) struct Typed {
    pub(super) text: String,
    pub(super) by: TypedBy,
}

// What is typed stays out of logs.
impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Typed({} bytes, {:?})", self.text.len(), self.by)
    }
}

/// Who typed a text, and so when it may be sent: a text that arrives while an answer is given cuts it short (reference
/// §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypedBy {
    /// The user, in a new turn or, if it is told again, in its old one: at once.
    User(Option<TurnId>),
    /// The application, so that the assistant speaks first: like the user's, and nobody sees it.
    Greeting,
    /// The call itself, in a turn: when nobody speaks and no answer is owed or played (`asides.rs`).
    Aside(TurnId),
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
    pub(super) fn audio(&mut self, pcm: Bytes, policy: AudioPolicy, at: Duration) -> Result<()> {
        if let Phase::Finishing(finishing) = self.phase {
            if finishing.reason != CloseReason::Finished {
                // The call ends by itself: the application cannot know yet.
                self.audio_in.drop_unheard(pcm, DropReason::Closed);
                return Ok(());
            }
            return Err(Error::new(ErrorKind::Misuse, "No audio is taken after finish()."));
        }
        if self.config.duplex == Duplex::Half && self.playback.is_playing(self.now) {
            self.audio_in.drop_unheard(pcm, DropReason::HalfDuplex);
            return Ok(());
        }
        if policy == AudioPolicy::Wait && self.audio_in.room() == 0 {
            return Err(Error::new(ErrorKind::Limit, "As much audio waits as may wait.")
                .with_code("audio-waiting")
                .with_retryable(true)
                .with_hint("Wait until `audio_room` says that there is room."));
        }
        self.audio_in.push(pcm, policy, at);
        Ok(())
    }

    /// The microphone is off until more audio comes.
    pub(super) fn end_audio(&mut self) {
        self.audio_in.microphone_off();
    }

    pub(super) fn text(&mut self, text: String, by: TypedBy) -> Result<()> {
        if let Phase::Finishing(_) = self.phase {
            return Err(Error::new(ErrorKind::Misuse, "No text is taken after finish()."));
        }
        if text.trim().is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "The text is empty: there is nothing to answer."));
        }
        if !self.model.has(Feature::InteractiveText) {
            let message = match by {
                TypedBy::Greeting => format!("{} cannot speak first: only speech starts an answer.", self.config.model),
                _ => format!("{} does not answer typed text: only speech starts an answer.", self.config.model),
            };
            return Err(Error::new(ErrorKind::Invalid, message).with_hint("Use a newer model, or send audio."));
        }
        if self.typed.len() >= TYPED_BOUND {
            let message = format!("{TYPED_BOUND} texts are waiting to be sent already.");
            return Err(Error::new(ErrorKind::Limit, message).with_hint("Send the next one after an answer."));
        }
        self.typed.push_back(Typed { text, by });
        Ok(())
    }

    /// Sends whatever is due while the links take it.
    pub(super) fn pump(&mut self) {
        self.next_audio = None;
        self.send_typed();
        for line in self.lines.all_mut().filter(|line| line.credit == Credit::One) {
            if let Some(payload) = line.next_payload() {
                self.outputs.push_back(line.carry(self.now, payload));
            }
        }
        self.note_typed();
        self.send_audio();
        if self.dropped_wake().is_some_and(|at| at <= self.now) {
            self.tell_dropped();
        }
    }

    fn send_audio(&mut self) {
        if self.holds_audio() {
            return;
        }
        let takes = |line: &&mut Line| line.takes_audio() || line.is_between_blocks();
        let Some(line) = self.lines.live_mut().filter(|line| line.credit == Credit::One).filter(takes) else { return };
        let was_open = line.takes_audio();
        match line.next_audio(self.now, &mut self.audio_in) {
            Ok(Up::Send(payload)) => {
                let closed = was_open && line.is_between_blocks();
                self.outputs.push_back(line.carry(self.now, payload));
                if closed {
                    // What was begun is all that is said of it, whether or not the service tells its end.
                    self.turns.speech_over(self.now);
                }
                self.note_audio_while_tools();
            }
            Ok(Up::Wait(until)) => self.next_audio = Some(until),
            Ok(Up::Nothing) => {}
            Err(error) => self.bug(&error),
        }
    }

    pub(super) fn tell_dropped(&mut self) {
        for (why, duration) in self.audio_in.take_dropped() {
            self.dropped_told = Some(self.now);
            self.event(Event::InputDropped { duration, why });
        }
    }

    /// Returns when what was given up is told: not piece by piece, and what half duplex keeps back in one, when the
    /// assistant has finished.
    pub(super) fn dropped_wake(&self) -> Option<Duration> {
        if !self.audio_in.has_dropped() {
            return None;
        }
        let gathered = self.dropped_told.map_or(Duration::ZERO, |told| told + DROPS_GATHERED);
        match self.config.duplex {
            Duplex::Half => Some(gathered.max(self.playback.plays_until().unwrap_or_default())),
            _ => Some(gathered),
        }
    }

    fn send_typed(&mut self) {
        if self.lines.live().is_some_and(Line::is_between_blocks) && self.has_something_to_type() {
            // It is answered for certain only beside an open block that is primed (reference §6.4).
            self.audio_in.want_block(self.now);
        }
        // One at a time: what has left this queue is out of its bound.
        let free =
            self.audio_in.is_primed() && self.lines.live().is_some_and(|line| line.takes_audio() && line.is_sent());
        if !free {
            return;
        }
        let at = (0..self.typed.len()).find(|at| self.may_type(self.typed[*at].by));
        let typed = at.and_then(|at| self.typed.remove(at)).or_else(|| self.due_filler());
        let (Some(typed), Some(line)) = (typed, self.lines.live_mut()) else { return };
        match line.type_text(&typed.text) {
            Ok(()) => line.typing = Some(typed),
            Err(error) => self.bug(&error),
        }
    }

    fn has_something_to_type(&self) -> bool {
        self.typed.iter().any(|typed| self.may_type(typed.by)) || self.turn_of_due_filler().is_some()
    }

    /// A text is asked when the last of it has left, and not before.
    fn note_typed(&mut self) {
        let Some(line) = self.lines.live_mut().filter(|line| line.is_sent()) else { return };
        let Some(typed) = line.typing.take() else { return };
        line.gate = Gate::Open;
        line.speaks = Some(self.now);
        self.was_typed(&typed);
    }

    /// A session is gone, or takes nothing more: what it was being typed waits again.
    pub(super) fn take_back(&mut self, typing: Option<Typed>) {
        if let Some(typed) = typing {
            self.typed.push_front(typed);
        }
    }

    /// Says whether a text may be sent now. Two sessions never answer at once.
    fn may_type(&self, by: TypedBy) -> bool {
        match by {
            TypedBy::User(_) | TypedBy::Greeting => {
                !self.lines.leaving.as_ref().is_some_and(|line| self.turns.owed_by(line.key))
            }
            TypedBy::Aside(turn) => self.may_say_aside(turn),
        }
    }

    /// A text was sent, or never will be: it has its turn.
    pub(super) fn was_typed(&mut self, typed: &Typed) {
        let link = self.lines.current_key().unwrap_or_default();
        match typed.by {
            TypedBy::User(None) => {
                let turn = self.turns.typed(self.now, link, &typed.text);
                let change = self.transcripts.user(turn, &typed.text);
                self.changed(change);
            }
            // What is said of a turn that is over begins another one: its answer is owed like any other.
            TypedBy::Aside(turn) if !self.turns.is_open(turn) => {
                let turn = self.turns.typed(self.now, link, &typed.text);
                self.transcripts.unseen_user(turn, &typed.text);
            }
            TypedBy::Greeting => {
                let turn = self.turns.typed(self.now, link, &typed.text);
                self.transcripts.unseen_user(turn, &typed.text);
            }
            TypedBy::User(Some(turn)) | TypedBy::Aside(turn) => self.turns.asked(self.now, turn),
        }
    }

    fn holds_audio(&self) -> bool {
        self.audio_while_tools == AudioWhileTools::Held && self.tool_is_due()
    }

    /// Says whether the current session waits for a tool; what an earlier one waits for is none of its business.
    fn tool_is_due(&self) -> bool {
        self.lines.current_key().is_some_and(|link| self.tools.holds_link(link))
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

    /// Returns the texts that are not asked yet, the one that is on its way first.
    pub(super) fn unasked_texts(&self) -> impl Iterator<Item = &Typed> {
        self.lines.current.as_ref().and_then(|line| line.typing.as_ref()).into_iter().chain(&self.typed)
    }

    /// Says whether anything the application handed over still waits.
    pub(super) fn has_input_left(&self) -> bool {
        !self.audio_in.is_empty() || self.unasked_texts().next().is_some()
    }

    /// Takes out what was handed over and never sent.
    pub(super) fn unsent(&mut self) -> Unsent {
        let typing = self.lines.current.as_mut().and_then(|line| line.typing.take());
        self.take_back(typing);
        let mut typed: VecDeque<Typed> = std::mem::take(&mut self.withheld);
        typed.append(&mut self.typed);
        let texts = typed.iter().filter(|typed| !matches!(typed.by, TypedBy::Aside(_)));
        let texts = texts.map(|typed| typed.text.clone()).collect();
        for typed in typed.iter().filter(|typed| typed.by == TypedBy::User(None)) {
            self.was_typed(typed);
        }
        let pcm = self.audio_in.give_up();
        let audio = self.config.input_rate.duration(pcm.len() / 2);
        self.tell_dropped();
        Unsent { texts, pcm, audio }
    }
}

impl Line {
    /// Gives a payload to the link.
    fn carry(&mut self, now: Duration, payload: Bytes) -> Output {
        self.credit = Credit::None { since: now };
        Output::Send { link: self.key, payload }
    }
}
