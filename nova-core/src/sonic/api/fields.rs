//! The fields of a command, taken out one by one; each complaint names its field.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::audio::SampleRate;
use crate::error::{Error, ErrorKind, Result};

/// What is left of a command while it is read.
pub(super) struct Fields {
    kind: &'static str,
    known: Vec<&'static str>,
    left: Map<String, Value>,
}

impl Fields {
    pub(super) fn new(kind: &'static str, left: Map<String, Value>) -> Self {
        Fields { kind, known: Vec::new(), left }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<String> {
        match self.required(name)? {
            Value::String(text) => Ok(text),
            _ => Err(self.not(name, "a string")),
        }
    }

    pub(super) fn base64(&mut self, name: &'static str) -> Result<Bytes> {
        let text = self.text(name)?;
        super::base64::read(&text).map_err(|cause| self.not(name, "base64 with its padding").with_cause(cause))
    }

    pub(super) fn count(&mut self, name: &'static str) -> Result<u64> {
        let value = self.required(name)?;
        value.as_u64().ok_or_else(|| self.not(name, "a whole number, 0 or more"))
    }

    pub(super) fn millis(&mut self, name: &'static str) -> Result<Duration> {
        let value = self.required(name)?;
        crate::sonic::millis::deserialize(value).map_err(|_| self.not(name, "a number of milliseconds, 0 or more"))
    }

    pub(super) fn rate(&mut self, name: &'static str) -> Result<Option<SampleRate>> {
        let Some(value) = self.optional(name).filter(|value| !value.is_null()) else { return Ok(None) };
        let rate = value.as_u64().and_then(|hz| u32::try_from(hz).ok()).and_then(|hz| SampleRate::try_from(hz).ok());
        rate.map(Some).ok_or_else(|| self.not(name, "8000, 16000 or 24000"))
    }

    pub(super) fn optional(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name)
    }

    /// Refuses what was not asked for.
    pub(super) fn end(self) -> Result<()> {
        let Some(name) = self.left.keys().next() else { return Ok(()) };
        let known = match &self.known[..] {
            [] => "it has none".to_owned(),
            known => format!("it has {}", known.join(", ")),
        };
        Err(wrong(format!("The command `{}` has no field {name:?}: {known}.", self.kind)))
    }

    fn required(&mut self, name: &'static str) -> Result<Value> {
        self.optional(name).ok_or_else(|| wrong(format!("The command `{}` needs the field `{name}`.", self.kind)))
    }

    fn not(&self, name: &str, what: &str) -> Error {
        wrong(format!("The field `{name}` of the command `{}` must be {what}.", self.kind))
    }
}

pub(super) fn wrong(sentence: String) -> Error {
    Error::new(ErrorKind::Invalid, sentence).with_code("command")
}
