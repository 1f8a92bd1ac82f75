//! Describing a conversation and opening it.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};

use super::clock::Clock;
use super::config::{AudioDuringTools, AudioEnd, Config, Duplex, Idle, Message, Renewal, Review, Snapshots, Timeouts};
use super::contract::{OfferedTool, RunBy};
use super::conversation::Verdict;
use super::driver::{Course, Driver};
use super::flight::Words;
use super::flight::recorder::{Plan, Recorded, Start};
use super::handle::{Conversation, Events, Sender};
use super::keeper::{Hold, Keeper};
use super::queue::Mail;
use super::reviewer::{Reviewer, Sentence};
use super::session::{Endpointing, ToolChoice};
use super::snapshot::Snapshot;
use super::tool::Tool;
use crate::audio::SampleRate;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Catalogue, ModelId, Voice};
use crate::transport::Transport;
use crate::usage::Budget;

/// Pieces of audio (up to 100 ms each) between the application and the driver.
const AUDIO_QUEUE: usize = 8;
/// Commands between the application and the driver; a further one waits.
const COMMAND_QUEUE: usize = 16;

/// Describes a conversation; [`connect`](Builder::connect) opens it.
///
/// Everything has a default: model, voice, a short system prompt, 16 kHz in, 24 kHz out, region and credentials from
/// the environment as AWS's own tools find them.
#[derive(Clone, Debug, Default)]
#[must_use = "nothing happens until connect"]
pub struct Builder {
    config: Config,
    tools: Vec<Tool>,
    reviewer: Option<Reviewer>,
    catalogue: Option<Catalogue>,
    transport: Option<Arc<dyn Transport>>,
    log: Option<Plan>,
    snapshot: Option<Box<Snapshot>>,
    hold: Option<Arc<Mutex<Option<Hold>>>>,
    #[cfg(feature = "bedrock")]
    bedrock: crate::transport::bedrock::Builder,
}

impl Builder {
    /// Goes on with a call where a snapshot was taken.
    pub(super) fn resume(mut snapshot: Snapshot) -> Self {
        let config = std::mem::take(&mut snapshot.config);
        // Only one that is kept again asks for snapshots.
        let config = Config { snapshots: Snapshots::OnDemand, ..config };
        Builder { config, snapshot: Some(Box::new(snapshot)), ..Builder::default() }
    }

    /// Replaces the whole configuration; later calls change single values of it.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets the system prompt: who the assistant is and how it should speak.
    pub fn system(mut self, prompt: impl Into<String>) -> Self {
        self.config.system = prompt.into();
        self
    }

    /// Sets the voice that answers.
    pub fn voice(mut self, voice: impl Into<Voice>) -> Self {
        self.config.voice = voice.into();
        self
    }

    /// Sets the speech model by its id.
    pub fn model(mut self, model: impl Into<ModelId>) -> Self {
        self.config.model = model.into();
        self
    }

    /// Sets the rate of the audio that goes in; 16 kHz without it.
    pub fn input_rate(mut self, rate: SampleRate) -> Self {
        self.config.input_rate = rate;
        self
    }

    /// Sets the rate of the audio that comes out; 24 kHz without it.
    pub fn output_rate(mut self, rate: SampleRate) -> Self {
        self.config.output_rate = rate;
        self
    }

