//! The catalogue and the lookup in it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::{Facts, Feature, Limits, Prices, Voice, VoiceFacts};
use crate::error::{Error, ErrorKind, Result};

/// The id of a model as it stands in the request path; the default is the newest speech model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(Arc<str>);

impl ModelId {
    /// Amazon Nova Sonic, the first generation: at its end of life on 2026-09-14 (reference §0.3).
    pub const NOVA_SONIC: &'static str = "amazon.nova-sonic-v1:0";
    /// Amazon Nova 2 Sonic.
    pub const NOVA_2_SONIC: &'static str = "amazon.nova-2-sonic-v1:0";
    /// Amazon Nova 2.5 Sonic, the default.
    pub const NOVA_2_5_SONIC: &'static str = "amazon.nova-2-5-sonic";

    /// Makes an id from any text.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        ModelId(id.into())
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ModelId {
    fn default() -> Self {
        ModelId::new(ModelId::NOVA_2_5_SONIC)
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for ModelId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ModelId {
    fn from(id: &str) -> Self {
        ModelId::new(id)
    }
}

impl From<String> for ModelId {
    fn from(id: String) -> Self {
        ModelId::new(id)
    }
}

/// Every speech model that this library knows, at a date. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    dated: String,
    newest: Arc<Facts>,
    speech: Vec<Arc<Facts>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    dated: String,
    newest_speech: ModelId,
    speech: Vec<Facts>,
}

impl Catalogue {
    /// Returns the catalogue that is built into the library.
    #[must_use]
    #[allow(clippy::expect_used, reason = "the file is part of the library, and a test reads it")]
    pub fn built_in() -> &'static Catalogue {
        static BUILT_IN: OnceLock<Catalogue> = OnceLock::new();
        BUILT_IN
            .get_or_init(|| Catalogue::from_json(include_str!("catalogue.json")).expect("the catalogue is readable"))
    }

    /// Reads a catalogue that replaces the built-in one; the form is that of the file in this folder.
    ///
    /// # Errors
    /// `Invalid`, code `catalogue`, if it cannot be read or does not hold its newest model.
    pub fn from_json(json: &str) -> Result<Catalogue> {
        let file: File = serde_json::from_str(json).map_err(|error| refused(&format!("cannot be read: {error}")))?;
        let speech: Vec<_> = file.speech.into_iter().map(Arc::new).collect();
        let newest = speech.iter().find(|facts| facts.id == file.newest_speech);
        let newest =
            newest.ok_or_else(|| refused(&format!("does not hold its newest model {}", file.newest_speech)))?;
        Ok(Catalogue { dated: file.dated, newest: newest.clone(), speech })
    }

    /// Returns the date of its facts as `yyyy-mm-dd`.
    #[must_use]
    pub fn dated(&self) -> &str {
        &self.dated
    }

    /// Returns every speech model, oldest first.
    pub fn speech(&self) -> impl Iterator<Item = Model> + '_ {
        self.speech.iter().map(|facts| Model { id: facts.id.clone(), facts: facts.clone() })
    }

    /// Returns what is known of a model; an unknown id gets the facts of the newest speech model.
    #[must_use]
    pub fn model(&self, id: &ModelId) -> Model {
        let facts = self.speech.iter().find(|facts| facts.id == *id).unwrap_or(&self.newest);
        Model { id: id.clone(), facts: facts.clone() }
    }
}

/// One model and what is known of it. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    id: ModelId,
    facts: Arc<Facts>,
}

impl Model {
    /// Returns the id that was asked for.
    #[must_use]
    pub fn id(&self) -> &ModelId {
        &self.id
    }

