//! Whatever happens to a call at whatever times: no panic, every output as the tests' referee has it (each turn ended
//! once, each tool answered once, nothing after `Closed`, no wait in the past), no tool run twice, and the call ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use bedrock_nova::ids::ToolUseId;
use bedrock_nova::model::{Catalogue, ModelId};
use bedrock_nova::sonic::conversation::{AudioPolicy, Call, Input, LinkKey, Output};
use bedrock_nova::sonic::{AudioDuringTools, Config, Duplex, Event, Message, ToolSpec};
use bedrock_nova::transport::Failure;
use bytes::Bytes;
use serde_json::json;

use super::referee::Referee;
use super::said::{Id, Said};

/// Plays the script that the bytes stand for.
pub fn run(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let Ok(setup) = choices.arbitrary::<Setup>() else { return };
    let mut play = Play::new(setup);
    for step in choices.arbitrary_iter::<Step>().into_iter().flatten().map_while(Result::ok).take(300) {
        play.step(step);
    }
    play.end();
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Setup {
    generation: Generation,
    during_tools: During,
    half_duplex: bool,
    history: u8,
    links: Links,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Generation {
    First,
    SecondAndAHalf,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum During {
    Adapt,
    Hold,
    Send,
}

/// What becomes of the links that are asked for.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
enum Links {
    /// They are accepted, and take what there is.
    Good,
    /// Only what the script says.
    Scripted,
}

#[derive(Arbitrary, Clone, Debug)]
struct Step {
    before: Pause,
    act: Act,
}

/// The time between two steps.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Pause {
    None,
    Tens(u8),
    Seconds(u8),
    /// Until the call wants to be woken.
    UntilWake,
    /// So many seconds, told only at the end: a machine that was asleep.
    Asleep(u16),
}

#[derive(Arbitrary, Clone, Debug)]
enum Act {
    Opened(Which),
    Ready(Which),
    Frame(Which, Said),
    Garbage(Which, Vec<u8>),
    Ended(Which),
    Failed(Which, Trouble),
    ToolDone(Id, Outcome),
    /// So many milliseconds of audio of a turn.
    Taken(u8, u16),
    Played(u8, u16),
    Audio(u8, Policy),
    OddAudio,
    Text(u8),
    Greet,
    Interrupt,
    Finish,
    Tick,
}

/// A link: the newest, one before it, or one that nobody asked for.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Which {
    Newest,
    Before,
    TwoBefore,
    Unknown,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Policy {
    Wait,
    Live,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Outcome {
    Good,
    Failed,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Trouble {
    Lost,
    Unreadable,
    Unreachable,
    Credentials,
    /// An exception of the service's and its sentence, counted round and round.
    Service(u8),
}

struct Play {
    call: Call,
    now: Duration,
    wake: Option<Duration>,
    links: Links,
    referee: Referee,
    newest: u32,
    /// Links that were opened, until they are given up or end: only these take anything.
    open: BTreeSet<LinkKey>,
    /// On how many links each tool use was asked for, and how often it was run.
    asked: BTreeMap<&'static str, BTreeSet<LinkKey>>,
    run: BTreeMap<String, usize>,
    waiting: Vec<Input>,
}

impl Play {
    fn new(setup: Setup) -> Self {
        let call = Call::new(setup.config(), Catalogue::built_in(), 7).expect("the configuration is sound");
        let mut play = Play {
            call,
            now: Duration::ZERO,
            wake: None,
            links: setup.links,
            referee: Referee::default(),
            newest: 0,
            open: BTreeSet::new(),
            asked: BTreeMap::new(),
            run: BTreeMap::new(),
            waiting: Vec::new(),
        };
        play.drain();
        play.answer();
        play
    }

    fn step(&mut self, step: Step) {
        self.pause(step.before);
        match step.act {
            Act::Frame(which, said) => {
                let link = self.link(which);
                if let Some(id) = said.tool_use() {
                    self.asked.entry(id).or_default().insert(link);
                }
                for payload in said.payloads() {
                    self.input(Input::Frame { link, payload });
                }
            }
            act => {
                let input = self.translate(act);
                self.input(input);
            }
        }
    }

    fn translate(&self, act: Act) -> Input {
        match act {
            Act::Opened(which) => Input::Opened { link: self.link(which), request_id: None, identity_expires: None },
            Act::Ready(which) => Input::Ready { link: self.link(which) },
            Act::Garbage(which, bytes) => Input::Frame { link: self.link(which), payload: bytes.into() },
            Act::Ended(which) => Input::Ended { link: self.link(which) },
            Act::Failed(which, trouble) => Input::Failed { link: self.link(which), failure: trouble.failure() },
            Act::ToolDone(id, outcome) => {
                let result = match outcome {
                    Outcome::Good => Ok(json!({ "temperature": 5 })),
                    Outcome::Failed => Err("it did not work".to_owned()),
                };
                Input::ToolDone { id: ToolUseId::from(id.text()), result }
            }
            Act::Taken(turn, ms) => Input::Taken { turn: turn.into(), duration: Duration::from_millis(ms.into()) },
            Act::Played(turn, ms) => Input::Played { turn: turn.into(), position: Duration::from_millis(ms.into()) },
            Act::Audio(tens, policy) => {
                // As a sender does: what there is no room for waits outside.
                let bytes = (320 * usize::from(tens)).min(self.call.audio_room());
                let policy = match policy {
                    Policy::Wait => AudioPolicy::Wait,
                    Policy::Live => AudioPolicy::Live,
                };
                Input::Audio { pcm: Bytes::from(vec![3; bytes]), policy, at: self.now }
            }
            Act::OddAudio => {
                Input::Audio { pcm: Bytes::from_static(&[1, 2, 3]), policy: AudioPolicy::Live, at: self.now }
            }
            Act::Text(length) => Input::Text { text: "word ".repeat(length.into()) },
            Act::Greet => Input::Greet { text: "Greet the caller.".to_owned() },
            Act::Interrupt => Input::Interrupt,
            Act::Finish => Input::Finish,
            Act::Frame(..) | Act::Tick => Input::Tick,
        }
    }

    fn link(&self, which: Which) -> LinkKey {
        LinkKey(match which {
            Which::Newest => self.newest,
            Which::Before => self.newest.saturating_sub(1),
            Which::TwoBefore => self.newest.saturating_sub(2),
            Which::Unknown => self.newest + 7,
        })
    }

    fn pause(&mut self, pause: Pause) {
        match pause {
            Pause::None => {}
            Pause::Tens(tens) => self.pass(Duration::from_millis(10 * u64::from(tens))),
            Pause::Seconds(seconds) => self.pass(Duration::from_secs(seconds.into())),
            Pause::UntilWake => {
                if let Some(wake) = self.wake {
                    self.pass(wake.saturating_sub(self.now));
                }
            }
            Pause::Asleep(seconds) => {
                self.now += Duration::from_secs(seconds.into());
                self.input(Input::Tick);
            }
        }
    }

    /// Lets time pass, waking the call when it wants, and on a longer way only every now and then, as a busy machine
    /// does: the sound of an hour would be most of the work otherwise.
    fn pass(&mut self, time: Duration) {
        let (until, stride) = (self.now + time, time / 50);
        while let Some(wake) = self.wake.filter(|wake| *wake <= until) {
            self.now = wake.max(self.now + stride).min(until);
            self.input(Input::Tick);
        }
        self.now = until;
        self.input(Input::Tick);
    }

    fn input(&mut self, input: Input) {
        self.handle(input);
        self.answer();
    }

    /// A refusal is an answer like any other; what it must not do shows in the outputs.
    fn handle(&mut self, input: Input) {
        match &input {
            Input::Ready { link } => self.referee.ready(*link),
            Input::Ended { link } | Input::Failed { link, .. } => {
                self.open.remove(link);
            }
            _ => {}
        }
        let _ = format!("{input:?}");
        let _ = self.call.handle(self.now, input);
        self.drain();
    }

    /// What good links answer by themselves.
    fn answer(&mut self) {
        while let Some(input) = self.waiting.pop() {
            self.handle(input);
        }
    }

    fn drain(&mut self) {
        let mut waits = 0;
        while let Some(output) = self.call.poll() {
            let _ = format!("{output:?}");
            self.referee.output(self.now, &output);
            match output {
                Output::Open { link, .. } => {
                    assert!(link.0 > self.newest, "{link} is no new name");
                    self.newest = link.0;
                    self.open.insert(link);
                    if self.links == Links::Good {
                        self.waiting.push(Input::Ready { link });
                        self.waiting.push(Input::Opened { link, request_id: None, identity_expires: None });
                    }
                }
                Output::Send { link, .. } => {
                    assert!(self.open.contains(&link), "something was sent on {link}, which is gone");
                    if self.links == Links::Good {
                        self.waiting.push(Input::Ready { link });
                    }
                }
                Output::Abort { link } => {
                    self.open.remove(&link);
                }
                Output::RunTool(call) => self.ran(&call.id),
                Output::Event(stamped) => {
                    if let (Event::Audio(audio), Links::Good) = (stamped.event, self.links) {
                        self.waiting.insert(0, Input::Taken { turn: audio.turn, duration: audio.duration() });
                    }
                }
                Output::Wait { until } => {
                    waits += 1;
                    self.wake = until;
                }
                _ => {}
            }
        }
        assert_eq!(waits, 1, "Wait comes once after every input");
        assert_eq!(self.call.poll(), None);
    }

    fn ran(&mut self, id: &ToolUseId) {
        // An id that was taken already goes to the application with a number behind it: `u`, `u.2`, `u.3`.
        let of_the_service = id.as_str().split('.').next().unwrap_or_default();
        let run = self.run.entry(of_the_service.to_owned()).or_default();
        *run += 1;
        let asked = self.asked.get(of_the_service).map_or(0, BTreeSet::len);
        // A use's name is its session's own, so two sessions may ask for two uses under one name.
        assert!(*run <= asked, "tool use {id} was asked for on {asked} links and run {run} times");
    }

    /// Whatever has happened, a call that is finished ends by its own deadlines, and a link that it leaves is given up.
    fn end(&mut self) {
        self.input(Input::Finish);
        let patience = self.now + PATIENCE;
        while let Some(wake) = self.wake.filter(|wake| *wake <= patience) {
            self.now = wake.max(self.now + STRIDE);
            self.input(Input::Tick);
        }
        assert!(self.call.is_over(), "the call was finished and has not ended after {PATIENCE:?}: {:?}", self.call);
        assert_eq!(self.wake, None, "a call that is over has nothing to wait for");
        assert!(self.open.is_empty(), "links {:?} were left open", self.open);
        for input in [Input::Tick, Input::Finish, Input::Interrupt, Input::Text { text: "late".to_owned() }] {
            self.input(input);
        }
    }
}

impl Setup {
    fn config(self) -> Config {
        let tool = |name| ToolSpec::new(name, "Tells something.", json!({ "type": "object", "properties": {} }));
        let mut config = Config::default();
        if let Generation::First = self.generation {
            config.model = ModelId::from(ModelId::NOVA_SONIC);
        }
        config.tools = vec![tool("get_weather").into(), tool("get_time").into()];
        config.audio_during_tools = match self.during_tools {
            During::Adapt => AudioDuringTools::Adapt,
            During::Hold => AudioDuringTools::Hold,
            During::Send => AudioDuringTools::Send,
        };
        config.duplex = if self.half_duplex { Duplex::Half } else { Duplex::Full };
        for line in 0..self.history % 8 {
            config.history.push(Message::user(format!("Question {line}")));
            config.history.push(Message::assistant("An answer. ".repeat(usize::from(self.history))));
        }
        config
    }
}

impl Trouble {
    fn failure(self) -> Failure {
        match self {
            Trouble::Lost => Failure::lost("reset"),
            Trouble::Unreadable => Failure::Unreadable { message: "wrong checksum".to_owned() },
            Trouble::Unreachable => {
                Failure::Unreachable { code: "unreachable".to_owned(), message: "connection refused".to_owned() }
            }
            Trouble::Credentials => Failure::Credentials {
                code: "no-credentials".to_owned(),
                message: "nothing was found".to_owned(),
                hint: "set some".to_owned(),
            },
            Trouble::Service(which) => {
                let (name, message) = SERVICE[usize::from(which) % SERVICE.len()];
                Failure::Service {
                    name: name.to_owned(),
                    status: None,
                    message: message.to_owned(),
                    request_id: None,
                    original: None,
                }
            }
        }
    }
}

/// Above the sum of the deadlines of a finished call (see `Timeouts`): each of 300 steps may leave a turn that is owed an
/// answer, and they wait one after another.
const PATIENCE: Duration = Duration::from_secs(2 * 3600);

/// How soon a finished call is woken again at the soonest.
const STRIDE: Duration = Duration::from_secs(1);

/// One of each class (reference §1.8, §4.4).
const SERVICE: [(&str, &str); 9] = [
    (
        "ValidationException",
        "RequestId=1 : InternalErrorCode=531::RST_STREAM closed stream. HTTP/2 error code: NO_ERROR",
    ),
    ("ValidationException", "RequestId=1 : System instability detected. Please retry your request."),
    ("ValidationException", "RequestId=1 : Chat history is over max limit. Trim chat history and try again."),
    ("ValidationException", "RequestId=1 : This request has been blocked by our content filters."),
    ("ValidationException", "RequestId=1 : Invalid input request, please fix your input and try again."),
    ("ThrottlingException", "Too many requests, please wait before trying again."),
    ("ModelTimeoutException", "Model has timed out in processing the request"),
    ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
    (
        "ModelStreamErrorException",
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
];
