//! The catalogue of refusals: the service's own sentences (reference §4.4).

use crate::engine::{Exception, ExceptionKind};

/// A reason to end a session, each with the sentence that the service has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// PARSE: malformed JSON, or an object where a string belongs.
    Parse,
    /// GEN: a field or an event that is unknown, misplaced or repeated.
    Generic,
    /// NOSYS: the prompt does not begin with SYSTEM.
    NoSystem,
    /// DUPSYS: a second SYSTEM.
    DuplicateSystem,
    /// HISTMAX: too much history.
    HistoryTooLong,
    /// HISTLATE: audio while a TEXT block is open, or history unfinished.
    HistoryLate,
    /// VOICE0: no voice.
    VoiceEmpty,
    /// VOICE1: an unknown voice, or one in capitals.
    VoiceUnknown(String),
    /// NOAUDIO: `promptEnd` of the named prompt without any AUDIO block.
    NoAudio(String),
    /// EMPTY: `contentEnd` of the named block without data.
    EmptyContent(String),
    /// OPENCONTENT: `promptEnd` with an open block.
    OpenContent,
    /// OPENPROMPT: the end with the named prompt open.
    OpenPrompt(String),
    /// NOCONTENT: data or an end for the named block, which is not open.
    NoContent(String),
    /// TOOLPARSE: a tool result that is no JSON object.
    ToolParse,
    /// TOOLMEDIA: a tool result of another media type.
    ToolMedia,
    /// TOOLNAME: a tool whose name has other characters.
    ToolName {
        /// Its place in the list, from 0.
        index: usize,
        /// Its name.
        name: String,
    },
    /// FILTER: the content filter.
    Filtered,
    /// IDLE of v1.
    IdleFirst,
    /// IDLE of v2 and v2.5, with the seconds that the sentence names.
    Idle(u64),
    /// 531: the cut after a long silence; transient.
    SilenceCut,
    /// UNSTABLE: transient.
    Unstable,
    /// INTERNAL: as `ModelStreamErrorException`.
    Internal,
    /// TIMEOUT8: eight minutes are over.
    LifeOver,
}

impl Refusal {
    /// Finds a refusal by the code of reference §4.4, with sample names where the sentence has some.
    pub fn from_code(code: &str) -> Option<Self> {
        CODES.iter().find(|(known, _)| *known == code).map(|(_, sample)| sample())
    }

    /// Every code that [`from_code`](Self::from_code) knows.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        CODES.iter().map(|(code, _)| *code)
    }

    /// The sentence, without the request id in front.
    pub fn sentence(&self) -> String {
        match self {
            Self::Parse => "Unable to parse input chunk. Please check input format contains correct format.".into(),
            Self::Generic => "Invalid input request, please fix your input and try again.".into(),
            Self::NoSystem => "System instructions are missing".into(),
            Self::DuplicateSystem => {
                "Duplicate SYSTEM content. SYSTEM content can only be provided once per prompt".into()
            }
            Self::HistoryTooLong => "Chat history is over max limit. Trim chat history and try again.".into(),
            Self::HistoryLate => "Chat history should be sent completely before streaming audio.".into(),
            Self::VoiceEmpty => "Received invalid voiceId: value must not be empty".into(),
            Self::VoiceUnknown(voice) => format!("Received invalid id: '{voice}'"),
            Self::NoAudio(prompt) => format!("Prompt [{prompt}] must have at least one audio content"),
            Self::EmptyContent(name) => format!("Cannot end content [{name}] as no content data was received"),
            Self::OpenContent => "All contents must be closed before ending prompt".into(),
            Self::OpenPrompt(prompt) => {
                format!("Error(s):\nError 1 : The following prompts were not closed: [{prompt}]")
            }
            Self::NoContent(name) => format!("No open content found for content name: {name}"),
            Self::ToolParse => "Tool Response parsing error".into(),
            Self::ToolMedia => "Tool result media type must be one of: [text/plain]".into(),
            Self::ToolName { index, name } => format!(
                "Malformed input request: #/toolConfig/tools/{index}/toolSpec/name: string [{name}] does not match pattern ^[a-zA-Z0-9_-]+$"
            ),
            Self::Filtered => "This request has been blocked by our content filters.".into(),
            Self::IdleFirst => "Timed out waiting for input events".into(),
            Self::Idle(seconds) => format!(
                "InternalErrorCode=532::Timed out waiting for audio bytes or interactive content. Please ensure gaps between audio bytes and interactive content are less than {seconds} seconds"
            ),
            Self::SilenceCut => "InternalErrorCode=531::RST_STREAM closed stream. HTTP/2 error code: NO_ERROR".into(),
            Self::Unstable => "System instability detected. Please retry your request.".into(),
            Self::Internal => {
                "The system encountered an unexpected error during processing. Try your request again.".into()
            }
            Self::LifeOver => "Model has timed out in processing the request".into(),
        }
    }

    /// The error that goes to the client, `RequestId=<uuid> : <sentence>` (reference §1.8).
    pub fn exception(&self, request_id: &str) -> Exception {
        let kind = match self {
            Self::LifeOver => ExceptionKind::ModelTimeout,
            Self::Internal => ExceptionKind::ModelStreamError,
            _ => ExceptionKind::Validation,
        };
        Exception::new(kind, format!("RequestId={request_id} : {}", self.sentence()))
    }
}

type Sample = fn() -> Refusal;

const CODES: [(&str, Sample); 24] = [
    ("PARSE", || Refusal::Parse),
    ("GEN", || Refusal::Generic),
    ("NOSYS", || Refusal::NoSystem),
    ("DUPSYS", || Refusal::DuplicateSystem),
    ("HISTMAX", || Refusal::HistoryTooLong),
    ("HISTLATE", || Refusal::HistoryLate),
    ("VOICE0", || Refusal::VoiceEmpty),
    ("VOICE1", || Refusal::VoiceUnknown("Carlos".into())),
    ("NOAUDIO", || Refusal::NoAudio("prompt".into())),
    ("EMPTY", || Refusal::EmptyContent("content".into())),
    ("OPENCONTENT", || Refusal::OpenContent),
    ("OPENPROMPT", || Refusal::OpenPrompt("prompt".into())),
    ("NOCONTENT", || Refusal::NoContent("content".into())),
    ("TOOLPARSE", || Refusal::ToolParse),
    ("TOOLMEDIA", || Refusal::ToolMedia),
    ("TOOLNAME", || Refusal::ToolName { index: 0, name: "clock.now".into() }),
    ("FILTER", || Refusal::Filtered),
    ("IDLE1", || Refusal::IdleFirst),
    ("IDLE", || Refusal::Idle(55)),
    ("IDLE295", || Refusal::Idle(295)),
    ("531", || Refusal::SilenceCut),
    ("UNSTABLE", || Refusal::Unstable),
    ("INTERNAL", || Refusal::Internal),
    ("TIMEOUT8", || Refusal::LifeOver),
];
