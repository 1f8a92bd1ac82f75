//! What a conversation is to be: defaults, each with its reason.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audio::SampleRate;
use crate::model::{ModelId, Voice};
use crate::sonic::contract::OfferedTool;
use crate::sonic::session::{Endpointing, Inference, ToolChoice};
use crate::sonic::wire::Role;
use crate::usage::Budget;

/// Everything that is fixed when a conversation opens.
///
/// It serialises without secrets, since it has none: credentials belong to the transport.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Config {
    /// The speech model.
    pub model: ModelId,
    /// The regions to try, the favourite first; none: the transport's own. An opening that is denied or unreachable goes
    /// to the next, and a call moves on when its region stays sick.
    pub regions: Vec<String>,
    /// The system prompt: who the assistant is and how it should speak.
    pub system: String,
    /// The voice that answers.
    pub voice: Voice,
    /// Sampling parameters.
    pub inference: Inference,
    /// How patiently the service waits for the end of an utterance; the service's own choice when absent.
    pub endpointing: Option<Endpointing>,
    /// Rate of the audio that goes in.
    pub input_rate: SampleRate,
    /// Rate of the audio that comes out.
    pub output_rate: SampleRate,
    /// The tools on offer, each with what the call promises about it.
    pub tools: Vec<OfferedTool>,
    /// Whether the model must use one of them.
    pub tool_choice: Option<ToolChoice>,
    /// What was said before this call, oldest first.
    pub history: Vec<Message>,
    /// What the assistant is told to say first, before the user says anything: an instruction that nobody sees. Not for
    /// models that only speech makes speak (reference §6.4).
    pub greeting: Option<String>,
    /// What a client means that says `audioEnd`.
    pub audio_end: AudioEnd,
    /// Whether audio goes on while a tool works.
    pub audio_during_tools: AudioDuringTools,
    /// When a session makes room for the next.
    pub renewal: Renewal,
    /// What becomes of a call in which nothing happens, or that does not end.
    pub idle: Idle,
    /// How much the call may use.
    pub budget: Budget,
    /// Whether the user is listened to while the assistant speaks.
    pub duplex: Duplex,
    /// Whether each sentence of an answer is looked at before anybody hears it.
    pub review: Option<Review>,
    /// Whether the call asks for its snapshots to be kept.
    pub snapshots: Snapshots,
    /// Deadlines.
    pub timeouts: Timeouts,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            model: ModelId::default(),
            regions: Vec::new(),
            // A session cannot do without one (reference §2.3.1), and speech wants short answers.
            system: "You are a friendly assistant on a voice call. Answer in two or three short sentences.".to_owned(),
            voice: Voice::default(),
            inference: Inference::default(),
            endpointing: None,
            // The rates nearly every client uses (reference §5.1).
            input_rate: SampleRate::Hz16000,
            output_rate: SampleRate::Hz24000,
            tools: Vec::new(),
            tool_choice: None,
            history: Vec::new(),
            greeting: None,
            audio_end: AudioEnd::default(),
            audio_during_tools: AudioDuringTools::default(),
            renewal: Renewal::default(),
            idle: Idle::default(),
            budget: Budget::default(),
            duplex: Duplex::default(),
            review: None,
            snapshots: Snapshots::default(),
            timeouts: Timeouts::default(),
        }
    }
}

// The prompt stays out of logs, and so does what was said; tools go by their names.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("model", &self.model)
            .field("regions", &self.regions)
            .field("system_bytes", &self.system.len())
            .field("voice", &self.voice)
            .field("inference", &self.inference)
            .field("endpointing", &self.endpointing)
            .field("input_rate", &self.input_rate)
            .field("output_rate", &self.output_rate)
            .field("tools", &self.tools.iter().map(|tool| &tool.spec.name).collect::<Vec<_>>())
            .field("tool_choice", &self.tool_choice)
            .field("history", &self.history)
            .field("greeting_bytes", &self.greeting.as_ref().map(String::len))
            .field("audio_end", &self.audio_end)
            .field("audio_during_tools", &self.audio_during_tools)
            .field("renewal", &self.renewal)
            .field("idle", &self.idle)
            .field("budget", &self.budget)
            .field("duplex", &self.duplex)
            .field("review", &self.review)
            .field("snapshots", &self.snapshots)
            .field("timeouts", &self.timeouts)
            .finish()
    }
}

/// One line of what was said before.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who said it: the user or the assistant.
    pub role: Role,
    /// The words.
    pub text: String,
}

impl Message {
    /// Makes a line of the user's.
    pub fn user(text: impl Into<String>) -> Self {
        Message { role: Role::User, text: text.into() }
    }

    /// Makes a line of the assistant's.
    pub fn assistant(text: impl Into<String>) -> Self {
        Message { role: Role::Assistant, text: text.into() }
    }
}

