//! Make before break: a call outlives its sessions, and nobody notices.

use std::sync::Arc;
use std::time::Duration;

use crate::duet::{Act, Duet};
use crate::script::config;
use bedrock_nova::sonic::{CloseReason, Config, Event, RenewReason, Role, SampleRate, ToolSpec, TurnEnd};
use bedrock_nova_emulator::{Scenario, Settings, Strictness, clips};
use serde_json::json;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn strict(scenario: Scenario) -> Settings {
    Settings { scenario: Arc::new(scenario), strictness: Strictness::Strict, ..Settings::default() }
}

fn question(name: &str) -> Vec<u8> {
    let clip = clips::question(name).unwrap().at(SampleRate::Hz16000.hz());
    clip.pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// A voice that never pauses long enough to be taken for the end of speech.
fn monologue(seconds: usize) -> Vec<u8> {
    let voice = question("weather");
    let loud: Vec<u8> =
        voice.chunks(2).filter(|s| i16::from_le_bytes([s[0], s[1]]).unsigned_abs() > 300).flatten().copied().collect();
    loud.iter().copied().cycle().take(seconds * 32_000).collect()
}

fn renewals(duet: &Duet) -> Vec<(u64, RenewReason, Duration, Duration)> {
    duet.events
        .iter()
        .filter_map(|stamped| match &stamped.event {
            Event::Renewed { reason, replayed, lost, .. } => Some((stamped.at.as_secs(), *reason, *replayed, *lost)),
            _ => None,
        })
        .collect()
}

fn assert_sound(duet: &Duet) {
    assert!(duet.breaches.is_empty(), "the service noted {:?}", duet.breaches);
    assert_eq!(duet.closed(), Some((CloseReason::Finished, None)));
    assert_eq!(duet.count(|event| matches!(event, Event::Reconnecting { .. })), 0);
}

#[test]
fn twenty_minutes_of_questions_and_answers() {
    let mut duet = Duet::new(Config::default(), strict(Scenario::small_talk()));
    for n in 0..60 {
        duet = duet.microphone(secs(5 + 20 * n), &question("weather"), 32_000);
    }
    duet = duet.at(secs(1_210), Act::Finish);
    duet.run(secs(1_300));
    assert_sound(&duet);
    assert_eq!(duet.turn_ends(), [TurnEnd::Answered; 60]);
    let renewals = renewals(&duet);
    assert_eq!(renewals.len(), 3, "{renewals:?}");
    for (_, reason, replayed, lost) in &renewals {
        assert_eq!((*reason, *lost), (RenewReason::Age, secs(0)));
        assert!(*replayed <= secs(1), "{renewals:?}");
    }
    let asked = duet.transcript().iter().filter(|(role, _, _)| *role == Role::User).count();
    assert_eq!(asked, 60, "nothing was heard twice");
}

#[test]
fn a_ten_minute_hold_survives() {
    let mut duet = Duet::new(Config::default(), strict(Scenario::small_talk()))
        .microphone(secs(2), &question("weather"), 32_000)
        .microphone(secs(610), &question("time"), 32_000)
        .at(secs(630), Act::Finish);
    duet.run(secs(700));
    assert_sound(&duet);
    assert_eq!(duet.turn_ends(), [TurnEnd::Answered; 2]);
    assert!(renewals(&duet).iter().all(|(_, reason, ..)| *reason == RenewReason::Silence), "{:?}", renewals(&duet));
    let idle = duet.count(|event| matches!(event, Event::UserIdle { .. }));
    assert!((8..=10).contains(&idle), "{idle} times in ten minutes");
}

#[test]
fn a_long_utterance_across_the_last_moment_arrives_whole() {
    let config = config(|config| config.renewal.from = 0.93);
    let mut duet = Duet::new(config, strict(Scenario::small_talk()));
    for n in 0..20 {
        duet = duet.microphone(secs(2 + 20 * n), &question("weather"), 32_000);
    }
    // From 7:12 on somebody talks for 40 s: the hand-over at 7:30 finds 18 s of it, of which 15 are told again.
    duet = duet.microphone(secs(432), &monologue(40), 32_000).at(secs(500), Act::Finish);
    duet.run(secs(600));
    assert_sound(&duet);
    let renewals = renewals(&duet);
    assert_eq!(renewals.len(), 1, "{renewals:?}");
    let (_, reason, replayed, lost) = renewals[0];
    assert_eq!(reason, RenewReason::Deadline);
    assert_eq!(replayed, secs(15));
    assert!(lost > secs(2) && lost < secs(4), "{lost:?}");
    assert_eq!(duet.turn_ends(), [TurnEnd::Answered; 21]);
}

#[test]
fn a_question_that_was_just_asked_is_answered_once() {
    for offset in (0..4_000).step_by(200) {
        let config = config(|config| {
            config.renewal.from = 0.1;
            config.renewal.at_the_latest = 0.125;
        });
        let asked = secs(60) - Duration::from_millis(offset);
        let mut duet = Duet::new(config, strict(Scenario::small_talk()))
            .microphone(secs(47), &question("weather"), 32_000)
            .microphone(asked, &question("weather"), 32_000)
            .at(secs(90), Act::Finish);
        duet.run(secs(120));
        assert_sound(&duet);
        let ends = duet.turn_ends();
        assert_eq!(ends, [TurnEnd::Answered; 2], "asked {offset} ms before the last moment: {:#?}", duet.transcript());
        let asked = duet.transcript().iter().filter(|(role, _, _)| *role == Role::User).count();
        assert_eq!(asked, 2, "{offset} ms: {:#?}", duet.transcript());
    }
}

#[test]
fn a_text_around_a_renewal_is_answered_aloud() {
    for offset in [-300i64, -100, -20, 0, 20, 100, 300] {
        let config = config(|config| {
            config.renewal.from = 0.1;
            config.renewal.at_the_latest = 0.125;
        });
        let at = Duration::from_millis((48_000 + offset) as u64);
        let mut duet = Duet::new(config, strict(Scenario::small_talk()))
            .at(at, Act::Type("Hello?".into()))
            .at(secs(80), Act::Finish);
        duet.run(secs(120));
        assert_sound(&duet);
        assert_eq!(duet.turn_ends(), [TurnEnd::Answered], "{offset} ms");
        assert!(duet.sound() > secs(1), "{offset} ms");
        assert!(!renewals(&duet).is_empty());
    }
}

#[test]
fn a_tool_at_work_at_the_last_moment_runs_once_and_is_answered() {
    let mut config = config(|config| {
        config.renewal.from = 0.1;
        config.renewal.at_the_latest = 0.125;
    });
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    config.tools = vec![ToolSpec::new("get_weather", "Tells the temperature in a city.", city).into()];
    let mut duet = Duet::new(config, strict(Scenario::tools()))
        .tool(secs(8), |_| Ok(json!({"temperature": 11})))
        .microphone(secs(54), &question("weather"), 32_000)
        .at(secs(100), Act::Finish);
    duet.run(secs(160));
    assert_sound(&duet);
    assert_eq!(duet.count(|event| matches!(event, Event::ToolCall(_))), 1);
    assert_eq!(duet.count(|event| matches!(event, Event::ToolDone { .. })), 1);
    assert_eq!(duet.turn_ends(), [TurnEnd::Answered], "{:#?}", duet.transcript());
}

#[test]
fn a_broken_link_in_mid_sentence_loses_no_word() {
    let mut duet = Duet::new(Config::default(), strict(Scenario::small_talk()))
        .microphone(secs(2), &monologue(12), 32_000)
        .at(secs(7), Act::Lose)
        .at(secs(40), Act::Finish);
    duet.run(secs(60));
    assert!(duet.breaches.is_empty(), "{:?}", duet.breaches);
    assert_eq!(duet.turn_ends(), [TurnEnd::Answered]);
    let renewals = renewals(&duet);
    assert_eq!(renewals.len(), 1);
    let (_, reason, replayed, lost) = renewals[0];
    assert_eq!((reason, lost), (RenewReason::Recovery, secs(0)));
    assert!(replayed >= secs(5), "{replayed:?}");
    assert_eq!(duet.count(|event| matches!(event, Event::InputDropped { .. })), 0);
    assert_eq!(duet.count(|event| matches!(event, Event::UserSpeechStarted { .. })), 1, "told once");
}
