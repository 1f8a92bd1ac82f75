//! A call without a network: a service that says what the script says, an uplink, a reader, and a clock that jumps.

pub mod payloads;
mod referee;
mod story;

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova::model::{Catalogue, ModelId};
use bedrock_nova::sonic::conversation::{AudioPolicy, Call, Input, LinkKey, Output};
use bedrock_nova::sonic::{Config, Event, Role, Snapshot, ToolSpec, ToolUseId, Transcript, TurnId};
use bedrock_nova::transport::Failure;
use bedrock_nova::{Error, Result};
use bytes::Bytes;
pub use payloads::*;
use referee::Referee;
use serde_json::{Value, json};

pub const V1: &str = "amazon.nova-sonic-v1:0";

/// Whether the link takes payloads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Uplink {
    Ready,
    Stalled,
}

/// When the application takes the assistant's voice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    AtOnce,
    /// Only when the script says so.
    ByHand,
}

/// What becomes of a link that is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dials {
    Accepted,
    /// Only when the script says so.
    ByHand,
}

/// Whether a snapshot is kept at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Works,
    /// Only when the script says so.
    ByHand,
}

/// One payload on the wire.
pub struct Sent {
    pub at: Duration,
    pub link: LinkKey,
    pub name: String,
    pub body: Value,
}

pub struct Script {
    pub call: Call,
    pub now: Duration,
    pub uplink: Uplink,
    pub reader: Reader,
    pub dials: Dials,
    pub store: Store,
    pub link: LinkKey,
    pub sent: Vec<Sent>,
    pub outputs: Vec<(Duration, Output)>,
    pub log: Vec<(Duration, Input)>,
    pub wake: Option<Duration>,
    told: usize,
    waiting: VecDeque<Input>,
    unready: bool,
    referee: Referee,
}

impl Script {
    /// A call that is being opened.
    pub fn dialing(config: Config) -> Self {
        Script::of(Call::new(config, Catalogue::built_in(), 7).unwrap(), Duration::ZERO, Referee::default())
    }

    /// A call that another process goes on with, and that is being opened. The snapshot goes there as JSON.
    pub fn resuming(snapshot: &Snapshot) -> Self {
        let snapshot = Snapshot::from_json(&snapshot.to_json()).unwrap();
        let (now, referee) = (snapshot.at, Referee::after(&snapshot));
        Script::of(Call::resume(snapshot, Catalogue::built_in(), 8).unwrap(), now, referee)
    }

    fn of(call: Call, now: Duration, referee: Referee) -> Self {
        let mut script = Script {
            call,
            now,
            uplink: Uplink::Ready,
            reader: Reader::AtOnce,
            dials: Dials::ByHand,
            store: Store::Works,
            link: LinkKey(0),
            sent: Vec::new(),
            outputs: Vec::new(),
            log: Vec::new(),
            wake: None,
            told: 0,
            waiting: VecDeque::new(),
            unready: false,
            referee,
        };
        script.drain();
        script
    }

    /// The same, accepted.
    pub fn resumed(snapshot: &Snapshot) -> Self {
        let mut script = Script::resuming(snapshot);
        script.dials = Dials::Accepted;
        script.accept();
        script
    }

    /// A call that was accepted, and whose audio block is primed.
    pub fn with(config: Config) -> Self {
        let mut script = Script::dialing(config);
        script.dials = Dials::Accepted;
        script.accept();
        script.story();
        script
    }

    pub fn live() -> Self {
        Script::with(Config::default())
    }

    // ---- the service

    pub fn accept(&mut self) {
        let link = self.link;
        self.input(Input::Opened { link, request_id: None, identity_expires: None });
        if self.uplink == Uplink::Ready {
            self.give_credit();
        } else {
            self.unready = true;
        }
    }

    /// The service says these things, one frame after another.
    pub fn hear<const N: usize>(&mut self, said: [Said; N]) {
        for payload in said.into_iter().flatten() {
            let link = self.link;
            self.input(Input::Frame { link, payload });
        }
    }

