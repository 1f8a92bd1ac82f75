//! What a call promises about a tool: how long it may run, how often at once, what an interruption does to it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::sonic::session::{ToolSpec, invalid};

/// Calls of all tools together that may be under way or wait for their moment; a further one is refused with a sentence
/// for the model. Ours: a model that asks for more at once is going round in circles.
pub const TOOLS_AT_ONCE: usize = 16;
/// The shortest limit of a result: below it there is no room to say that the result was cut.
const LEAST_RESULT: usize = 256;
/// As long as people take for a pause in a talk (reference §2.1: the service's own shortest documented pause).
const A_MOMENT: Duration = Duration::from_millis(1_500);

/// A tool as the model sees it, with what the call promises about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferedTool {
    /// The model's side: name, description, schema.
    #[serde(flatten)]
    pub spec: ToolSpec,
    /// The call's side.
    #[serde(default)]
    pub contract: Contract,
    /// Who runs it.
    #[serde(default, skip_serializing_if = "RunBy::is_application")]
    pub run_by: RunBy,
}

/// Who runs a tool. It is kept with a call, so that a process which goes on with one knows what it has to bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum RunBy {
    /// The application answers each wish by itself.
    #[default]
    Application,
    /// A handler that the builder was given. A builder that has none refuses to connect.
    Handler,
}

impl RunBy {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    fn is_application(&self) -> bool {
        *self == RunBy::Application
    }
}

impl OfferedTool {
    /// Offers a tool under a contract; with the default one, `spec.into()` says the same.
    pub fn new(spec: ToolSpec, contract: Contract) -> Self {
        OfferedTool { spec, contract, run_by: RunBy::Application }
    }

    /// Checks both sides.
    ///
    /// # Errors
    /// As [`ToolSpec::check`]; and `Invalid`, code `tools`, for a contract that nothing could keep.
    pub fn check(&self) -> Result<()> {
        self.spec.check()?;
        let wrong = |what: &str| Err(invalid("tools", format!("The tool {:?} {what}.", self.spec.name)));
        match &self.contract {
            contract if contract.at_once == 0 => wrong("could never run: at_once is 0"),
            contract if contract.deadline.is_some_and(|deadline| deadline.is_zero()) => wrong("has no time to run"),
            contract if contract.result_limit.is_some_and(|limit| limit < LEAST_RESULT) => {
                wrong(&format!("has a result limit below {LEAST_RESULT} bytes"))
            }
            contract if contract.filler.as_ref().is_some_and(|filler| filler.text.trim().is_empty()) => {
                wrong("has an empty filler")
            }
            _ => Ok(()),
        }
    }
}

impl From<ToolSpec> for OfferedTool {
    fn from(spec: ToolSpec) -> Self {
        OfferedTool::new(spec, Contract::default())
    }
}

/// What a call promises about one tool.
///
/// Whatever happens, the model gets exactly one result for each of its calls, and the application exactly one
/// [`Event::ToolDone`](crate::sonic::Event::ToolDone).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Contract {
    /// From the model's wish to the result, waiting for its moment included; then the tool is stopped and the model told
    /// so. None: [`Timeouts::tool`](crate::sonic::Timeouts::tool).
    pub deadline: Option<Duration>,
    /// Calls of this tool that run at once. Further ones wait for their moment within their deadline; beyond
    /// [`TOOLS_AT_ONCE`] of all tools they are refused with a sentence for the model.
    pub at_once: usize,
    /// What becomes of a call that runs or waits when the user speaks, or the application interrupts.
    pub on_interrupt: OnInterrupt,
    /// Bytes of the result's JSON; a longer one is cut, and the model told so, with its beginning. None: what fits one
    /// event (reference §4.5). A result that has to be told in words, after the session that asked is gone, is also
    /// held to the length of a message in the model's history.
    pub result_limit: Option<usize>,
    /// Whether running it twice does harm.
    pub effect: Effect,
    /// What the model is told when the tool takes longer than a moment and nothing sounds; none: silence.
    pub filler: Option<Filler>,
}

impl Default for Contract {
    fn default() -> Self {
        Contract {
            deadline: None,
            at_once: TOOLS_AT_ONCE,
            on_interrupt: OnInterrupt::default(),
            result_limit: None,
            effect: Effect::default(),
            filler: None,
        }
    }
}

/// What an interruption does to a tool that is under way: the user begins to speak, or the application interrupts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum OnInterrupt {
    /// Nothing: it goes on, and the model has its result when it is there. The service itself knows no other way
    /// (reference §6.3).
    #[default]
    Finish,
    /// It is stopped, and the model is told so at once; the turn ends with it.
    Cancel,
    /// The model is told at once that it goes on in the background, and the turn ends. The result follows as typed text,
    /// in a turn of its own, when nobody speaks, no answer is owed and none is being played.
    Detach,
}

/// Whether a tool may be run a second time for the same wish.
///
/// When a session changes, the model may ask in the new one for what it has asked for already. The same name with the
/// same arguments is then the same wish, as long as the turn of the first call still waits for it: while the call is
/// under way, or its result has not been answered aloud, that result answers both, and the application hears of the
/// first call alone. Within one session two calls are two wishes; so they are once the turn is over (an interruption
/// that does not let the tool [finish](OnInterrupt::Finish) ends it, too), and after a call that was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Effect {
    /// It does something in the world: it runs once for a wish, even if that failed.
    #[default]
    Once,
    /// Running it twice does the same as running it once: a wish that failed may be tried again.
    Idempotent,
}

/// An instruction that makes the assistant say something while a tool works: "Say that you are looking it up."
///
/// It is typed to the model, unseen by the user, once per call, when neither side has had a word since the model asked
/// for the tool. It never goes into an answer, and is dropped when the result is there first, or the session is lost that
/// asked. A model that only speech makes speak is refused one.
///
/// v2.5 is mostly silent while a tool works, whatever its prompt says (reference §6.3). What the real service makes of
/// such an instruction was never measured by us: try it before you rely on it, since it costs an answer's tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filler {
    /// The instruction.
    pub text: String,
    /// How long nothing may sound; 1.5 s unless it is set.
    #[serde(default = "a_moment")]
    pub after: Duration,
}

impl Filler {
    /// Makes a filler for a silence of 1.5 s.
    pub fn new(text: impl Into<String>) -> Self {
        Filler { text: text.into(), after: A_MOMENT }
    }

    /// Sets how long nothing may sound.
    #[must_use]
    pub fn after(mut self, silence: Duration) -> Self {
        self.after = silence;
        self
    }
}

impl From<&str> for Filler {
    fn from(text: &str) -> Self {
        Filler::new(text)
    }
}

impl From<String> for Filler {
    fn from(text: String) -> Self {
        Filler::new(text)
    }
}

// It is part of what the assistant is told.
impl fmt::Debug for Filler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filler({} bytes, after {:?})", self.text.len(), self.after)
    }
}

fn a_moment() -> Duration {
    A_MOMENT
}
