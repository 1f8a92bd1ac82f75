//! The two halves of a session: what we have sent, and what the model is doing.

use crate::audio::{SampleJoiner, SampleRate};
use crate::error::Error;
use crate::ids::{ContentId, ContentName, ToolUseId};
use crate::sonic::session::{Rule, rule};
use crate::sonic::wire::Stage;

/// What we have sent (reference §4.1). The table of what each state allows is in [`Upstream::allows`].
///
/// ```text
/// Connected ─start─► Started ─start_prompt─► Prompted ─open(System)─► SystemOpen
///                       │                                                 │ close
///                      end                          ┌─open(History…)── Primed ◄─┐
///                       │                      PrimingText ──────close──────────┤
///                       ▼                                                 │ open(Audio)
///                    Closed ◄─end─ PromptClosed                           ▼
///                                       ▲      LiveText ◄─open(text)─► Live ◄─open(ToolResult)─► LiveTool
///                                  end_prompt      └──close──┘            │ ▲  └──close──┘
///                                       │                        close(audio) │ open(Audio)
///                                       │                                 ▼ │
///                                       └─────────────────────────── AudioClosed ◄─► ClosedText, ClosedTool
///
/// Cut: from every state, when the service ends the stream or it fails. Closed stays Closed.
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Upstream {
    /// Nothing is sent.
    Connected,
    /// `sessionStart` is sent.
    Started,
    /// `promptStart` is sent.
    Prompted,
    /// The system prompt is open.
    SystemOpen {
        /// The open block.
        block: ContentName,
    },
    /// The system prompt is closed and no audio is open yet: history may follow.
    Primed {
        /// What stands behind the system prompt.
        so_far: Priming,
    },
    /// A text block before audio is open.
    PrimingText {
        /// The open block.
        block: ContentName,
        /// What stands behind the system prompt once it is closed.
        becomes: Priming,
    },
    /// Audio is open, and nothing else.
    Live {
        /// The open audio block.
        audio: ContentName,
    },
    /// A text block is open beside audio, which must wait.
    LiveText {
        /// The open audio block.
        audio: ContentName,
        /// The open text block.
        block: ContentName,
    },
    /// A tool block is open beside audio, which goes on.
    LiveTool {
        /// The open audio block.
        audio: ContentName,
        /// The open tool block.
        block: ContentName,
    },
    /// The audio block is closed; the prompt is open.
    AudioClosed,
    /// A text block is open after audio.
    ClosedText {
        /// The open block.
        block: ContentName,
    },
    /// A tool block is open after audio.
    ClosedTool {
        /// The open block.
        block: ContentName,
    },
    /// `promptEnd` is sent.
    PromptClosed,
    /// `sessionEnd` is sent: only reading is left.
    Closed,
    /// The stream is gone before we closed the session.
    Cut,
}

/// What stands between the system prompt and the audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Priming {
    /// Nothing yet.
    System,
    /// The text that fixes the script of transcripts.
    SystemSpeech,
    /// History.
    History {
        /// Bytes of all its messages.
        bytes: usize,
    },
}

/// A command, as far as the order is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Move {
    /// `start`: opens the session.
    Start,
    /// `start_prompt`: fixes voice, output and tools.
    StartPrompt,
    /// `open(System)`.
    OpenSystem,
    /// `open(SystemSpeech)`.
    OpenSystemSpeech,
    /// `open(History(User))`.
    OpenHistoryUser,
    /// `open(History(Assistant))`.
    OpenHistoryAssistant,
    /// `open(UserText)`.
    OpenUserText,
    /// `open(Audio)`.
    OpenAudio,
    /// `open(ToolResult)`.
    OpenTool,
    /// `text`: feeds a text block.
    Text,
    /// `audio`: feeds the audio block.
    Audio,
    /// `tool_result`: feeds a tool block.
    ToolResult,
    /// `close` of a text block.
    CloseText,
    /// `close` of the audio block.
    CloseAudio,
    /// `close` of a tool block.
    CloseTool,
    /// `end_prompt`.
    EndPrompt,
    /// `end`: closes the session.
    End,
}

impl Upstream {
    /// The names of all states; `Primed` counts three times, since its contents decide what is allowed.
    pub const NAMES: [&'static str; 17] = [
        "Connected",
        "Started",
        "Prompted",
        "SystemOpen",
        "PrimedSystem",
        "PrimedSpeech",
        "PrimedHistory",
        "PrimingText",
        "Live",
        "LiveText",
        "LiveTool",
        "AudioClosed",
        "ClosedText",
        "ClosedTool",
        "PromptClosed",
        "Closed",
        "Cut",
    ];

