//! Playing a flight log through today's code.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Difference;
use super::log::{FORM, First, In, Out, Tally, Words};
use super::veil::{self, Veil};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Catalogue;
use crate::sonic::conversation::{Call, Output};

/// A call that lives again from its log, one line after the other.
///
/// It holds no more than the call itself does: a log of any length can be played from a file.
#[derive(Debug)]
pub struct Rerun {
    call: Call,
    version: String,
    words: Words,
    veil: Option<Veil>,
    line: u64,
    now: Duration,
    tally: Tally,
    refusal: Option<Error>,
}

/// What a line of the log was.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// An input, which the call has taken in now.
    Input,
    /// An output, and the call gives the same now; as it stands in the log.
    Output(Output),
    /// A command that the call refused, and refuses now in the same words.
    Refused,
    /// The call does something else now. What follows means nothing any more.
    Differs(Box<Difference>),
    /// The writer had no room for some lines. What follows cannot be played.
    Missing(Tally),
    /// The last line of a log that is whole.
    End,
}

impl Rerun {
    /// Begins from a log's first line.
    ///
    /// # Errors
    /// `Invalid`, code `flight-log`, if it is not the first line of a log, or of one that this version cannot read, or
    /// if the call cannot be made from it any more; the sentence says which.
    pub fn begin(first: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(first).map_err(|error| unreadable(1, &error))?;
        match value.get("flightLog").and_then(Value::as_u64) {
            Some(form) if form == u64::from(FORM) => {}
            Some(form) => {
                let sentence = format!("It is a flight log of form {form}; this version reads form {FORM}.");
                return Err(refused(sentence).with_hint("Use the version that wrote it."));
            }
            None => return Err(refused("Line 1 does not begin a flight log.")),
        }
        let First { version, words, seed, config, snapshot, catalogue, .. } = read(1, value)?;
        let catalogue = Catalogue::from_json(&catalogue.to_string())?;
        let now = snapshot.as_ref().map(|snapshot| snapshot.at).unwrap_or_default();
        let call = match snapshot {
            Some(snapshot) => Call::resume(snapshot, &catalogue, seed)?,
            None => Call::new(config, &catalogue, seed)?,
        };
        let veil = (words == Words::Redacted).then(Veil::for_outputs);
        let tally = Tally::default();
        Ok(Rerun { call, version, words, veil, line: 1, now, tally, refusal: None })
    }

    /// Plays the next line.
    ///
    /// # Errors
    /// `Invalid`, code `flight-log`, with the number of the line if it cannot be read.
    pub fn line(&mut self, line: &str) -> Result<Step> {
        self.line += 1;
        let value: Value = serde_json::from_str(line).map_err(|error| unreadable(self.line, &error))?;
        let has = |name: &str| value.get(name).is_some();
        match () {
            () if has("in") => self.input(value),
            () if has("out") => self.output(value),
            () if has("refused") => Ok(self.refused(&value["refused"])),
            () if has("missing") => Ok(Step::Missing(read(self.line, value["missing"].clone())?)),
            () if has("end") => self.end(read(self.line, value["end"].clone())?),
            () => Err(refused(format!("Line {} of the flight log is of no known kind.", self.line))),
        }
    }

    /// Returns the version that wrote the log.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Says whether the log holds what was said.
    #[must_use]
    pub fn words(&self) -> Words {
        self.words
    }

    /// Returns the time of the last input, since the call began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Returns the number of the last line, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.line
    }

    /// Returns what went in and came out so far, all of it the same.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn input(&mut self, line: Value) -> Result<Step> {
        let In { now, input } = read(self.line, line)?;
        if let Some(error) = self.refusal.take() {
            return Ok(self.differs(Value::Null, tree(&error)));
        }
        self.now = now;
        self.tally.inputs += 1;
        self.refusal = self.call.handle(now, input).err();
        Ok(Step::Input)
    }

    fn output(&mut self, expected: Value) -> Result<Step> {
        if let Some(error) = self.refusal.take() {
            return Ok(self.differs(expected, tree(&error)));
        }
        let got = self.call.poll().map_or(Value::Null, |output| tree(&Out::new(output, self.veil.as_mut())));
        if got != expected {
            return Ok(self.differs(expected, got));
        }
        self.tally.outputs += 1;
        Ok(Step::Output(read(self.line, expected)?))
    }

    fn refused(&mut self, expected: &Value) -> Step {
        let got: Option<Error> =
            self.refusal.take().map(|error| if self.veil.is_some() { veil::error(error) } else { error });
        let got = got.as_ref().map_or(Value::Null, tree);
        if got == *expected { Step::Refused } else { self.differs(expected.clone(), got) }
    }

    /// The last line tells how much there was.
    fn end(&self, told: Tally) -> Result<Step> {
        if told == self.tally {
            return Ok(Step::End);
        }
        let Tally { inputs, outputs } = told;
        let sentence = format!(
            "The log's last line tells of {inputs} inputs and {outputs} outputs; there are {} and {}: lines are missing.",
            self.tally.inputs, self.tally.outputs
        );
        Err(refused(sentence).with_hint("Take the log as the call wrote it."))
    }

    fn differs(&self, expected: Value, got: Value) -> Step {
        Step::Differs(Box::new(Difference { line: self.line, at: self.now, expected, got }))
    }
}

/// What cannot be written is no line of any log, and so a difference.
fn tree(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn read<T: DeserializeOwned>(line: u64, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| unreadable(line, &error))
}

/// What stands there stays out of the sentence: it may be somebody's words.
fn unreadable(line: u64, error: &serde_json::Error) -> Error {
    let why = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a member is missing or of another kind",
        _ => "it is no JSON",
    };
    refused(format!("Line {line} of the flight log cannot be read: {why}."))
}

fn refused(sentence: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, sentence).with_code("flight-log")
}
