//! `probe` against the emulator: every answer follows the switch that decides it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use bedrock_nova_emulator::{Emulator, Scenario, Switches};
use serde_json::Value;
use support::{Home, Running};

/// Asks questions of an emulator with these switches and returns `answers.json`.
fn probe(scenario: Scenario, switches: &[&str], only: &str) -> (Value, Home) {
    probe_at(1.0, scenario, switches, only)
}

/// The same with another clock.
fn probe_at(clock: f64, scenario: Scenario, switches: &[&str], only: &str) -> (Value, Home) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut positions = Switches::default();
    for switch in switches {
        positions.set(switch).unwrap();
    }
    let builder = Emulator::builder().scenario(scenario).switches(positions).clock(clock).stream_limit(20);
    let emulator = runtime.block_on(builder.start()).unwrap();
    let home = Home::new();
    let url = emulator.h2c_url();
    let mut command = home.command(&["probe", "--endpoint", &url, "--only", only, "--patience", "7"]);
    command.env("AWS_ACCESS_KEY_ID", emulator.access_key()).env("AWS_SECRET_ACCESS_KEY", emulator.secret_key());
    command.env("AWS_REGION", "us-east-1");
    let ran = Running::start(command).end_within(Duration::from_secs(120));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = std::fs::read_to_string(home.path().join("out/probe/answers.json")).unwrap();
    (serde_json::from_str(&text).unwrap(), home)
}

#[track_caller]
fn expect(answers: &Value, rows: &[(&str, &str)]) {
    for (id, words) in rows {
        let answer = answers["answers"].as_array().unwrap().iter().find(|row| row["question"] == *id).unwrap();
        let answer = answer["answer"].as_str().unwrap();
        assert!(answer.contains(words), "question {id}: {words:?} is not in {answer:?}");
    }
}

#[test]
fn what_the_reference_holds_for_likeliest() {
    let only = "1a,1b,2,3a,3b,3c,3d,4,5a,5b,9,11,12,14a,14b,14c,14d,15a,16";
    let (answers, home) = probe(Scenario::small_talk(), &[], only);
    expect(
        &answers,
        &[
            ("1a", "the closed SYSTEM block releases them"),
            ("1b", "HTTP 400"),
            ("2", "nothing within"),
            ("3a", "Invalid input request"),
            ("3b", "Invalid input request"),
            ("3c", "Invalid input request"),
            ("3d", "Invalid input request"),
            ("4", "System instructions are missing"),
            ("5a", "accepted"),
            ("5b", "accepted"),
            ("9", "userSpeechStart without completionId"),
            ("11", "no answer"),
            ("12", "refused"),
            ("14a", "1000000 accepted"),
            ("14b", "200000 accepted"),
            ("14c", "500000 accepted"),
            ("14d", "ThrottlingException"),
            ("15a", "answered"),
            ("16", "camila refused (ValidationException): Received invalid id: 'camila'"),
        ],
    );
    let traces = home.path().join("out/probe/traces");
    for entry in std::fs::read_dir(&traces).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let recording = bedrock_nova::transport::Recording::parse(&text).unwrap();
        assert!(!recording.lines().is_empty());
        assert!(!text.contains("small voice"), "the service's words are crossed out");
    }
    assert!(traces.join("9.jsonl").exists() && traces.join("12.jsonl").exists());
}

#[test]
fn the_other_positions() {
    let switches = [
        "headers=after-session-start",
        "early-fault=in-stream",
        "early-usage=on",
        "duplicate-names=accepted",
        "second-prompt=accepted",
        "missing-system=generic",
        "tool-choice=refused",
        "schema-keywords=refused",
        "boundary-completion-id=on",
        "prompt-end=flushes-pending",
        "unknown-tool-use=ignored",
        "large-max-tokens=refused",
        "large-text-input=refused",
        "text-after-audio=ignored",
        "extra-voices=accepted",
    ];
    let only = "1a,1b,2,3c,3d,4,5a,5b,9,11,12,14a,14b,15a,16";
    let (answers, _) = probe(Scenario::small_talk(), &switches, only);
    expect(
        &answers,
        &[
            ("1a", "sessionStart releases them"),
            ("1b", "in the stream behind a status 200"),
            ("2", "yes: usageEvent"),
            ("3c", "accepted"),
            ("3d", "accepted"),
            ("4", "Invalid input request"),
            ("5a", "Unable to parse"),
            ("5b", "Invalid input request"),
            ("9", "userSpeechStart with completionId"),
            ("11", "yes, it is answered"),
            ("12", "ignored"),
            ("14a", "10000 accepted, 10001 refused"),
            ("14b", "1000 accepted, 1100 refused"),
            ("15a", "taken, and not answered"),
            ("16", "camila accepted"),
        ],
    );
}

#[test]
fn tools_and_barge_in() {
    let (answers, _) = probe(Scenario::tools(), &[], "6,15b");
    expect(&answers, &[("6", "accepted"), ("15b", "answered")]);
    let switches = ["audio-while-tool-pending=refused", "tool-result-after-audio=refused"];
    let (answers, _) = probe(Scenario::tools(), &switches, "6,15b");
    expect(&answers, &[("6", "refused"), ("15b", "refused")]);

    let (answers, _) = probe(Scenario::long_answer(), &[], "10");
    expect(
        &answers,
        &[("10", "AUDIO contentEnd END_TURN, text { \"interrupted\" : true }, TEXT contentEnd INTERRUPTED")],
    );
    let switches = ["barge-in-audio-end=interrupted", "barge-in-json=compact"];
    let (answers, _) = probe(Scenario::long_answer(), &switches, "10");
    expect(&answers, &[("10", "AUDIO contentEnd INTERRUPTED, text {\"interrupted\":true}")]);
    let (answers, _) = probe(Scenario::long_answer(), &["barge-in-signal=speech-start-only"], "10");
    expect(&answers, &[("10", "userSpeechStart, AUDIO contentEnd PARTIAL_TURN")]);
}

#[test]
fn a_service_that_gives_up() {
    // With the clock at 60, 55 s are less than one, and eight minutes are eight seconds.
    let (answers, _) = probe_at(60.0, Scenario::small_talk(), &[], "7a,7b");
    expect(&answers, &[("7a", "less than 55 seconds"), ("7b", "InternalErrorCode=531")]);
    let (answers, _) = probe_at(60.0, Scenario::small_talk(), &["idle=295", "silence-cut=off"], "7a,7b");
    expect(&answers, &[("7a", "less than 295 seconds"), ("7b", "alive after")]);
    let (answers, _) = probe_at(60.0, Scenario::small_talk(), &["idle-silence=ignored"], "7b");
    expect(&answers, &[("7b", "less than 55 seconds")]);
}
