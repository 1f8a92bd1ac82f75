//! The service as a call sees it: one engine behind every link, and the road between.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bedrock_nova::sonic::conversation::{Input, LinkKey};
use bedrock_nova::transport::Failure;
use bedrock_nova_emulator as emulator;
use bedrock_nova_emulator::WireFault;
use bytes::Bytes;

use super::wire::AudioBlock;

/// What awaits a link that is opened.
pub enum Welcome {
    /// A session with these settings.
    Session(Box<emulator::Settings>),
    /// The road is closed, and that shows after so long.
    Closed(Duration, Failure),
    /// Nobody answers, ever.
    Nobody,
}

/// One session, while it lives and after.
pub struct Session {
    pub link: LinkKey,
    pub born: Duration,
    /// When the service accepted it.
    pub accepted: Option<Duration>,
    /// When the call, or the service, was done with it.
    pub gone: Option<Duration>,
    pub engine: Option<emulator::Engine>,
    /// What was to go wrong.
    pub planned: Vec<emulator::Fault>,
    pub listener: super::voice::Listener,
    pub wire: super::wire::Wire,
    /// What began each turn of the session, in order.
    pub turns: Vec<Asked>,
    /// The running total of the tokens that the call was told of.
    pub told: Option<[u64; 4]>,
    /// Whether an event was damaged on its way, so that the call never had it.
    pub damaged: bool,
    /// When the call was told of the session's end, and what.
    pub failure: Option<(Duration, Failure)>,
    /// The longest time for which it listened and got nothing.
    pub hunger: Duration,
    fed: Duration,
    asked: bool,
    dropped: bool,
    stall: Option<Duration>,
    held: VecDeque<Input>,
    held_up: VecDeque<Bytes>,
    refusal: Option<(Duration, Failure)>,
}

/// What began a turn of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Speech: from and to, in milliseconds of the session's audio.
    Aloud(u64, u64),
    InText(String),
}

/// Every session of a call.
pub struct Service {
    pub sessions: BTreeMap<LinkKey, Session>,
    living: Vec<LinkKey>,
    welcome: Box<dyn FnMut(LinkKey, Duration) -> Welcome>,
}

impl Service {
    pub fn new(welcome: impl FnMut(LinkKey, Duration) -> Welcome + 'static) -> Self {
        Service { sessions: BTreeMap::new(), living: Vec::new(), welcome: Box::new(welcome) }
    }

    /// The call opens a link.
    pub fn open(&mut self, now: Duration, link: LinkKey, opening: &[Bytes], to_call: &mut VecDeque<Input>) {
        let mut planned = Vec::new();
        let (engine, refusal) = match (self.welcome)(link, now) {
            Welcome::Session(settings) => {
                planned.clone_from(&settings.faults);
                (Some(emulator::Engine::new(*settings)), None)
            }
            Welcome::Closed(after, failure) => (None, Some((now + after, failure))),
            Welcome::Nobody => (None, None),
        };
        let mut session = Session {
            link,
            born: now,
            accepted: None,
            gone: None,
            engine,
            planned,
            listener: super::voice::Listener::default(),
            wire: super::wire::Wire::default(),
            turns: Vec::new(),
            told: None,
            damaged: false,
            failure: None,
            hunger: Duration::ZERO,
            fed: now,
            asked: false,
            dropped: false,
            stall: None,
            held: VecDeque::new(),
            held_up: VecDeque::new(),
            refusal,
        };
        for payload in opening {
            session.payload(now, payload);
        }
        session.drain(now, to_call);
        assert!(self.sessions.insert(link, session).is_none(), "{link} was opened twice");
        self.living.push(link);
        self.bury();
    }

    pub fn send(&mut self, now: Duration, link: LinkKey, payload: Bytes, to_call: &mut VecDeque<Input>) {
        let Some(session) = self.sessions.get_mut(&link) else {
            panic!("something was sent on {link}, which never was")
        };
        assert!(!session.dropped, "something was sent on {link}, which the call has dropped");
        assert!(session.accepted.is_some(), "something was sent on {link} before it was accepted");
        assert!(std::mem::take(&mut session.asked), "a payload was sent on {link} that nobody asked for");
        if session.gone.is_some() {
            // Broken, and the news still under way: it is sent, and nobody hears it.
            return session.wire.hear(&payload, &mut session.listener);
        }
        if session.stall.is_some() {
            return session.held_up.push_back(payload);
        }
        session.payload(now, &payload);
        session.drain(now, to_call);
        if session.gone.is_none() && session.stall.is_none() {
            to_call.push_back(Input::Ready { link });
        }
        self.bury();
    }

