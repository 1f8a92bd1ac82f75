//! The program in Rust prints what it should, and the page shows all three as they are. The other two are run by the tests
//! of their packages.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use bedrock_nova_emulator::Emulator;

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_both_sides() {
    let emulator = Emulator::start().await.unwrap();
    let mut hello = Command::new(env!("CARGO_BIN_EXE_hello"));
    hello
        .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", emulator.tls_url())
        .env("AWS_CA_BUNDLE", emulator.ca_file())
        .env("AWS_ACCESS_KEY_ID", emulator.access_key())
        .env("AWS_SECRET_ACCESS_KEY", emulator.secret_key())
        .env("AWS_REGION", "us-east-1")
        .env_remove("BEDROCK_NOVA_ENDPOINT")
        .env_remove("SSL_CERT_FILE");
    let ran = tokio::task::spawn_blocking(move || hello.output().unwrap()).await.unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), include_str!("../hello.txt"));
}

#[test]
fn the_page_shows_the_programs_as_they_are() {
    let page = include_str!("../../../docs/LANGUAGES.md");
    for (language, program) in [
        ("rust", include_str!("../hello.rs")),
        ("python", include_str!("../hello.py")),
        ("js", include_str!("../hello.mjs")),
    ] {
        // Without the line that says what it is, which the page says too.
        let (_, body) = program.split_once("\n\n").unwrap();
        assert!(page.contains(&format!("```{language}\n{body}```\n")), "docs/LANGUAGES.md shows another {language}");
    }
}
