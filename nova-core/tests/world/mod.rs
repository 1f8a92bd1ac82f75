//! A world for one call: a service of many sessions, an application, a user, trouble; and a clock that jumps.

pub mod app;
pub mod chance;
pub mod model;
pub mod scenes;
pub mod service;
pub mod user;
pub mod voice;
pub mod wire;

use std::collections::VecDeque;
use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::conversation::{Call, Input, Output};
use bedrock_nova::sonic::{Config, Event, Stamped};

use app::{Microphone, Player, Workshop};
use model::Model;
use service::{Service, Welcome};
use user::{Act, User};

pub struct World {
    pub call: Call,
    pub now: Duration,
    pub service: Service,
    pub microphone: Microphone,
    pub player: Player,
    pub workshop: Workshop,
    pub user: Box<dyn User>,
    /// What a call must look like from outside.
    pub model: Model,
    inputs: VecDeque<Input>,
    wake: Option<Duration>,
    pub steps: u64,
    /// Changes what the call puts out, to see that it is noticed.
    meddler: Option<Meddler>,
}

/// Makes something else of what a call puts out.
pub type Meddler = Box<dyn FnMut(Output) -> Vec<Output>>;

impl World {
    pub fn new(
        config: Config,
        seed: u64,
        user: impl User + 'static,
        workshop: Workshop,
        welcome: impl FnMut(bedrock_nova::sonic::conversation::LinkKey, Duration) -> Welcome + 'static,
    ) -> Self {
        let model = Model::new(&config);
        World {
            call: Call::new(config, Catalogue::built_in(), seed).unwrap(),
            now: Duration::ZERO,
            service: Service::new(welcome),
            microphone: Microphone::default(),
            player: Player::default(),
            workshop,
            user: Box::new(user),
            model,
            inputs: VecDeque::new(),
            wake: None,
            steps: 0,
            meddler: None,
        }
    }

    /// Lets somebody change what the call puts out.
    pub fn meddled(mut self, meddler: impl FnMut(Output) -> Vec<Output> + 'static) -> Self {
        self.meddler = Some(Box::new(meddler));
        self
    }

    /// Runs until the call is over, or until a time.
    pub fn run(&mut self, until: Duration) -> &mut Self {
        self.settle();
        let mut here = 0;
        while !self.call.is_over() {
            let Some(next) = self.next_time().filter(|next| *next <= until) else {
                self.now = until;
                break;
            };
            here = if next > self.now { 0 } else { here + 1 };
            assert!(here < 100_000, "the world stands still at {:?}: everybody keeps everybody busy", self.now);
            self.steps += 1;
            self.now = self.now.max(next);
            self.step();
        }
        self
    }

    /// Lets everything happen whose time has come.
    fn step(&mut self) {
        for act in self.user.acts(self.now) {
            self.act(act);
        }
        while let Some(taken) = self.player.take(self.now) {
            self.inputs.push_back(taken);
        }
        while let Some(done) = self.workshop.done(self.now) {
            self.inputs.push_back(done);
        }
        self.service.tick(self.now, &mut self.inputs);
        if self.wake.is_some_and(|wake| wake <= self.now) {
            self.inputs.push_back(Input::Tick);
        }
        self.settle();
        while self.microphone.hand_over(self.now, &mut self.call) {
            self.settle();
        }
    }

    fn next_time(&self) -> Option<Duration> {
        let user = self.user.wake();
        let times = [
            self.service.wake(),
            user,
            self.player.wake(),
            self.workshop.wake(),
            self.microphone.wake(self.now),
            self.wake,
        ];
        times.into_iter().flatten().min()
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Say(spans, policy) => self.microphone.say(self.now, &spans, policy),
            Act::Type(text) => self.inputs.push_back(Input::Text { text }),
            Act::Interrupt => self.inputs.push_back(Input::Interrupt),
            Act::Finish => {
                self.microphone.stop();
                self.model.finishing = true;
                self.inputs.push_back(Input::Finish);
            }
        }
    }

    /// Passes messages both ways until nobody has anything to say at this moment.
    fn settle(&mut self) {
        loop {
            while let Some(output) = self.call.poll() {
                match self.meddler.as_mut() {
                    None => self.perform(output),
                    Some(meddler) => meddler(output).into_iter().for_each(|output| self.perform(output)),
                }
            }
            let Some(input) = self.inputs.pop_front() else { break };
            if let Input::Ready { link } = input {
                self.service.asked(link);
            }
            let text = if let Input::Text { text } = &input { Some(text.clone()) } else { None };
            match (self.call.handle(self.now, input), text) {
                (Ok(()), Some(text)) => self.model.typed(text),
                (Ok(()), None) => {}
                // A tool may come back after its time, and a text may find the queue full; nothing else is refused.
                (Err(refused), text) => {
                    let excused = text.is_some() && refused.kind() == ErrorKind::Limit
                        || matches!(refused.kind(), ErrorKind::Misuse | ErrorKind::Closed);
                    assert!(excused, "a command was refused: {refused}");
                }
            }
        }
        self.model.waits(self.now, self.wake, &self.service);
    }

    fn perform(&mut self, output: Output) {
        self.model.output(self.now, &output);
        match output {
            Output::Open { link, opening, .. } => self.service.open(self.now, link, &opening, &mut self.inputs),
            Output::Send { link, payload } => self.service.send(self.now, link, payload, &mut self.inputs),
            Output::Finish { link } => self.service.finish(self.now, link, &mut self.inputs),
            Output::Abort { link } => self.service.abort(self.now, link),
            Output::RunTool(call) => self.workshop.run(self.now, call),
            Output::CancelTool { id } => self.workshop.cancel(&id),
            Output::Flush { turn } => self.player.flush(turn),
            Output::Event(event) => self.happened(&event),
            Output::Wait { until } => self.wake = until,
            _ => {}
        }
    }

    fn happened(&mut self, event: &Stamped) {
        match &event.event {
            Event::Audio(audio) => self.player.queue(audio),
            Event::Closed { .. } => self.microphone.stop(),
            _ => {}
        }
        self.user.hears(self.now, &event.event);
    }

    /// Everything that is wrong with this call, as far as anybody can see from outside.
    pub fn verdict(&self) -> Vec<String> {
        model::verdict(self)
    }
}