// What was said stays out of logs.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({:?}, {} bytes)", self.role, self.text.len())
    }
}

/// What becomes of the audio block when a client says that its microphone is off, by
/// [`Command::AudioEnd`](crate::sonic::api::Command::AudioEnd).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum AudioEnd {
    /// Nothing: silence follows by itself, in which the service finds the end of the utterance.
    #[default]
    Silence,
    /// It is closed, as by `Sender::end_audio`; the next audio opens another one.
    Close,
}

/// Whether the user's audio goes on while the model waits for a tool's result.
///
/// Most clients go on sending; one report says that v2.5 ends the session for it (reference §4.2 note 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum AudioDuringTools {
    /// Goes on sending, so that the caller can interrupt; if the service refuses it once, the call is taken up again
    /// in a new session and audio is held from then on.
    #[default]
    Adapt,
    /// Holds the audio until the result is sent. Nobody can interrupt meanwhile, and live audio that grows too old is
    /// given up and reported; recorded audio waits.
    Hold,
    /// Goes on sending whatever happens.
    Send,
}

/// When a session makes room for the next one, counted from its acceptance.
///
/// A session is cut at the model's own limit, eight minutes (reference §4.5); these are shares of that limit, so that a
/// model with another limit keeps the same room.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Renewal {
    /// From this share of its life on a session is renewed at the next quiet moment. 0.75: six minutes, as most clients
    /// in the field have it (reference §6.5).
    pub from: f64,
    /// At this share of its life it is renewed whatever goes on. 0.9375: seven and a half minutes.
    pub at_the_latest: f64,
}

impl Default for Renewal {
    fn default() -> Self {
        Renewal { from: 0.75, at_the_latest: 0.9375 }
    }
}

/// Bounds of a call that nobody ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Idle {
    /// After this long without a word from either side, and again each time as long, [`Event::UserIdle`] says so.
    ///
    /// [`Event::UserIdle`]: crate::sonic::Event::UserIdle
    pub tell: Duration,
    /// After this long the call is closed in order. Longer than anybody is put on hold.
    pub hang_up: Duration,
    /// The longest call; a call that reaches it is closed in order.
    pub longest_call: Duration,
}

impl Default for Idle {
    fn default() -> Self {
        Idle {
            tell: Duration::from_secs(60),
            hang_up: Duration::from_secs(15 * 60),
            longest_call: Duration::from_secs(4 * 3600),
        }
    }
}

/// Whether the user is listened to while the assistant speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Duplex {
    /// Always: the user can interrupt. Needs headphones, a telephone, or echo cancellation.
    #[default]
    Full,
    /// Not while an answer is being played: for a loudspeaker that the microphone hears. The service gets silence
    /// meanwhile, and nobody can interrupt by voice.
    Half,
}

/// How the application looks at each sentence of an answer before anybody hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Review {
    /// How long a decision may take. The user waits for it at the first sentence; later ones are decided on while the
    /// sentence before is still being played, since the service is faster than speech.
    pub deadline: Duration,
    /// What becomes of a sentence when the decision takes longer.
    pub unreviewed: Unreviewed,
}

impl Review {
    /// Gives each decision this much time.
    #[must_use]
    pub fn within(deadline: Duration, unreviewed: Unreviewed) -> Self {
        Review { deadline, unreviewed }
    }
}

/// What becomes of a sentence that nobody decided on in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Unreviewed {
    /// It is said all the same.
    Pass,
    /// It is not said.
    Withhold,
}

/// Whether a call asks for its snapshots to be kept, so that another process can go on with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Snapshots {
    /// It does not; the application may take one whenever it likes.
    #[default]
    OnDemand,
    /// After every change of turns, lines and tools, and once a second while an answer is heard. A tool that must not run
    /// twice then runs only when a snapshot that holds it is kept, or not at all.
    Kept,
}

/// How long each thing may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the request to accepted response headers. Field reports see answers at once or never (reference §1.7).
    pub connect: Duration,
    /// Without any progress in a turn that is owed an answer; the turn then ends with a reason.
    /// Twice the local limit that a long-measured client uses, for slow regions (reference §3.3).
    pub answer: Duration,
    /// For one tool, from the call to its result, unless its [contract](crate::sonic::Contract) says otherwise; the model
    /// then gets an error as the result.
    pub tool: Duration,
    /// From the loss of a session to the next accepted one, over all attempts and regions; then the call ends.
    pub recover: Duration,
    /// For everything between the end of input and the end of the stream, counted anew while an answer makes progress.
    pub close: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(12),
            // The idle rule of 55 s also runs while a tool works (reference §4.5).
            tool: Duration::from_secs(30),
            // Longer than a network that changes over, shorter than anybody listens to silence.
            recover: Duration::from_secs(60),
            // Clients wait up to 5 s for completionEnd (reference §4.6).
            close: Duration::from_secs(5),
        }
    }
}
