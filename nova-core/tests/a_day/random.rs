//! Random histories: whatever the user, the tools, the service's manners and the road do, the call looks from outside
//! as the reference model says.
//!
//! `PROPTEST_CASES=10000` plays as many; a history that fails is printed in full, and becomes a file in `histories/`.

use std::collections::VecDeque;
use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::conversation::{AudioPolicy, LinkKey, Output};
use bedrock_nova::sonic::{CloseReason, Config, Event, ToolSpec};
use bedrock_nova::transport::Failure;
use bedrock_nova_emulator::Switches;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::world::World;
use crate::world::app::{Span, Work, Workshop};
use crate::world::chance::Chance;
use crate::world::service::Welcome;
use crate::world::user::{Act, Script};
use crate::world::{scenes, voice};

/// Enough for the tests of every day; ten thousand belong to the soak.
const CASES: u32 = 250;

/// Everything that is by chance in one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct History {
    seed: u64,
    /// Milliseconds since the act before, and the act.
    acts: Vec<(u64, Act)>,
    /// What awaits each session; the later ones are well.
    sessions: Vec<Road>,
    /// Switches of the service that are not in their usual position.
    switches: Vec<(String, String)>,
    /// What becomes of each tool call, over and over.
    tools: Vec<Tool>,
    /// The share of a session's life after which it is renewed, and the last moment for it, in thousandths.
    renewal: (u16, u16),
}

/// What awaits a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Road {
    Well,
    /// It has these faults.
    Sick(Vec<String>),
    /// It cannot be reached, and that shows after so many milliseconds.
    Closed(u64),
    /// Nobody answers.
    Nobody,
}

/// How a tool call comes to its end.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Tool {
    Returns(u64),
    Fails(u64),
    Never,
}

const FAULTS: [&str; 22] = [
    "throttlingException",
    "internalServerException",
    "modelStreamErrorException",
    "serviceUnavailableException",
    "modelTimeoutException",
    "accessDeniedException",
    "GEN",
    "HISTMAX",
    "FILTER",
    "UNSTABLE",
    "531",
    "IDLE",
    "TOOLPARSE",
    "end",
    "drop-tcp",
    "reset:2",
    "cut-frame",
    "bad-crc",
    "stall:3s",
    "unknown-event",
    "unknown-field",
    "go-away",
];

/// Positions under which no session comes about, with any client.
fn hopeless(name: &str, position: &str) -> bool {
    matches!((name, position), ("headers", "never" | "after-audio"))
}

fn act() -> impl Strategy<Value = Act> {
    let voice = |longest: u64| (60..longest / 20).prop_map(|pieces| Span::Voice(pieces * 20));
    let pause = (1..150u64).prop_map(|tens| Span::Pause(tens * 10));
    let question = (voice(4_000), prop_oneof![Just(AudioPolicy::Live), Just(AudioPolicy::Wait)]);
    let hesitant = (voice(2_500), pause, voice(2_500)).prop_map(|(a, b, c)| vec![a, b, c]);
    prop_oneof![
        6 => question.prop_map(|(span, policy)| Act::Say(vec![span], policy)),
        2 => hesitant.prop_map(|spans| Act::Say(spans, AudioPolicy::Live)),
        1 => voice(25_000).prop_map(|span| Act::Say(vec![span], AudioPolicy::Live)),
        4 => Just(Act::Type(String::new())),
        1 => Just(Act::Interrupt),
    ]
}

fn gap() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0..3_000u64, 6 => 3_000..15_000u64, 1 => 15_000..200_000u64]
}

