//! The list of reference §1.9a is exactly what default mode tolerates and strict mode refuses.

use bedrock_nova_emulator::Rule;
use serde_json::json;

use crate::raw::*;

/// Plays a deviation in both modes: the rules that default mode notes, and whether strict mode refuses.
fn both(play: impl Fn(&mut Raw)) -> (Vec<Rule>, bool) {
    let mut raw = setup().start();
    play(&mut raw);
    assert!(raw.exception.is_none(), "default mode refuses: {}", raw.message());
    let rules = raw.engine.breaches().iter().map(|breach| breach.rule).collect();
    let mut raw = setup().strict().start();
    play(&mut raw);
    if raw.exception.is_some() {
        assert!(raw.engine.breaches().is_empty(), "what is refused is not tolerated");
    }
    (rules, raw.exception.is_some())
}

fn live(raw: &mut Raw) {
    raw.open();
    raw.audio_start("a");
    raw.silence(96);
}

#[test]
fn an_empty_session_start() {
    assert_eq!(both(|raw| raw.send(json!({ "sessionStart": {} }))), (vec![Rule::EmptySessionStart], true));
    let mut raw = setup().start();
    raw.send(json!({ "sessionStart": { "turnDetectionConfiguration": {} } }));
    assert!(raw.exception.is_some(), "only the empty one is on the list");
}

#[test]
fn pretty_printed_json() {
    let pretty = serde_json::to_string_pretty(&json!({ "event": session_start() })).unwrap();
    assert_eq!(both(|raw| raw.raw(pretty.as_bytes())), (vec![Rule::PrettyPrinted], true));
    let spaced = json!({ "event": session_start() }).to_string().replace(':', ": ").replace(',', ", ");
    assert_eq!(both(|raw| raw.raw(format!("{spaced}\n").as_bytes())), (vec![], false));
}

#[test]
fn an_unknown_event_in_place_of_session_end() {
    let play = |raw: &mut Raw| {
        live(raw);
        raw.send(content_end("a"));
        raw.send(prompt_end());
        raw.send(json!({ "connectionEnd": {} }));
    };
    assert_eq!(both(play), (vec![Rule::UnknownForSessionEnd], true));
    let mut raw = setup().start();
    live(&mut raw);
    raw.send(json!({ "sessionUpdate": {} }));
    assert!(raw.message().contains("Invalid input request"), "elsewhere it is refused");
}

#[test]
fn an_audio_block_left_open_and_no_closing_events() {
    let play = |raw: &mut Raw| {
        live(raw);
        raw.end_input();
    };
    assert_eq!(both(play), (vec![Rule::AudioOpenAtEnd, Rule::NoClosingEvents], true));
    let play = |raw: &mut Raw| {
        raw.open();
        raw.end_input();
    };
    assert_eq!(both(play), (vec![Rule::NoClosingEvents], true));
    let mut raw = setup().start();
    live(&mut raw);
    raw.send(content_end("a"));
    raw.end_input();
    assert!(raw.message().contains("The following prompts were not closed: [p]"), "half closed is not on the list");
}

#[test]
fn an_abrupt_close_behind_the_end_is_noted_in_both_modes() {
    let play = |raw: &mut Raw| {
        live(raw);
        raw.close();
        raw.end_input();
        assert!(raw.ended.is_some());
        raw.vanish();
    };
    assert_eq!(both(play), (vec![Rule::AbruptClose], false));
    let mut raw = setup().start();
    live(&mut raw);
    raw.vanish();
    assert!(raw.engine.breaches().is_empty() && raw.engine.wake().is_none());
}

#[test]
fn a_client_in_order_leaves_nothing() {
    let play = |raw: &mut Raw| {
        live(raw);
        raw.ask();
        raw.silence(9000);
        raw.close();
        raw.end_input();
    };
    assert_eq!(both(play), (vec![], false));
    assert_eq!(both(Raw::end_input), (vec![], false));
}