    /// Says whether the catalogue holds this id; otherwise the facts are those of the newest speech model.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.id == self.facts.id
    }

    /// Returns all facts.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Returns the limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.facts.limits
    }

    /// Returns the list prices; unknown ones for a model that the catalogue does not hold.
    #[must_use]
    pub fn prices(&self) -> Prices {
        match self.is_known() {
            true => self.facts.pico_dollars_per_token,
            false => Prices { speech_in: None, text_in: None, speech_out: None, text_out: None },
        }
    }

    /// Returns the model to use instead of this one.
    #[must_use]
    pub fn replacement(&self) -> Option<&ModelId> {
        if self.is_known() { self.facts.replacement.as_ref() } else { None }
    }

    /// Says whether the model can do something.
    #[must_use]
    pub fn has(&self, feature: Feature) -> bool {
        self.facts.features.contains(&feature)
    }

    /// Returns the voices.
    #[must_use]
    pub fn voices(&self) -> &[VoiceFacts] {
        &self.facts.voices
    }

    /// Checks that the model has a voice; a model that the catalogue does not hold may have any.
    ///
    /// # Errors
    /// `Invalid` with the service's own code, `E-VOICE0` for an empty name and `E-VOICE1` for an unknown one; the
    /// sentence lists the valid names, the hint the nearest.
    pub fn check_voice(&self, voice: &Voice) -> Result<()> {
        if voice.id().is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "The voice has no name.").with_code("E-VOICE0"));
        }
        if !self.is_known() || self.voices().iter().any(|known| known.id == *voice) {
            return Ok(());
        }
        let names: Vec<&str> = self.voices().iter().map(|known| known.id.id()).collect();
        let sentence = format!("{} has no voice {:?}; it has {}.", self.facts.name, voice.id(), names.join(", "));
        let nearest = names.iter().min_by_key(|name| distance(name, voice.id())).copied().unwrap_or_default();
        Err(Error::new(ErrorKind::Invalid, sentence)
            .with_code("E-VOICE1")
            .with_hint(format!("Nearest is {nearest:?}; names are lower case.")))
    }
}

fn refused(what: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("The model catalogue {what}.")).with_code("catalogue")
}

/// Counts the letters to add, drop or change between two names, letter case aside (Levenshtein's distance).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn model(id: &str) -> Model {
        Catalogue::built_in().model(&id.into())
    }

    #[test]
    fn voices_are_those_of_the_reference() {
        assert_eq!(model(ModelId::NOVA_SONIC).voices().len(), 11);
        assert_eq!(model(ModelId::NOVA_2_SONIC).voices().len(), 16);
        assert_eq!(model(ModelId::NOVA_2_5_SONIC).voices().len(), 16);
        for model in Catalogue::built_in().speech() {
            for voice in model.voices() {
                assert!(!matches!(voice.id, Voice::Other(_)), "{} has no variant", voice.id);
                for locale in &voice.locales {
                    assert!(model.facts().languages.contains(locale), "{locale} of {}", voice.id);
                }
            }
        }
    }

    #[test]
    fn a_wrong_voice_names_the_nearest() {
        let refused = model(ModelId::NOVA_2_5_SONIC).check_voice(&Voice::other("Tifany")).unwrap_err();
        assert_eq!((refused.kind(), refused.code()), (ErrorKind::Invalid, "E-VOICE1"));
        assert!(refused.message().contains("matthew, amy, olivia"), "{refused}");
        assert!(refused.hint().unwrap().contains("\"tiffany\""), "{refused}");
        assert!(model(ModelId::NOVA_SONIC).check_voice(&Voice::Tina).is_err());
        assert_eq!(model(ModelId::NOVA_SONIC).check_voice(&Voice::other("")).unwrap_err().code(), "E-VOICE0");
    }

    #[test]
    fn an_unknown_model_is_taken_for_the_newest_but_has_no_price() {
        let unknown = model("amazon.nova-9-sonic");
        assert!(!unknown.is_known());
        assert_eq!(unknown.facts().id, ModelId::default());
        assert_eq!(unknown.prices().speech_in, None);
        assert!(unknown.check_voice(&Voice::other("nova")).is_ok());
    }

    #[test]
    fn prices_are_exact() {
        // 3.0 USD for a million tokens.
        assert_eq!(model(ModelId::NOVA_2_SONIC).prices().speech_in, Some(3_000_000));
        assert_eq!(model(ModelId::NOVA_SONIC).prices().speech_in, None);
    }

    #[test]
    fn an_own_catalogue_may_know_more_and_must_hold_its_newest() {
        let with_news = include_str!("catalogue.json").replace("\"boundaryEvents\"", "\"boundaryEvents\", \"singing\"");
        assert!(Catalogue::from_json(&with_news).unwrap().model(&ModelId::default()).has(Feature::Unknown));
        let broken = include_str!("catalogue.json").replace("\"newestSpeech\": \"amazon", "\"newestSpeech\": \"x");
        assert_eq!(Catalogue::from_json(&broken).unwrap_err().code(), "catalogue");
    }
}
