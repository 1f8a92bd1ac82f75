//! Which words a call takes in and gives out. Every kind of input, output and event is decided here, so that a new one
//! does not compile before somebody says whether it holds words.

use std::collections::hash_map::RandomState;

use bytes::Bytes;

use super::ink::Ink;
use super::payload::{self, Pieces};
use crate::error::{Error, ErrorKind};
use crate::sonic::config::{Config, Message};
use crate::sonic::contract::{Contract, Filler, OfferedTool};
use crate::sonic::conversation::{Input, Output, Verdict};
use crate::sonic::event::{Event, Transcript, Unsent};
use crate::sonic::session::{Inference, ToolSpec};
use crate::sonic::snapshot::Snapshot;
use crate::usage::Budget;

/// Takes the words away.
#[derive(Debug)]
pub(super) struct Veil {
    ink: Ink,
    pieces: Pieces,
}

impl Veil {
    /// A veil for what is played again.
    pub(super) fn for_inputs() -> Self {
        Veil { ink: Ink::Chance(RandomState::new()), pieces: Pieces::default() }
    }

    /// A veil for what is only compared.
    pub(super) fn for_outputs() -> Self {
        Veil { ink: Ink::Crosses, pieces: Pieces::default() }
    }

    pub(super) fn config(&self, config: Config) -> Config {
        let words = |text: String| self.ink.text(&text);
        let filler = |filler: Filler| Filler { text: words(filler.text), ..filler };
        let tool = |OfferedTool { spec, contract, run_by }| OfferedTool {
            spec: ToolSpec {
                description: words(spec.description),
                schema: payload::schema(&self.ink, &spec.schema),
                name: spec.name,
            },
            contract: Contract { filler: contract.filler.map(filler), ..contract },
            run_by,
        };
        let message = |message: Message| Message { role: message.role, text: words(message.text) };
        let Config {
            system,
            tools,
            history,
            greeting,
            inference,
            model,
            regions,
            voice,
            endpointing,
            input_rate,
            output_rate,
            tool_choice,
            audio_end,
            audio_during_tools,
            renewal,
            idle,
            budget,
            duplex,
            review,
            snapshots,
            timeouts,
        } = config;
        let stop_sequences = inference.stop_sequences.into_iter().map(words).collect();
        Config {
            system: words(system),
            tools: tools.into_iter().map(tool).collect(),
            history: history.into_iter().map(message).collect(),
            greeting: greeting.map(words),
            inference: Inference { stop_sequences, ..inference },
            model,
            regions,
            voice,
            endpointing,
            input_rate,
            output_rate,
            tool_choice,
            audio_end,
            audio_during_tools,
            renewal,
            idle,
            budget: Budget { farewell: budget.farewell.map(words), ..budget },
            duplex,
            review,
            snapshots,
            timeouts,
        }
    }

    pub(super) fn snapshot(&self, snapshot: Snapshot) -> Snapshot {
        let words = |text: &str| self.ink.text(text);
        let mut veiled = snapshot;
        veiled.config = self.config(veiled.config);
        for line in &mut veiled.lines {
            line.text = words(&line.text);
        }
        for line in &mut veiled.unsettled {
            line.text = words(&line.text);
        }
        for open in &mut veiled.open {
            open.question = open.question.as_deref().map(words);
        }
        for tool in &mut veiled.tools {
            tool.call.arguments = self.ink.json(&tool.call.arguments);
        }
        for told in &mut veiled.results {
            told.call.arguments = self.ink.json(&told.call.arguments);
            told.result = self.ink.json(&told.result);
        }
        for typed in &mut veiled.typed {
            typed.text = words(&typed.text);
        }
        veiled
    }