    /// Returns the state's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        Upstream::NAMES[self.column()]
    }

    /// Decides whether a command may come now.
    ///
    /// # Errors
    /// The rule that it would break.
    pub fn allows(&self, attempt: Move) -> Result<(), Rule> {
        rule::row(attempt)[self.column()]
    }

    /// Returns every command that may come now.
    pub fn allowed(&self) -> impl Iterator<Item = Move> + '_ {
        Move::ALL.into_iter().filter(|attempt| self.allows(*attempt).is_ok())
    }

    /// Returns the open audio block.
    #[must_use]
    pub fn audio(&self) -> Option<&ContentName> {
        match self {
            Upstream::Live { audio } | Upstream::LiveText { audio, .. } | Upstream::LiveTool { audio, .. } => {
                Some(audio)
            }
            _ => None,
        }
    }

    /// Returns the open block that is not audio.
    #[must_use]
    pub fn block(&self) -> Option<&ContentName> {
        match self {
            Upstream::SystemOpen { block }
            | Upstream::PrimingText { block, .. }
            | Upstream::LiveText { block, .. }
            | Upstream::LiveTool { block, .. }
            | Upstream::ClosedText { block }
            | Upstream::ClosedTool { block } => Some(block),
            _ => None,
        }
    }

    /// Moves on after a block was opened. Only called for what [`Upstream::allows`].
    pub(crate) fn opened(&mut self, attempt: Move, block: ContentName) {
        *self = match (std::mem::replace(self, Upstream::Cut), attempt) {
            (_, Move::OpenSystem) => Upstream::SystemOpen { block },
            (_, Move::OpenAudio) => Upstream::Live { audio: block },
            (Upstream::Primed { so_far }, _) => Upstream::PrimingText { block, becomes: so_far.followed_by(attempt) },
            (Upstream::Live { audio }, Move::OpenTool) => Upstream::LiveTool { audio, block },
            (Upstream::Live { audio }, _) => Upstream::LiveText { audio, block },
            (Upstream::AudioClosed, Move::OpenTool) => Upstream::ClosedTool { block },
            (Upstream::AudioClosed, _) => Upstream::ClosedText { block },
            (unmoved, _) => unmoved,
        };
    }

    /// Moves on after a block was closed. Only called for what [`Upstream::allows`].
    pub(crate) fn closed(&mut self) {
        *self = match std::mem::replace(self, Upstream::Cut) {
            Upstream::SystemOpen { .. } => Upstream::Primed { so_far: Priming::System },
            Upstream::PrimingText { becomes, .. } => Upstream::Primed { so_far: becomes },
            Upstream::LiveText { audio, .. } | Upstream::LiveTool { audio, .. } => Upstream::Live { audio },
            Upstream::Live { .. } | Upstream::ClosedText { .. } | Upstream::ClosedTool { .. } => Upstream::AudioClosed,
            unmoved => unmoved,
        };
    }

    /// Moves on after the stream is gone.
    pub(crate) fn cut(&mut self) {
        if *self != Upstream::Closed {
            *self = Upstream::Cut;
        }
    }

    fn column(&self) -> usize {
        match self {
            Upstream::Connected => 0,
            Upstream::Started => 1,
            Upstream::Prompted => 2,
            Upstream::SystemOpen { .. } => 3,
            Upstream::Primed { so_far: Priming::System } => 4,
            Upstream::Primed { so_far: Priming::SystemSpeech } => 5,
            Upstream::Primed { so_far: Priming::History { .. } } => 6,
            Upstream::PrimingText { .. } => 7,
            Upstream::Live { .. } => 8,
            Upstream::LiveText { .. } => 9,
            Upstream::LiveTool { .. } => 10,
            Upstream::AudioClosed => 11,
            Upstream::ClosedText { .. } => 12,
            Upstream::ClosedTool { .. } => 13,
            Upstream::PromptClosed => 14,
            Upstream::Closed => 15,
            Upstream::Cut => 16,
        }
    }
}