    /// Sets the sampling temperature, 0 to 1.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.config.inference.temperature = Some(temperature);
        self
    }

    /// Sets the share of the likeliest tokens to choose from, 0 to 1.
    pub fn top_p(mut self, top_p: f64) -> Self {
        self.config.inference.top_p = Some(top_p);
        self
    }

    /// Sets the most tokens of one answer.
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.config.inference.max_tokens = Some(max_tokens);
        self
    }

    /// Sets how patiently the service waits for the end of an utterance.
    pub fn endpointing(mut self, endpointing: Endpointing) -> Self {
        self.config.endpointing = Some(endpointing);
        self
    }

    /// Offers a tool to the model, run by its handler. One of the same name that is on offer already, as in a call that
    /// is resumed, is replaced.
    pub fn tool(mut self, tool: Tool) -> Self {
        self = self.offer_tool(tool.offer.clone());
        self.tools.push(tool);
        self
    }

    /// Offers a tool that the application runs by itself: it answers each
    /// [`Event::ToolCall`](super::Event::ToolCall) with [`Sender::answer_tool`].
    pub fn offer_tool(mut self, tool: impl Into<OfferedTool>) -> Self {
        let tool = tool.into();
        self.tools.retain(|other| other.name() != tool.spec.name);
        match self.config.tools.iter_mut().find(|other| other.spec.name == tool.spec.name) {
            Some(other) => *other = tool,
            None => self.config.tools.push(tool),
        }
        self
    }

    /// Sets whether the model must use a tool.
    pub fn tool_choice(mut self, choice: ToolChoice) -> Self {
        self.config.tool_choice = Some(choice);
        self
    }

    /// Sets what was said before this call, oldest first.
    pub fn history(mut self, history: impl IntoIterator<Item = Message>) -> Self {
        self.config.history = history.into_iter().collect();
        self
    }

    /// Makes the assistant speak first, as soon as the call is connected; see [`Sender::greet`]. A model that cannot is
    /// refused by [`connect`](Builder::connect) before anything is sent.
    pub fn greet(mut self, instruction: impl Into<String>) -> Self {
        self.config.greeting = Some(instruction.into());
        self
    }

    /// Sets what a client means that says `audioEnd`.
    pub fn audio_end(mut self, choice: AudioEnd) -> Self {
        self.config.audio_end = choice;
        self
    }

    /// Sets whether audio goes on while a tool works.
    pub fn audio_during_tools(mut self, choice: AudioDuringTools) -> Self {
        self.config.audio_during_tools = choice;
        self
    }

    /// Lets a function look at each sentence of an answer before anybody sees or hears it: the place for a guardrail.
    /// A function that panics, or takes longer than the review's deadline, has not decided; the review's policy does.
    pub fn review<F, R>(mut self, review: Review, look: F) -> Self
    where
        F: Fn(Sentence) -> R + Send + Sync + 'static,
        R: Future<Output = Verdict> + Send + 'static,
    {
        self.config.review = Some(review);
        self.reviewer = Some(Reviewer::new(look));
        self
    }

    /// Sets when a session makes room for the next.
    pub fn renewal(mut self, renewal: Renewal) -> Self {
        self.config.renewal = renewal;
        self
    }

    /// Sets what becomes of a call in which nothing happens, or that does not end.
    pub fn idle(mut self, idle: Idle) -> Self {
        self.config.idle = idle;
        self
    }

    /// Sets how much the call may use.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.config.budget = budget;
        self
    }

    /// Sets whether the user is listened to while the assistant speaks.
    pub fn duplex(mut self, duplex: Duplex) -> Self {
        self.config.duplex = duplex;
        self
    }

    /// Sets the deadlines.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.config.timeouts = timeouts;
        self
    }

    /// Uses another catalogue of models than the built-in one.
    pub fn catalogue(mut self, catalogue: Catalogue) -> Self {
        self.catalogue = Some(catalogue);
        self
    }

    /// Uses this transport instead of one to Amazon Bedrock; share one among many conversations.
    pub fn transport(mut self, transport: impl Into<Arc<dyn Transport>>) -> Self {
        self.transport = Some(transport.into());
        self
    }

    /// Writes a [flight log](super::flight) of the call, without its words: everything that goes in and comes out, to be
    /// played again with `bedrock-nova replay`.
    ///
    /// The file is made anew, for its owner alone; in a folder each call gets a file of its own. It is whole when the
    /// last event has been read. Writing never holds up the call: what finds no room is counted in the log, and if the
    /// disk fails the log ends with a warning and the call goes on. A minute of talk takes some one and a half megabytes.
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.log = Some(Plan { path: path.into(), words: Words::Redacted });
        self
    }

    /// As [`record`](Builder::record), with everything that was said and heard in it: some four megabytes a minute.
    pub fn record_in_full(mut self, path: impl Into<PathBuf>) -> Self {
        self.log = Some(Plan { path: path.into(), words: Words::InFull });
        self
    }

    /// Keeps the call in a store while it lasts, so that another process can go on with it. When the lease cannot be held
    /// the call ends with `Unavailable`, code `lease-lost`; when the call is over nothing of it is kept. One that is dropped
    /// is not over, unless it was [finished](super::Sender::finish): what is kept stays, and may be claimed.
    ///
    /// Of a builder that is cloned the first call has the hold.
    pub fn keep(mut self, hold: Hold) -> Self {
        self.config.snapshots = Snapshots::Kept;
        self.hold = Some(Arc::new(Mutex::new(Some(hold))));
        self
    }

    /// Opens the conversation; resolves when the service has accepted it.
    ///
    /// It must be called inside a tokio runtime. Dropping the future gives the call up.
    ///
    /// # Errors
    /// `Misuse`, code `tool-handler`, for a tool that is run by a handler and has none, as in a call that is resumed without
    /// it; `Invalid` before anything is sent when the model does not take something of the configuration; `Denied` for
    /// credentials, `Transport` for an endpoint that cannot be reached, `Timeout` when nothing is accepted in time,
    /// or whatever the service refuses the stream with.
    pub async fn connect(mut self) -> Result<Conversation> {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|cause| Error::new(ErrorKind::Misuse, "connect() needs a tokio runtime.").with_cause(cause))?;
        let audio_end = self.config.audio_end;
        let hold = self.hold.take().and_then(|hold| hold.lock().unwrap_or_else(PoisonError::into_inner).take());
        let (call, transport) = match self.prepare().await {
            Ok(ready) => ready,
            Err(error) => {
                // Another process may do better.
                if let Some(hold) = hold {
                    hold.give_back().await;
                }
                return Err(error);
            }
        };
        let rate = call.input_rate();
        let clock = Clock::start(call.now());

        let mail = Arc::new(Mail::default());
        let (commands, asked) = mpsc::channel(COMMAND_QUEUE);
        let (audio, pieces) = mpsc::channel(AUDIO_QUEUE);
        let (tell, connected) = oneshot::channel();
        let driver = Driver {
            call,
            transport,
            tools: self.tools,
            reviewer: self.reviewer,
            mail: Arc::clone(&mail),
            keeper: hold.map(Keeper::start),
            commands: asked,
            audio: pieces,
            connected: Some(tell),
            course: Course::Dialing,
            clock,
        };
        runtime.spawn(driver.run());

        let events = Events::new(Arc::clone(&mail));
        let sender = Sender::new(mail, commands, audio, clock, rate, audio_end);
        connected.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Bug, "The call's task ended before it was connected.")
                .with_hint("Was the runtime shut down? If not, please report it."))
        })?;
        Ok(Conversation::new(sender, events))
    }

    /// Returns the model that is to answer.
    pub(super) fn model_id(&self) -> &ModelId {
        &self.config.model
    }

    /// Checks that a budget can be kept with the model; see [`Budget::check`].
    pub(super) fn check_budget(&self, budget: &Budget) -> Result<()> {
        budget.check(&self.catalogue.as_ref().unwrap_or(Catalogue::built_in()).model(&self.config.model))
    }

    /// Every tool that a handler is to run has one: in a call that is resumed, or described by a whole configuration, the
    /// handlers do not come with it.
    fn check_handlers(&self) -> Result<()> {
        let has_handler = |name: &str| self.tools.iter().any(|tool| tool.name() == name);
        let by_handler = self.config.tools.iter().filter(|tool| tool.run_by == RunBy::Handler);
        match by_handler.map(|tool| &tool.spec.name).find(|name| !has_handler(name)) {
            None => Ok(()),
            Some(name) => {
                Err(Error::new(ErrorKind::Misuse, format!("The tool {name:?} is run by a handler, and has none here."))
                    .with_code("tool-handler")
                    .with_hint(
                        "Handlers are not kept with a call: give them to the builder again with tool(), or offer the \
                            tool with offer_tool() and answer it by yourself.",
                    ))
            }
        }
    }

    async fn prepare(&mut self) -> Result<(Recorded, Arc<dyn Transport>)> {
        self.check_handlers()?;
        let catalogue = self.catalogue.take().unwrap_or_else(|| Catalogue::built_in().clone());
        let config = std::mem::take(&mut self.config);
        let start = match self.snapshot.take() {
            Some(mut snapshot) => {
                snapshot.config = config;
                Start::From(snapshot)
            }
            None => Start::Anew(Box::new(config)),
        };
        let call = Recorded::new(start, &catalogue, seed(), self.log.take())?;
        Ok((call, self.make_transport().await?))
    }

    #[cfg(feature = "bedrock")]
    async fn make_transport(&mut self) -> Result<Arc<dyn Transport>> {
        match self.transport.take() {
            Some(transport) => Ok(transport),
            None => Ok(Arc::new(std::mem::take(&mut self.bedrock).build().await?)),
        }
    }

    #[cfg(not(feature = "bedrock"))]
    async fn make_transport(&mut self) -> Result<Arc<dyn Transport>> {
        self.transport.take().ok_or_else(|| {
            Error::new(ErrorKind::Misuse, "There is no transport: this build has no `bedrock` feature.")
                .with_hint("Give the builder a transport, or build with the feature.")
        })
    }
}

