//! Every row of the emulator's fault menu, at many moments: the call comes back or ends as the failure is classed, within
//! its deadline. The table in ARCHITECTURE.md is what was seen here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::conversation::{AudioPolicy, LinkKey};
use bedrock_nova::sonic::failure::{self, Recovery};
use bedrock_nova::sonic::{CloseReason, Config, Renewal, TurnEnd};
use bedrock_nova_emulator::judge::Refusal;
use bedrock_nova_emulator::{ExceptionKind, Fault};

use crate::world::World;
use crate::world::app::{Span, Workshop};
use crate::world::chance::Chance;
use crate::world::service::Welcome;
use crate::world::user::{Act, Script};
use crate::world::{scenes, voice};

/// Damage that is no error of the service's.
const DAMAGE: [&str; 13] = [
    "end",
    "cut-frame",
    "bad-crc",
    "reset:2",
    "drop-tcp",
    "go-away",
    "stall:3s",
    "late-headers:2s",
    "status:503",
    "error-message:Oops:something unmodelled",
    "unknown-event",
    "unknown-field",
    "unknown-event-type",
];

/// Moments of a session's life.
const IN_A_SESSION: [&str; 9] = [
    "output:1",
    "output:4",
    "event:userSpeechEnd",
    "event:textOutput:2",
    "event:audioOutput:3",
    "event:audioOutput:12",
    "input:40",
    "input:120",
    "after:15s",
];

/// The road takes its time: an opening is accepted after so long.
const ROAD: &str = "late-headers:300ms@opening";

fn menu() -> Vec<String> {
    let exceptions = ExceptionKind::ALL.iter().map(|kind| kind.camel_name().to_owned());
    let refusals = Refusal::codes().map(str::to_owned);
    exceptions.chain(refusals).chain(DAMAGE.map(str::to_owned)).collect()
}

/// Two questions; `faulty` says which session has which fault.
fn two_questions(faulty: BTreeMap<u32, Fault>, seed: u64, renewal: Renewal) -> World {
    let seconds = Duration::from_secs;
    let question = |at| (seconds(at), Act::Say(vec![Span::Voice(2_000)], AudioPolicy::Live));
    let user = Script::new([question(2), question(20), (seconds(40), Act::Finish)]);
    let mut config = Config::default();
    config.input_rate = voice::RATE;
    config.output_rate = voice::RATE;
    config.renewal = renewal;
    let mut chance = Chance::new(1);
    let welcome = move |link: LinkKey, _: Duration| {
        let mut settings = scenes::plain(link.0, &mut chance);
        settings.faults.push(ROAD.parse().unwrap());
        settings.faults.extend(faulty.get(&link.0).cloned());
        Welcome::Session(Box::new(settings))
    };
    World::new(config, seed, user, Workshop::new(|_| (None, Ok(serde_json::Value::Null))), welcome)
}

/// What a fault came to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Nothing that the application would notice.
    GoesOn,
    /// Another session.
    Reconnects,
    /// The end, with kind and code.
    Ends(String),
}

/// Plays one case; returns what it came to, and how long the call was without a session. `sick` is the session whose
/// failure decides.
fn play(fault: &str, faulty: BTreeMap<u32, Fault>, sick: u32, seed: u64) -> (Outcome, Option<Duration>) {
    let mut world = two_questions(faulty, seed, Renewal::default());
    world.run(Duration::from_secs(180));
    let wrong = world.verdict();
    assert!(wrong.is_empty(), "{fault}:\n{}", wrong.join("\n"));
    let closed = world.model.closed.clone().unwrap();
    let outcome = match (closed.reason, &closed.error) {
        (CloseReason::Finished, _) => {
            let last = world.model.turns.seen.values().last().and_then(|turn| turn.end);
            assert_eq!(last, Some(TurnEnd::Answered), "{fault}: the second question is answered at the latest");
            let followed = world.service.sessions.contains_key(&LinkKey(sick + 1));
            if followed { Outcome::Reconnects } else { Outcome::GoesOn }
        }
        (CloseReason::Failed, Some(error)) => Outcome::Ends(format!("{:?} `{}`", error.kind(), error.code())),
        other => panic!("{fault}: closed as {other:?}"),
    };
    let told = world.service.sessions.get(&LinkKey(sick)).and_then(|session| session.failure.clone());
    let expected = told.map(|(at, failure)| {
        let ended = matches!(outcome, Outcome::Ends(_));
        let error = failure::classify(&failure, &Catalogue::built_in().model(&Config::default().model));
        let lasting = failure::recovery(&error) == Recovery::Permanent;
        assert!(!ended || !lasting || closed.at == at, "{fault}: what cannot be mended ends the call at once");
        (failure::recovery(&error), format!("{:?} `{}`", error.kind(), error.code()))
    });
    let as_classed = match (&expected, &outcome) {
        // The stream ended in order or not at all.
        (None, Outcome::GoesOn | Outcome::Reconnects) => true,
        (Some((class, _)), Outcome::Reconnects) => *class != Recovery::Permanent,
        // Too long a history is shrunk once; a second time it is the end.
        (Some((class, told)), Outcome::Ends(seen)) => {
            told == seen && (*class == Recovery::Permanent || (*class == Recovery::ShrinkHistory && sick > 1))
        }
        _ => false,
    };
    assert!(as_classed, "{fault}: classed as {expected:?}, and seen {outcome:?}");
    let away = world.model.recoveries.iter().max().copied();
    let limit = Config::default().timeouts.recover;
    assert!(away.is_none_or(|away| away <= limit), "{fault}: {away:?} without a session");
    (outcome, away)
}

