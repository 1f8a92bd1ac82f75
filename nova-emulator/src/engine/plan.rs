//! A turn of the scenario as a list of cues, the things that the model does one after another.

use std::time::Duration;

use serde_json::Value;

use super::ids::Ids;
use crate::scenario::{Step, fill};

/// One thing that the model does.
pub(super) enum Cue {
    /// Nothing, for a while.
    Pause(Duration),
    /// Sends the transcript of what it heard.
    Heard(String),
    /// Sends a `userSpeechEnd` that comes behind the transcript.
    SpeechEnd(Value),
    /// Says a sentence.
    Say(Sentence),
    /// Calls a tool.
    Call(Call),
    /// Goes on when the results of these calls are there.
    Await(Await),
}

/// A sentence, and whether the turn ends with it.
pub(super) struct Sentence {
    pub(super) text: String,
    pub(super) language: String,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Middle,
    Last,
}

/// A tool call.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) tool: String,
    pub(super) arguments: Value,
}

/// What follows some tool calls.
pub(super) struct Await {
    pub(super) calls: Vec<Call>,
    pub(super) then: Vec<Step>,
    pub(super) otherwise: Vec<Step>,
    pub(super) language: String,
}

impl Await {
    /// The answer for these results, in the order of the calls; the other one where a quoted field is missing.
    pub(super) fn answer(&self, results: &[Value]) -> Vec<Step> {
        let named: Vec<_> = self.calls.iter().map(|call| call.tool.clone()).zip(results.iter().cloned()).collect();
        let filled: Option<Vec<Step>> = self.then.iter().map(|step| fill_step(step, &named)).collect();
        filled.unwrap_or_else(|| self.otherwise.clone())
    }
}

/// Makes cues of steps. A call of a tool that the prompt does not have is left out, and what would follow its result is
/// replaced by what follows otherwise.
pub(super) fn plan(steps: &[Step], language: &str, tools: &[String], ids: &mut Ids) -> Vec<Cue> {
    let mut cues = Vec::new();
    let mut calls: Vec<Call> = Vec::new();
    let mut missing = false;
    for (index, step) in steps.iter().enumerate() {
        match step {
            Step::Say(text) => {
                let place = if goes_on(&steps[index + 1..]) { Place::Middle } else { Place::Last };
                cues.push(Cue::Say(Sentence { text: text.clone(), language: language.to_owned(), place }));
            }
            Step::Pause(ms) => cues.push(Cue::Pause(Duration::from_millis(*ms))),
            Step::Call { tool, arguments } if tools.contains(tool) => {
                let call = Call { id: ids.next(), tool: tool.clone(), arguments: arguments.clone() };
                calls.push(call.clone());
                cues.push(Cue::Call(call));
            }
            Step::Call { .. } => missing = true,
            Step::AfterResults { otherwise, .. } if missing || calls.is_empty() => {
                cues.extend(plan(otherwise, language, tools, ids));
            }
            Step::AfterResults { then, otherwise } => cues.push(Cue::Await(Await {
                calls: std::mem::take(&mut calls),
                then: then.clone(),
                otherwise: otherwise.clone(),
                language: language.to_owned(),
            })),
        }
    }
    cues
}

fn goes_on(steps: &[Step]) -> bool {
    steps.iter().any(|step| !matches!(step, Step::Pause(_)))
}

/// Nested waits are filled in when their own results are there.
fn fill_step(step: &Step, results: &[(String, Value)]) -> Option<Step> {
    match step {
        Step::Say(sentence) => fill(sentence, results).map(Step::Say),
        other => Some(other.clone()),
    }
}
