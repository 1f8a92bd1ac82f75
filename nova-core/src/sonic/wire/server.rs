//! What we hear (reference §3).

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::body::{Body, Read, Text};
use super::{ContentType, Role, Stage, Stop, UsageReport};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{ContentId, PromptName, SessionId, ToolUseId};

/// Where an event belongs; each part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The service's session.
    pub session: Option<SessionId>,
    /// Our prompt.
    pub prompt: Option<PromptName>,
    /// The completion: one for the whole prompt (reference §3.3).
    pub completion: Option<String>,
}

/// One event of the service's. Unknown fields are ignored, unknown events are kept.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// The model takes part from here on; once per prompt.
    CompletionStart {
        /// Where it belongs.
        origin: Origin,
    },
    /// A content block opens.
    ContentStart {
        /// Where it belongs.
        origin: Origin,
        /// The block.
        content: ContentId,
        /// What it will hold.
        kind: ContentType,
        /// Whose it is.
        role: Role,
        /// How certain its text is; absent on audio and tools.
        stage: Option<Stage>,
        /// Sample rate in Hz, of audio.
        rate: Option<u32>,
    },
    /// A piece of text.
    TextOutput {
        /// Where it belongs.
        origin: Origin,
        /// The block.
        content: ContentId,
        /// The piece.
        text: String,
    },
    /// A piece of audio.
    AudioOutput {
        /// Where it belongs.
        origin: Origin,
        /// The block.
        content: ContentId,
        /// 16-bit little-endian samples; the piece may end inside one.
        pcm: Bytes,
    },
    /// The model asks for a tool.
    ToolUse {
        /// Where it belongs.
        origin: Origin,
        /// The block.
        content: ContentId,
        /// Names this use.
        id: ToolUseId,
        /// Name of the tool.
        name: String,
        /// Its arguments, freed of every layer of string around them.
        arguments: Value,
    },
    /// A content block closes.
    ContentEnd {
        /// Where it belongs.
        origin: Origin,
        /// The block.
        content: ContentId,
        /// What it held.
        kind: ContentType,
        /// Why it ended.
        stop: Stop,
    },
    /// The model takes no part any more; only after `promptEnd` (reference §3.3).
    CompletionEnd {
        /// Where it belongs.
        origin: Origin,
        /// Why it ended.
        stop: Stop,
    },
    /// The user began to speak (reference §3.2, undocumented).
    UserSpeechStart {
        /// Where it belongs.
        origin: Origin,
        /// Where in the input audio.
        offset: Duration,
    },
    /// The user stopped speaking (reference §3.2, undocumented).
    UserSpeechEnd {
        /// Where it belongs.
        origin: Origin,
        /// Where in the input audio.
        offset: Duration,
        /// Where in the input audio the end was noticed.
        detected: Duration,
    },
    /// Tokens were counted.
    Usage {
        /// Where it belongs.
        origin: Origin,
        /// The counters.
        report: UsageReport,
    },
    /// An event that this version does not know, or a known one whose body it cannot read.
    Unknown {
        /// Its name.
        name: String,
        /// Its body as it came.
        body: Value,
    },
}

impl ServerEvent {
    /// The names of all events that this version knows.
    pub const KNOWN: [&'static str; 10] = [
        "completionStart",
        "contentStart",
        "textOutput",
        "audioOutput",
        "toolUse",
        "contentEnd",
        "completionEnd",
        "userSpeechStart",
        "userSpeechEnd",
        "usageEvent",
    ];

    /// Decodes one payload.
    ///
    /// # Errors
    /// `Wire` if the payload is not `{"event":{"<name>":…}}`, or is audio that is no base64.
    pub fn decode(payload: &[u8]) -> Result<ServerEvent> {
        let Envelope { event: Named { name, body } } =
            serde_json::from_slice(payload).map_err(|error| unreadable(&error))?;
        match serde_json::from_str::<Body<'_>>(body.get()).ok().map(|parsed| parsed.into_event(&name)) {
            Some(Read::Event(event)) => Ok(event),
            Some(Read::Broken(error)) => Err(error),
            Some(Read::Unknown) | None => {
                let body = serde_json::from_str(body.get()).map_err(|error| unreadable(&error))?;
                Ok(ServerEvent::Unknown { name: name.into_owned(), body })
            }
        }
    }

    /// Returns the event's name on the wire.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            ServerEvent::CompletionStart { .. } => "completionStart",
            ServerEvent::ContentStart { .. } => "contentStart",
            ServerEvent::TextOutput { .. } => "textOutput",
            ServerEvent::AudioOutput { .. } => "audioOutput",
            ServerEvent::ToolUse { .. } => "toolUse",
            ServerEvent::ContentEnd { .. } => "contentEnd",
            ServerEvent::CompletionEnd { .. } => "completionEnd",
            ServerEvent::UserSpeechStart { .. } => "userSpeechStart",
            ServerEvent::UserSpeechEnd { .. } => "userSpeechEnd",
            ServerEvent::Usage { .. } => "usageEvent",
            ServerEvent::Unknown { name, .. } => name,
        }
    }

    /// Says whether this version knows an event of that name.
    #[must_use]
    pub fn is_known(name: &str) -> bool {
        ServerEvent::KNOWN.contains(&name)
    }
}

// Names only: transcripts, arguments and audio stay out of logs.
impl fmt::Debug for ServerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The outermost layer; the sides of `event` are not our business.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Named<'a>,
}

/// The one member of `event`. If there are several, the first that is known, or else the first.
struct Named<'a> {
    name: Cow<'a, str>,
    body: &'a RawValue,
}

impl<'de: 'a, 'a> Deserialize<'de> for Named<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OneMember)
    }
}

struct OneMember;

impl<'de> Visitor<'de> for OneMember {
    type Value = Named<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with one event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<'de>, A::Error> {
        let mut found: Option<Named<'de>> = None;
        while let Some(Text(name)) = map.next_key()? {
            if found.as_ref().is_some_and(|found| ServerEvent::is_known(&found.name) || !ServerEvent::is_known(&name)) {
                map.next_value::<IgnoredAny>()?;
            } else {
                found = Some(Named { name, body: map.next_value()? });
            }
        }
        found.ok_or_else(|| serde::de::Error::custom("no event"))
    }
}

/// Says where the reading failed but not on what, which might be somebody's words.
pub(super) fn unreadable(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    wire(format!("A payload came that is no event ({:?} error at line {line}, column {column}).", error.classify()))
}

pub(super) fn wire(sentence: impl Into<String>) -> Error {
    Error::new(ErrorKind::Wire, sentence)
}