impl Priming {
    fn followed_by(self, attempt: Move) -> Priming {
        match (self, attempt) {
            (_, Move::OpenSystemSpeech) => Priming::SystemSpeech,
            (Priming::History { bytes }, _) => Priming::History { bytes },
            _ => Priming::History { bytes: 0 },
        }
    }
}

impl Move {
    /// Every command.
    pub const ALL: [Move; 17] = [
        Move::Start,
        Move::StartPrompt,
        Move::OpenSystem,
        Move::OpenSystemSpeech,
        Move::OpenHistoryUser,
        Move::OpenHistoryAssistant,
        Move::OpenUserText,
        Move::OpenAudio,
        Move::OpenTool,
        Move::Text,
        Move::Audio,
        Move::ToolResult,
        Move::CloseText,
        Move::CloseAudio,
        Move::CloseTool,
        Move::EndPrompt,
        Move::End,
    ];

    /// Returns the command as a caller writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Move::Start => "start",
            Move::StartPrompt => "start_prompt",
            Move::OpenSystem => "open(System)",
            Move::OpenSystemSpeech => "open(SystemSpeech)",
            Move::OpenHistoryUser => "open(History(User))",
            Move::OpenHistoryAssistant => "open(History(Assistant))",
            Move::OpenUserText => "open(UserText)",
            Move::OpenAudio => "open(Audio)",
            Move::OpenTool => "open(ToolResult)",
            Move::Text => "text",
            Move::Audio => "audio",
            Move::ToolResult => "tool_result",
            Move::CloseText => "close(text)",
            Move::CloseAudio => "close(audio)",
            Move::CloseTool => "close(tool)",
            Move::EndPrompt => "end_prompt",
            Move::End => "end",
        }
    }
}

/// What the model is doing (reference §4.3).
///
/// ```text
/// Silent ─completionStart─► Idle ◄─contentStart / contentEnd─► InBlock
///                             │
///                       completionEnd─► Completed        Ended, Failed: from every state
/// ```
/// The service is not promised to be strict: a breach is a warning, and the state follows what came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Downstream {
    /// No completion has started.
    Silent,
    /// A completion has started; no block is open.
    Idle,
    /// A block is open; more than one only if the service breaks its grammar. Never empty.
    InBlock(Vec<HeardBlock>),
    /// The completion has ended; only usage may follow.
    Completed,
    /// The service ended the stream in order.
    Ended,
    /// The session is dead.
    Failed(Error),
}

impl Downstream {
    /// The names of all states.
    pub const NAMES: [&'static str; 6] = ["Silent", "Idle", "InBlock", "Completed", "Ended", "Failed"];

    /// Returns the state's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Downstream::Silent => "Silent",
            Downstream::Idle => "Idle",
            Downstream::InBlock(_) => "InBlock",
            Downstream::Completed => "Completed",
            Downstream::Ended => "Ended",
            Downstream::Failed(_) => "Failed",
        }
    }

    /// Says whether nothing more can come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Downstream::Ended | Downstream::Failed(_))
    }
}

/// A block that the service has opened and not yet closed.
#[derive(Clone, PartialEq)]
pub struct HeardBlock {
    pub(crate) id: ContentId,
    pub(crate) kind: BlockKind,
    pub(crate) text: String,
    pub(crate) joiner: SampleJoiner,
    pub(crate) calls: Vec<Call>,
}

impl HeardBlock {
    pub(crate) fn new(id: ContentId, kind: BlockKind) -> Self {
        HeardBlock { id, kind, text: String::new(), joiner: SampleJoiner::default(), calls: Vec::new() }
    }

    /// Returns the block's id.
    #[must_use]
    pub fn id(&self) -> &ContentId {
        &self.id
    }

    /// Returns what it holds.
    #[must_use]
    pub fn kind(&self) -> BlockKind {
        self.kind
    }
}

// What was said stays out of logs.
impl std::fmt::Debug for HeardBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeardBlock").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What a block of the service's holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockKind {
    /// What the user said.
    UserText,
    /// What the assistant says, or has said.
    AssistantText(Stage),
    /// The assistant's voice.
    AssistantAudio {
        /// Its sample rate.
        rate: SampleRate,
    },
    /// The wish to use a tool.
    ToolUse,
    /// Something that this version does not know.
    Other,
}

/// The wish to use a tool, held until its block ends: that is when a tool may run (reference §6.3).
#[derive(Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) id: ToolUseId,
    pub(crate) name: String,
    pub(crate) arguments: serde_json::Value,
}
