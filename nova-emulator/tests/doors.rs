//! Who is let in, and what the others are told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use bedrock_nova_emulator::{
    Emulator, Strictness, Switches,
    server::{Ended, Protocol, Signature},
    sigv4::Credentials,
};
use support::{Heard, Opening, Road, events, idle, pipe::Http2, signer::Signer, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_wrong_secret_is_refused_on_every_road() {
    let emulator = Emulator::start().await.unwrap();
    for road in Road::ALL {
        let mut opening = Opening::new(&emulator, road);
        opening.signer = Signer::new(emulator.access_key(), "another secret");
        let mut call = opening.open(&emulator).await;
        assert_eq!(call.status().await, 403, "{road:?}");
        assert!(call.headers().await.contains_key("x-amzn-requestid"));
        let (kind, message) = call.error().await;
        assert_eq!(kind, "InvalidSignatureException");
        assert!(message.starts_with("The request signature we calculated does not match"), "{message}");
        call.up.end();
        idle(&emulator).await;
        let report = emulator.sessions().pop().unwrap();
        assert_eq!(report.signature, Signature::Refused);
        assert_eq!(report.ended, Some(Ended::Refused { status: 403, name: kind }));
    }
    let roads: Vec<_> = emulator.sessions().iter().map(|report| report.protocol).collect();
    assert_eq!(roads, [Protocol::Http2Clear, Protocol::Http2Tls, Protocol::Http1Clear, Protocol::Http1Tls]);
}

#[tokio::test]
async fn strangers_clocks_and_tokens_get_the_service_s_words() {
    let emulator = Emulator::start().await.unwrap();
    let told = async |change: &dyn Fn(&mut Opening)| {
        let mut opening = Opening::new(&emulator, Road::H2Tls);
        change(&mut opening);
        opening.open(&emulator).await.error().await
    };
    let (kind, _) = told(&|opening| opening.signer = Signer::new("AKIDOTHER", "x")).await;
    assert_eq!(kind, "UnrecognizedClientException");
    let (kind, message) = told(&|opening| opening.signer.skew = -400).await;
    assert_eq!(kind, "InvalidSignatureException");
    assert!(message.starts_with("Signature expired: "), "{message}");
    let (_, message) = told(&|opening| opening.signer.skew = 400).await;
    assert!(message.starts_with("Signature not yet current: "), "{message}");
    let (kind, message) = told(&|opening| opening.model = "amazon.nova-pro-v1:0".to_owned()).await;
    assert_eq!((&kind[..], &message[..]), ("ValidationException", "The provided model identifier is invalid."));
    let (kind, message) = told(&|opening| opening.headers.push(("x-bedrock-nova-fault", "nonsense".to_owned()))).await;
    assert_eq!(kind, "ValidationException");
    assert!(message.contains("nonsense"), "{message}");
    let (_, message) = told(&|opening| opening.headers.push(("x-bedrock-nova-scenario", "opera".to_owned()))).await;
    assert!(message.contains("opera"), "{message}");
}

#[tokio::test]
async fn a_bearer_token_is_refused_with_what_to_do() {
    let emulator = Emulator::start().await.unwrap();
    let url = format!("{}/model/amazon.nova-2-5-sonic/invoke-with-bidirectional-stream", emulator.h2c_url());
    let connection = Http2::connect(&emulator, Road::H2c).await;
    let head = http::Request::post(url).header("authorization", "Bearer secret");
    let (_up, mut pending) = support::pipe::on(&connection, head).await;
    let response = support::soon("a refusal", pending.response()).await.unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(response.headers()["x-amzn-errortype"], "AccessDeniedException");
}

#[tokio::test]
async fn v1_is_alive_or_retired() {
    let mut switches = Switches::default();
    switches.set("model-v1=retired").unwrap();
    let emulator = Emulator::builder().switches(switches).start().await.unwrap();
    let mut call = Opening::new(&emulator, Road::H2Tls).model("amazon.nova-sonic-v1:0").open(&emulator).await;
    assert_eq!(call.status().await, 404);
    let (kind, message) = call.error().await;
    assert_eq!(kind, "ResourceNotFoundException");
    assert!(message.contains("end of its life"), "{message}");
}

#[tokio::test]
async fn other_paths_are_told_what_there_is() {
    let emulator = Emulator::start().await.unwrap();
    let connection = Http2::connect(&emulator, Road::H2Tls).await;
    let get = async |method: &str, path: &str| {
        let url = format!("{}{path}", emulator.tls_url());
        let head = http::Request::builder().method(method).uri(url);
        let (mut up, mut pending) = support::pipe::on(&connection, head).await;
        up.end();
        let (head, mut body) = support::soon("an answer", pending.response()).await.unwrap().into_parts();
        let mut text = Vec::new();
        while let Some(piece) = body.next().await {
            text.extend(piece.unwrap());
        }
        (head, String::from_utf8(text).unwrap())
    };
    let (head, text) = get("GET", "/").await;
    assert_eq!(
        (head.status.as_u16(), &head.headers["content-type"]),
        (200, &"text/plain; charset=utf-8".parse().unwrap())
    );
    assert!(text.contains("emulator") && text.contains("scripted"), "{text}");
    let (head, text) = get("POST", "/model/amazon.nova-pro-v1%3A0/converse").await;
    assert_eq!(
        (head.status.as_u16(), head.headers["x-amzn-errortype"].as_bytes()),
        (404, &b"UnknownOperationException"[..])
    );
    assert!(text.starts_with(r#"{"message":"#), "{text}");
    assert!(emulator.sessions().is_empty());
}

#[tokio::test]
async fn a_client_that_expects_a_go_ahead_gets_it() {
    let emulator = Emulator::start().await.unwrap();
    let mut opening = Opening::new(&emulator, Road::Http1Clear);
    let mut head = format!("POST {PATH} HTTP/1.1\r\nhost: {}\r\n", emulator.h2c_address());
    for (name, value) in opening.signer.request(&emulator.h2c_address().to_string(), PATH) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("transfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n");
    let mut socket = support::pipe::tcp(&emulator, Road::Http1Clear).await;
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 25];
    support::soon("100 Continue", socket.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
}

#[tokio::test]
async fn http2_needs_no_alpn() {
    let emulator = Emulator::start().await.unwrap();
    let io = support::pipe::tls_without_alpn(&emulator).await;
    let connection = Http2::over(io).await;
    let mut call = Opening::new(&emulator, Road::H2Tls).open_on(&emulator, &connection).await;
    call.say_all(&events::opening()).await;
    assert_eq!(call.status().await, 200);
}

#[tokio::test]
async fn a_broken_chain_ends_the_stream_before_and_behind_the_headers() {
    let emulator = Emulator::start().await.unwrap();
    let mut call = Opening::new(&emulator, Road::H2Tls).open(&emulator).await;
    call.say(&events::session_start()).await;
    call.signer.forget();
    call.say(&events::prompt_start()).await;
    assert_eq!(call.status().await, 403);
    assert_eq!(call.error().await.0, "InvalidSignatureException");
    call.up.end();
    idle(&emulator).await;
    assert_eq!(emulator.sessions().pop().unwrap().signature, Signature::Broken);

    let mut call = Opening::new(&emulator, Road::H2Tls).open(&emulator).await;
    call.say_all(&events::opening()).await;
    assert_eq!(call.status().await, 200);
    call.signer.forget();
    call.say(&events::audio_start()).await;
    let Heard::Error { code, .. } = call.last().await else { panic!("an error message was to come") };
    assert_eq!(code, "InvalidSignatureException");
    assert_eq!(call.hear().await, Heard::End);
}

#[tokio::test]
async fn garbage_in_a_signed_frame_is_refused() {
    let emulator = Emulator::start().await.unwrap();
    for garbage in [&b"no frame"[..], b"\0\0\0\x10\0\0\0\0\x05\xc2\x48\xeb\x7d\x98\xc8\xff"] {
        let mut call = Opening::new(&emulator, Road::H2Tls).open(&emulator).await;
        let frame = call.signer.outer(garbage);
        call.up.send(frame).await;
        assert_eq!(call.status().await, 400);
        let (kind, message) = call.error().await;
        assert_eq!(kind, "ValidationException");
        assert!(message.starts_with("Unable to parse input chunk."), "{message}");
    }
    let mut call = Opening::new(&emulator, Road::H2Tls).open(&emulator).await;
    call.up.send(b"not even a frame, though long enough".to_vec()).await;
    assert_eq!(call.status().await, 400);
}

#[tokio::test]
async fn without_the_empty_message_strict_is_not_content() {
    for (strictness, status) in [(Strictness::Tolerant, 200), (Strictness::Strict, 403)] {
        let emulator = Emulator::builder().strictness(strictness).start().await.unwrap();
        let mut call = Opening::new(&emulator, Road::H2Tls).open(&emulator).await;
        call.say(&events::session_start()).await;
        call.say(&events::closing()[2]).await;
        call.up.end();
        assert_eq!(call.status().await, status, "{strictness:?}");
    }
}

#[tokio::test]
async fn the_stream_over_the_limit_is_throttled() {
    let emulator = Emulator::builder().stream_limit(2).start().await.unwrap();
    let connection = Http2::connect(&emulator, Road::H2Tls).await;
    let mut calls = Vec::new();
    for _ in 0..2 {
        let mut call = Opening::new(&emulator, Road::H2Tls).open_on(&emulator, &connection).await;
        call.say_all(&events::opening()).await;
        assert_eq!(call.status().await, 200);
        calls.push(call);
    }
    let mut third = Opening::new(&emulator, Road::H2Tls).open_on(&emulator, &connection).await;
    assert_eq!(third.status().await, 429);
    assert_eq!(third.error().await.0, "ThrottlingException");
    third.up.end();
    calls.pop().unwrap().up.reset();
    until(&emulator, "a free place", |_| {
        emulator.sessions().iter().filter(|report| report.ended.is_none()).count() == 1
    })
    .await;
    let mut fourth = Opening::new(&emulator, Road::H2Tls).open_on(&emulator, &connection).await;
    fourth.say_all(&events::opening()).await;
    assert_eq!(fourth.status().await, 200);
}

#[tokio::test]
async fn a_connection_announces_its_limit_and_holds_it() {
    let emulator = Emulator::builder().streams_per_connection(3).start().await.unwrap();
    let mut connection = Http2::connect(&emulator, Road::H2Tls).await;
    connection.ping().await;
    assert_eq!(connection.send.current_max_send_streams(), 3);
}

#[tokio::test]
async fn credentials_can_be_chosen_and_a_token_demanded() {
    let credentials = Credentials::new("AKIDMINE", "mine").with_session_token("token");
    let emulator = Emulator::builder().credentials(credentials).start().await.unwrap();
    assert_eq!((emulator.access_key(), emulator.secret_key()), ("AKIDMINE", "mine"));
    let mut call = Opening::new(&emulator, Road::H2Tls).open(&emulator).await;
    assert_eq!(call.error().await.0, "UnrecognizedClientException");
}

#[tokio::test]
async fn without_a_secret_anything_signed_passes() {
    let mut switches = Switches::default();
    switches.set("signatures=decode-only").unwrap();
    let emulator = Emulator::builder().switches(switches).start().await.unwrap();
    let mut opening = Opening::new(&emulator, Road::H2Tls);
    opening.signer = Signer::new("anybody", "anything");
    let mut call = opening.open(&emulator).await;
    call.say_all(&events::opening()).await;
    assert_eq!(call.status().await, 200);
    assert_eq!(emulator.sessions()[0].signature, Signature::Unchecked);
}

const PATH: &str = "/model/amazon.nova-2-sonic-v1%3A0/invoke-with-bidirectional-stream";
