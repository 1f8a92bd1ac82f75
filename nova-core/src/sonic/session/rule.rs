//! The rules of order (reference §4.2), each with the code of what the service would say (§4.4) and a sentence.

use crate::error::{Error, ErrorKind};
use crate::sonic::state::{Move, Upstream};

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A session starts once.
    StartOnce,
    /// SessionStart comes first.
    SessionFirst,
    /// PromptStart comes before it.
    PromptFirst,
    /// A session has one prompt.
    PromptOnce,
    /// The system prompt is the first block.
    SystemFirst,
    /// The system prompt is given once.
    SystemOnce,
    /// SYSTEM_SPEECH is given once, directly after the system prompt.
    SpeechAfterSystem,
    /// One block is open at a time beside audio; close it first.
    OneBlock,
    /// History begins with the user.
    UserFirst,
    /// No audio while a text block is open.
    AudioWaits,
    /// It needs an audio block that is, or was, open.
    AudioFirst,
    /// One audio block is open at a time.
    AudioOnce,
    /// No such block is open.
    NoSuchBlock,
    /// The block inside is closed before audio.
    InnerFirst,
    /// Every block is closed before the prompt ends.
    BlocksOpen,
    /// A prompt has at least one audio block.
    NoAudio,
    /// The prompt ends before the session.
    PromptOpen,
    /// After promptEnd only the session's end follows.
    PromptOver,
    /// Nothing follows sessionEnd.
    SessionOver,
    /// The service has ended the stream.
    StreamGone,
    /// A block that nothing was put into cannot be closed.
    Empty,
    /// History is by the user or the assistant.
    HistoryRole,
    /// The service has not asked for this tool use.
    ToolUnknown,
    /// A tool use is answered exactly once.
    ToolOnce,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 24] = [
        Rule::StartOnce,
        Rule::SessionFirst,
        Rule::PromptFirst,
        Rule::PromptOnce,
        Rule::SystemFirst,
        Rule::SystemOnce,
        Rule::SpeechAfterSystem,
        Rule::OneBlock,
        Rule::UserFirst,
        Rule::AudioWaits,
        Rule::AudioFirst,
        Rule::AudioOnce,
        Rule::NoSuchBlock,
        Rule::InnerFirst,
        Rule::BlocksOpen,
        Rule::NoAudio,
        Rule::PromptOpen,
        Rule::PromptOver,
        Rule::SessionOver,
        Rule::StreamGone,
        Rule::Empty,
        Rule::HistoryRole,
        Rule::ToolUnknown,
        Rule::ToolOnce,
    ];

    /// Returns the code of the service's own refusal (reference §4.4), `closed` where there is nobody left to refuse.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Rule::StartOnce
            | Rule::SessionFirst
            | Rule::PromptFirst
            | Rule::PromptOnce
            | Rule::SpeechAfterSystem
            | Rule::OneBlock
            | Rule::UserFirst
            | Rule::AudioFirst
            | Rule::AudioOnce
            | Rule::PromptOver
            | Rule::SessionOver
            | Rule::HistoryRole
            | Rule::ToolUnknown
            | Rule::ToolOnce => "E-GEN",
            Rule::SystemFirst => "E-NOSYS",
            Rule::SystemOnce => "E-DUPSYS",
            Rule::AudioWaits => "E-HISTLATE",
            Rule::NoSuchBlock => "E-NOCONTENT",
            Rule::InnerFirst | Rule::BlocksOpen => "E-OPENCONTENT",
            Rule::NoAudio => "E-NOAUDIO",
            Rule::PromptOpen => "E-OPENPROMPT",
            Rule::StreamGone => "closed",
            Rule::Empty => "E-EMPTY",
        }
    }

    /// Returns the rule as half a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Rule::StartOnce => "a session starts once",
            Rule::SessionFirst => "sessionStart comes first",
            Rule::PromptFirst => "promptStart comes before it",
            Rule::PromptOnce => "a session has one prompt",
            Rule::SystemFirst => "the system prompt is the first block",
            Rule::SystemOnce => "the system prompt is given once",
            Rule::SpeechAfterSystem => "SYSTEM_SPEECH is given once, directly after the system prompt",
            Rule::OneBlock => "one block is open at a time beside audio; close it first",
            Rule::UserFirst => "history begins with the user",
            Rule::AudioWaits => "no audio while a text block is open",
            Rule::AudioFirst => "it needs an audio block that is, or was, open",
            Rule::AudioOnce => "one audio block is open at a time",
            Rule::NoSuchBlock => "no such block is open",
            Rule::InnerFirst => "the block inside is closed before audio",
            Rule::BlocksOpen => "every block is closed before the prompt ends",
            Rule::NoAudio => "a prompt has at least one audio block",
            Rule::PromptOpen => "the prompt ends before the session",
            Rule::PromptOver => "after promptEnd only the session's end follows",
            Rule::SessionOver => "nothing follows sessionEnd",
            Rule::StreamGone => "the service has ended the stream",
            Rule::Empty => "a block that nothing was put into cannot be closed",
            Rule::HistoryRole => "history is by the user or the assistant",
            Rule::ToolUnknown => "the service has not asked for this tool use",
            Rule::ToolOnce => "a tool use is answered exactly once",
        }
    }

    /// Makes the `Misuse` that names the rule, the state and what the state allows.
    pub(crate) fn refuse(self, attempt: Move, state: &Upstream) -> Error {
        let sentence = format!("{} is refused in state {}: {}.", attempt.name(), state.name(), self.sentence());
        let allowed: Vec<&str> = state.allowed().map(Move::name).collect();
        let hint = match allowed.as_slice() {
            [] => "Nothing can be sent on this session any more.".to_owned(),
            names => format!("Allowed now: {}.", names.join(", ")),
        };
        Error::new(ErrorKind::Misuse, sentence).with_code(self.code()).with_hint(hint)
    }
}

