//! The official SDKs hold a conversation of two turns with the emulator.
//!
//! They need the SDKs, set up as `interop/README.md` says; `cargo xtask test` sets them up and runs them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::PathBuf, process::Stdio, time::Duration};

use bedrock_nova_emulator::{
    Emulator,
    server::{Closing, Ended, Protocol, Signature},
};
use serde_json::Value;
use tokio::{process::Command, time::timeout};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the AWS SDK for JavaScript"]
async fn javascript_over_tls() {
    let emulator = emulator().await;
    let mut node = javascript(&emulator.tls_url());
    node.env("NODE_EXTRA_CA_CERTS", emulator.ca_file());
    talk(&emulator, node, Protocol::Http2Tls).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the AWS SDK for JavaScript"]
async fn javascript_without_tls() {
    let emulator = emulator().await;
    talk(&emulator, javascript(&emulator.h2c_url()), Protocol::Http2Clear).await;
}

/// Over TLS only: without it the SDK's HTTP client speaks HTTP/1.1 and hangs (reference §1.9a).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the AWS SDK for Python"]
async fn python_over_tls() {
    let emulator = emulator().await;
    let mut python = Command::new(workspace().join("target/interop/python/bin/python"));
    python.arg(workspace().join("interop/python/talk.py")).arg(emulator.tls_url()).arg(MODEL);
    python.env("SSL_CERT_FILE", emulator.ca_file());
    talk(&emulator, python, Protocol::Http2Tls).await;
}

/// Runs a script to its end and compares what both sides saw.
async fn talk(emulator: &Emulator, mut script: Command, protocol: Protocol) {
    script.env("AWS_ACCESS_KEY_ID", emulator.access_key()).env("AWS_SECRET_ACCESS_KEY", emulator.secret_key());
    for variable in ["AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK"] {
        script.env_remove(variable);
    }
    script.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(Duration::from_secs(120), script.output()).await.unwrap().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{said}\n{complained}", output.status);
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!((&last["ok"]["transcripts"], &last["ok"]["answers"]), (&Value::from(2), &Value::from(2)), "{said}");

    emulator.wait_idle(Duration::from_secs(30)).await.unwrap();
    let sessions = emulator.sessions();
    let [session] = &sessions[..] else { panic!("{} sessions in place of one", sessions.len()) };
    assert_eq!(session.signature, Signature::Verified);
    assert_eq!(session.protocol, protocol);
    assert_eq!(session.closing, Some(Closing::EmptyMessage));
    assert_eq!(session.ended, Some(Ended::InOrder));
    assert!(session.breaches.is_empty(), "{:?}", session.breaches);
    let events = said.lines().count() as u64 - 1;
    assert_eq!(session.events_out, events, "what was sent and what the script heard");
}

fn javascript(endpoint: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(workspace().join("interop/js/talk.mjs")).arg(endpoint).arg(MODEL);
    node
}

async fn emulator() -> Emulator {
    Emulator::builder().pace(8.0).start().await.unwrap()
}

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

const MODEL: &str = "amazon.nova-2-sonic-v1:0";
