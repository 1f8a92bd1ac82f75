//! Random input never panics, and every output obeys the grammar (the raw client checks each event).

use bedrock_nova_emulator::{Fault, Scenario, Switches};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::raw::*;

/// One thing that a random client does.
#[derive(Debug, Clone)]
enum Act {
    Event(Value),
    Bytes(Vec<u8>),
    Speak(u64),
    Silence(u64),
    Pass(u64),
    Say(String),
    AnswerCall(usize, bool),
    EndInput,
    Vanish,
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "t", "r", "x"]).prop_map(str::to_owned)
}

fn event() -> impl Strategy<Value = Value> {
    let role = prop::sample::select(vec!["SYSTEM", "SYSTEM_SPEECH", "USER", "ASSISTANT", "TOOL"]);
    prop_oneof![
        Just(session_start()),
        Just(prompt_start(json!({ "tools": [tool("get_weather"), tool("get_time")] }))),
        (name(), role, any::<bool>()).prop_map(|(name, role, interactive)| text_start(&name, role, interactive)),
        (name(), prop::sample::select(vec![8000, 16_000, 24_000])).prop_map(|(name, rate)| audio_start(&name, rate)),
        (name(), name()).prop_map(|(name, id)| tool_start(&name, &id)),
        (name(), ".{0,20}").prop_map(|(name, text)| text_input(&name, &text)),
        (name(), prop::collection::vec(any::<i16>(), 0..2000)).prop_map(|(name, samples)| audio_input(&name, &samples)),
        (name(), "[{}a\":1]{0,8}").prop_map(|(name, text)| tool_result(&name, &text)),
        name().prop_map(|name| content_end(&name)),
        Just(prompt_end()),
        Just(json!({ "sessionEnd": {} })),
        Just(json!({ "unheardOf": { "x": [1, 2] } })),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..2000u64).prop_map(Act::Speak),
        4 => (1..3000u64).prop_map(Act::Silence),
        2 => (0..6000u64).prop_map(Act::Pass),
        2 => "[a-z ]{1,12}".prop_map(Act::Say),
        3 => (0..4usize, any::<bool>()).prop_map(|(index, good)| Act::AnswerCall(index, good)),
        1 => event().prop_map(Act::Event),
        1 => prop::collection::vec(any::<u8>(), 0..64).prop_map(Act::Bytes),
        1 => Just(Act::EndInput),
        1 => Just(Act::Vanish),
    ]
}

fn switches() -> impl Strategy<Value = Switches> {
    let rows: Vec<_> = Switches::catalogue().into_iter().filter(|row| row.name != "headers").collect();
    prop::collection::vec((prop::sample::select(rows), any::<prop::sample::Index>()), 0..8).prop_map(|choices| {
        let mut switches = Switches::default();
        for (row, position) in choices {
            switches.put(&row.name, row.positions[position.index(row.positions.len())]).unwrap();
        }
        switches
    })
}

fn play(raw: &mut Raw, act: Act) {
    match act {
        Act::Event(event) => raw.send(event),
        Act::Bytes(bytes) => raw.raw(&bytes),
        Act::Speak(ms) => raw.speak(ms),
        Act::Silence(ms) => raw.silence(ms),
        Act::Pass(ms) => raw.pass(ms),
        Act::Say(text) => raw.text_block("USER", true, &text),
        Act::AnswerCall(index, good) => {
            let id = raw.all("toolUse").get(index).map(|call| call["toolUseId"].as_str().unwrap().to_owned());
            let content = if good { "{\"temperature\":5,\"hour\":9}" } else { "[]" };
            raw.tool_result(id.as_deref().unwrap_or("none"), content);
        }
        Act::EndInput => raw.end_input(),
        Act::Vanish => raw.vanish(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// A client in order that talks, types and answers tools at random, under random switches.
    #[test]
    fn a_random_conversation_obeys_the_grammar(
        switches in switches(),
        pace in 0.5..50.0f64,
        scenario in prop::sample::select(vec!["tools", "long_answer", "small_talk"]),
        acts in prop::collection::vec(act(), 0..25),
    ) {
        let setup = setup().scenario(Scenario::named(scenario).unwrap()).switches(switches).pace(pace);
        let mut raw = setup.start();
        raw.session_start();
        raw.send(prompt_start(json!({ "tools": [tool("get_weather"), tool("get_time")] })));
        raw.text_block("SYSTEM", false, "Be brief.");
        raw.pass(150);
        raw.audio_start("a");
        for act in acts {
            play(&mut raw, act);
        }
        raw.close();
        raw.pass(600_000);
        prop_assert!(raw.engine.wake().is_none(), "a session outlives its eight minutes");
    }

    /// Events in any order.
    #[test]
    fn random_events_never_panic(events in prop::collection::vec(event(), 0..40), raw_bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut raw = setup().switch("headers=at-once").switch("duplicate-names=accepted").start();
        for event in events {
            raw.send(event);
            raw.pass(100);
        }
        raw.raw(&raw_bytes);
        raw.end_input();
        prop_assert!(raw.engine.wake().is_none());
    }

    #[test]
    fn random_fault_texts_never_panic(text in "[a-z0-9:@,.-]{0,40}") {
        let _ = Fault::parse_list(&text);
    }
}
