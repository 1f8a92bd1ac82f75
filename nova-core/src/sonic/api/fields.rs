//! The fields of a JSON object that a client has sent, taken out one by one; each complaint names its field, and nothing
//! of what was in it.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::audio::SampleRate;
use crate::error::{Error, ErrorKind, Result};

/// Letters of a name that is not known, as a complaint repeats it.
const NAME: usize = 40;

/// What is left of an object while it is read.
///
/// Every complaint is `Invalid`, one sentence that names the field. Where a field may be left out, null says the same.
pub struct Fields {
    of: String,
    code: &'static str,
    known: Vec<&'static str>,
    left: Map<String, Value>,
}

impl Fields {
    /// Begins to read an object. `of` is what sentences call it (``the command `text` ``, `the body`), `code` is that of
    /// the complaints.
    pub fn new(of: impl Into<String>, code: &'static str, object: Map<String, Value>) -> Self {
        Fields { of: of.into(), code, known: Vec::new(), left: object }
    }

    /// Takes a string.
    ///
    /// # Errors
    /// It is missing, or no string.
    pub fn text(&mut self, name: &'static str) -> Result<String> {
        match self.required(name)? {
            Value::String(text) => Ok(text),
            _ => Err(self.not(name, "a string")),
        }
    }

    /// Takes a string of so many letters, if it is there.
    ///
    /// # Errors
    /// It is no string, or of another length.
    pub fn words(&mut self, name: &'static str, letters: RangeInclusive<usize>) -> Result<Option<String>> {
        let Some(value) = self.present(name) else { return Ok(None) };
        match value {
            Value::String(text) if letters.contains(&text.chars().count()) => Ok(Some(text)),
            _ => Err(self.not(name, format!("a string of {} to {} letters", letters.start(), letters.end()))),
        }
    }

    /// Takes bytes in base64.
    ///
    /// # Errors
    /// They are missing, or no base64 with its padding.
    pub fn base64(&mut self, name: &'static str) -> Result<Bytes> {
        let text = self.text(name)?;
        super::base64::read(&text).map_err(|cause| self.not(name, "base64 with its padding").with_cause(cause))
    }

    /// Takes a whole number.
    ///
    /// # Errors
    /// It is missing, negative, or no whole number.
    pub fn count(&mut self, name: &'static str) -> Result<u64> {
        let value = self.required(name)?;
        value.as_u64().ok_or_else(|| self.not(name, "a whole number, 0 or more"))
    }

    /// Takes a whole number within bounds, if it is there.
    ///
    /// # Errors
    /// It is none, or out of bounds.
    pub fn whole(&mut self, name: &'static str, within: RangeInclusive<u64>) -> Result<Option<u64>> {
        let Some(value) = self.present(name) else { return Ok(None) };
        let number = value.as_u64().filter(|number| within.contains(number));
        let what = || match (within.start(), within.end()) {
            (only, last) if only == last => only.to_string(),
            (first, last) => format!("a whole number from {first} to {last}"),
        };
        number.map(Some).ok_or_else(|| self.not(name, what()))
    }

    /// Takes a number within bounds, if it is there.
    ///
    /// # Errors
    /// It is none, or out of bounds.
    pub fn number(&mut self, name: &'static str, within: RangeInclusive<f64>) -> Result<Option<f64>> {
        let Some(value) = self.present(name) else { return Ok(None) };
        let number = value.as_f64().filter(|number| within.contains(number));
        let what = || format!("a number from {} to {}", within.start(), within.end());
        number.map(Some).ok_or_else(|| self.not(name, what()))
    }

    /// Takes a time in milliseconds.
    ///
    /// # Errors
    /// It is missing, negative, or no number.
    pub fn millis(&mut self, name: &'static str) -> Result<Duration> {
        let value = self.required(name)?;
        crate::sonic::millis::deserialize(value).map_err(|_| self.not(name, "a number of milliseconds, 0 or more"))
    }

