//! One session on one link.
//!
//! ```text
//!            accepted          adopted          hands over         nothing owed
//!  Opening ───────────► Ready ─────────► Live ─────────────► Leaving ──────────► Closing ──► Ending ──► gone
//!                                          └──────────── end of the call ───────────┘
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::audio_in::{AudioIn, Next};
use super::io::LinkKey;
use super::sending::Typed;
use super::tape::{Position, Track};
use crate::error::Result;
use crate::ids::{ContentName, PromptName, ToolUseId};
use crate::model::Model;
use crate::sonic::config::{Config, Message};
use crate::sonic::event::{ToolOutcome, TurnId};
use crate::sonic::session::{self, Content, Heard, PromptConfig, Session};

/// A session, the payloads that wait for its link, and how far both have come.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) key: LinkKey,
    pub(super) state: LineState,
    pub(super) credit: Credit,
    pub(super) gate: Gate,
    /// When it was accepted.
    pub(super) accepted: Duration,
    /// When the credentials that sign it expire.
    pub(super) expires: Option<Duration>,
    /// When the service last showed that it speaks, or is about to.
    pub(super) speaks: Option<Duration>,
    /// When the user was last heard in it.
    pub(super) user_heard: Duration,
    /// Where in its audio the user last began to speak.
    pub(super) user_began: Duration,
    /// The first turn that it can have heard of.
    pub(super) first_turn: TurnId,
    /// The service's name for it.
    pub(super) request_id: Option<String>,
    /// Whether it was told what was said so far when it opened.
    pub(super) history: History,
    session: Session,
    outbox: VecDeque<Bytes>,
    /// The text that is on its way through the outbox.
    pub(super) typing: Option<Typed>,
    audio: Option<ContentName>,
    track: Track,
}

/// How far a line has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineState {
    /// The request is out; the service has until then to accept it.
    Opening { until: Duration },
    /// Accepted, and not yet in use.
    Ready,
    /// Takes what the user says.
    Live,
    /// Takes nothing more; an answer may still come.
    Leaving,
    /// The closing events are queued; the service has until then to say that it has nothing more to say.
    Closing { until: Duration },
    /// The stream's own end is out; the service has until then to end its side.
    Ending { until: Duration },
}

/// Whether the link waits for a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credit {
    /// Not since then.
    None {
        since: Duration,
    },
    One,
}

/// Whether what comes next belongs to a living answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// The user spoke into an answer; what still comes of it is dead until the service has noticed.
    Shut,
}

/// Whether a session knows what was said before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum History {
    Told,
    Untold,
}

/// How much of the conversation a session is told when it opens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Opening<'a> {
    /// What was said so far; it is put to use as soon as it is accepted.
    Whole(&'a [Message]),
    /// What was said so far follows when it is put to use.
    Spare,
}

impl Line {
    /// Begins a session; returns the events that go out before the service answers anything.
    ///
    /// # Errors
    /// `Invalid` when the model does not take something of the configuration.
    pub(super) fn open(
        key: LinkKey,
        config: &Config,
        model: &Model,
        opening: Opening<'_>,
        prompt: PromptName,
        until: Duration,
    ) -> Result<(Line, Vec<Bytes>)> {
        let mut session = Session::with_prompt(model, prompt);
        session.start(&config.inference, config.endpointing)?;
        session.start_prompt(&PromptConfig {
            voice: config.voice.clone(),
            output_rate: config.output_rate,
            tools: config.tools.iter().map(|tool| tool.spec.clone()).collect(),
            tool_choice: config.tool_choice.clone(),
        })?;
        say(&mut session, Content::System, &config.system)?;
        if let Opening::Whole(history) = opening {
            remember(&mut session, history)?;
        }
        let mut line = Line {
            key,
            state: LineState::Opening { until },
            credit: Credit::None { since: Duration::ZERO },
            gate: Gate::Open,
            accepted: Duration::ZERO,
            expires: None,
            speaks: None,
            user_heard: Duration::ZERO,
            user_began: Duration::ZERO,
            first_turn: 0,
            request_id: None,
            history: match opening {
                Opening::Whole(_) => History::Told,
                Opening::Spare => History::Untold,
            },
            session,
            outbox: VecDeque::new(),
            typing: None,
            audio: None,
            track: Track::default(),
        };
        line.collect(&mut Vec::new());
        let opening = line.outbox.drain(..).collect();
        Ok((line, opening))
    }

    /// The service accepted the stream.
    pub(super) fn accepted(&mut self, now: Duration, request_id: Option<String>, expires: Option<Duration>) {
        self.request_id = request_id;
        self.state = LineState::Ready;
        self.credit = Credit::None { since: now };
        self.accepted = now;
        self.expires = expires;
    }

    /// Goes live, told what was said so far. Only an accepted session may have its audio block
    /// (reference §4.2 note 5).
    pub(super) fn adopt(&mut self, now: Duration, config: &Config, history: &[Message]) -> Result<()> {
        self.state = LineState::Live;
        self.user_heard = now;
        remember(&mut self.session, history)?;
        self.audio = Some(self.session.open(Content::Audio { rate: config.input_rate })?);
        Ok(())
    }

