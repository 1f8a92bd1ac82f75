//! `serve`: it says where it is, answers, and ends in order; what it cannot read it names. All else is the contract's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use support::{Home, Running, finish};

const SOON: Duration = Duration::from_secs(20);

fn get(address: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_says_where_it_is_and_ends_in_order() {
    let home = Home::new();
    let mut running = Running::start(home.command(&["serve", "--emulator", "--scenario", "tools", "--port", "0"]));
    let line = running.wait_for("Talk at http://");
    assert!(running.seen()[0].contains("EMULATOR"), "{:?}", running.seen());
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap();
    let health = get(address, "/health");
    assert!(health.starts_with("HTTP/1.1 200") && health.contains(r#""endpoint":"emulator""#), "{health}");
    assert!(get(address, "/docs").contains("/session/start"));
    assert!(get(address, "/nowhere").contains(r#""code":"no-such-route""#));
    running.interrupt();
    let ran = running.end_within(SOON);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("Drained"), "{ran:?}");
}

#[test]
fn what_is_said_on_the_line_goes_before_the_environment() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--port", "0"]);
    command.env("PORT", "1").env("LOG_LEVEL", "ERROR").env("AWS_REGION", "us-east-1").env("MAX_SESSIONS", "7");
    let mut running = Running::start(command);
    running.wait_for("Talk at http://127.0.0.1:");
    running.wait_for("Calls go to aws; there may be 7 of them.");
    running.interrupt();
    let ran = running.end_within(SOON);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
}

#[test]
fn what_it_cannot_do_is_one_sentence() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (variable, value, code, sentence) in [
        ("SESSION_TIMEOUT", "soon", "configuration", "SESSION_TIMEOUT must be a number, 0 or more, not \"soon\"."),
        ("PORT", port.as_str(), "port-taken", "is in use by another program. Choose another port with --port"),
        ("EMULATOR_SCENARIO", "nobody", "missing-file", "There is no scenario \"nobody\""),
        ("SESSION_STORE", "redis://127.0.0.1:1/0", "store-unreachable", "The Redis server cannot be reached"),
    ] {
        let mut command = home.command(&["serve", "--emulator"]);
        command.env("PORT", "0").env("LOG_LEVEL", "ERROR").env(variable, value);
        let ran = finish(command);
        assert!(ran.code.is_some_and(|code| code != 0) && ran.took < SOON, "{ran:?}");
        assert_eq!(ran.err.lines().count(), 2, "{ran:?}");
        assert!(ran.err.contains(sentence) && ran.err.contains(&format!("code: {code}")), "{ran:?}");
    }
}