    /// Takes a sample rate, if it is there.
    ///
    /// # Errors
    /// It is none that the service knows.
    pub fn rate(&mut self, name: &'static str) -> Result<Option<SampleRate>> {
        let Some(value) = self.present(name) else { return Ok(None) };
        let rate = value.as_u64().and_then(|hz| u32::try_from(hz).ok()).and_then(|hz| SampleRate::try_from(hz).ok());
        rate.map(Some).ok_or_else(|| self.not(name, "8000, 16000 or 24000"))
    }

    /// Takes one of these words, if it is there, and returns what it stands for.
    ///
    /// # Errors
    /// It is another one, or no string.
    pub fn one_of<T: Clone>(&mut self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(value) = self.present(name) else { return Ok(None) };
        let found = value.as_str().and_then(|word| words.iter().find(|(known, _)| *known == word));
        let what = || words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(" or ");
        found.map(|(_, meant)| Some(meant.clone())).ok_or_else(|| self.not(name, what()))
    }

    /// Takes a list of objects, each to be read in the same way, if it is there.
    ///
    /// # Errors
    /// It is no list, too long, or something in it is no object.
    pub fn list(&mut self, name: &'static str, most: usize) -> Result<Option<Vec<Fields>>> {
        let Some(value) = self.present(name) else { return Ok(None) };
        let Value::Array(items) = value else { return Err(self.not(name, "a list")) };
        if items.len() > most {
            return Err(self.not(name, format!("a list of at most {most}")));
        }
        let read = |(at, item)| match item {
            Value::Object(object) => Ok(Fields::new(format!("`{name}[{at}]`"), self.code, object)),
            _ => Err(self.not(name, format!("a list of JSON objects, and number {at} is none"))),
        };
        items.into_iter().enumerate().map(read).collect::<Result<_>>().map(Some)
    }

    /// Takes an object as it is, if it is there.
    ///
    /// # Errors
    /// It is none.
    pub fn object(&mut self, name: &'static str) -> Result<Option<Map<String, Value>>> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(self.not(name, "a JSON object")),
        }
    }

    /// Takes whatever is there, null included.
    pub fn any(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name)
    }

    /// Returns whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left.values().all(Value::is_null)
    }

    /// Insists on something that [`words`](Self::words) and the like have not found.
    ///
    /// # Errors
    /// It is missing.
    pub fn needed<T>(&self, name: &str, found: Option<T>) -> Result<T> {
        found.ok_or_else(|| self.wrong(format!("{} needs the field `{name}`.", capital(&self.of))))
    }

    /// Refuses what was not asked for.
    ///
    /// # Errors
    /// There is such a field: a misspelt one would be believed to have an effect.
    pub fn end(self) -> Result<()> {
        let Some(name) = self.left.keys().next() else { return Ok(()) };
        let known = match &self.known[..] {
            [] => "it has none".to_owned(),
            known => format!("it has {}", known.join(", ")),
        };
        let name: String = name.chars().take(NAME).collect();
        Err(self.wrong(format!("{} has no field {name:?}: {known}.", capital(&self.of))))
    }

    /// Makes the complaint that a field must be something else.
    #[must_use]
    pub fn not(&self, name: &str, what: impl AsRef<str>) -> Error {
        self.wrong(format!("The field `{name}` of {} must be {}.", self.of, what.as_ref()))
    }

    /// Makes a complaint of any words.
    #[must_use]
    pub fn wrong(&self, sentence: impl Into<String>) -> Error {
        Error::new(ErrorKind::Invalid, sentence).with_code(self.code)
    }

    fn required(&mut self, name: &'static str) -> Result<Value> {
        let found = self.any(name);
        self.needed(name, found)
    }

    fn present(&mut self, name: &'static str) -> Option<Value> {
        self.any(name).filter(|value| !value.is_null())
    }
}

// What people say stays out of logs.
impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fields").field("of", &self.of).field("left", &self.left.len()).finish_non_exhaustive()
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

pub(super) fn wrong(sentence: String) -> Error {
    Error::new(ErrorKind::Invalid, sentence).with_code("command")
}
