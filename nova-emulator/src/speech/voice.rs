//! The seam for whatever can speak.

use std::{fmt::Debug, sync::Arc};

use super::{Espeak, Recorded, Tone};
use crate::scenario::{Scenario, Step};

/// Something that turns a sentence into sound.
pub trait Voice: Send + Sync + Debug {
    /// Speaks a sentence as 16-bit mono samples at `rate` samples per second, or says `None` where it cannot.
    fn speak(&self, sentence: &str, language: &str, rate: u32) -> Option<Arc<[i16]>>;
}

/// Asks several voices in order and takes the first that can speak the sentence.
#[derive(Debug, Clone)]
pub struct FirstOf(pub Vec<Arc<dyn Voice>>);

impl Voice for FirstOf {
    fn speak(&self, sentence: &str, language: &str, rate: u32) -> Option<Arc<[i16]>> {
        self.0.iter().find_map(|voice| voice.speak(sentence, language, rate))
    }
}

/// Lets a voice say every fixed sentence of a scenario once, at every rate, so that a slow voice is slow before the calls and
/// not in them. Sentences that quote tool results are not known yet.
pub fn rehearse(voice: &dyn Voice, scenario: &Scenario) {
    let turns = scenario.turns.iter().chain(scenario.afterwards.iter().flatten());
    for turn in turns {
        let language = turn.language.as_deref().unwrap_or(&scenario.language);
        say_all(voice, &turn.answer, language);
    }
}

fn say_all(voice: &dyn Voice, steps: &[Step], language: &str) {
    for step in steps {
        match step {
            Step::Say(sentence) if !sentence.contains('{') => {
                for rate in [8000, 16000, 24000] {
                    let _ = voice.speak(sentence, language, rate);
                }
            }
            Step::AfterResults { then, otherwise } => {
                say_all(voice, then, language);
                say_all(voice, otherwise, language);
            }
            Step::Say(_) | Step::Call { .. } | Step::Pause(_) => {}
        }
    }
}

/// The recorded clips, and a tone for what was never recorded; does no IO.
pub fn standard_voice() -> Arc<dyn Voice> {
    Arc::new(FirstOf(vec![Arc::new(Recorded), Arc::new(Tone)]))
}

/// The recorded clips, then espeak-ng where it is installed, then a tone. Speaking may start a process and wait for it,
/// for two seconds at most.
pub fn voice_with_espeak() -> Arc<dyn Voice> {
    let mut voices: Vec<Arc<dyn Voice>> = vec![Arc::new(Recorded)];
    voices.extend(Espeak::find().map(|espeak| Arc::new(espeak) as Arc<dyn Voice>));
    voices.push(Arc::new(Tone));
    Arc::new(FirstOf(voices))
}
