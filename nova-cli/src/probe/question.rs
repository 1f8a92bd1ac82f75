//! The questions that can be asked from outside, and the laboratory they are asked in.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::transport::Transport;
use bedrock_nova::transport::recording::Recording;
use bytes::Bytes;
use futures::future::BoxFuture;

use super::answer::Answer;
use super::redact::redact;
use super::stream::{self, Opened, Stream};
use super::{blocks, opening, prompt, speech, time, tools};
use crate::report::Problem;

/// How long an opening may take. Field reports see answers at once or never (reference §1.7).
pub(super) const OPENING: Duration = Duration::from_secs(4);
/// How long to wait for an objection. Refusals come within a round trip.
pub(super) const OBJECTION: Duration = Duration::from_secs(2);

/// One question of reference §7.3, with the experiment that answers it.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    /// Its number there, and a letter where it has parts.
    pub(crate) id: &'static str,
    /// The question.
    pub(crate) asks: &'static str,
    /// How long it takes.
    pub(super) pace: Pace,
    pub(super) ask: for<'a> fn(&'a Lab, &'a str) -> BoxFuture<'a, Answer>,
}

/// How long an experiment takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Some seconds.
    Quick,
    /// Up to the laboratory's patience: it waits for a service to give up.
    Slow,
}

impl Question {
    /// Says whether it may take as long as the laboratory's patience.
    pub(crate) fn is_slow(&self) -> bool {
        self.pace == Pace::Slow
    }

    /// Runs the experiment.
    pub(crate) async fn ask(&self, lab: &Lab) -> Answer {
        (self.ask)(lab, self.id).await
    }
}

/// Declares a question.
macro_rules! question {
    ($id:literal, $pace:ident, $ask:path, $asks:literal) => {
        Question { id: $id, asks: $asks, pace: Pace::$pace, ask: |lab, id| Box::pin($ask(lab, id)) }
    };
}

/// Every question that can be answered from outside. 8 is settled; 13 needs clients that this one is not.
pub(crate) const QUESTIONS: [Question; 24] = [
    question!("1a", Quick, opening::headers, "what releases the response headers?"),
    question!("1b", Quick, opening::early_fault, "how does an early fault travel?"),
    question!("2", Quick, opening::first_message, "is anything sent before anybody speaks?"),
    question!("3a", Quick, opening::two_session_starts, "a second sessionStart"),
    question!("3b", Quick, opening::two_prompt_starts, "a second promptStart"),
    question!("3c", Quick, opening::duplicate_content, "a contentName used twice"),
    question!("3d", Quick, opening::second_prompt, "another prompt after promptEnd"),
    question!("4", Quick, opening::no_system, "a prompt without a SYSTEM block"),
    question!("5a", Quick, prompt::tool_choice, "toolChoice"),
    question!("5b", Quick, prompt::schema_keywords, "anyOf, default, additionalProperties, title in a schema"),
    question!("6", Quick, tools::audio_while_pending, "audioInput while a tool result is pending"),
    question!("7a", Slow, time::idle, "when is a session without input given up?"),
    question!("7b", Slow, time::silence, "when is a session with silent input given up?"),
    question!("9", Quick, speech::boundary_events, "are there userSpeech events, and with a completionId?"),
    question!("10", Quick, speech::barge_in, "how does a barge-in show, in which order?"),
    question!("11", Quick, speech::prompt_end, "does promptEnd flush an unfinished utterance?"),
    question!("12", Quick, tools::unknown_id, "a result for a tool call that was never made"),
    question!("14a", Quick, prompt::max_tokens, "the bound of maxTokens"),
    question!("14b", Quick, prompt::text_size, "the bound of one textInput"),
    question!("14c", Quick, prompt::tool_size, "the bound of a tool's description"),
    question!("14d", Quick, opening::streams, "how many streams at once?"),
    question!("15a", Quick, blocks::text_after_audio, "interactive text behind the AUDIO block"),
    question!("15b", Quick, tools::result_after_audio, "a tool result behind the AUDIO block"),
    question!("16", Quick, prompt::odd_voices, "the voices camila, aditi and rohan"),
];

/// Where experiments are made.
pub(crate) struct Lab {
    /// The road to the service.
    pub(crate) transport: Arc<dyn Transport>,
    /// The model that is asked.
    pub(crate) model: String,
    /// How long a slow experiment waits.
    pub(crate) patience: Duration,
    /// Where traces go.
    pub(crate) traces: PathBuf,
}

impl Lab {
    /// Opens a stream, or says why there is none.
    pub(super) async fn open(&self, id: &str, opening: &[Bytes]) -> Result<Stream, Answer> {
        let (opened, trace) = stream::open(self.transport.as_ref(), &self.model, opening, OPENING).await;
        match opened {
            Opened::Stream(stream) => Ok(stream),
            Opened::Refused(failure) => {
                self.keep(id, &trace);
                Err(Answer::new(super::answer::refused(&failure)))
            }
            Opened::Nothing => {
                self.keep(id, &trace);
                Err(Answer::new(format!("not accepted within {} s", OPENING.as_secs())))
            }
        }
    }

    /// Ends an experiment and keeps its trace.
    pub(super) async fn done(&self, id: &str, stream: Stream) {
        let trace = stream.close().await;
        self.keep(id, &trace);
    }

    /// Keeps a trace, redacted; a later one of the same experiment is added behind it under its own name.
    pub(super) fn keep(&self, id: &str, trace: &Recording) {
        if trace.lines().is_empty() {
            return;
        }
        let mut name = format!("{id}.jsonl");
        let mut count = 1;
        while self.traces.join(&name).exists() {
            count += 1;
            name = format!("{id}-{count}.jsonl");
        }
        if let Err(error) = std::fs::write(self.traces.join(name), redact(trace).to_string()) {
            eprintln!("warning: the trace of question {id} could not be written: {error}");
        }
    }

    /// Makes the folder for traces, and empties it of traces of an earlier run.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn prepare(&self) -> Result<(), Problem> {
        let prepare = || -> std::io::Result<()> {
            std::fs::create_dir_all(&self.traces)?;
            for question in QUESTIONS {
                for entry in std::fs::read_dir(&self.traces)?.flatten() {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    let own = name.strip_prefix(question.id).and_then(|rest| rest.strip_suffix(".jsonl"));
                    if own.is_some_and(|rest| rest.is_empty() || rest.starts_with('-')) {
                        std::fs::remove_file(entry.path())?;
                    }
                }
            }
            Ok(())
        };
        prepare().map_err(|error| {
            Problem::usage(
                "unwritable-out",
                format!("The folder {} cannot be written: {error}.", self.traces.display()),
            )
            .hint("Choose another one with --out, or make this one writable.")
        })
    }
}
