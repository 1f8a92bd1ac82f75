//! Whatever a person gets wrong: within five seconds one clear sentence that says what to do, and an exit code.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::net::TcpListener;
use std::time::Duration;

use support::{Home, Ran, finish, question};

/// The time a person waits.
const WAIT: Duration = Duration::from_secs(5);

/// Points the library's last resort, instance metadata, at a closed port: a machine that is not Amazon's.
const NO_METADATA: (&str, &str) = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");

/// Checks that a run ended with this code and with a sentence that holds all of these words.
#[track_caller]
fn refused(ran: &Ran, code: &str, words: &[&str]) {
    assert!(ran.code.is_some_and(|exit| exit != 0), "exit code {:?}: {ran:?}", ran.code);
    assert!(ran.took < WAIT, "it took {:?}: {ran:?}", ran.took);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines.len(), 2, "a sentence and its code: {ran:?}");
    assert!(lines[0].starts_with("error: "), "{ran:?}");
    assert!(lines[1].contains(&format!("code: {code}")), "{ran:?}");
    for word in words {
        assert!(lines[0].contains(word), "{word:?} is missing: {}", lines[0]);
    }
    for bad in ["panicked", "backtrace", "stack", "RUST_"] {
        assert!(!ran.err.contains(bad) && !ran.out.contains(bad), "{ran:?}");
    }
}

#[test]
fn files_that_are_no_recordings() {
    let home = Home::new();
    home.file("notes.wav", "Dear diary, this is no sound at all.");
    home.file("song.wav", b"ID3\x04\0\0\0\0\0\x21TSSE\0\0\0\x0f\0\0\x03Lavf58");
    home.file("frames.wav", [&[0xff_u8, 0xfb, 0x90, 0x64][..], &[0; 400]].concat());
    home.file("empty.wav", "");
    home.file("cut.wav", b"RIFF\x24\0\0\0WAVEfmt ");
    home.wav("silent.wav", 16_000, &[]);
    std::fs::create_dir(home.path().join("folder.wav")).unwrap();
    for (file, code, words) in [
        ("notes.wav", "not-wav", ["looks like text", "ffmpeg -i"]),
        ("song.wav", "not-wav", ["an MP3", "ffmpeg -i"]),
        ("frames.wav", "not-wav", ["an MP3", "-ar 16000"]),
        ("empty.wav", "empty-file", ["empty (0 bytes)", "Record again"]),
        ("cut.wav", "broken-wav", ["ends too early", "convert it"]),
        ("silent.wav", "empty-wav", ["without any sound", "another file"]),
        ("missing.wav", "missing-file", ["no file missing.wav", "Check the path"]),
        ("folder.wav", "unreadable-file", ["is a folder", "one by one"]),
    ] {
        refused(&home.run(&["talk", file, "--emulator"]), code, &words);
        assert!(!home.path().join("out").exists(), "nothing is begun for {file}");
    }
}

#[test]
fn a_float_wav() {
    let home = Home::new();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(home.path().join("float.wav"), spec).unwrap();
    for n in 0..16_000 {
        writer.write_sample((n as f32 / 20.0).sin()).unwrap();
    }
    writer.finalize().unwrap();
    refused(&home.run(&["talk", "float.wav", "--emulator"]), "float-wav", &["floating-point", "pcm_s16le"]);
}

#[test]
fn names_that_nobody_has() {
    let home = Home::new();
    home.wav("hello.wav", 16_000, &question("who"));
    let ran = home.run(&["talk", "hello.wav", "--emulator", "--voice", "Tifany"]);
    refused(&ran, "E-VOICE1", &["no voice \"Tifany\"", "matthew", "\"tiffany\"", "bedrock-nova voices"]);
    refused(&home.run(&["voices", "--model", "nova-99"]), "unknown-model", &["nova-99", "bedrock-nova models"]);
    refused(&home.run(&["emulate", "--scenario", "nothing"]), "missing-file", &["\"nothing\"", "small_talk"]);
    refused(&home.run(&["emulate", "--switch", "headers=later"]), "switch", &["after-system", "--switch list"]);
    let ran = home.run(&["probe", "--endpoint", "http://127.0.0.1:1", "--only", "99"]);
    refused(&ran, "unknown-question", &["\"99\"", "1a"]);
}

#[test]
fn folders_that_cannot_be_written() {
    let home = Home::new();
    home.wav("hello.wav", 16_000, &question("who"));
    home.file("a-file", "in the way");
    let ran = home.run(&["talk", "hello.wav", "--emulator", "--out", "a-file/out"]);
    refused(&ran, "unwritable-out", &["a-file/out", "--out"]);
    refused(&home.run(&["demo", "--out", "a-file"]), "unwritable-out", &["a-file", "--out"]);
    refused(
        &home.run(&["emulate", "--h2c", "127.0.0.1:0", "--tls", "127.0.0.1:0", "--cert-dir", "a-file/certs"]),
        "certificates",
        &["a-file/certs", "--cert-dir"],
    );
}

