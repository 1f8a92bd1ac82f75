//! What the field does wrong and the service seems not to mind (reference §1.9a): tolerated, written down, refused under `strict`.

use std::time::Duration;

/// A deviation that was tolerated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breach {
    /// Names the rule that was broken.
    pub rule: Rule,
    /// Says what was seen; never holds text, audio or credentials of a caller.
    pub detail: String,
    /// The time since the connection opened.
    pub at: Duration,
}

/// The rules that default mode forgives and `strict` enforces: exactly the list of reference §1.9a.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// `sessionStart` carries an `inferenceConfiguration`; it came empty.
    EmptySessionStart,
    /// An event is one line of JSON; it came pretty-printed.
    PrettyPrinted,
    /// A session closes with `sessionEnd`; an unknown event stood in its place.
    UnknownForSessionEnd,
    /// The audio block is closed before the input ends; it was left open.
    AudioOpenAtEnd,
    /// A session closes with `promptEnd` and `sessionEnd`; the input ended without any closing event.
    NoClosingEvents,
    /// The client closes its stream in order; it reset the stream or dropped the connection after our end.
    AbruptClose,
}

impl Breach {
    /// Writes one deviation down.
    pub fn new(rule: Rule, detail: impl Into<String>, at: Duration) -> Self {
        Self { rule, detail: detail.into(), at }
    }
}
