//! Tools against the emulator's engine: nothing that the call says by itself cuts an answer, and whatever happens each
//! call of the model's has one end, one result on the wire, one run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::duet::{Act, Duet};
use crate::script::*;
use bedrock_nova::sonic::conversation::{Input, LinkKey, Output};
use bedrock_nova::sonic::{
    AudioDuringTools, Config, Contract, Effect, Event, Filler, OnInterrupt, SampleRate, ToolOutcome, ToolSpec, TurnEnd,
};
use bedrock_nova_emulator::{Scenario, Settings, Strictness, clips};
use proptest::prelude::*;
use serde_json::json;

const FILLER: &str = "Say that you are looking it up.";
const WORDS: &str = r#"(Result of a tool: {"result":{"temperature":11},"tool":"get_weather"})"#;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn question(name: &str) -> Vec<u8> {
    let clip = clips::question(name).unwrap().at(SampleRate::Hz16000.hz());
    clip.pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

fn weather(contract: impl FnOnce(&mut Contract)) -> Config {
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let mut tool: bedrock_nova::sonic::OfferedTool = ToolSpec::new("get_weather", "Tells it.", city).into();
    contract(&mut tool.contract);
    config(|config| config.tools = vec![tool])
}

/// A question for a tool, a long answer to another one, and what the model makes of the texts that are typed to it.
fn scenario() -> Scenario {
    let after = json!({ "after_results": ["It is {temperature} degrees."], "otherwise": ["All right."] });
    let turns = json!([
        { "heard": "What is the weather in Oslo?",
            "answer": [{ "call": "get_weather", "arguments": { "city": "Oslo" } }, after] },
        { "heard": "Tell me about the sea.", "answer": [
            "The sea covers most of the earth, and nobody has ever seen all of it.",
            "Its water is salty, because rivers carry salt into it from the hills.",
            "The moon pulls on it, and that makes the tides on every shore."] },
        { "heard": "filler", "typed": FILLER, "answer": ["I am looking it up for you, one moment please."] },
        { "heard": "words", "typed": WORDS, "answer": ["By the way, it is 11 degrees in Oslo."] },
    ]);
    Scenario::parse(&json!({ "version": 1, "name": "late", "turns": turns }).to_string()).unwrap()
}

fn strict(switches: &[(&str, &str)]) -> Settings {
    let mut settings =
        Settings { scenario: Arc::new(scenario()), strictness: Strictness::Strict, ..Settings::default() };
    for (name, position) in switches {
        settings.switches.put(name, position).unwrap();
    }
    settings
}

fn positions() -> [&'static str; 2] {
    ["answered", "marks-interrupted"]
}

/// The sentences that were begun and not sent whole.
fn cut(duet: &Duet) -> Vec<String> {
    let said = duet.ledgers.iter().flat_map(|ledger| &ledger.said);
    said.filter(|said| said.sent < said.samples).map(|said| said.text.clone()).collect()
}

fn typed(duet: &Duet) -> Vec<String> {
    duet.ledgers.iter().flat_map(|ledger| ledger.typed.clone()).collect()
}

#[test]
fn a_late_result_waits_for_the_end_of_an_answer_wherever_in_it_it_comes() {
    for position in positions() {
        for after in (3..25).map(|n| Duration::from_millis(n * 700)) {
            let config = weather(|contract| contract.on_interrupt = OnInterrupt::Detach);
            let mut duet = Duet::new(config, strict(&[("text-after-answer", position), ("silence-cut", "off")]))
                .tool(after, |_| Ok(json!({"temperature": 11})))
                .microphone(secs(1), &question("weather"), 32_000)
                .microphone(secs(4), &question("sea"), 32_000)
                .at(secs(60), Act::Finish);
            duet.run(secs(120));
            let what = format!("{position}, {after:?}: {:#?}", duet.transcript());
            assert!(duet.breaches.is_empty(), "{what}");
            assert_eq!(cut(&duet), [""; 0], "{what}");
            assert_eq!(duet.count(|event| matches!(event, Event::ToolDone { .. })), 1, "{what}");
            // Before the user spoke again the result is in time, and its answer may be spoken into: not ours to mend.
            if typed(&duet).is_empty() {
                continue;
            }
            assert_eq!(typed(&duet), [WORDS], "{what}");
            assert_eq!(duet.count(|event| matches!(event, Event::Interrupted { .. })), 0, "{what}");
            let ends = duet.turn_ends();
            let said = if position == "answered" { TurnEnd::Answered } else { TurnEnd::NoAnswer };
            assert_eq!(ends.last(), Some(&said), "{what}");
            assert_eq!(ends[0], TurnEnd::Interrupted, "the wait for the tool, {what}");
            assert!(ends[1..ends.len() - 1].iter().all(|end| *end == TurnEnd::Answered), "{what}");
        }
    }
}

