//! Writing a flight log, line by line.

use std::fmt;
use std::hash::Hasher;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::veil::{self, Veil};
use crate::error::Error;
use crate::model::Catalogue;
use crate::sonic::config::Config;
use crate::sonic::conversation::{Input, Output};
use crate::sonic::event::{Event, Stamped};
use crate::sonic::snapshot::Snapshot;

/// The form of the lines; a change that an older reader would misread counts it up.
pub(super) const FORM: u32 = 1;

/// Whether a log holds what was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Words {
    /// No words and no sound: prompts, texts, transcripts, arguments and results of tools, and bodies of unknown events
    /// are other letters of the same length, numbers in them are ones, sound is silence of the same length. Ids, names
    /// of tools and their arguments, the service's own error sentences and all times stay, and so do punctuation and the
    /// length of every word: who reads closely may guess at a short answer.
    ///
    /// It can be played again: the call decides by the shape of things and by whether two texts are equal, and both are
    /// kept. Only where it reads the words themselves (a sentence that is repeated from its middle on, say) may a
    /// redacted log part where one in full would not.
    #[default]
    Redacted,
    /// Everything, exactly: whoever has the log has the call.
    InFull,
}

/// How much went in and came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Inputs.
    pub inputs: u64,
    /// Outputs.
    pub outputs: u64,
}

/// Writes the lines of one call's log; where they go is the caller's business.
///
/// Lines end without a line break. Inputs and outputs are written in the order in which the call took and gave them.
pub struct Log {
    veils: Option<Veils>,
    tally: Tally,
}

/// The veils of a redacted log.
struct Veils {
    inputs: Veil,
    outputs: Veil,
}

impl Log {
    /// Begins a log with the arguments that the call is made with; returns its first line too.
    #[must_use]
    pub fn begin(words: Words, config: &Config, catalogue: &Catalogue, seed: u64) -> (Self, String) {
        Log::first(words, config, None, catalogue, seed)
    }

    /// The same for a call that is resumed.
    #[must_use]
    pub fn resume(words: Words, snapshot: &Snapshot, catalogue: &Catalogue, seed: u64) -> (Self, String) {
        Log::first(words, &snapshot.config, Some(snapshot), catalogue, seed)
    }

    fn first(
        words: Words,
        config: &Config,
        snapshot: Option<&Snapshot>,
        catalogue: &Catalogue,
        seed: u64,
    ) -> (Self, String) {
        let veils = match words {
            Words::Redacted => Some(Veils { inputs: Veil::for_inputs(), outputs: Veil::for_outputs() }),
            Words::InFull => None,
        };
        let model = catalogue.model(&config.model);
        let facts = model.facts();
        // All that the call takes from the catalogue is this model, whose facts may be those of another one.
        let catalogue = json!({ "dated": catalogue.dated(), "newestSpeech": facts.id, "speech": [facts] });
        let (mut config, mut snapshot) = (config.clone(), snapshot.cloned());
        if let Some(veils) = &veils {
            config = veils.inputs.config(config);
            snapshot = snapshot.map(|snapshot| veils.inputs.snapshot(snapshot));
        }
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let first = First { flight_log: FORM, version, words, seed, config, snapshot, catalogue };
        (Log { veils, tally: Tally::default() }, line(&first))
    }

    /// Writes what the call takes in at `now`.
    #[must_use]
    pub fn input(&mut self, now: Duration, mut input: Input) -> String {
        self.tally.inputs += 1;
        if let Some(veils) = &mut self.veils {
            input = veils.inputs.input(input);
        }
        line(&In { now, input })
    }

    /// Writes that the call refused the last input.
    #[must_use]
    pub fn refused(&mut self, error: Error) -> String {
        let error = if self.veils.is_some() { veil::error(error) } else { error };
        line(&json!({ "refused": error }))
    }

    /// Writes what the call gives out.
    #[must_use]
    pub fn output(&mut self, output: Output) -> String {
        self.tally.outputs += 1;
        line(&Out::new(output, self.veils.as_mut().map(|veils| &mut veils.outputs)))
    }

    /// Writes that lines are missing here; nothing behind can be played again.
    #[must_use]
    pub fn missing(&mut self, missing: Tally) -> String {
        line(&json!({ "missing": missing }))
    }

    /// Writes the last line.
    #[must_use]
    pub fn end(self) -> String {
        line(&json!({ "end": self.tally }))
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = if self.veils.is_some() { Words::Redacted } else { Words::InFull };
        f.debug_struct("Log").field("words", &words).field("tally", &self.tally).finish()
    }
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct First {
    pub(super) flight_log: u32,
    pub(super) version: String,
    pub(super) words: Words,
    pub(super) seed: u64,
    pub(super) config: Config,
    /// What the call is resumed from, with a configuration of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) snapshot: Option<Snapshot>,
    pub(super) catalogue: Value,
}

/// An input's line.
#[derive(Serialize, Deserialize)]
pub(super) struct In {
    #[serde(with = "super::compact::seconds")]
    pub(super) now: Duration,
    #[serde(flatten)]
    pub(super) input: Input,
}

/// An output's line. The contract of events leaves their sound out; here its length and a sum over it stand beside them.
#[derive(Serialize)]
pub(super) struct Out {
    #[serde(flatten)]
    output: Output,
    #[serde(skip_serializing_if = "Option::is_none")]
    pcm: Option<Sound>,
}

#[derive(Serialize)]
struct Sound {
    bytes: usize,
    sum: String,
}

impl Out {
    pub(super) fn new(output: Output, veil: Option<&mut Veil>) -> Self {
        let output = match veil {
            Some(veil) => veil.output(output),
            None => output,
        };
        let sound = match &output {
            Output::Event(Stamped { event: Event::Audio(audio), .. }) => Some(&audio.pcm),
            Output::Event(Stamped { event: Event::Closed { unsent, .. }, .. }) => Some(&unsent.pcm),
            _ => None,
        };
        let pcm = sound.map(|pcm| Sound { bytes: pcm.len(), sum: sum(pcm) });
        Out { output, pcm }
    }
}

/// FNV-1a: enough to see that sound is not the same, and the same in every version and on every machine.
fn sum(pcm: &Bytes) -> String {
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    let mut sum = Fnv(0xcbf2_9ce4_8422_2325);
    sum.write(pcm);
    format!("{:016x}", sum.finish())
}

#[allow(clippy::expect_used, reason = "see the sentence")]
fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("inputs and outputs are trees of named members, texts and numbers")
}