#[derive(Debug, Default)]
struct Row {
    in_a_session: Cases,
    at_an_opening: Cases,
}

/// What some cases came to, and the times without a session.
#[derive(Debug, Default)]
struct Cases {
    outcomes: BTreeSet<Outcome>,
    away: Vec<Duration>,
}

impl Cases {
    fn play(&mut self, fault: &str, faulty: BTreeMap<u32, Fault>, sick: u32, seed: u64) {
        let (outcome, away) = play(fault, faulty, sick, seed);
        self.outcomes.insert(outcome);
        self.away.extend(away);
    }
}

/// Plays a fault at every moment at which it can be written.
fn row(what: &str) -> Row {
    let mut row = Row::default();
    for moment in IN_A_SESSION {
        let fault = format!("{what}@{moment}");
        if let Ok(parsed) = fault.parse() {
            row.in_a_session.play(&fault, BTreeMap::from([(1, parsed)]), 1, 1);
        }
    }
    // A second session is needed because the first was lost; it has the fault, and perhaps the third too.
    let lost: Fault = "drop-tcp@event:audioOutput:3".parse().unwrap();
    let Ok(fault) = format!("{what}@opening").parse::<Fault>() else { return row };
    for (seed, sick) in [(1, 2), (2, 2), (3, 3), (4, 3)] {
        let faulty = (2..=sick).map(|session| (session, fault.clone())).chain([(1, lost.clone())]).collect();
        row.at_an_opening.play(&format!("{what}@opening of 2..={sick}"), faulty, 2, seed);
    }
    row
}

#[test]
fn every_fault_is_answered_as_it_is_classed_and_the_table_says_so() {
    let mut table =
        String::from("| Fault | In a session | away | At the opening of the next | away |\n|---|---|---|---|---|\n");
    let (mut away, mut away_longer) = (Vec::new(), Vec::new());
    for what in menu() {
        let Row { in_a_session, at_an_opening } = row(&what);
        let (first, second) = (in_a_session.told(), at_an_opening.told());
        table += &format!("| `{what}` | {first} | {second} |\n");
        away.extend(in_a_session.away);
        away_longer.extend(at_an_opening.away);
    }
    let all = |away: Vec<Duration>| format!("{} cases | {}", away.len(), shares(away));
    table += &format!("| *all* | {} | {} |\n", all(away), all(away_longer));
    crate::table::hold("faults", &table);
}

#[test]
fn no_fault_of_a_spare_is_noticed() {
    for what in menu() {
        for moment in ["opening", "after:320ms"] {
            let fault = format!("{what}@{moment}");
            let Ok(parsed) = fault.parse::<Fault>() else { continue };
            // Room for a second attempt before the last moment.
            let mut renewal = Renewal::default();
            (renewal.from, renewal.at_the_latest) = (0.035, 0.08);
            let mut world = two_questions(BTreeMap::from([(2, parsed)]), 1, renewal);
            world.run(Duration::from_secs(180));
            assert_eq!(world.verdict(), [""; 0], "{fault}");
            let (model, closed) = (&world.model, world.model.closed.as_ref().unwrap());
            let adopted = model.renewals.iter().any(|renewal| renewal.link == LinkKey(2));
            // What breaks in the hour of its adoption is a session like any other.
            if !adopted {
                assert_eq!((closed.reason, &closed.error), (CloseReason::Finished, &None), "{fault}");
                assert_eq!(model.turns.count(TurnEnd::Answered), 2, "{fault}");
                assert!(model.recoveries.is_empty() && !model.renewals.is_empty(), "{fault}: {:?}", model.renewals);
            }
        }
    }
}

/// A history that is too long is refused in the opening that tells it.
#[test]
fn an_opening_refused_for_its_history_is_tried_with_less() {
    let lost: Fault = "drop-tcp@event:audioOutput:3".parse().unwrap();
    for what in ["HISTMAX", "FILTER"] {
        let faulty = BTreeMap::from([(1, lost.clone()), (2, format!("{what}@opening").parse().unwrap())]);
        let (outcome, _) = play(what, faulty, 2, 1);
        assert_eq!(outcome, Outcome::Reconnects, "{what}");
    }
}

impl Cases {
    fn told(&self) -> String {
        let told: Vec<String> = self.outcomes.iter().map(Outcome::told).collect();
        let told = if told.is_empty() { "–".to_owned() } else { told.join("; ") };
        format!("{told} | {}", shares(self.away.clone()))
    }
}

/// Says p50 and p99 of some times.
fn shares(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    match (at(50), at(99)) {
        (Some(half), Some(most)) => format!("{} / {} ms", half.as_millis(), most.as_millis()),
        _ => "–".to_owned(),
    }
}

impl Outcome {
    fn told(&self) -> String {
        match self {
            Outcome::GoesOn => "goes on".to_owned(),
            Outcome::Reconnects => "reconnects".to_owned(),
            Outcome::Ends(why) => format!("ends: {why}"),
        }
    }
}
