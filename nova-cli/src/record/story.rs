//! What happened in a call, gathered from its events: lines, turns, tools and moments. The transcript and the picture
//! are both drawn from it.

use std::time::Duration;

use bedrock_nova::sonic::event::ItemId;
use bedrock_nova::sonic::{
    CloseReason, Event, Latency, Role, Stamped, Tokens, ToolOutcome, TranscriptStage, TurnEnd, TurnId,
};

/// Everything that the transcript and the picture need. Times count from the beginning of the call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    /// What the user sent: recordings, when they began and how long they are so far.
    pub(crate) spoken: Vec<Spoken>,
    /// When the service noticed that the user began to speak.
    pub(crate) speech_starts: Vec<Duration>,
    /// The lines of the transcript, in the order in which they first appeared.
    pub(crate) lines: Vec<Line>,
    /// The turns.
    pub(crate) turns: Vec<Turn>,
    /// The tool calls.
    pub(crate) tools: Vec<ToolUse>,
    /// Other moments worth a word.
    pub(crate) moments: Vec<Moment>,
    /// Tokens used.
    pub(crate) usage: Option<Tokens>,
    /// How the call ended.
    pub(crate) closed: Option<CloseReason>,
}

/// One recording of the user on its way.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    /// The file or question.
    pub(crate) name: String,
    /// When its first sample was sent.
    pub(crate) from: Duration,
    /// When its last sample so far was sent.
    pub(crate) to: Duration,
}

/// One line of the transcript.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) item: ItemId,
    pub(crate) turn: TurnId,
    pub(crate) role: Role,
    pub(crate) text: String,
    pub(crate) stage: TranscriptStage,
    /// When it first appeared.
    pub(crate) at: Duration,
}

// What was said stays out of logs.
impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("item", &self.item).field("turn", &self.turn).finish_non_exhaustive()
    }
}

/// One turn.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) id: TurnId,
    /// When the first event of the turn came.
    pub(crate) at: Duration,
    /// When the first piece of the answer's audio came.
    pub(crate) first_audio: Option<Duration>,
    /// When the loudspeaker began with the answer, and when it was done with what it has.
    pub(crate) played: Option<(Duration, Duration)>,
    /// How much audio came.
    pub(crate) audio: Duration,
    /// When the user cut it, and how much had been heard.
    pub(crate) cut: Option<(Duration, Duration)>,
    /// How it ended, and what the user waited for.
    pub(crate) end: Option<(Duration, TurnEnd, Latency)>,
}

/// One tool call.
#[derive(Clone, Debug)]
pub(crate) struct ToolUse {
    id: bedrock_nova::sonic::ToolUseId,
    pub(crate) name: String,
    pub(crate) from: Duration,
    pub(crate) to: Option<(Duration, ToolOutcome)>,
}

/// Something that happened once.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) at: Duration,
    pub(crate) what: String,
    pub(crate) tone: Tone,
}

/// Whether a moment is part of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// The link came or went as it should.
    Plain,
    /// Something was lost or failed.
    Trouble,
}

impl Story {
    /// Takes the next event.
    pub(crate) fn hear(&mut self, stamped: &Stamped) {
        let at = stamped.at;
        match &stamped.event {
            Event::Connected { .. } => self.note(at, "connected", Tone::Plain),
            Event::Renewed { session, .. } => self.note(at, format!("session {session}"), Tone::Plain),
            Event::UserSpeechStarted { .. } => self.speech_starts.push(at),
            Event::Transcript(line) => {
                self.turn(line.turn, at);
                self.line(at, line);
            }
            Event::Audio(audio) => {
                let turn = self.turn(audio.turn, at);
                turn.audio += audio.duration();
                turn.first_audio.get_or_insert(at);
            }
            Event::Interrupted { turn, heard, .. } => self.turn(*turn, at).cut = Some((at, *heard)),
            Event::ToolCall(call) => {
                self.turn(call.turn, at);
                self.tools.push(ToolUse { id: call.id.clone(), name: call.name.clone(), from: at, to: None });
            }
            Event::ToolDone { id, outcome, .. } => {
                if let Some(tool) = self.tools.iter_mut().rev().find(|tool| tool.id == *id) {
                    tool.to = Some((at, *outcome));
                }
            }
            Event::TurnEnded { turn, end, latency } => self.turn(*turn, at).end = Some((at, *end, *latency)),
            Event::Usage { total, .. } => self.usage = Some(*total),
            Event::Reconnecting { reason, .. } => {
                self.note(at, format!("reconnecting: {}", reason.code()), Tone::Trouble);
            }
            Event::InputDropped { duration, .. } => {
                self.note(at, format!("{:.1} s of input dropped", duration.as_secs_f64()), Tone::Trouble);
            }
            Event::Gap { events, .. } => self.note(at, format!("{events} events missed"), Tone::Trouble),
            Event::Closed { reason, error, .. } => {
                self.closed = Some(*reason);
                match error {
                    Some(error) => self.note(at, format!("failed: {}", error.code()), Tone::Trouble),
                    None => self.note(at, "closed", Tone::Plain),
                }
            }
            _ => {}
        }
    }

    /// Notes that samples of a recording went out.
    pub(crate) fn say(&mut self, name: &str, from: Duration, to: Duration, opening: Opening) {
        match (self.spoken.last_mut(), opening) {
            (Some(spoken), Opening::Continued) => spoken.to = to,
            _ => self.spoken.push(Spoken { name: name.to_owned(), from, to }),
        }
    }

    /// Notes when the loudspeaker plays a piece of a turn's answer.
    pub(crate) fn play(&mut self, turn: TurnId, from: Duration, to: Duration) {
        let played = &mut self.turn(turn, from).played;
        *played = Some((played.map_or(from, |(begin, _)| begin), to));
    }

    /// Notes that the loudspeaker was silenced.
    pub(crate) fn silence(&mut self, turn: TurnId, at: Duration) {
        if let Some((_, end)) = &mut self.turn(turn, at).played {
            *end = (*end).min(at);
        }
    }

    fn line(&mut self, at: Duration, new: &bedrock_nova::sonic::Transcript) {
        match self.lines.iter_mut().rev().find(|line| line.item == new.item) {
            Some(line) => {
                line.text.clone_from(&new.text);
                line.stage = new.stage;
            }
            None => self.lines.push(Line {
                item: new.item,
                turn: new.turn,
                role: new.role,
                text: new.text.clone(),
                stage: new.stage,
                at,
            }),
        }
    }

    fn turn(&mut self, id: TurnId, at: Duration) -> &mut Turn {
        let index = match self.turns.iter().rposition(|turn| turn.id == id) {
            Some(index) => index,
            None => {
                let fresh =
                    Turn { id, at, first_audio: None, played: None, audio: Duration::ZERO, cut: None, end: None };
                self.turns.push(fresh);
                self.turns.len() - 1
            }
        };
        &mut self.turns[index]
    }

    fn note(&mut self, at: Duration, what: impl Into<String>, tone: Tone) {
        self.moments.push(Moment { at, what: what.into(), tone });
    }
}

/// Whether samples begin a recording or go on with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// The first samples.
    Begun,
    /// Further ones.
    Continued,
}

/// Names how a turn ended, in words for people.
pub(crate) fn end_in_words(end: TurnEnd) -> &'static str {
    match end {
        TurnEnd::Answered => "answered",
        TurnEnd::Interrupted => "interrupted",
        TurnEnd::NoAnswer => "no answer",
        TurnEnd::Lost => "lost",
        TurnEnd::Closed => "call closed",
        TurnEnd::Filtered => "refused by the content filter",
        _ => "ended",
    }
}