    /// A plain utterance: heard, ended, written down.
    pub fn user_says(&mut self, text: &str) {
        self.hear([speech_start(0), speech_end(1_000, 1_480), user_final(text)]);
    }

    /// A plain answer of one sentence, whole.
    pub fn answer(&mut self, text: &str, pieces: usize) {
        self.hear([spec("s", text), audio("a", pieces, END_TURN)]);
    }

    pub fn fail(&mut self, name: &str, message: &str) {
        self.fail_with(service(name, message));
    }

    pub fn fail_with(&mut self, failure: Failure) {
        let link = self.link;
        self.input(Input::Failed { link, failure });
    }

    pub fn end(&mut self) {
        let link = self.link;
        self.input(Input::Ended { link });
    }

    pub fn stall(&mut self) {
        self.uplink = Uplink::Stalled;
    }

    pub fn unstall(&mut self) {
        self.uplink = Uplink::Ready;
        if std::mem::take(&mut self.unready) {
            self.give_credit();
        }
    }

    // ---- the application

    pub fn text(&mut self, text: &str) -> Result<()> {
        self.try_input(Input::Text { text: text.to_owned() })
    }

    pub fn finish(&mut self) {
        self.input(Input::Finish);
    }

    pub fn interrupt(&mut self) {
        self.input(Input::Interrupt);
    }

    pub fn take(&mut self, turn: TurnId, ms: u64) {
        self.input(Input::Taken { turn, duration: Duration::from_millis(ms) });
    }

    pub fn played(&mut self, turn: TurnId, ms: u64) {
        self.input(Input::Played { turn, position: Duration::from_millis(ms) });
    }

    /// Hands over audio that is no silence; it starts now and is as long as `ms`.
    pub fn audio(&mut self, ms: u64, policy: AudioPolicy) -> Result<()> {
        let pcm = Bytes::from(vec![3u8; 32 * ms as usize]);
        self.try_input(Input::Audio { pcm, policy, at: self.now })
    }