#[test]
fn a_filler_is_spoken_into_silence_only_and_the_answer_follows_whole() {
    for position in positions() {
        for after in (1..24).map(|n| Duration::from_millis(n * 250)) {
            let config = weather(|contract| contract.filler = Some(Filler::new(FILLER)));
            let mut duet = Duet::new(config, strict(&[("text-after-answer", position)]))
                .tool(after, |_| Ok(json!({"temperature": 11})))
                .microphone(secs(1), &question("weather"), 32_000)
                .at(secs(30), Act::Finish);
            duet.run(secs(60));
            let what = format!("{position}, {after:?}: {:#?}", duet.transcript());
            assert!(duet.breaches.is_empty(), "{what}");
            assert_eq!(cut(&duet), [""; 0], "{what}");
            let filled = typed(&duet);
            let expected: &[&str] = if after > Duration::from_millis(1_500) { &[FILLER] } else { &[] };
            assert_eq!(filled, expected, "{what}");
            assert_eq!(duet.count(|event| matches!(event, Event::Interrupted { .. })), 0, "{what}");
            let said: Vec<_> = duet.ledgers[0].said.iter().map(|said| said.text.as_str()).collect();
            assert_eq!(said.last(), Some(&"It is 11 degrees."), "{what}");
            assert_eq!(said.len(), 1 + filled.len(), "{what}");
            assert!(!duet.turn_ends().is_empty() && duet.turn_ends().iter().all(|end| *end == TurnEnd::Answered));
        }
    }
}

#[test]
fn a_late_result_is_still_told_and_answered_after_the_call_was_finished() {
    let config = weather(|contract| contract.on_interrupt = OnInterrupt::Detach);
    let mut duet = Duet::new(config, strict(&[]))
        .tool(secs(20), |_| Ok(json!({"temperature": 11})))
        .microphone(secs(1), &question("weather"), 32_000)
        .microphone(secs(4), &question("sea"), 32_000)
        .at(secs(8), Act::Finish);
    duet.run(secs(60));
    assert_eq!(duet.ledgers[0].said.last().unwrap().text, "By the way, it is 11 degrees in Oslo.");
    assert_eq!(duet.turn_ends().last(), Some(&TurnEnd::Answered));
}

// ---- random histories

/// One thing that may happen to tools.
#[derive(Clone, Copy, Debug)]
enum Chance {
    Ask { id: u8, tool: &'static str, city: &'static str },
    Done(u8, Result<(), ()>),
    Words,
    Answer,
    Interrupt,
    Text,
    Lose,
    Pass(u64),
}