    pub(super) fn input(&mut self, input: Input) -> Input {
        match input {
            Input::Frame { link, payload } => Input::Frame { link, payload: self.payload(&payload) },
            Input::ToolDone { id, result } => {
                let result = result.map(|value| self.ink.json(&value)).map_err(|reason| self.ink.text(&reason));
                Input::ToolDone { id, result }
            }
            Input::Audio { pcm, policy, at } => Input::Audio { pcm: silence(&pcm), policy, at },
            Input::Text { text } => Input::Text { text: self.ink.text(&text) },
            Input::Greet { text } => Input::Greet { text: self.ink.text(&text) },
            Input::Reviewed { id, verdict: Verdict::Replace { text } } => {
                Input::Reviewed { id, verdict: Verdict::Replace { text: self.ink.text(&text) } }
            }
            plain @ (Input::Opened { .. }
            | Input::Ready { .. }
            | Input::Ended { .. }
            | Input::Failed { .. }
            | Input::Taken { .. }
            | Input::Played { .. }
            | Input::Reviewed { verdict: Verdict::Pass, .. }
            | Input::Saved { .. }
            | Input::OwnerBudget { .. }
            | Input::Park { .. }
            | Input::EndAudio
            | Input::Interrupt
            | Input::Finish
            | Input::Tick) => plain,
        }
    }

    pub(super) fn output(&mut self, output: Output) -> Output {
        match output {
            Output::Open { link, target, opening } => {
                Output::Open { link, target, opening: opening.iter().map(|payload| self.payload(payload)).collect() }
            }
            Output::Send { link, payload } => Output::Send { link, payload: self.payload(&payload) },
            Output::RunTool(mut call) => {
                call.arguments = self.ink.json(&call.arguments);
                Output::RunTool(call)
            }
            Output::Event(mut stamped) => {
                stamped.event = self.event(stamped.event);
                Output::Event(stamped)
            }
            Output::Review { id, turn, text } => Output::Review { id, turn, text: self.ink.text(&text) },
            plain @ (Output::Finish { .. }
            | Output::Abort { .. }
            | Output::CancelTool { .. }
            | Output::Save { .. }
            | Output::Flush { .. }
            | Output::Wait { .. }) => plain,
        }
    }

    fn event(&self, event: Event) -> Event {
        match event {
            Event::Transcript(line) => Event::Transcript(Transcript { text: self.ink.text(&line.text), ..line }),
            Event::Audio(mut audio) => {
                audio.pcm = silence(&audio.pcm);
                Event::Audio(audio)
            }
            Event::ToolCall(mut call) => {
                call.arguments = self.ink.json(&call.arguments);
                Event::ToolCall(call)
            }
            Event::Reconnecting { reason, attempt } => Event::Reconnecting { reason: error(reason), attempt },
            Event::Unknown { name, body } => Event::Unknown { name, body: self.ink.json(&body) },
            Event::Closed { reason, error, unsent } => {
                let texts = unsent.texts.iter().map(|text| self.ink.text(text)).collect();
                let unsent = Unsent { texts, pcm: silence(&unsent.pcm), ..unsent };
                Event::Closed { reason, error: error.map(self::error), unsent }
            }
            // Without the sound nobody can tell where it can be heard.
            Event::TurnEnded { turn, end, mut latency } => {
                latency.first_audible = None;
                Event::TurnEnded { turn, end, latency }
            }
            plain @ (Event::Connected { .. }
            | Event::UserSpeechStarted { .. }
            | Event::UserSpeechEnded { .. }
            | Event::Interrupted { .. }
            | Event::ToolDone { .. }
            | Event::Usage { .. }
            | Event::Budget { .. }
            | Event::Renewed { .. }
            | Event::Reviewed { .. }
            | Event::UserIdle { .. }
            | Event::HistoryTrimmed { .. }
            | Event::InputDropped { .. }
            | Event::Gap { .. }) => plain,
        }
    }

    fn payload(&mut self, payload: &Bytes) -> Bytes {
        payload::redact(&self.ink, payload, &mut self.pieces)
    }
}

/// A payload that cannot be read fails at another place once its words are gone; errors hold no words otherwise.
pub(super) fn error(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Wire => Error::new(ErrorKind::Wire, "A payload could not be read.")
            .with_code(error.code())
            .with_retryable(error.is_retryable()),
        _ => error,
    }
}

fn silence(pcm: &Bytes) -> Bytes {
    vec![0; pcm.len()].into()
}
