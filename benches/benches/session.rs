//! A whole conversation without IO: one spoken question, its answer, an orderly end, in virtual time.
//!
//! Two figures: the call face to face with the emulator's engine, and the call alone, fed with what it was given the
//! first time (a call gives the same outputs for the same inputs). The second is what this library costs.

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Duration;

use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::conversation::{AudioPolicy, Call, Input, LinkKey, Output};
use bedrock_nova::sonic::{Config, Event, TurnEnd};
use bedrock_nova_emulator::{self as emulator, clips};
use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput};

fn main() {
    let mut criterion =
        Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3)).configure_from_args();
    let microphone = question();
    let mut first = Duet::new(microphone.clone());
    first.run();
    let (length, log) = (first.now, first.log);

    let mut group = criterion.benchmark_group("session");
    group.throughput(Throughput::ElementsAndBytes { elements: length.as_millis() as u64, bytes: heard(&log) });
    group.bench_function("call and engine, one turn", |bench| {
        bench.iter_batched(|| Duet::new(microphone.clone()), |mut duet| duet.run(), BatchSize::SmallInput);
    });
    group.bench_function("call alone, the same turn", |bench| {
        bench.iter_batched(|| (call(), log.clone()), |(call, log)| replay(call, log), BatchSize::SmallInput);
    });
    group.finish();
    criterion.final_summary();
}

/// The application's microphone: a recorded question in chunks of 20 ms, each with its time.
fn question() -> VecDeque<(Duration, Bytes)> {
    let clip = clips::question("what").expect("the clip is shipped").at(16_000);
    let pcm: Vec<u8> = clip.pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let times = (0..).map(|n| SPEAKS_AT + CHUNK * n);
    times.zip(pcm.chunks(CHUNK_BYTES).map(Bytes::copy_from_slice)).collect()
}

fn call() -> Call {
    Call::new(Config::default(), Catalogue::built_in(), 7).expect("the default configuration is valid")
}

fn heard(log: &[(Duration, Input)]) -> u64 {
    let sizes = log.iter().map(|(_, input)| match input {
        Input::Frame { payload, .. } => payload.len(),
        Input::Audio { pcm, .. } => pcm.len(),
        _ => 0,
    });
    sizes.sum::<usize>() as u64
}

/// Feeds a call with what another was given.
fn replay(mut call: Call, log: Vec<(Duration, Input)>) {
    for (now, input) in log {
        call.handle(now, input).expect("it was taken the first time");
        while let Some(output) = call.poll() {
            black_box(output);
        }
    }
    assert!(call.is_over(), "the same inputs end the call");
}

/// A call and an engine with a clock that jumps to whatever is due next.
struct Duet {
    call: Call,
    engine: emulator::Engine,
    now: Duration,
    wake: Option<Duration>,
    microphone: VecDeque<(Duration, Bytes)>,
    inputs: VecDeque<Input>,
    log: Vec<(Duration, Input)>,
    ends: Vec<TurnEnd>,
}

impl Duet {
    fn new(microphone: VecDeque<(Duration, Bytes)>) -> Self {
        Duet {
            call: call(),
            engine: emulator::Engine::new(emulator::Settings::default()),
            now: Duration::ZERO,
            wake: None,
            microphone,
            inputs: VecDeque::new(),
            log: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn run(&mut self) {
        self.settle();
        while !self.call.is_over() {
            self.now = self.next_time().expect("something is due until the call is over");
            assert!(self.now < LONGEST, "the turn does not end");
            while let Some((at, pcm)) = self.microphone.pop_front_if(|(at, _)| *at <= self.now) {
                self.inputs.push_back(Input::Audio { pcm, policy: AudioPolicy::Live, at });
            }
            self.engine.handle(self.now, emulator::Input::Tick);
            if self.wake.is_some_and(|wake| wake <= self.now) {
                self.inputs.push_back(Input::Tick);
            }
            self.settle();
        }
        assert_eq!(self.ends, [TurnEnd::Answered]);
    }

    fn next_time(&self) -> Option<Duration> {
        let chunk = self.microphone.front().map(|(at, _)| *at);
        [self.engine.wake(), self.wake, chunk].into_iter().flatten().min().map(|next| next.max(self.now))
    }

    fn settle(&mut self) {
        loop {
            while let Some(output) = self.call.poll() {
                self.perform(output);
            }
            while let Some(output) = self.engine.poll() {
                self.inputs.extend(news(output));
            }
            let Some(input) = self.inputs.pop_front() else { return };
            self.log.push((self.now, input.clone()));
            self.call.handle(self.now, input).expect("nothing here is refused");
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Open { opening, .. } => opening.iter().for_each(|payload| self.say(payload)),
            Output::Send { payload, .. } => {
                self.say(&payload);
                self.inputs.push_back(Input::Ready { link: LINK });
            }
            Output::Finish { .. } => self.engine.handle(self.now, emulator::Input::InputEnded),
            Output::Event(stamped) => match stamped.event {
                Event::Audio(audio) => {
                    self.inputs.push_back(Input::Taken { turn: audio.turn, duration: audio.duration() });
                }
                Event::TurnEnded { end, .. } => {
                    self.ends.push(end);
                    self.inputs.push_back(Input::Finish);
                }
                _ => {}
            },
            Output::Wait { until } => self.wake = until,
            _ => {}
        }
    }

    fn say(&mut self, payload: &[u8]) {
        self.engine.handle(self.now, emulator::Input::Payload(payload));
    }
}

fn news(output: emulator::Output) -> Vec<Input> {
    match output {
        emulator::Output::Accept => {
            vec![Input::Opened { link: LINK, request_id: None, identity_expires: None }, Input::Ready { link: LINK }]
        }
        emulator::Output::Event(payload) => vec![Input::Frame { link: LINK, payload }],
        emulator::Output::End => vec![Input::Ended { link: LINK }],
        other => panic!("the engine is in good health, and still: {other:?}"),
    }
}

const LINK: LinkKey = LinkKey(1);
const CHUNK: Duration = Duration::from_millis(20);
const CHUNK_BYTES: usize = 640;
const SPEAKS_AT: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
