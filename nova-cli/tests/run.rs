//! Whole runs of the command against the emulator, in child processes: what a person sees, hears and keeps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use support::files::{Files, rms};
use support::{Home, Running, question};

/// A run of the demonstration takes some 25 s; the rest is for a machine with other work.
const RUN: Duration = Duration::from_secs(90);

#[test]
fn the_demo_holds_a_spoken_conversation() {
    let home = Home::new();
    let ran = Running::start(home.command(&["demo", "--record", "flight.jsonl"])).end_within(RUN);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.took < Duration::from_secs(40), "a demonstration of {:?}", ran.took);
    assert!(ran.err.is_empty() && !ran.out.contains('\x1b'), "{ran:?}");
    for words in
        ["LOCAL EMULATOR", "scripted", "you   Hello, who are you?", "nova  Hello!", "first sound after", "timeline.svg"]
    {
        assert!(ran.out.contains(words), "{words:?} is missing: {}", ran.out);
    }
    let out = home.path().join("out");
    assert!(ran.out.contains(out.canonicalize().unwrap().to_str().unwrap()), "the folder is told: {}", ran.out);

    let files = Files::read(&out);
    assert_eq!(files.turns().len(), 3);
    for turn in 0..3 {
        assert_eq!(files.turns()[turn]["end"], "answered");
        assert!(files.turns()[turn]["firstAudioMs"].as_u64().is_some());
        files.check_answer(turn);
    }
    assert_eq!(files.said(1, "user"), "What can you do for me?");
    assert!(files.said(2, "assistant").contains("Have a nice day!"));
    // Nothing but the answers sounds on the right, all of them do, and the left holds the questions.
    files.check_nothing_else();
    let (came, sounds) = (files.answered_ms(), Files::sounding_ms(&files.right));
    assert!(sounds.abs_diff(came) < 1000, "{came} ms came, {sounds} ms sound");
    let asked: usize = ["who", "what", "bye"].map(|name| question(name).len() * 1000 / 16_000).iter().sum();
    let sent = Files::sounding_ms(&files.left);
    assert!(sent.abs_diff(asked) < 1000, "{asked} ms were recorded, {sent} ms were sent");
    assert!(rms(&files.left) > 500.0);
    assert_eq!(files.events.last().unwrap()["type"], "closed");
    assert_eq!(files.transcript["closed"], "finished");
    assert_eq!(files.transcript["scripted"], true);

    // What was said is not in the log, and the call is the same without it.
    let log = std::fs::read_to_string(home.path().join("flight.jsonl")).unwrap();
    assert!(!log.contains("who are you") && !log.contains("friendly voice") && log.ends_with("}}\n"));
    let played = home.run(&["replay", "flight.jsonl"]);
    assert_eq!(played.code, Some(0), "{played:?}");
    for words in ["without its words", "connected", "closed: Finished", "1 sessions, 3 turns (3 answered)", "same: "] {
        assert!(played.out.contains(words), "{words:?} is missing: {}", played.out);
    }
}

#[test]
fn a_call_in_full_is_played_again_and_a_change_is_found() {
    let home = Home::new();
    home.wav("hello.wav", 16_000, &question("who"));
    let talk = ["talk", "hello.wav", "--emulator", "--record-in-full", "flight.jsonl"];
    let ran = Running::start(home.command(&talk)).end_within(RUN);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let log = std::fs::read_to_string(home.path().join("flight.jsonl")).unwrap();
    assert!(log.contains("Hello, who are you?"), "in full");
    let played = home.run(&["replay", "flight.jsonl"]);
    assert!(played.code == Some(0) && played.out.contains("in full"), "{played:?}");

    let changed = log.replacen("\"stage\":\"speculative\"", "\"stage\":\"final\"", 1);
    let line = 1 + log.lines().zip(changed.lines()).position(|(was, is)| was != is).unwrap();
    home.file("changed.jsonl", changed);
    let played = home.run(&["replay", "changed.jsonl"]);
    assert_eq!(played.code, Some(1), "{played:?}");
    assert!(played.err.contains(&format!("from line {line} on")) && played.err.contains("code: differs"), "{played:?}");
    for words in
        ["in /stage\n  recorded  \"final\"\n  now       \"speculative\"", "Transcript {", "made of recorded sentences"]
    {
        assert!(played.out.contains(words), "{words:?} is missing: {}", played.out);
    }

    // Whoever wrote it was stopped: in the middle of a line, between two lines, or before a slow disk.
    let half = log.len() / 2;
    let between = half + log[half..].find('\n').unwrap() + 1;
    let (inside, words) = (&log[..between + 9], ["is cut", "Played up to there", "same: "]);
    home.file("cut.jsonl", inside);
    let played = home.run(&["replay", "cut.jsonl"]);
    assert!(played.code == Some(0) && words.iter().all(|words| played.out.contains(words)), "{played:?}");
    home.file("cut.jsonl", &log[..between]);
    let played = home.run(&["replay", "cut.jsonl"]);
    assert!(played.code == Some(0) && played.out.contains("without its last line"), "{played:?}");
    let missing = format!("{}{{\"missing\":{{\"inputs\":3,\"outputs\":5}}}}\n{}", &log[..between], &log[between..]);
    home.file("missing.jsonl", missing);
    let played = home.run(&["replay", "missing.jsonl"]);
    assert!(played.code == Some(0) && played.out.contains("3 inputs and 5 outputs are missing"), "{played:?}");

    let bad = format!("{}nonsense\n{}", &log[..between], &log[between..]);
    let number = 1 + log[..between].lines().count();
    home.file("bad.jsonl", bad);
    let played = home.run(&["replay", "bad.jsonl"]);
    assert_eq!(played.code, Some(2), "{played:?}");
    assert!(played.err.contains(&format!("Line {number} of the flight log cannot be read")), "{played:?}");
}