#[test]
fn files_that_are_no_flight_logs() {
    let home = Home::new();
    home.file("notes.txt", "Dear diary.\n");
    home.file("empty.jsonl", "");
    home.file("events.jsonl", "{\"seq\":1,\"type\":\"connected\"}\n");
    home.file("newer.jsonl", "{\"flightLog\":99}\n");
    home.file("noise.jsonl", [0xff_u8; 300]);
    for (file, code, words) in [
        ("notes.txt", "flight-log", ["Line 1", "no JSON"]),
        ("empty.jsonl", "flight-log", ["empty", "0 bytes"]),
        ("events.jsonl", "flight-log", ["Line 1", "does not begin"]),
        ("newer.jsonl", "flight-log", ["form 99", "Use the version"]),
        ("noise.jsonl", "flight-log", ["Line 1", "no JSON"]),
        ("missing.jsonl", "missing-file", ["no file", "--record"]),
    ] {
        let ran = home.run(&["replay", file]);
        refused(&ran, code, &words);
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
    let ran = home.run(&["demo", "--record", "no/such/folder.jsonl"]);
    refused(&ran, "unwritable-record", &["no/such/folder.jsonl", "folder that exists"]);
}

#[test]
fn a_port_that_is_taken() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for option in ["--h2c", "--tls"] {
        let other = if option == "--tls" { "--h2c" } else { "--tls" };
        let ran = home.run(&["emulate", option, &address, other, "127.0.0.1:0"]);
        refused(&ran, "port-taken", &[&address, "in use", "port 0"]);
    }
}

/// Calls Amazon's address space from a machine with no more than this environment.
fn call(home: &Home, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    home.wav("hello.wav", 16_000, &question("who"));
    let mut command = home.command(&[&["talk", "hello.wav"], arguments].concat());
    command.envs([NO_METADATA]).envs(environment.iter().copied());
    finish(command)
}

#[test]
fn no_credentials() {
    let home = Home::new();
    let ran = call(&home, &["--region", "us-east-1"], &[]);
    refused(&ran, "no-credentials", &["No AWS credentials", "aws configure"]);
    let left = std::fs::read_dir(home.path().join("out")).unwrap().count();
    assert_eq!(left, 0, "a call that never was leaves no files");
}

#[test]
fn an_expired_profile() {
    let home = Home::new();
    let give = "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"planted\",\
                \"SessionToken\":\"planted\",\"Expiration\":\"2020-01-01T00:00:00Z\"}'\n";
    let script = home.file("give.sh", give);
    let config = format!("[profile old]\nregion = us-east-1\ncredential_process = /bin/sh {}\n", script.display());
    home.file(".aws/config", config);
    let ran = call(&home, &["--profile", "old"], &[]);
    refused(&ran, "expired-credentials", &["expired", "aws sso login"]);
    assert!(!ran.err.contains("planted"), "{ran:?}");
}

#[test]
fn an_sso_sign_in_that_has_ended() {
    let home = Home::new();
    home.file(
        ".aws/config",
        "[profile work]\nregion = us-east-1\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Voice\n\
         [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n\
         sso_registration_scopes = sso:account:access\n",
    );
    // The file is named after the SHA-1 of the session's name.
    home.file(
        ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
        r#"{"accessToken":"planted","expiresAt":"2020-01-01T00:00:00Z","region":"us-east-1","startUrl":"https://corp.awsapps.com/start"}"#,
    );
    let ran = call(&home, &["--profile", "work"], &[]);
    refused(&ran, "sso-expired", &["aws sso login --profile work"]);
}

#[test]
fn only_a_bedrock_api_key() {
    let key = ("AWS_BEARER_TOKEN_BEDROCK", "planted-api-key");
    let ran = call(&Home::new(), &["--region", "us-east-1"], &[key]);
    refused(&ran, "bearer-token-only", &["no Bedrock API key", "aws configure"]);
    assert!(!ran.err.contains("planted"), "{ran:?}");
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "planted")];

#[test]
fn no_region() {
    let ran = call(&Home::new(), &[], &KEYS);
    refused(&ran, "no-region", &["No AWS region", "AWS_REGION"]);
}

#[test]
fn an_endpoint_that_nobody_answers_at() {
    for (url, code, word) in [
        ("http://127.0.0.1:1", "unreachable", "127.0.0.1:1"),
        ("https://127.0.0.1:1", "unreachable", "127.0.0.1:1"),
        ("https://no.such.host.invalid", "unreachable", "no.such.host.invalid"),
        ("localhost:8472", "endpoint", "localhost:8472"),
    ] {
        let ran = call(&Home::new(), &["--region", "us-east-1", "--endpoint", url], &KEYS);
        refused(&ran, code, &[word]);
    }
}

#[test]
fn a_certificate_that_nobody_trusts() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(bedrock_nova_emulator::Emulator::start()).unwrap();
    let home = Home::new();
    let url = emulator.tls_url();
    let ran = call(&home, &["--region", "us-east-1", "--endpoint", &url], &KEYS);
    refused(&ran, "untrusted-certificate", &["certificate", "AWS_CA_BUNDLE"]);
    let ran = call(&home, &["--region", "us-east-1", "--endpoint", &url, "--ca-bundle", "none.pem"], &KEYS);
    refused(&ran, "missing-file", &["none.pem", "--ca-bundle"]);
}

#[test]
fn no_player() {
    let home = Home::new();
    home.wav("hello.wav", 16_000, &question("who"));
    let mut command = home.command(&["talk", "hello.wav", "--emulator", "--play"]);
    command.env("PATH", home.path());
    refused(&finish(command), "no-player", &["aplay", "--play"]);
}