fn chance() -> impl Strategy<Value = Chance> {
    let tool = prop::sample::select(vec!["weather", "clock", "wether"]);
    let city = prop::sample::select(vec![r#"{"city":"Oslo"}"#, r#"{"city":"Rome"}"#, "", "[1]"]);
    let result = prop::sample::select(vec![Ok(()), Err(())]);
    prop_oneof![
        6 => (0..6u8, tool, city).prop_map(|(id, tool, city)| Chance::Ask { id, tool, city }),
        6 => (0..8u8, result).prop_map(|(n, result)| Chance::Done(n, result)),
        2 => Just(Chance::Words),
        3 => Just(Chance::Answer),
        1 => Just(Chance::Interrupt),
        1 => Just(Chance::Text),
        2 => Just(Chance::Lose),
        5 => (0..9_000u64).prop_map(Chance::Pass),
    ]
}

fn contract() -> impl Strategy<Value = Contract> {
    let policy = prop::sample::select(vec![OnInterrupt::Finish, OnInterrupt::Cancel, OnInterrupt::Detach]);
    let effect = prop::sample::select(vec![Effect::Once, Effect::Idempotent]);
    (1..4usize, policy, effect, prop::option::of(1_000..20_000u64), any::<bool>()).prop_map(
        |(at_once, policy, effect, deadline, fills)| {
            let mut contract = Contract::default();
            contract.at_once = at_once;
            contract.on_interrupt = policy;
            contract.effect = effect;
            contract.deadline = deadline.map(Duration::from_millis);
            contract.filler = fills.then(|| Filler::new(FILLER));
            contract
        },
    )
}

/// What the handlers have been told, and what of it is still running.
#[derive(Default)]
struct Handlers {
    seen: usize,
    begun: BTreeSet<String>,
    /// Runs of each wish: turn, tool and arguments.
    wishes: BTreeMap<(u64, String, String), Vec<String>>,
    running: Vec<String>,
}

impl Handlers {
    fn look(&mut self, call: &Script, at_once: &BTreeMap<String, usize>) {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for (_, output) in &call.outputs[self.seen..] {
            match output {
                Output::RunTool(run) => {
                    assert!(self.begun.insert(run.id.to_string()), "{} is run twice", run.id);
                    self.running.push(format!("{} {}", run.name, run.id));
                    let wish = (run.turn, run.name.clone(), run.arguments.to_string());
                    self.wishes.entry(wish).or_default().push(run.id.to_string());
                }
                Output::CancelTool { id } => self.running.retain(|one| !one.ends_with(&format!(" {id}"))),
                _ => {}
            }
        }
        self.seen = call.outputs.len();
        for one in &self.running {
            *names.entry(one.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
        }
        for (name, running) in names {
            assert!(running <= at_once[&name], "{running} of {name} at once");
        }
    }

    fn finish(&mut self, call: &mut Script, n: u8, result: Result<(), ()>) {
        if self.running.is_empty() {
            return;
        }
        let one = self.running.remove(usize::from(n) % self.running.len());
        let id = one.split(' ').nth(1).unwrap_or_default().to_owned();
        let result = result.map(|()| json!({ "id": id })).map_err(|()| "no network");
        // The call ends a tool by itself in the end; then nobody waits.
        let taken = call.tool_done(&id, result).is_ok();
        assert!(taken || call.is_over(), "{id} ran, was not stopped, and nobody waits for it");
    }
}

/// How often one session asked for the same thing, at most.
fn asked_at_most(asks: &[(LinkKey, String, String)], name: &str, arguments: &str) -> usize {
    let of_this = asks.iter().filter(|(_, tool, city)| tool == name && city == arguments);
    let mut links: BTreeMap<LinkKey, usize> = BTreeMap::new();
    of_this.for_each(|(link, ..)| *links.entry(*link).or_default() += 1);
    links.into_values().max().unwrap_or_default()
}

fn happen(call: &mut Script, handlers: &mut Handlers, chance: Chance, n: usize) {
    match chance {
        Chance::Ask { id, tool, city } => call.hear([tool_use(&format!("u-{id}"), tool, city)]),
        Chance::Done(n, result) => handlers.finish(call, n, result),
        Chance::Words => {
            let at = 1_000 * n as u64;
            call.hear([speech_start(at), speech_end(at + 100, at + 200), user_final("And?")]);
        }
        Chance::Answer => call.answer("So it is.", 2),
        Chance::Interrupt => drop(call.try_input(Input::Interrupt)),
        Chance::Text => drop(call.text("Hello.")),
        Chance::Lose => {
            // A good session in between, or the budget of attempts is used up.
            call.pass(secs(21));
            call.fail("ModelTimeoutException", "Model has timed out in processing the request");
            call.pass_ms(700);
        }
        Chance::Pass(ms) => call.pass_ms(ms),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Besides what the referee watches: each use that a session asks for has at most one result on that session's wire,
    /// no handler runs twice or beyond its places, nothing runs that was not told, and each call is done once.
    #[test]
    fn whatever_happens_each_call_has_one_end(
        contracts in (contract(), contract()),
        chances in prop::collection::vec(chance(), 1..50),
    ) {
        let mut config = with_tools();
        config.audio_during_tools = AudioDuringTools::Send;
        config.tools[0].contract = contracts.0;
        config.tools[1].contract = contracts.1;
        let at_once = config.tools.iter().map(|tool| (tool.spec.name.clone(), tool.contract.at_once)).collect();
        let effects: BTreeMap<_, _> =
            config.tools.iter().map(|tool| (tool.spec.name.clone(), tool.contract.effect)).collect();
        let mut call = Script::with(config);
        let mut handlers = Handlers::default();
        let mut asks = Vec::new();
        call.user_says("Tell me.");
        for (n, chance) in chances.into_iter().enumerate() {
            if let Chance::Ask { tool, city, .. } = &chance {
                let arguments = if city.is_empty() { "{}" } else { city };
                asks.push((call.link, (*tool).to_owned(), arguments.to_owned()));
            }
            happen(&mut call, &mut handlers, chance, n + 1);
            handlers.look(&call, &at_once);
        }
        call.finish();
        for _ in 0..90 {
            if !call.is_over() {
                call.pass(secs(10));
                handlers.look(&call, &at_once);
            }
        }
        prop_assert!(call.is_over(), "{:?}", call.call);
        let mut results: BTreeSet<(LinkKey, String)> = BTreeSet::new();
        for sent in call.sent.iter().filter(|sent| sent.name == "contentStart") {
            if let Some(id) = sent.body["toolResultInputConfiguration"]["toolUseId"].as_str() {
                prop_assert!(results.insert((sent.link, id.to_owned())), "two results for {id} on {}", sent.link);
            }
        }
        let mut done = BTreeMap::new();
        for event in call.events() {
            if let Event::ToolDone { id, outcome, .. } = event {
                prop_assert!(done.insert(id.to_string(), *outcome).is_none(), "{id} is done twice");
            }
        }
        prop_assert!(handlers.begun.iter().all(|id| done.contains_key(id)), "{:?} and {done:?}", handlers.begun);
        for ((turn, name, arguments), runs) in &handlers.wishes {
            let harmless = effects[name] == Effect::Idempotent;
            let may_repeat = |id: &&String| match done[*id] {
                ToolOutcome::Cancelled => true,
                ToolOutcome::Failed | ToolOutcome::TimedOut => harmless,
                _ => false,
            };
            let counted = runs.len() - runs.iter().filter(may_repeat).count();
            let asked = asked_at_most(&asks, name, arguments);
            prop_assert!(counted <= asked, "in turn {turn} {name} ran {counted} times for {asked} wishes");
        }
    }
}