    /// Returns where in the user's audio of the whole call a place in the session's audio is.
    pub(super) fn position(&self, config: &Config, offset: Duration) -> Position {
        self.track.position(config.input_rate.samples(offset) as u64)
    }

    /// Takes a payload in and returns what it says.
    pub(super) fn hear(&mut self, input: session::Input<'_>) -> Vec<Heard> {
        let mut heard = Vec::new();
        self.session.handle(input);
        self.collect(&mut heard);
        heard
    }

    /// Sends a typed text: the whole block at once, so that no audio falls into it (reference §4.2 note 4).
    pub(super) fn type_text(&mut self, text: &str) -> Result<()> {
        say(&mut self.session, Content::UserText, text)
    }

    /// Sends a tool's result; returns how the call ended in the end.
    pub(super) fn answer_tool(&mut self, id: &ToolUseId, result: &Value, outcome: ToolOutcome) -> Result<ToolOutcome> {
        let block = self.session.open(Content::ToolResult { tool_use_id: id.clone() })?;
        let sent = match self.session.tool_result(&block, result) {
            Ok(()) => outcome,
            // Too large for one event. The model waits for exactly one result, so it is told that.
            Err(refused) => {
                self.session.tool_result(&block, &json!({ "error": refused.message() }))?;
                ToolOutcome::Failed
            }
        };
        self.session.close(&block)?;
        Ok(sent)
    }

    /// Returns the payload that the link should carry now, out of what waits and of the user's audio.
    pub(super) fn next_audio(&mut self, now: Duration, audio: &mut AudioIn) -> Result<Up> {
        match audio.next(now) {
            Next::Wait(until) => return Ok(Up::Wait(until)),
            Next::Audio(pcm, source) => {
                self.session.audio(&pcm)?;
                self.track.push(source, pcm.len() / 2);
            }
            Next::End => {
                self.close_audio()?;
                audio.end_block(now);
            }
            Next::Begin => self.begin_audio(now, audio)?,
        }
        Ok(self.next_payload().map_or(Up::Nothing, Up::Send))
    }

    /// Opens another audio block.
    pub(super) fn begin_audio(&mut self, now: Duration, audio: &mut AudioIn) -> Result<()> {
        self.audio = Some(self.session.open(Content::Audio { rate: audio.rate() })?);
        audio.begin_block(now);
        Ok(())
    }

    fn close_audio(&mut self) -> Result<()> {
        self.audio.take().map_or(Ok(()), |audio| self.session.close(&audio))
    }

    /// Says whether the session would take audio now.
    pub(super) fn takes_audio(&self) -> bool {
        self.state == LineState::Live && self.session.can_send_audio()
    }

    /// Says whether the session's audio block was closed, and another one might be opened.
    pub(super) fn is_between_blocks(&self) -> bool {
        self.state == LineState::Live && self.audio.is_none()
    }

    /// Returns since when the link takes nothing.
    pub(super) fn stalled_since(&self) -> Option<Duration> {
        match self.credit {
            Credit::None { since } => Some(since),
            Credit::One => None,
        }
    }

    /// Queues the closing events.
    pub(super) fn close(&mut self, until: Duration) -> Result<()> {
        self.state = LineState::Closing { until };
        self.close_audio()?;
        self.session.end_prompt()?;
        self.session.end()
    }

    /// Returns the next payload that waits.
    pub(super) fn next_payload(&mut self) -> Option<Bytes> {
        self.collect(&mut Vec::new());
        self.outbox.pop_front()
    }

    /// Says whether the audio block has taken anything: an empty one can be neither closed nor left open (reference
    /// §4.2 note 6).
    pub(super) fn has_audio(&self) -> bool {
        self.track.has_any()
    }

    /// Says whether every queued payload has gone out.
    pub(super) fn is_sent(&self) -> bool {
        self.outbox.is_empty() && !self.session.has_output()
    }

    /// Says whether the link is still being opened, or not in use yet.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, LineState::Opening { .. } | LineState::Ready)
    }

    fn collect(&mut self, heard: &mut Vec<Heard>) {
        while let Some(output) = self.session.poll() {
            match output {
                session::Output::Send(payload) => self.outbox.push_back(payload),
                session::Output::Heard(event) => heard.push(event),
            }
        }
    }
}

/// What a line has for its link.
#[derive(Debug)]
pub(super) enum Up {
    Send(Bytes),
    Wait(Duration),
    Nothing,
}

fn remember(session: &mut Session, history: &[Message]) -> Result<()> {
    history.iter().try_for_each(|message| say(session, Content::History(message.role), &message.text))
}

fn say(session: &mut Session, content: Content, text: &str) -> Result<()> {
    let block = session.open(content)?;
    session.text(&block, text)?;
    session.close(&block)
}