/// Starts `emulate` and returns it with what a client needs: URL and environment.
fn emulate(home: &Home, arguments: &[&str]) -> (Running, String, Vec<(String, String)>) {
    let certs = home.path().join("certs");
    let fixed = ["emulate", "--h2c", "127.0.0.1:0", "--tls", "127.0.0.1:0", "--cert-dir", certs.to_str().unwrap()];
    let mut running = Running::start(home.command(&[&fixed[..], arguments].concat()));
    running.wait_for("Ready");
    let pair = |line: &String| {
        let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
        Some((name.to_owned(), value.trim_matches('\'').to_owned()))
    };
    let environment: Vec<(String, String)> = running.seen().iter().filter_map(pair).collect();
    let url = environment.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL_BEDROCK_RUNTIME").unwrap().1.clone();
    (running, url, environment)
}

#[test]
fn recordings_of_any_rate_become_turns_and_the_emulator_has_no_complaint() {
    let home = Home::new();
    let (mut emulator, url, environment) = emulate(&home, &["--strict"]);
    stereo_44100(&home, "first.wav", &question("who"));
    home.wav("second.wav", 8_000, &bedrock_nova_emulator::clips::question("bye").unwrap().at(8_000).pcm);

    // Nothing but the lines that `emulate` printed leads the client there.
    let mut command = home.command(&["talk", "first.wav", "second.wav", "--out", "call"]);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let ran = Running::start(command).end_within(RUN);
    assert_eq!(ran.code, Some(0), "{ran:?} at {url}");
    assert!(ran.out.contains("first.wav: stereo mixed to mono, 44100 Hz resampled to 16000 Hz."), "{}", ran.out);
    assert!(ran.out.contains("second.wav: 8000 Hz resampled to 16000 Hz"), "{}", ran.out);
    let files = Files::read(&home.path().join("call"));
    assert_eq!(files.turns().len(), 2);
    files.check_answer(0);
    files.check_answer(1);
    let second = files.transcript["sent"][1]["fromMs"].as_u64().unwrap();
    assert!(second > files.turns()[0]["playedMs"][1].as_u64().unwrap(), "the second waits until the first has sounded");

    emulator.wait_for("signatures verified");
    emulator.interrupt();
    let ran = emulator.end_within(Duration::from_secs(10));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let summary = "1 streams, 1 with verified signatures, 1 ended in order, 2 turns, 0 breaches.";
    assert!(ran.out.contains(summary), "{ran:?}");
}

#[test]
fn ctrl_c_leaves_whole_files() {
    let home = Home::new();
    home.wav("hello.wav", 16_000, &question("who"));
    let mut running = Running::start(home.command(&["talk", "hello.wav", "hello.wav", "--emulator"]));
    running.wait_for("nova  Hello!");
    running.wait_for("first sound after");
    running.interrupt();
    let ran = running.end_within(Duration::from_secs(10));
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert!(ran.err.contains("the files are whole"), "{ran:?}");
    let files = Files::read(&home.path().join("out"));
    assert_eq!(files.said(0, "user"), "Hello, who are you?");
    assert!(rms(&files.right) > 200.0, "what had sounded is kept: {}", rms(&files.right));
    let (came, sounds) = (files.answered_ms(), Files::sounding_ms(&files.right));
    assert!(sounds < came, "what had not sounded is not there: {sounds} of {came} ms");
}

#[test]
fn a_scenario_that_never_answers_ends_with_a_sentence() {
    let home = Home::new();
    let (_emulator, _, environment) = emulate(&home, &["--scenario", "silence"]);
    home.wav("hello.wav", 16_000, &question("who"));
    let mut command = home.command(&["talk", "hello.wav"]);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let ran = Running::start(command).end_within(RUN);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("hello.wav got no answer"), "{ran:?}");
    Files::read(&home.path().join("out"));
}

#[test]
fn voices_and_models_are_tables_and_json() {
    let home = Home::new();
    let voices = home.run(&["voices"]);
    assert_eq!(voices.code, Some(0));
    assert!(voices.out.contains("tiffany") && voices.out.contains("every language"), "{voices:?}");
    let json: serde_json::Value = serde_json::from_str(&home.run(&["voices", "--json"]).out).unwrap();
    assert_eq!(json["voices"].as_array().unwrap().len(), 16);
    let models = home.run(&["models"]);
    assert!(models.out.contains("amazon.nova-2-5-sonic") && models.out.contains("end of life"), "{models:?}");
    let json: serde_json::Value = serde_json::from_str(&home.run(&["models", "--json"]).out).unwrap();
    assert_eq!(json["speech"][0]["id"], "amazon.nova-sonic-v1:0");
}

fn stereo_44100(home: &Home, name: &str, mono_16k: &[i16]) {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(home.path().join(name), spec).unwrap();
    for n in 0..mono_16k.len() * 441 / 160 {
        let sample = mono_16k[n * 160 / 441];
        writer.write_sample(sample).unwrap();
        writer.write_sample(sample / 2).unwrap();
    }
    writer.finalize().unwrap();
}
