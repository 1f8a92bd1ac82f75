//! One session on one link.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::io::LinkKey;
use crate::error::Result;
use crate::ids::{ContentName, PromptName, ToolUseId};
use crate::model::Model;
use crate::sonic::config::{Config, Message};
use crate::sonic::event::ToolOutcome;
use crate::sonic::session::{self, Content, Heard, PromptConfig, Session};

/// A session, the payloads that wait for its link, and how far both have come.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) key: LinkKey,
    pub(super) state: LineState,
    pub(super) credit: Credit,
    session: Session,
    outbox: VecDeque<Bytes>,
    audio: Option<ContentName>,
}

/// How far a line has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LineState {
    /// The request is out; the service has until then to accept it.
    Opening { until: Duration },
    /// Accepted.
    Live,
    /// The closing events are queued.
    Closing,
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

impl Line {
    /// Begins a session; returns the events that go out before the service answers anything.
    ///
    /// # Errors
    /// `Invalid` when the model does not take something of the configuration.
    pub(super) fn open(
        key: LinkKey,
        config: &Config,
        model: &Model,
        history: &[Message],
        prompt: PromptName,
        until: Duration,
    ) -> Result<(Line, Vec<Bytes>)> {
        let mut session = Session::with_prompt(model, prompt);
        session.start(&config.inference, config.endpointing)?;
        session.start_prompt(&PromptConfig {
            voice: config.voice.clone(),
            output_rate: config.output_rate,
            tools: config.tools.clone(),
            tool_choice: config.tool_choice.clone(),
        })?;
        say(&mut session, Content::System, &config.system)?;
        for message in history {
            say(&mut session, Content::History(message.role), &message.text)?;
        }
        let mut line = Line {
            key,
            state: LineState::Opening { until },
            credit: Credit::None { since: Duration::ZERO },
            session,
            outbox: VecDeque::new(),
            audio: None,
        };
        line.collect(&mut Vec::new());
        let opening = line.outbox.drain(..).collect();
        Ok((line, opening))
    }

    /// Goes live: only an accepted session may have its audio block (reference §4.2 note 5).
    pub(super) fn accepted(&mut self, config: &Config) -> Result<()> {
        self.state = LineState::Live;
        self.audio = Some(self.session.open(Content::Audio { rate: config.input_rate })?);
        Ok(())
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

    /// Sends a piece of audio.
    pub(super) fn audio(&mut self, pcm: &[u8]) -> Result<()> {
        self.session.audio(pcm)
    }

    /// Says whether the session would take audio now.
    pub(super) fn takes_audio(&self) -> bool {
        self.state == LineState::Live && self.session.can_send_audio()
    }

    /// Returns since when the link takes nothing.
    pub(super) fn stalled_since(&self) -> Option<Duration> {
        match self.credit {
            Credit::None { since } => Some(since),
            Credit::One => None,
        }
    }

    /// Queues the closing events.
    pub(super) fn close(&mut self) -> Result<()> {
        self.state = LineState::Closing;
        if let Some(audio) = self.audio.take() {
            self.session.close(&audio)?;
        }
        self.session.end_prompt()?;
        self.session.end()
    }

    /// Returns the next payload that waits.
    pub(super) fn next_payload(&mut self) -> Option<Bytes> {
        self.collect(&mut Vec::new());
        self.outbox.pop_front()
    }

    /// Says whether every queued payload has gone out.
    pub(super) fn is_sent(&mut self) -> bool {
        self.collect(&mut Vec::new());
        self.outbox.is_empty()
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

fn say(session: &mut Session, content: Content, text: &str) -> Result<()> {
    let block = session.open(content)?;
    session.text(&block, text)?;
    session.close(&block)
}
