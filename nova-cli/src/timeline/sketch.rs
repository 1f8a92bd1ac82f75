//! What the picture shows, in seconds since the call began and in words; nothing about pixels.

use crate::record::envelope::Envelope;
use crate::record::tape::Channel;

/// Everything there is to draw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sketch {
    /// The headline.
    pub(crate) title: String,
    /// Facts below the headline: model, voice, totals.
    pub(crate) facts: Vec<String>,
    /// A warning to be seen at once: that this is an emulator.
    pub(crate) badge: Option<String>,
    /// Where the time line ends.
    pub(crate) length: f64,
    /// How loud the user was.
    pub(crate) user: Envelope,
    /// How loud the loudspeaker was.
    pub(crate) nova: Envelope,
    /// The turns, in order.
    pub(crate) turns: Vec<TurnBand>,
    /// What was said, in order of time.
    pub(crate) captions: Vec<Caption>,
    /// What the user waited for.
    pub(crate) waits: Vec<Span>,
    /// Tools at work.
    pub(crate) tools: Vec<Span>,
    /// Moments worth a flag.
    pub(crate) marks: Vec<Mark>,
}

/// The time one turn took, from the user's first sound to the end of the answer.
#[derive(Clone, Debug)]
pub(crate) struct TurnBand {
    /// Begin.
    pub(crate) from: f64,
    /// End.
    pub(crate) to: f64,
    /// "turn 2 · interrupted".
    pub(crate) label: String,
}

/// One line of the transcript.
#[derive(Clone, Debug)]
pub(crate) struct Caption {
    /// Who said it.
    pub(crate) who: Channel,
    /// When it began.
    pub(crate) at: f64,
    /// The words.
    pub(crate) text: String,
}

/// Something that lasts and has a name.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// Begin.
    pub(crate) from: f64,
    /// End.
    pub(crate) to: f64,
    /// What stands beside it.
    pub(crate) label: String,
}

/// A moment.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// When.
    pub(crate) at: f64,
    /// What happened.
    pub(crate) kind: MarkKind,
    /// In a word or two.
    pub(crate) label: String,
}

/// What a flag is about, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarkKind {
    /// The link: connected, reconnecting, closed.
    Link,
    /// The answer was cut off.
    Cut,
    /// Something was lost or failed.
    Trouble,
}
