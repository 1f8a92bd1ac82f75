//! A day in a minute: a call of twenty-four hours against the emulator's engine, both without IO, in virtual time.

#![allow(dead_code, unreachable_pub, reason = "support that not every test uses")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed unwrap is a failed test")]

#[path = "a_day/meddling.rs"]
mod meddling;
#[path = "a_day/menu.rs"]
mod menu;
#[path = "a_day/random.rs"]
mod random;
#[path = "a_day/table.rs"]
mod table;
mod world;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bedrock_nova::sonic::{CloseReason, Config, RenewReason, ToolSpec, TurnEnd};
use bedrock_nova::transport::Failure;
use bedrock_nova_emulator::Fault;
use bedrock_nova_emulator::ledger::Ending;
use serde_json::json;

use world::World;
use world::app::{Work, Workshop};
use world::chance::Chance;
use world::model::Renewal;
use world::service::Welcome;
use world::user::Caller;
use world::{scenes, voice};

/// A renewal is not followed by the next one any sooner, unless a session is lost.
const SETTLED: Duration = Duration::from_secs(100);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What goes wrong while a session lives, and when in its life.
const TROUBLE: [&str; 14] = [
    "throttlingException",
    "internalServerException",
    "modelStreamErrorException",
    "serviceUnavailableException",
    "modelTimeoutException",
    "UNSTABLE",
    "531",
    "drop-tcp",
    "reset:2",
    "cut-frame",
    "bad-crc",
    "end",
    "stall:4s",
    "error-message:Oops:something unmodelled",
];

fn config() -> Config {
    let mut config = Config::default();
    config.input_rate = voice::RATE;
    config.output_rate = voice::RATE;
    config.idle.hang_up = 2 * DAY;
    config.idle.longest_call = 2 * DAY;
    config.tools = vec![ToolSpec::new("look_up", "Looks something up.", json!({"type": "object"})).into()];
    config
}

/// Tools that take their time, fail, or never come back.
fn workshop(seed: u64) -> Workshop {
    let mut chance = Chance::new(seed);
    Workshop::new(move |call| -> Work {
        let time = Duration::from_millis(match chance.within(0, 100) {
            0..70 => chance.within(1, 2_000),
            70..90 => chance.within(2_000, 12_000),
            90..95 => 40_000,
            _ => return (None, Err("never".into())),
        });
        let result =
            if chance.percent(10) { Err(format!("{} is not there", call.id)) } else { Ok(json!({ "found": call.id })) };
        (Some(time), result)
    })
}

/// Sessions of which about one in five has trouble, when it opens or later.
fn sessions(seed: u64, percent: u64) -> impl FnMut(bedrock_nova::sonic::conversation::LinkKey, Duration) -> Welcome {
    let mut chance = Chance::new(seed);
    move |link, _| {
        let mut settings = scenes::strict(link.0, &mut chance);
        // The first opening is the caller's to retry.
        if link.0 > 1 && chance.percent(percent) {
            match chance.within(0, 8) {
                0 => {
                    let message = "The network is away.".to_owned();
                    let failure = Failure::Unreachable { code: "unreachable".to_owned(), message };
                    return Welcome::Closed(Duration::from_millis(chance.within(1, 3_000)), failure);
                }
                1 => return Welcome::Nobody,
                2 => settings.faults.push("throttlingException@opening".parse().unwrap()),
                _ => {
                    let what = chance.pick(&TROUBLE);
                    let when = match chance.within(0, 3) {
                        0 => format!("event:audioOutput:{}", chance.within(1, 60)),
                        1 => format!("event:userSpeechEnd:{}", chance.within(1, 4)),
                        _ => format!("after:{}ms", chance.within(1_000, 400_000)),
                    };
                    settings.faults.push(format!("{what}@{when}").parse::<Fault>().unwrap());
                }
            }
        }
        Welcome::Session(Box::new(settings))
    }
}

