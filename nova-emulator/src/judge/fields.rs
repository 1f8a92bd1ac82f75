//! A strict reader of one JSON object: what is taken is known, what is left over is refused.

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// How an object's unknown members are taken (reference §7.1: v1 is lenient, v2 and v2.5 are strict).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    Ignore,
    Refuse,
}

/// The members of one object that nobody has asked for yet.
pub(super) struct Fields {
    rest: Map<String, Value>,
    unknown: Unknown,
}

impl Fields {
    /// Opens an object; anything else is no event body.
    pub(super) fn of(value: Value, unknown: Unknown) -> Result<Self, Refusal> {
        match value {
            Value::Object(rest) => Ok(Self { rest, unknown }),
            _ => Err(Refusal::Generic),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn unknown(&self) -> Unknown {
        self.unknown
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name)
    }

    /// A string that must be there.
    pub(super) fn text(&mut self, name: &str) -> Result<String, Refusal> {
        self.maybe_text(name)?.ok_or(Refusal::Generic)
    }

    /// A string that may be left out, but must not be something else.
    pub(super) fn maybe_text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.rest.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::Generic),
        }
    }

    /// A string that must be there and be this one.
    pub(super) fn exactly(&mut self, name: &str, wanted: &str) -> Result<(), Refusal> {
        if self.text(name)? == wanted { Ok(()) } else { Err(Refusal::Generic) }
    }

    /// A whole number that must be there and be one of these.
    pub(super) fn one_of(&mut self, name: &str, wanted: &[u64]) -> Result<u32, Refusal> {
        let number = self.rest.remove(name).and_then(|value| value.as_u64()).filter(|number| wanted.contains(number));
        number.and_then(|number| u32::try_from(number).ok()).ok_or(Refusal::Generic)
    }

    /// A number between 0 and 1 that may be left out.
    pub(super) fn maybe_share(&mut self, name: &str) -> Result<(), Refusal> {
        match self.rest.remove(name).map(|value| value.as_f64()) {
            None => Ok(()),
            Some(Some(share)) if (0.0..=1.0).contains(&share) => Ok(()),
            Some(_) => Err(Refusal::Generic),
        }
    }

    /// An object that must be there.
    pub(super) fn object(&mut self, name: &str) -> Result<Self, Refusal> {
        self.maybe_object(name)?.ok_or(Refusal::Generic)
    }

    /// An object that may be left out, but must not be something else.
    pub(super) fn maybe_object(&mut self, name: &str) -> Result<Option<Self>, Refusal> {
        self.rest.remove(name).map(|value| Self::of(value, self.unknown)).transpose()
    }

    /// Refuses what nobody asked for.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.unknown == Unknown::Ignore || self.rest.is_empty() { Ok(()) } else { Err(Refusal::Generic) }
    }
}
