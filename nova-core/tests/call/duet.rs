//! A call and the emulator's engine, face to face in virtual time: the clock jumps to whatever is due next.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::conversation::{AudioPolicy, Call, Input, LinkKey, Output};
use bedrock_nova::sonic::{CloseReason, Config, Event, Role, Stamped, ToolCall, TranscriptStage, TurnEnd};
use bedrock_nova::transport::Failure;
use bedrock_nova_emulator as emulator;
use bytes::Bytes;
use serde_json::Value;

/// What the application does at some time.
#[derive(Clone, Debug)]
pub enum Act {
    Say(Bytes, AudioPolicy),
    EndAudio,
    Type(String),
    Interrupt,
    /// Every link breaks.
    Lose,
    Finish,
}

/// What a tool returns for a call.
type Run = Box<dyn Fn(&ToolCall) -> Result<Value, String>>;

/// One peer of the call: an engine and what it knows of time.
struct Peer {
    engine: emulator::Engine,
    born: Duration,
    accepted: bool,
}

pub struct Duet {
    pub call: Call,
    pub now: Duration,
    pub events: Vec<Stamped>,
    /// Breaches of every session, in order.
    pub breaches: Vec<emulator::Breach>,
    pub ledgers: Vec<emulator::Ledger>,
    peers: BTreeMap<LinkKey, Peer>,
    settings: Box<dyn Fn(u32) -> emulator::Settings>,
    acts: VecDeque<(Duration, Act)>,
    tools: Vec<(Duration, ToolCall)>,
    tool_time: Duration,
    tool: Run,
    wake: Option<Duration>,
    inputs: VecDeque<Input>,
    stalled: Option<(Duration, Duration)>,
    steps: u64,
}

impl Duet {
    pub fn new(config: Config, settings: emulator::Settings) -> Self {
        Duet::with_sessions(config, move |_| settings.clone())
    }

    /// `settings` is asked for every session, counted from 1.
    pub fn with_sessions(config: Config, settings: impl Fn(u32) -> emulator::Settings + 'static) -> Self {
        Duet {
            call: Call::new(config, Catalogue::built_in(), 7).unwrap(),
            now: Duration::ZERO,
            events: Vec::new(),
            breaches: Vec::new(),
            ledgers: Vec::new(),
            peers: BTreeMap::new(),
            settings: Box::new(settings),
            acts: VecDeque::new(),
            tools: Vec::new(),
            tool_time: Duration::from_millis(200),
            tool: Box::new(|_| Ok(serde_json::json!({"ok": true}))),
            wake: None,
            inputs: VecDeque::new(),
            stalled: None,
            steps: 0,
        }
    }

    /// Plans something for a time.
    pub fn at(mut self, at: Duration, act: Act) -> Self {
        let place = self.acts.partition_point(|(other, _)| *other <= at);
        self.acts.insert(place, (at, act));
        self
    }

    /// Plans a live microphone: the audio comes in pieces of 20 ms from `at` on.
    pub fn microphone(mut self, at: Duration, pcm: &[u8], bytes_per_second: usize) -> Self {
        let piece = bytes_per_second / 50;
        for (n, chunk) in pcm.chunks(piece).enumerate() {
            let act = Act::Say(Bytes::copy_from_slice(chunk), AudioPolicy::Live);
            self = self.at(at + Duration::from_millis(20) * n as u32, act);
        }
        self
    }

    /// Sets how long tools take and what they return.
    pub fn tool(mut self, time: Duration, run: impl Fn(&ToolCall) -> Result<Value, String> + 'static) -> Self {
        self.tool_time = time;
        self.tool = Box::new(run);
        self
    }

    /// The way up is blocked in this span of time.
    pub fn stall(mut self, from: Duration, until: Duration) -> Self {
        self.stalled = Some((from, until));
        self
    }