    /// Speaks into the microphone in real time; what the call has no room for is not handed over.
    pub fn speak(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            if self.call.audio_room() > 0 {
                self.audio(20, AudioPolicy::Live).unwrap();
            }
            self.pass_ms(20);
        }
    }

    pub fn tool_done(&mut self, id: &str, result: Result<Value, &str>) -> Result<()> {
        self.try_input(Input::ToolDone { id: ToolUseId::from(id), result: result.map_err(str::to_owned) })
    }

    // ---- time

    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(wake) = self.wake.filter(|wake| *wake <= until) {
            self.now = self.now.max(wake);
            self.input(Input::Tick);
        }
        self.now = until;
        self.input(Input::Tick);
    }

    pub fn pass_ms(&mut self, ms: u64) {
        self.pass(Duration::from_millis(ms));
    }

    // ---- the machine

    pub fn input(&mut self, input: Input) {
        self.try_input(input).unwrap();
    }

    pub fn try_input(&mut self, input: Input) -> Result<(), Error> {
        let result = self.step(input);
        while let Some(input) = self.waiting.pop_front() {
            self.step(input)?;
        }
        result
    }

    fn step(&mut self, input: Input) -> Result<()> {
        if let Input::Ready { link } = input {
            self.referee.ready(link);
        }
        self.log.push((self.now, input.clone()));
        let result = self.call.handle(self.now, input);
        self.drain();
        result
    }

    fn drain(&mut self) {
        let mut waits = 0;
        while let Some(output) = self.call.poll() {
            self.referee.output(self.now, &output);
            match &output {
                Output::Open { link, opening, .. } => {
                    self.link = *link;
                    for payload in opening {
                        self.note(*link, payload);
                    }
                    if self.dials == Dials::Accepted {
                        self.waiting.push_back(Input::Opened { link: *link, request_id: None, identity_expires: None });
                        self.give_credit_soon(*link);
                    }
                }
                Output::Send { link, payload } => {
                    self.note(*link, payload);
                    self.give_credit_soon(*link);
                }
                Output::Event(stamped) => {
                    if let (Event::Audio(audio), Reader::AtOnce) = (&stamped.event, self.reader) {
                        self.waiting.push_back(Input::Taken { turn: audio.turn, duration: audio.duration() });
                    }
                }
                Output::Save { revision } if self.store == Store::Works => {
                    self.waiting.push_back(Input::Saved { revision: *revision });
                }
                Output::Wait { until } => {
                    waits += 1;
                    self.wake = *until;
                }
                _ => {}
            }
            self.outputs.push((self.now, output));
        }
        assert_eq!(waits, 1, "Wait comes once after every input");
    }

    fn give_credit_soon(&mut self, link: LinkKey) {
        match self.uplink {
            Uplink::Ready => self.waiting.push_back(Input::Ready { link }),
            Uplink::Stalled => self.unready = true,
        }
    }

    fn give_credit(&mut self) {
        let link = self.link;
        self.input(Input::Ready { link });
    }

    fn note(&mut self, link: LinkKey, payload: &Bytes) {
        let value: Value = serde_json::from_slice(payload).unwrap();
        let (name, body) = value["event"].as_object().unwrap().iter().next().unwrap();
        self.sent.push(Sent { at: self.now, link, name: name.clone(), body: body.clone() });
    }

    // ---- what came of it

    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.outputs.iter().filter_map(|(_, output)| match output {
            Output::Event(stamped) => Some(&stamped.event),
            _ => None,
        })
    }

    pub fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events().filter(|event| wanted(event)).count()
    }

    /// The transcript as it stands: the last version of each item, in order of items.
    pub fn lines(&self) -> Vec<Transcript> {
        let mut lines = std::collections::BTreeMap::new();
        for event in self.events() {
            if let Event::Transcript(line) = event {
                lines.insert(line.item, line.clone());
            }
        }
        lines.into_values().collect()
    }

    /// The transcript as a reader sees it: `user 1: …`, with `~` for what is not certain yet.
    pub fn page(&self) -> Vec<String> {
        self.lines().iter().map(story::line).collect()
    }

    /// What happened since the last look, one line each.
    pub fn story(&mut self) -> Vec<String> {
        let story = story::tell(&self.outputs[self.told..]);
        self.told = self.outputs.len();
        story
    }

    /// What went up on a link, one line each.
    pub fn wire(&self, link: u32) -> Vec<String> {
        story::wire(self.sent.iter().filter(|sent| sent.link == LinkKey(link)))
    }

    /// The user's audio that went up since a time, on all links.
    pub fn sound_since(&self, from: Duration) -> Vec<(Duration, Vec<u8>)> {
        let audio = self.sent.iter().filter(|sent| sent.name == "audioInput" && sent.at >= from);
        audio.map(|sent| (sent.at, STANDARD.decode(sent.body["content"].as_str().unwrap()).unwrap())).collect()
    }

    pub fn is_over(&self) -> bool {
        self.call.is_over()
    }
}

pub fn service(name: &str, message: &str) -> Failure {
    Failure::Service {
        name: name.to_owned(),
        status: None,
        message: message.to_owned(),
        request_id: None,
        original: None,
    }
}

pub fn config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

pub fn v1() -> Config {
    config(|config| config.model = ModelId::from(V1))
}

pub fn with_tools() -> Config {
    let schema = || json!({ "type": "object", "properties": {} });
    config(|config| {
        config.tools = vec![
            ToolSpec::new("weather", "Tells the weather.", schema()).into(),
            ToolSpec::new("clock", "Tells the time.", schema()).into(),
        ];
    })
}

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub fn is_user(line: &Transcript) -> bool {
    line.role == Role::User
}