fn fault() -> impl Strategy<Value = String> {
    let moment = prop_oneof![
        Just("opening".to_owned()),
        (1..40u32).prop_map(|n| format!("event:audioOutput:{n}")),
        (1..4u32).prop_map(|n| format!("event:userSpeechEnd:{n}")),
        (1..3u32).prop_map(|n| format!("event:toolUse:{n}")),
        (1..30u32).prop_map(|n| format!("output:{n}")),
        (1..400u32).prop_map(|n| format!("input:{n}")),
        (1..60_000u32).prop_map(|n| format!("after:{n}ms")),
    ];
    (prop::sample::select(&FAULTS[..]), moment).prop_map(|(what, when)| format!("{what}@{when}"))
}

fn road() -> impl Strategy<Value = Road> {
    prop_oneof![
        3 => Just(Road::Well),
        4 => prop::collection::vec(fault(), 1..3).prop_map(Road::Sick),
        1 => (0..5_000u64).prop_map(Road::Closed),
        1 => Just(Road::Nobody),
    ]
}

fn switches() -> impl Strategy<Value = Vec<(String, String)>> {
    let all: Vec<(String, String)> = Switches::catalogue()
        .into_iter()
        .flat_map(|row| row.positions.iter().map(move |position| (row.name.clone(), (*position).to_owned())))
        .filter(|(name, position)| !hopeless(name, position))
        .collect();
    prop::collection::vec(prop::sample::select(all), 0..4)
}

fn history() -> impl Strategy<Value = History> {
    let tool = prop_oneof![
        4 => (0..6_000u64).prop_map(Tool::Returns),
        1 => (0..40_000u64).prop_map(Tool::Fails),
        1 => Just(Tool::Never),
    ];
    (
        any::<u64>(),
        prop::collection::vec((gap(), act()), 1..9),
        prop::collection::vec(road(), 0..4),
        switches(),
        prop::collection::vec(tool, 1..4),
        prop_oneof![Just((750, 937)), (30..100u16, 1..60u16).prop_map(|(from, more)| (from, from + more))],
    )
        .prop_map(|(seed, acts, sessions, switches, tools, renewal)| History {
            seed,
            acts,
            sessions,
            switches,
            tools,
            renewal,
        })
}

impl History {
    fn world(&self) -> World {
        let mut config = Config::default();
        config.input_rate = voice::RATE;
        config.output_rate = voice::RATE;
        config.tools = vec![ToolSpec::new("look_up", "Looks something up.", json!({"type": "object"})).into()];
        config.renewal.from = f64::from(self.renewal.0) / 1_000.0;
        config.renewal.at_the_latest = f64::from(self.renewal.1) / 1_000.0;
        let mut tools: VecDeque<Tool> = self.tools.clone().into();
        let workshop = Workshop::new(move |call| {
            let next = tools.len().min(1);
            tools.rotate_left(next);
            tools.front().map_or((None, Ok(json!({}))), |tool| tool.work(call.id.as_str()))
        });
        let (sessions, switches) = (self.sessions.clone(), self.switches.clone());
        let mut chance = Chance::new(self.seed);
        let welcome = move |link: LinkKey, _: Duration| {
            let road = sessions.get(link.0 as usize - 1).cloned().unwrap_or(Road::Well);
            road.welcome(link, &switches, &mut chance)
        };
        World::new(config, self.seed, self.script(), workshop, welcome)
    }

    fn script(&self) -> Script {
        let mut at = Duration::ZERO;
        let mut acts = Vec::new();
        for (n, (gap, act)) in self.acts.iter().enumerate() {
            at += Duration::from_millis(*gap);
            acts.push((
                at,
                match act {
                    // No two texts are the same, however a history shrinks.
                    Act::Type(_) => Act::Type(format!("text {n}")),
                    other => other.clone(),
                },
            ));
        }
        acts.push((at + Duration::from_secs(8), Act::Finish));
        Script::new(acts)
    }