    /// Runs until the call is over, or until a time.
    pub fn run(&mut self, until: Duration) -> &mut Self {
        self.settle();
        while !self.call.is_over() {
            self.steps += 1;
            assert!(self.steps < 5_000_000, "too many steps: the call and the engine keep each other busy");
            let Some(next) = self.next_time().filter(|next| *next <= until) else {
                self.now = until;
                break;
            };
            self.now = self.now.max(next);
            self.do_acts();
            self.do_tools();
            for peer in self.peers.values_mut() {
                if peer.engine.wake().is_some_and(|wake| peer.born + wake <= self.now) {
                    peer.engine.handle(self.now - peer.born, emulator::Input::Tick);
                }
            }
            if self.wake.is_some_and(|wake| wake <= self.now) {
                self.inputs.push_back(Input::Tick);
            }
            if self.stalled.is_some_and(|(_, until)| until == self.now) {
                self.stalled = None;
                let links: Vec<_> = self.peers.keys().copied().collect();
                self.inputs.extend(links.into_iter().map(|link| Input::Ready { link }));
            }
            self.settle();
        }
        self.collect_all();
        self
    }

    fn next_time(&self) -> Option<Duration> {
        let peers = self.peers.values().filter_map(|peer| Some(peer.born + peer.engine.wake()?));
        let acts = self.acts.front().map(|(at, _)| *at);
        let tools = self.tools.iter().map(|(at, _)| *at).min();
        let stall = self.stalled.map(|(_, until)| until);
        peers.chain(acts).chain(tools).chain(stall).chain(self.wake).min()
    }

    fn do_acts(&mut self) {
        while let Some((_, act)) = self.acts.pop_front_if(|(at, _)| *at <= self.now) {
            if let Act::Lose = act {
                self.lose_every_link();
                continue;
            }
            self.inputs.push_back(match act {
                Act::Say(pcm, policy) => Input::Audio { pcm, policy, at: self.now },
                Act::EndAudio => Input::EndAudio,
                Act::Type(text) => Input::Text { text },
                Act::Interrupt => Input::Interrupt,
                Act::Finish | Act::Lose => Input::Finish,
            });
        }
    }

    fn lose_every_link(&mut self) {
        let links: Vec<LinkKey> = self.peers.keys().copied().collect();
        for link in links {
            self.inputs.push_back(Input::Failed { link, failure: Failure::lost("the network is gone") });
            self.collect(link);
        }
    }

    fn do_tools(&mut self) {
        let now = self.now;
        let (due, later): (Vec<_>, Vec<_>) = self.tools.drain(..).partition(|(at, _)| *at <= now);
        self.tools = later;
        for (_, call) in due {
            let result = (self.tool)(&call);
            self.inputs.push_back(Input::ToolDone { id: call.id, result });
        }
    }

    /// Passes messages both ways until nobody has anything to say at this moment.
    fn settle(&mut self) {
        loop {
            while let Some(output) = self.call.poll() {
                self.perform(output);
            }
            self.drain_engines();
            let Some(input) = self.inputs.pop_front() else { break };
            // A refused command is the test's own business, and shows in what follows.
            let _ = self.call.handle(self.now, input);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Open { link, opening, .. } => {
                let mut engine = emulator::Engine::new((self.settings)(link.0));
                for payload in &opening {
                    engine.handle(Duration::ZERO, emulator::Input::Payload(payload));
                }
                self.peers.insert(link, Peer { engine, born: self.now, accepted: false });
            }
            Output::Send { link, payload } => {
                if let Some(peer) = self.peers.get_mut(&link) {
                    peer.engine.handle(self.now - peer.born, emulator::Input::Payload(&payload));
                    if self.stalled.is_none_or(|(from, until)| self.now < from || self.now >= until) {
                        self.inputs.push_back(Input::Ready { link });
                    }
                }
            }
            Output::Finish { link } => {
                if let Some(peer) = self.peers.get_mut(&link) {
                    peer.engine.handle(self.now - peer.born, emulator::Input::InputEnded);
                }
            }
            Output::Abort { link } => self.collect(link),
            Output::RunTool(call) => self.tools.push((self.now + self.tool_time, call)),
            Output::CancelTool { id } => self.tools.retain(|(_, call)| call.id != id),
            Output::Event(event) => {
                if let Event::Audio(audio) = &event.event {
                    self.inputs.push_back(Input::Taken { turn: audio.turn, duration: audio.duration() });
                }
                self.events.push(event);
            }
            Output::Wait { until } => self.wake = until,
            _ => {}
        }
    }