    /// The call is told that a link takes a payload.
    pub fn asked(&mut self, link: LinkKey) {
        if let Some(session) = self.sessions.get_mut(&link) {
            session.asked = true;
        }
    }

    /// The call ends its half.
    pub fn finish(&mut self, now: Duration, link: LinkKey, to_call: &mut VecDeque<Input>) {
        if let Some(session) = self.living(link) {
            session.tell(now, emulator::Input::InputEnded);
            session.drain(now, to_call);
        }
        self.bury();
    }

    /// The call drops a link.
    pub fn abort(&mut self, now: Duration, link: LinkKey) {
        if let Some(session) = self.living(link) {
            session.tell(now, emulator::Input::Gone);
            session.hungers(now);
            session.gone = Some(now);
            session.dropped = true;
        }
        self.bury();
    }

    pub fn wake(&self) -> Option<Duration> {
        self.living.iter().filter_map(|link| self.sessions[link].wake()).min()
    }

    /// Lets everything happen that is due.
    pub fn tick(&mut self, now: Duration, to_call: &mut VecDeque<Input>) {
        for link in &self.living {
            if let Some(session) =
                self.sessions.get_mut(link).filter(|session| session.wake().is_some_and(|at| at <= now))
            {
                session.tick(now, to_call);
            }
        }
        self.bury();
    }

    pub fn is_open(&self, link: LinkKey) -> bool {
        self.living.contains(&link)
    }

    /// The links that are open, oldest first.
    pub fn open_links(&self) -> &[LinkKey] {
        &self.living
    }

    fn living(&mut self, link: LinkKey) -> Option<&mut Session> {
        self.sessions.get_mut(&link).filter(|session| session.gone.is_none())
    }

    fn bury(&mut self) {
        let sessions = &self.sessions;
        self.living.retain(|link| sessions[link].gone.is_none());
    }
}

impl Session {
    pub fn ledger(&self) -> Option<&emulator::Ledger> {
        self.engine.as_ref().map(emulator::Engine::ledger)
    }

    /// Whether the session wants sound, and the road to it is open.
    pub fn takes_sound(&self) -> bool {
        let live = self.accepted.is_some() && self.gone.is_none() && self.stall.is_none();
        live && self.wire.audio != AudioBlock::Over
    }

    fn wake(&self) -> Option<Duration> {
        if let Some(until) = self.stall {
            return Some(until);
        }
        let refusal = self.refusal.as_ref().map(|(at, _)| *at);
        self.engine.as_ref().and_then(|engine| Some(self.born + engine.wake()?)).or(refusal)
    }

    fn tick(&mut self, now: Duration, to_call: &mut VecDeque<Input>) {
        if let Some((_, failure)) = self.refusal.take() {
            let link = self.link;
            return self.end(now, Input::Failed { link, failure }, to_call);
        }
        if self.stall.is_some() {
            self.stall = None;
            to_call.append(&mut self.held);
            while let Some(payload) = self.held_up.pop_front() {
                self.payload(now, &payload);
            }
            to_call.push_back(Input::Ready { link: self.link });
        }
        self.tell(now, emulator::Input::Tick);
        self.drain(now, to_call);
    }

    fn payload(&mut self, now: Duration, payload: &[u8]) {
        self.hungers(now);
        self.fed = now;
        self.wire.hear(payload, &mut self.listener);
        self.tell(now, emulator::Input::Payload(payload));
    }

    /// Notes for how long nothing has come.
    fn hungers(&mut self, now: Duration) {
        if self.wire.audio == AudioBlock::Open {
            self.hunger = self.hunger.max(now - self.fed);
        }
    }

    /// Tells the engine something, and notes what began a turn of it.
    fn tell(&mut self, now: Duration, input: emulator::Input<'_>) {
        let Some(engine) = self.engine.as_mut() else { return };
        let (turns, typed, spoken) = counts(engine.ledger());
        engine.handle(now - self.born, input);
        let ledger = engine.ledger();
        if ledger.turns as usize == turns {
            return;
        }
        // A tick may bring several utterances to the ear; a text is taken by itself, and not every one is answered.
        let aloud = ledger.utterances[spoken..].iter().map(|one| Asked::Aloud(one.start_ms, one.end_ms));
        let texts = ledger.typed[typed..].iter().cloned().map(Asked::InText);
        let begun = ledger.turns as usize - turns;
        self.turns.extend(aloud.chain(texts).take(begun));
        assert_eq!(self.turns.len(), ledger.turns as usize, "every turn of a session was begun by something");
    }

