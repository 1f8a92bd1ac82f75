//! `emulate` as the child of another program: one line tells where it is, and it does not outlive who started it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Home, Running};

const SOON: Duration = Duration::from_secs(20);

const FREE: [&str; 5] = ["emulate", "--h2c", "127.0.0.1:0", "--tls", "127.0.0.1:0"];

fn command(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(&[&FREE[..], arguments].concat());
    command.stdin(Stdio::piped());
    command
}

/// Returns the port of `scheme://host:port`.
fn port(url: &serde_json::Value) -> u16 {
    url.as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap()
}

#[test]
fn the_first_line_is_all_that_a_program_needs() {
    let home = Home::new();
    let mut running = Running::start(command(&home, &["--announce", "json", "--scenario", "tools"]));
    let line = running.wait_for("{");
    assert_eq!(running.seen(), [line.as_str()], "nothing stands before it");
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    for url in ["tls", "h2c"] {
        assert!(TcpStream::connect(("127.0.0.1", port(&told[url]))).is_ok(), "{told}");
    }
    assert!(std::fs::read_to_string(told["ca"].as_str().unwrap()).unwrap().contains("BEGIN CERTIFICATE"));
    assert_eq!(told["scenario"], "tools");
    let environment = &told["environment"];
    for (name, value) in [
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &told["tls"]),
        ("BEDROCK_NOVA_ENDPOINT", &told["tls"]),
        ("AWS_CA_BUNDLE", &told["ca"]),
        ("SSL_CERT_FILE", &told["ca"]),
        ("NODE_EXTRA_CA_CERTS", &told["ca"]),
    ] {
        assert_eq!(&environment[name], value, "{name}");
    }
    assert!(environment["AWS_ACCESS_KEY_ID"].is_string() && environment["AWS_SECRET_ACCESS_KEY"].is_string());
}

#[test]
fn the_end_of_standard_input_is_an_orderly_end() {
    let home = Home::new();
    let mut command = command(&home, &["--announce", "json", "--until-stdin-closes"]);
    let mut child = command.env("TMPDIR", home.path()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut running = Running::of(child);
    let told: serde_json::Value = serde_json::from_str(&running.wait_for("{")).unwrap();
    let ca = std::path::PathBuf::from(told["ca"].as_str().unwrap());
    assert!(ca.starts_with(home.path()) && ca.is_file(), "{told}");
    // Words say nothing; the end does.
    input.write_all(b"quit\n").unwrap();
    drop(input);
    let ran = running.end_within(SOON);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(
        ran.out.ends_with("0 streams, 0 with verified signatures, 0 ended in order, 0 turns, 0 breaches."),
        "{ran:?}"
    );
    assert!(!ca.exists(), "its certificates are gone with it");
}

#[test]
fn without_the_option_a_closed_standard_input_says_nothing() {
    let home = Home::new();
    let start = |option| {
        let mut command = command(&home, &[option]);
        command.stdin(Stdio::null());
        Running::start(command)
    };
    let mut running = start("--announce=json");
    let told: serde_json::Value = serde_json::from_str(&running.wait_for("{")).unwrap();
    // It has had time to read the end by then: a child with the option has ended, start to end, before this one is asked.
    assert_eq!(start("--until-stdin-closes").end_within(SOON).code, Some(0));
    assert!(TcpStream::connect(("127.0.0.1", port(&told["h2c"]))).is_ok());
    running.interrupt();
    assert_eq!(running.end_within(SOON).code, Some(0));
}

/// The parent holds both pipes and is killed without a chance to say anything, so the emulator's last words go nowhere.
#[cfg(target_os = "linux")]
#[test]
fn a_parent_that_is_killed_leaves_nothing_behind() {
    let home = Home::new();
    let (program, words) = (env!("CARGO_BIN_EXE_bedrock-nova"), FREE.join(" "));
    let script = format!(
        "mkfifo input output; '{program}' {words} --announce json --until-stdin-closes <input >output & echo $!; \
         exec 3>input 4<output; exec cat <&4"
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).env("TMPDIR", home.path()).current_dir(home.path());
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut parent = Running::start(shell);
    parent.wait_for("{");
    let stat = format!("/proc/{}/stat", parent.seen()[0]);
    let lives =
        || std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains("(bedrock-nova)") && !stat.contains(") Z "));
    assert!(lives());
    drop(parent);
    let until = Instant::now() + SOON;
    while lives() {
        assert!(Instant::now() < until, "the emulator lives on");
        std::thread::yield_now();
    }
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing but the two pipes: {left:?}");
}
