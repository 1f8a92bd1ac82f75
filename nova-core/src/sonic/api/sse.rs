//! Events for a page that listens to server-sent events.
//!
//! Nine names have a body of their own, flat and in snake case, as clients of speech servers on Bedrock are used to; every
//! other event comes under its own type, with the body that [`encode`] writes.
//!
//! | Event | Messages, in order |
//! |---|---|
//! | `Transcript` | `content_start` before the first words of an answer that has not begun, `transcript` |
//! | `Audio` | `content_start` before the first sound of an answer that has not begun, `audio_response` |
//! | `TurnEnded` | `content_end` if the answer has begun, `turnEnded` |
//! | `Interrupted` | `interrupted` |
//! | `ToolCall` | `tool_use` |
//! | `Usage` | `usage` |
//! | `Closed` | `error` if a failure ended the call, `done` |
//! | any other | its own type: `connected`, `userSpeechStarted`, `toolDone`, `reconnecting`, `gap`, … |
//!
//! | Message | Body, with `seq` and `at_ms` |
//! |---|---|
//! | `transcript` | `turn`, `item`, `role` (`USER`, `ASSISTANT`), `text`, `stage` (`SPECULATIVE`, `FINAL`), `final`; `cut` |
//! | `audio_response` | `turn`, `audio` (base64), `format` (`pcm`), `sample_rate`, `channels` (1), `offset_ms` |
//! | `content_start` | `turn`, `role` (`ASSISTANT`) |
//! | `content_end` | `turn`, `role` (`ASSISTANT`), `reason` (as `end` of `turnEnded`) |
//! | `tool_use` | `turn`, `id`, `name`, `arguments` |
//! | `interrupted` | `turn`, `heard_ms`, `error_ms` |
//! | `usage` | `total` and `delta` (`speech_in`, `text_in`, `speech_out`, `text_out`), `cost_usd` (decimal text, or null) |
//! | `error` | `kind`, `code`, `message`, `retryable`; `request_id`, `hint` |
//! | `done` | `reason`, `unsent_texts`, `unsent_audio_ms` |
//!
//! Only the last message of an event has its number as `id`. A browser that loses the stream between two of them comes
//! back with the number before, and has both again; with an id on each it would never have the second.
//!
//! Whether an answer has begun is known from its events alone: the first words, or the piece at its beginning. So a
//! stream that goes on after a pause [passes](Contents::pass) over what the log still has from before, and tells the
//! rest as it would have been told.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::brief;
use super::event::{encode, name};
use crate::sonic::event::{Event, Stamped, TranscriptStage, TurnEnd, TurnId};
use crate::sonic::wire::Role;

/// A line that means nothing: it keeps proxies from closing a stream on which nothing happens.
pub const HEARTBEAT: Bytes = Bytes::from_static(b": still here\n\n");

/// Answers that may have begun and not ended; as many as a call remembers.
const ANSWERS: usize = 32;

/// One message of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The event's number, on its last message.
    pub id: Option<u64>,
    /// The name under which a page listens to it.
    pub event: &'static str,
    /// One line of JSON.
    pub data: Bytes,
}

impl Message {
    /// Appends the message as it goes over the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        if let Some(id) = self.id {
            out.extend(format!("id: {id}\n").bytes());
        }
        for part in [b"event: ", self.event.as_bytes(), b"\ndata: ", &self.data, b"\n\n"] {
            out.extend_from_slice(part);
        }
    }
}

/// What one stream has to remember: which answers have begun and not ended.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    begun: BTreeSet<TurnId>,
}

impl Contents {
    /// Returns the messages of the next event.
    #[must_use]
    pub fn messages(&mut self, stamped: &Stamped) -> Vec<Message> {
        self.around(stamped, own(stamped, || encode(stamped)))
    }

    /// Takes note of an event that was told before.
    pub fn pass(&mut self, stamped: &Stamped) {
        let _ = self.begins(&stamped.event);
        let _ = self.ends(&stamped.event);
    }

    /// Puts what begins or ends with an event before its own message.
    pub(in crate::sonic) fn around(&mut self, stamped: &Stamped, data: Bytes) -> Vec<Message> {
        let before = match &stamped.event {
            Event::Closed { error: Some(error), .. } => Some(("error", brief::failure(stamped, error))),
            event => {
                let begins = self.begins(event).map(|turn| ("content_start", brief::start(stamped, turn)));
                begins.or_else(|| self.ends(event).map(|(turn, end)| ("content_end", brief::end(stamped, turn, end))))
            }
        };
        let before = before.map(|(event, data)| Message { id: None, event, data });
        before.into_iter().chain([Message { id: Some(stamped.seq), event: own_name(&stamped.event), data }]).collect()
    }

    /// Returns the turn whose answer begins with an event.
    fn begins(&mut self, event: &Event) -> Option<TurnId> {
        let (turn, first) = match event {
            Event::Transcript(line) if line.role == Role::Assistant && line.stage == TranscriptStage::Speculative => {
                (line.turn, true)
            }
            // Sound from the middle of an answer: its beginning was told before, to whoever had it.
            Event::Audio(audio) => (audio.turn, audio.offset.is_zero()),
            _ => return None,
        };
        let news = self.begun.insert(turn);
        if self.begun.len() > ANSWERS {
            self.begun.pop_first();
        }
        (news && first).then_some(turn)
    }

    /// Returns the turn whose answer ends with an event, and how.
    fn ends(&mut self, event: &Event) -> Option<(TurnId, TurnEnd)> {
        let Event::TurnEnded { turn, end, .. } = *event else { return None };
        self.begun.remove(&turn).then_some((turn, end))
    }
}

/// Returns the name of an event's own message.
fn own_name(event: &Event) -> &'static str {
    match event {
        Event::Audio(_) => "audio_response",
        Event::ToolCall(_) => "tool_use",
        Event::Closed { .. } => "done",
        event => name(event),
    }
}

/// Returns the body of an event's own message, which for most is the JSON that everybody has.
pub(in crate::sonic) fn own(stamped: &Stamped, json: impl FnOnce() -> Bytes) -> Bytes {
    match &stamped.event {
        Event::Transcript(line) => brief::transcript(stamped, line),
        Event::Audio(audio) => brief::audio(stamped, audio),
        Event::ToolCall(call) => brief::tool_use(stamped, call),
        Event::Interrupted { turn, heard, error } => brief::interrupted(stamped, *turn, *heard, *error),
        Event::Usage { total, delta, cost } => brief::usage(stamped, *total, *delta, *cost),
        Event::Closed { reason, unsent, .. } => brief::done(stamped, *reason, unsent),
        _ => json(),
    }
}
