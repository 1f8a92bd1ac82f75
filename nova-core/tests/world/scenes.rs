//! What a session of this world hears and answers: a scenario in which every answer says whose it is.

use std::sync::Arc;

use bedrock_nova_emulator::{Scenario, Settings, Strictness};
use serde_json::{Value, json};

use super::chance::Chance;
use super::voice::Numbers;

/// Turns of a scenario; a session of eight minutes has fewer.
const TURNS: u32 = 120;

/// Settings of a strict session with a scenario by chance.
pub fn strict(session: u32, chance: &mut Chance) -> Settings {
    Settings {
        scenario: Arc::new(scenario(&(1..=TURNS).map(|turn| self::turn(session, turn, chance)).collect::<Vec<_>>())),
        strictness: Strictness::Strict,
        voice: Arc::new(Numbers),
        session_seed: u64::from(session),
        ..Settings::default()
    }
}

/// Settings of a strict session that answers everything in a sentence or two.
pub fn plain(session: u32, chance: &mut Chance) -> Settings {
    let answer = |turn| json!([says(session, turn, 5), says(session, turn, 6)]);
    let turns =
        (1..=TURNS).map(|turn| json!({ "heard": format!("Question {session}.{turn}?"), "answer": answer(turn) }));
    Settings { scenario: Arc::new(scenario(&turns.collect::<Vec<_>>())), ..strict(session, chance) }
}

/// Settings of a strict session that answers at length, then calls a tool, and so on.
pub fn eventful(session: u32) -> Settings {
    let mut chance = Chance::new(1);
    let turns = (1..=TURNS).map(|turn| {
        let call = json!({ "call": "look_up", "arguments": {} });
        let found = json!({ "after_results": [says(session, turn, 4)], "otherwise": [] });
        let answer = if turn % 2 == 0 { json!([call, found]) } else { json!([says(session, turn, 20)]) };
        json!({ "heard": "What?", "answer": answer })
    });
    Settings { scenario: Arc::new(scenario(&turns.collect::<Vec<_>>())), ..strict(session, &mut chance) }
}

fn scenario(turns: &[Value]) -> Scenario {
    let file =
        json!({ "version": 1, "name": "a day", "turns": turns, "afterwards": [{ "heard": "And?", "answer": [] }] });
    Scenario::parse(&file.to_string()).unwrap()
}

fn turn(session: u32, turn: u32, chance: &mut Chance) -> Value {
    let says = |words: usize| says(session, turn, words);
    let call = json!({ "call": "look_up", "arguments": { "session": session, "turn": turn } });
    let found = json!({ "after_results": [says(4)], "otherwise": [says(3)] });
    let answer = match chance.within(0, 100) {
        0..12 => json!([call, found]),
        12..16 => json!([says(3), call, found]),
        16..26 => json!([says(12), says(14), says(9), says(16)]),
        26..29 => json!([]),
        29..60 => json!([says(5), says(6)]),
        _ => json!([says(4)]),
    };
    let heard =
        if chance.percent(10) { json!(["So,", "what now?"]) } else { json!(format!("Question {session}.{turn}?")) };
    json!({ "heard": heard, "answer": answer })
}

fn says(session: u32, turn: u32, words: usize) -> Value {
    Value::from(format!("a{session}.{turn} {}", "words and ".repeat(words)))
}