#[cfg(feature = "bedrock")]
impl Builder {
    /// Sets the regions to try, the favourite first: an opening that is denied or unreachable goes to the next, and a
    /// call moves on when its region stays sick. With an endpoint of your own only the signature changes.
    pub fn regions(mut self, regions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.config.regions = regions.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the AWS region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.bedrock = self.bedrock.region(region);
        self
    }

    /// Sets the profile of the AWS configuration files.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.bedrock = self.bedrock.profile(profile);
        self
    }

    /// Sets the address of the service: `https://…`, or `http://…` for an emulator without TLS.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.bedrock = self.bedrock.endpoint_url(url);
        self
    }

    /// Trusts the certificates in this PEM file instead of the system's.
    pub fn ca_bundle(mut self, path: impl AsRef<std::path::Path>) -> Self {
        self.bedrock = self.bedrock.ca_bundle(path);
        self
    }

    /// Signs with these credentials instead of those that the environment provides.
    pub fn credentials(
        mut self,
        access_key: impl Into<String>,
        secret_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        self.bedrock = self.bedrock.credentials(access_key, secret_key, session_token);
        self
    }
}

/// Scatters the pauses of this process's calls; no secret and no statistics depend on it.
#[allow(clippy::disallowed_methods, reason = "the seed is where chance comes in")]
fn seed() -> u64 {
    static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let calls = CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    (now.as_nanos() as u64).wrapping_add(calls << 32)
}