type Cell = Result<(), Rule>;

/// Returns one row of the table in reference §4.2, as a client must obey it. A column of the row is one state of
/// [`Upstream::NAMES`]; a new state or command does not compile until its cells are filled.
#[rustfmt::skip]
#[allow(clippy::match_same_arms, reason = "a row for each command, as in the reference")]
pub(crate) fn row(attempt: Move) -> &'static [Cell; Upstream::NAMES.len()] {
    match attempt {
        Move::Start                => &[OK__, ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, OVER, DEAD, GONE],
        Move::StartPrompt          => &[SESS, OK__, PONC, PONC, PONC, PONC, PONC, PONC, PONC, PONC, PONC, PONC, PONC, PONC, OVER, DEAD, GONE],
        Move::OpenSystem           => &[SESS, PRMP, OK__, DSYS, DSYS, DSYS, DSYS, DSYS, DSYS, DSYS, DSYS, DSYS, DSYS, DSYS, OVER, DEAD, GONE],
        Move::OpenSystemSpeech     => &[SESS, PRMP, NSYS, ONE_, OK__, SPCH, SPCH, ONE_, SPCH, SPCH, SPCH, SPCH, SPCH, SPCH, OVER, DEAD, GONE],
        Move::OpenHistoryUser      => &[SESS, PRMP, NSYS, ONE_, OK__, OK__, OK__, ONE_, OK__, ONE_, ONE_, OK__, ONE_, ONE_, OVER, DEAD, GONE],
        Move::OpenHistoryAssistant => &[SESS, PRMP, NSYS, ONE_, USER, USER, OK__, ONE_, OK__, ONE_, ONE_, OK__, ONE_, ONE_, OVER, DEAD, GONE],
        Move::OpenUserText         => &[SESS, PRMP, NSYS, ONE_, LIVE, LIVE, LIVE, ONE_, OK__, ONE_, ONE_, OK__, ONE_, ONE_, OVER, DEAD, GONE],
        Move::OpenAudio            => &[SESS, PRMP, NSYS, ONE_, OK__, OK__, OK__, HIST, AONC, AONC, AONC, OK__, ONE_, ONE_, OVER, DEAD, GONE],
        Move::OpenTool             => &[SESS, PRMP, LIVE, LIVE, LIVE, LIVE, LIVE, LIVE, OK__, ONE_, ONE_, OK__, ONE_, ONE_, OVER, DEAD, GONE],
        Move::Text                 => &[SESS, PRMP, NONE, OK__, NONE, NONE, NONE, OK__, NONE, OK__, NONE, NONE, OK__, NONE, OVER, DEAD, GONE],
        Move::Audio                => &[SESS, PRMP, NONE, NONE, NONE, NONE, NONE, HIST, OK__, HIST, OK__, NONE, NONE, NONE, OVER, DEAD, GONE],
        Move::ToolResult           => &[SESS, PRMP, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, OK__, NONE, NONE, OK__, OVER, DEAD, GONE],
        Move::CloseText            => &[SESS, PRMP, NONE, OK__, NONE, NONE, NONE, OK__, NONE, OK__, NONE, NONE, OK__, NONE, OVER, DEAD, GONE],
        Move::CloseAudio           => &[SESS, PRMP, NONE, NONE, NONE, NONE, NONE, NONE, OK__, INNR, INNR, NONE, NONE, NONE, OVER, DEAD, GONE],
        Move::CloseTool            => &[SESS, PRMP, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, OK__, NONE, NONE, OK__, OVER, DEAD, GONE],
        Move::EndPrompt            => &[SESS, PRMP, NAUD, OPEN, NAUD, NAUD, NAUD, OPEN, OPEN, OPEN, OPEN, OK__, OPEN, OPEN, OVER, DEAD, GONE],
        Move::End                  => &[SESS, OK__, OPRM, OPRM, OPRM, OPRM, OPRM, OPRM, OPRM, OPRM, OPRM, OPRM, OPRM, OPRM, OK__, DEAD, GONE],
    }
}

const OK__: Cell = Ok(());
const ONCE: Cell = Err(Rule::StartOnce);
const SESS: Cell = Err(Rule::SessionFirst);
const PRMP: Cell = Err(Rule::PromptFirst);
const PONC: Cell = Err(Rule::PromptOnce);
const NSYS: Cell = Err(Rule::SystemFirst);
const DSYS: Cell = Err(Rule::SystemOnce);
const SPCH: Cell = Err(Rule::SpeechAfterSystem);
const ONE_: Cell = Err(Rule::OneBlock);
const USER: Cell = Err(Rule::UserFirst);
const HIST: Cell = Err(Rule::AudioWaits);
const LIVE: Cell = Err(Rule::AudioFirst);
const AONC: Cell = Err(Rule::AudioOnce);
const NONE: Cell = Err(Rule::NoSuchBlock);
const INNR: Cell = Err(Rule::InnerFirst);
const OPEN: Cell = Err(Rule::BlocksOpen);
const NAUD: Cell = Err(Rule::NoAudio);
const OPRM: Cell = Err(Rule::PromptOpen);
const OVER: Cell = Err(Rule::PromptOver);
const DEAD: Cell = Err(Rule::SessionOver);
const GONE: Cell = Err(Rule::StreamGone);