    fn drain(&mut self, now: Duration, to_call: &mut VecDeque<Input>) {
        while self.gone.is_none() {
            let Some(output) = self.engine.as_mut().and_then(emulator::Engine::poll) else { break };
            self.carry(now, output, to_call);
        }
    }

    fn carry(&mut self, now: Duration, output: emulator::Output, to_call: &mut VecDeque<Input>) {
        let link = self.link;
        match output {
            emulator::Output::Accept => self.accept(now, to_call),
            emulator::Output::Event(payload) => {
                if let Some(total) = super::wire::usage(&payload) {
                    self.told = Some(total);
                }
                self.pass(Input::Frame { link, payload }, to_call);
            }
            emulator::Output::Exception(exception) => {
                let failure = self.failure(&exception);
                self.end(now, Input::Failed { link, failure }, to_call);
            }
            emulator::Output::End => {
                self.accept(now, to_call);
                self.end(now, Input::Ended { link }, to_call);
            }
            emulator::Output::Wire(fault) => self.wire_fault(now, fault, to_call),
            _ => {}
        }
    }

    fn accept(&mut self, now: Duration, to_call: &mut VecDeque<Input>) {
        if self.accepted.is_none() {
            self.accepted = Some(now);
            let link = self.link;
            self.pass(
                Input::Opened { link, request_id: Some(format!("r-{}", link.0)), identity_expires: None },
                to_call,
            );
            if self.stall.is_none() {
                to_call.push_back(Input::Ready { link });
            }
        }
    }

    /// Brings something to the call, unless the road is blocked.
    fn pass(&mut self, input: Input, to_call: &mut VecDeque<Input>) {
        if self.stall.is_some() { self.held.push_back(input) } else { to_call.push_back(input) }
    }

    fn end(&mut self, now: Duration, last: Input, to_call: &mut VecDeque<Input>) {
        self.hungers(now);
        self.gone = Some(now);
        if let Input::Failed { failure, .. } = &last {
            self.failure = Some((now, failure.clone()));
        }
        to_call.append(&mut self.held);
        to_call.push_back(last);
    }

    /// What the transport makes of damage to the wire.
    fn wire_fault(&mut self, now: Duration, fault: WireFault, to_call: &mut VecDeque<Input>) {
        self.damaged |= matches!(fault, WireFault::CutFrame(_) | WireFault::BadCrc(_));
        let unreadable = |message: &str| Failure::Unreadable { message: message.to_owned() };
        let failure = match fault {
            WireFault::Stall(time) => return self.stall = Some(now + time),
            // The stream goes on, and an unknown member of the output is skipped.
            WireFault::GoAway | WireFault::UnknownEventType => return,
            WireFault::CutFrame(_) => unreadable("unexpected end"),
            WireFault::BadCrc(_) => unreadable("checksum"),
            WireFault::ErrorMessage { code, message } => unreadable(&format!("{code}: {message}")),
            WireFault::HttpStatus(status) => Failure::Service {
                name: "UnknownException".to_owned(),
                status: Some(status),
                message: format!("The service answered with HTTP status {status} and no reason."),
                request_id: None,
                original: None,
            },
            _ if self.accepted.is_none() => {
                Failure::Unreachable { code: "unreachable".to_owned(), message: "The connection broke.".to_owned() }
            }
            _ => Failure::lost(format!("{fault:?}")),
        };
        self.end(now, Input::Failed { link: self.link, failure }, to_call);
    }

    fn failure(&self, exception: &emulator::Exception) -> Failure {
        if self.accepted.is_some() && exception.kind.member().is_none() {
            // It has no place in the stream, and goes as an error message that no client has a shape for.
            return Failure::Unreadable { message: format!("{}: {}", exception.kind.name(), exception.message) };
        }
        Failure::Service {
            name: exception.kind.name().to_owned(),
            status: self.accepted.is_none().then(|| exception.kind.http_status()),
            message: exception.message.clone(),
            request_id: None,
            original: exception.original_message.clone(),
        }
    }
}

fn counts(ledger: &emulator::Ledger) -> (usize, usize, usize) {
    (ledger.turns as usize, ledger.typed.len(), ledger.utterances.len())
}
