//! The example as its README runs it: the program itself, and the local Bedrock.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]

use std::process::Stdio;
use std::time::Duration;

use bedrock_nova_emulator::{Emulator, Scenario};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const DEADLINE: Duration = Duration::from_secs(20);

/// Starts the program on a free port; returns it with its address.
async fn start(emulator: &Emulator) -> (Child, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_bedrock-nova-example-axum"))
        .env("PORT", "0")
        .env("BEDROCK_NOVA_ENDPOINT", emulator.tls_url())
        .env("AWS_CA_BUNDLE", emulator.ca_file())
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", emulator.access_key())
        .env("AWS_SECRET_ACCESS_KEY", emulator.secret_key())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(DEADLINE, lines.next_line()).await.unwrap().unwrap().unwrap();
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap();
    (program, address.to_owned())
}

/// Sends a request and reads the answer until something is in it, or to its end.
async fn ask(address: &str, line: &str, body: &str, until: Option<&str>) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!("{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    let request = format!("{head}content-type: application/json\r\n\r\n{body}");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = async {
        while socket.read_buf(&mut answer).await.unwrap() > 0 {
            let text = String::from_utf8_lossy(&answer);
            if until.is_some_and(|until| text.contains(until)) {
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("in time");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn its_own_route_and_the_voice_api_stand_beside_each_other_and_its_tool_is_used() {
    let scenario = Scenario::named("tools").unwrap();
    let emulator = Emulator::builder().scenario(scenario).start().await.unwrap();
    let (_program, address) = start(&emulator).await;

    assert!(ask(&address, "GET /", "", None).await.contains("My service."));
    assert!(ask(&address, "GET /voice/", "", None).await.contains("<nova-voice"));
    assert!(ask(&address, "GET /voice/nova-voice.js", "", None).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&address, "PUT /voice/text", "", None).await.contains(r#""code":"method""#));
    let began = ask(&address, "POST /voice/session/start", "", None).await;
    let session = began.split(r#""session_id":""#).nth(1).unwrap().split('"').next().unwrap();
    let text = format!(r#"{{"session_id":"{session}","text":"What is the weather in Oslo?"}}"#);
    assert!(ask(&address, "POST /voice/text", &text, None).await.contains(r#"{"status":"ok"}"#));
    let stream = format!("GET /voice/events/stream/{session}");
    let told = ask(&address, &stream, "", Some("event: turnEnded")).await;
    assert!(told.contains("event: toolDone") && told.contains("11 degrees"), "{told}");
}