#[test]
fn a_day_in_a_minute() {
    let began = spent();
    let mut world = World::new(config(), 7, Caller::new(3, DAY, 88), workshop(4), sessions(5, 25));
    world.run(DAY + Duration::from_secs(300));
    let took = spent() - began;
    tell(&world, took);
    let wrong = world.verdict();
    if let Some(error) = world.model.closed.as_ref().and_then(|closed| closed.error.as_ref()) {
        // What led to it.
        let last: Vec<_> = world.service.sessions.values().rev().take(8).collect();
        for session in last.iter().rev() {
            println!(
                "{} from {:?} ({:?}) to {:?}: {:?} {:?}",
                session.link, session.born, session.accepted, session.gone, session.planned, session.failure
            );
        }
        println!("{error}");
    }
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let closed = world.model.closed.as_ref().unwrap();
    assert!(world.model.grammar.is_empty(), "the service was not understood: {:?}", world.model.grammar);
    assert_eq!(closed.reason, CloseReason::Finished, "{:?}", closed.error);
    assert!(closed.at >= DAY);
    if world::model::RENEWS {
        assert_eq!(unrest(&world), [""; 0]);
        assert!(world.model.trimmed > 0 && world.model.idle > 0, "the history grew too long, and the user was idle");
    }
    assert!(took < Duration::from_secs(60), "a day took {took:?}");
}

/// Sessions that did not come and go in peace, though nothing was to go wrong with them.
fn unrest(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for session in world.service.sessions.values().filter(|session| session.planned.is_empty()) {
        let Some(ledger) = session.ledger() else { continue };
        // One that was kept ready and never used is dropped: without sound there is no way to close it (reference §4.2).
        let unused = session.listener.heard == 0 && ledger.ending == Some(Ending::Gone);
        if ledger.ending != Some(Ending::Orderly) && !unused {
            wrong.push(format!("{} ended as {:?}", session.link, ledger.ending));
        }
    }
    let peaceful = |renewal: &&Renewal| renewal.reason != RenewReason::Recovery;
    let renewals: Vec<&Renewal> = world.model.renewals.iter().filter(peaceful).collect();
    for pair in renewals.windows(2).filter(|pair| pair[1].at - pair[0].at < SETTLED) {
        wrong.push(format!("{} and {} follow each other within {SETTLED:?}", pair[0].link, pair[1].link));
    }
    wrong
}

#[allow(clippy::disallowed_methods, reason = "a test that says how long it took")]
/// How long this thread has been at work: on a busy machine the clock on the wall says more of the neighbours.
fn spent() -> Duration {
    let on_a_core = || std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok();
    on_a_core().map_or_else(|| BEGAN.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

static BEGAN: OnceLock<Instant> = OnceLock::new();

/// Prints what the day was like.
fn tell(world: &World, took: Duration) {
    let model = &world.model;
    let ends =
        [TurnEnd::Answered, TurnEnd::Interrupted, TurnEnd::NoAnswer, TurnEnd::Lost, TurnEnd::Closed, TurnEnd::Filtered];
    println!("{:?} of call in {took:?}, {} steps", world.now, world.steps);
    println!("{} turns: {:?}", model.turns.seen.len(), ends.map(|end| (end, model.turns.count(end))));
    println!(
        "{} sessions, {} renewals, {} recoveries",
        world.service.sessions.len(),
        model.renewals.len(),
        model.recoveries.len()
    );
    let of = |reason| model.renewals.iter().filter(|renewal| renewal.reason == reason).count();
    let reasons = [RenewReason::Age, RenewReason::Deadline, RenewReason::Silence, RenewReason::Recovery];
    println!("renewals: {:?}", reasons.map(|reason| (reason, of(reason))));
    for renewal in model.renewals.iter().filter(|renewal| !renewal.lost.is_zero()) {
        println!("lost: {renewal:?}");
    }
    if let (Some(used), Some(cost)) = (model.usage, model.cost) {
        println!("{used:?}, {cost} US dollars");
    }
    println!(
        "{} tools run; {} lines of history trimmed; idle told {} times",
        world.workshop.ran.len(),
        model.trimmed,
        model.idle
    );
    let sound = world::model::Sound::of(world);
    println!("unheard: {:?}", sound.unheard);
    println!(
        "samples: {} handed over, {} never sent, {} dropped, {} again of {} replayed, {} unheard of {} lost",
        sound.handed,
        sound.unsent,
        sound.dropped,
        sound.again.values().sum::<u64>(),
        sound.replayed,
        sound.unheard(),
        sound.lost
    );
}