    fn drain_engines(&mut self) {
        let links: Vec<LinkKey> = self.peers.keys().copied().collect();
        for link in links {
            while let Some(output) = self.peers.get_mut(&link).and_then(|peer| peer.engine.poll()) {
                self.heard_from(link, output);
            }
        }
    }

    fn heard_from(&mut self, link: LinkKey, output: emulator::Output) {
        let accepted = self.peers.get(&link).is_some_and(|peer| peer.accepted);
        match output {
            emulator::Output::Accept => {
                self.accept(link);
            }
            emulator::Output::Event(payload) => self.inputs.push_back(Input::Frame { link, payload }),
            emulator::Output::Exception(exception) => {
                let failure = Failure::Service {
                    name: exception.kind.name().to_owned(),
                    status: (!accepted).then(|| exception.kind.http_status()),
                    message: exception.message.clone(),
                    request_id: None,
                    original: exception.original_message.clone(),
                };
                self.inputs.push_back(Input::Failed { link, failure });
                self.collect(link);
            }
            emulator::Output::End => {
                if !accepted {
                    self.accept(link);
                }
                self.inputs.push_back(Input::Ended { link });
                self.collect(link);
            }
            emulator::Output::Wire(fault) => {
                self.inputs.push_back(Input::Failed { link, failure: Failure::lost(format!("{fault:?}")) });
                self.collect(link);
            }
            _ => {}
        }
    }

    fn accept(&mut self, link: LinkKey) {
        if let Some(peer) = self.peers.get_mut(&link) {
            peer.accepted = true;
            self.inputs.push_back(Input::Opened { link, request_id: Some("r-1".into()), identity_expires: None });
            self.inputs.push_back(Input::Ready { link });
        }
    }

    fn collect(&mut self, link: LinkKey) {
        if let Some(peer) = self.peers.remove(&link) {
            self.breaches.extend(peer.engine.breaches().iter().cloned());
            self.ledgers.push(peer.engine.ledger().clone());
        }
    }

    fn collect_all(&mut self) {
        if self.call.is_over() {
            let links: Vec<LinkKey> = self.peers.keys().copied().collect();
            links.into_iter().for_each(|link| self.collect(link));
        }
    }

    // ---- what a test asks

    pub fn closed(&self) -> Option<(CloseReason, Option<bedrock_nova::Error>)> {
        self.events.iter().find_map(|stamped| match &stamped.event {
            Event::Closed { reason, error, .. } => Some((*reason, error.clone())),
            _ => None,
        })
    }

    /// How each turn ended, in order.
    pub fn turn_ends(&self) -> Vec<TurnEnd> {
        self.events
            .iter()
            .filter_map(|stamped| match stamped.event {
                Event::TurnEnded { end, .. } => Some(end),
                _ => None,
            })
            .collect()
    }

    /// The transcript as an application would show it: the last version of each item.
    pub fn transcript(&self) -> Vec<(Role, String, TranscriptStage)> {
        let mut items = BTreeMap::new();
        for stamped in &self.events {
            if let Event::Transcript(line) = &stamped.event {
                items.insert(line.item, (line.role, line.text.clone(), line.stage));
            }
        }
        items.into_values().collect()
    }

    pub fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|stamped| wanted(&stamped.event)).count()
    }

    /// How long the answers sounded.
    pub fn sound(&self) -> Duration {
        self.events
            .iter()
            .filter_map(|stamped| match &stamped.event {
                Event::Audio(audio) => Some(audio.duration()),
                _ => None,
            })
            .sum()
    }
}