    /// Says what is wrong with the call that this history makes.
    fn wrong(&self) -> Vec<String> {
        let mut world = self.world();
        world.run(Duration::from_secs(3_600));
        let mut wrong = world.verdict();
        if self.switches.iter().any(|(name, position)| name == "boundary-events" && position == "off") {
            // Without the service's word for where speech begins nobody knows what was silence.
            wrong.retain(|what| !what.contains("did not hear them out"));
        }
        if let Some(closed) = &world.model.closed {
            let bug = closed.error.as_ref().is_some_and(|error| error.kind() == ErrorKind::Bug);
            let untold = closed.reason == CloseReason::Failed && closed.error.is_none();
            if bug || untold {
                wrong.push(format!("the call ended as {:?} with {:?}", closed.reason, closed.error));
            }
        }
        wrong
    }
}

impl Road {
    fn welcome(self, link: LinkKey, switches: &[(String, String)], chance: &mut Chance) -> Welcome {
        let mut settings = scenes::strict(link.0, chance);
        for (name, position) in switches {
            settings.switches.put(name, position).unwrap();
        }
        match self {
            Road::Well => {}
            Road::Sick(faults) => settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect(),
            Road::Closed(ms) => {
                let failure = Failure::Unreachable { code: "unreachable".to_owned(), message: "Away.".to_owned() };
                return Welcome::Closed(Duration::from_millis(ms), failure);
            }
            Road::Nobody => return Welcome::Nobody,
        }
        Welcome::Session(Box::new(settings))
    }
}

impl Tool {
    fn work(self, id: &str) -> Work {
        match self {
            Tool::Returns(ms) => (Some(Duration::from_millis(ms)), Ok(json!({ "found": id }))),
            Tool::Fails(ms) => (Some(Duration::from_millis(ms)), Err(format!("{id} is not there"))),
            Tool::Never => (None, Err("never".to_owned())),
        }
    }
}

#[test]
fn random_histories_look_as_the_model_says() {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = wanted.unwrap_or(CASES);
    let config =
        ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 2_000, ..ProptestConfig::default() };
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    // The tests that everybody runs are the same for everybody; the soak looks for something new each time.
    let seed = seed.unwrap_or_else(|| wanted.map_or(1, |_| fresh_seed()));
    println!("SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&u64::to_le_bytes(seed));
    let rng = proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &bytes);
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&history(), |history| {
        let wrong = history.wrong();
        prop_assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), serde_json::to_string(&history).unwrap());
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("SEED={seed} PROPTEST_CASES={cases}: {error}");
    }
}

/// Another one for every run; which, is printed.
fn fresh_seed() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.as_nanos() as u64
}

/// `HISTORY=FILE` plays one history and tells all that comes out of it but sound.
#[test]
#[ignore = "a tool for whoever looks into a history"]
fn tell_a_history() {
    let file = std::env::var("HISTORY").unwrap();
    let history: History = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut now = Duration::ZERO;
    let mut world = history.world().meddled(move |output| {
        match &output {
            Output::Event(stamped) if !matches!(stamped.event, Event::Audio(_)) => {
                now = stamped.at;
                println!("{:9.3} {:?}", now.as_secs_f64(), stamped.event);
            }
            Output::Event(_) | Output::Send { .. } | Output::Wait { .. } => {}
            other => println!("{:9.3}+ {other:?}", now.as_secs_f64()),
        }
        vec![output]
    });
    world.run(Duration::from_secs(3_600));
    for session in world.service.sessions.values() {
        println!("{}: born {:?}, gone {:?}, {:?}", session.link, session.born, session.gone, session.planned);
        println!("    {:?} {:?}", session.turns, session.listener.runs);
        println!("    {:?}", session.ledger().map(|ledger| &ledger.ending));
    }
    println!("{:#?}", world.verdict());
}

#[test]
fn what_was_wrong_once_is_right() {
    for (name, history) in histories() {
        let wrong = history.wrong();
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    }
}

fn histories() -> Vec<(String, History)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/a_day/histories");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    files.iter().map(|file| (file.file_stem().unwrap().to_string_lossy().into_owned(), read(file))).collect()
}
