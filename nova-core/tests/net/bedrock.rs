//! The transport against the emulator over TLS: one test for each row of the table of SDK page §2.7, and more.

use std::time::{Duration, SystemTime};

use crate::support::speech::*;
use crate::support::{DEADLINE, bedrock_with, receive, send, soon, target};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use bedrock_nova::transport::{Bedrock, Failure, Opened, Transport};
use bedrock_nova_emulator::server::{Closing, Ended, Protocol, SessionReport, Signature};
use bedrock_nova_emulator::{Emulator, Scenario};
use bytes::Bytes;

#[tokio::test]
async fn a_whole_turn_goes_through_with_every_signature_right() {
    let (emulator, bedrock) = emulated("").await;
    let mut opened = call(&bedrock).await;
    let mut heard = Vec::new();
    loop {
        let payload = receive(&mut *opened.link).await.unwrap().unwrap();
        heard.push(name(&payload));
        if stop_reason(&payload) == "END_TURN" {
            break;
        }
    }
    assert!(heard.contains(&"audioOutput".to_owned()), "{heard:?}");
    for payload in closing() {
        send(&mut *opened.link, payload).await.unwrap();
    }
    opened.link.finish();
    while let Some(next) = receive(&mut *opened.link).await {
        heard.push(name(&next.unwrap()));
    }
    assert!(heard.contains(&"completionEnd".to_owned()), "{heard:?}");
    let report = ended(&emulator).await;
    assert_eq!((report.protocol, report.signature), (Protocol::Http2Tls, Signature::Verified));
    assert_eq!((report.closing, report.ended), (Some(Closing::EmptyMessage), Some(Ended::InOrder)));
    assert!(report.breaches.is_empty(), "{:?}", report.breaches);
    assert!(opened.request_id.is_some());
}

#[tokio::test]
async fn the_service_may_end_while_the_request_is_open() {
    let (emulator, bedrock) = emulated("end@input:6").await;
    let mut opened = faulty(&bedrock).await;
    assert_eq!(last(&mut opened).await, None);
    closes(&mut opened).await;
    assert_eq!(ended(&emulator).await.signature, Signature::Verified);
}

#[tokio::test]
async fn every_exception_in_the_stream_is_typed_and_carries_the_request_id() {
    for name in [
        "validationException",
        "throttlingException",
        "modelTimeoutException",
        "modelStreamErrorException",
        "internalServerException",
        "serviceUnavailableException",
    ] {
        let (emulator, bedrock) = emulated(&format!("{name}@input:6")).await;
        let mut opened = faulty(&bedrock).await;
        let end = last(&mut opened).await;
        let Some(Err(Failure::Service { name: got, status, message, request_id, original })) = end else {
            panic!("{name}: {end:?}")
        };
        assert_eq!(got, format!("{}{}", name[..1].to_uppercase(), &name[1..]));
        assert_eq!(status, None);
        assert!(!message.is_empty());
        assert_eq!((request_id.is_some(), request_id), (true, opened.request_id.clone()));
        assert_eq!(original.is_some(), name == "modelStreamErrorException", "{original:?}");
        closes(&mut opened).await;
        ended(&emulator).await;
    }
}

#[tokio::test]
async fn every_refused_opening_is_typed_with_status_and_request_id() {
    for (name, code) in [
        ("accessDeniedException", 403),
        ("resourceNotFoundException", 404),
        ("validationException", 400),
        ("serviceQuotaExceededException", 400),
        ("throttlingException", 429),
        ("modelNotReadyException", 429),
        ("modelTimeoutException", 408),
        ("modelErrorException", 424),
        ("modelStreamErrorException", 424),
        ("internalServerException", 500),
        ("serviceUnavailableException", 503),
    ] {
        let (emulator, bedrock) = emulated(&format!("{name}@opening")).await;
        let failure = soon(bedrock.open(target(), opening())).await.unwrap_err();
        let Failure::Service { name: got, status, message, request_id, .. } = failure else {
            panic!("{name}: {failure:?}")
        };
        assert_eq!((got, status), (format!("{}{}", name[..1].to_uppercase(), &name[1..]), Some(code)));
        assert!(!message.is_empty() && request_id.is_some(), "{message} {request_id:?}");
        assert_eq!(emulator.sessions().len(), 1, "it was sent exactly once");
    }
}

#[tokio::test]
async fn a_status_that_is_not_of_the_service_is_typed_too() {
    let (_emulator, bedrock) = emulated("status:503@opening").await;
    let failure = soon(bedrock.open(target(), opening())).await.unwrap_err();
    assert!(matches!(&failure, Failure::Service { status: Some(503), .. }), "{failure:?}");
}

#[tokio::test]
async fn a_broken_stream_is_lost() {
    for fault in ["reset:8", "reset:2", "drop-tcp"] {
        let (_emulator, bedrock) = emulated(&format!("{fault}@input:6")).await;
        let mut opened = faulty(&bedrock).await;
        let lost = last(&mut opened).await;
        assert!(matches!(&lost, Some(Err(Failure::Lost { .. }))), "{fault}: {lost:?}");
        closes(&mut opened).await;
    }
}

#[tokio::test]
async fn frames_that_are_none_are_unreadable() {
    for (fault, word) in
        [("bad-crc", "checksum"), ("cut-frame", "unexpected end"), ("error-message:Oops:it-broke", "it-broke")]
    {
        let (_emulator, bedrock) = emulated(&format!("{fault}@input:6")).await;
        let mut opened = faulty(&bedrock).await;
        let Some(Err(Failure::Unreadable { message })) = last(&mut opened).await else { panic!("{fault}") };
        assert!(message.contains(word), "{fault}: {message}");
        closes(&mut opened).await;
    }
}

#[tokio::test]
async fn an_unknown_member_of_the_stream_is_passed_over() {
    let (_emulator, bedrock) = emulated("unknown-event-type@input:6").await;
    let mut opened = call(&bedrock).await;
    soon(async { while name(&receive(&mut *opened.link).await.unwrap().unwrap()) != "audioOutput" {} }).await;
}

#[tokio::test]
async fn after_go_away_the_call_goes_on_and_the_next_one_too() {
    let (emulator, bedrock) = emulated("go-away@input:6").await;
    let mut first = call(&bedrock).await;
    becomes("the connection is closed for new streams", || bedrock.connections() == 0).await;
    let _second = soon(bedrock.open(target(), opening())).await.unwrap();
    soon(async { while name(&receive(&mut *first.link).await.unwrap().unwrap()) != "audioOutput" {} }).await;
    assert_eq!(emulator.sessions().len(), 2);
}

#[tokio::test]
async fn giving_up_and_dropping_are_seen_by_the_service_at_once() {
    let (emulator, bedrock) = emulated("late-headers:60s@opening").await;
    let open = tokio::spawn(bedrock.open(target(), opening()));
    becomes("the stream is there", || emulator.sessions().len() == 1).await;
    open.abort();
    assert_eq!(ended(&emulator).await.ended, Some(Ended::Gone));

    let (emulator, bedrock) = emulated("").await;
    let opened = call(&bedrock).await;
    drop(opened);
    let report = ended(&emulator).await;
    assert_eq!((report.ended, report.closing), (Some(Ended::Gone), None));
}

#[tokio::test]
async fn twelve_calls_at_a_limit_of_ten_streams_take_two_connections() {
    let (emulator, bedrock) = emulated_by(Emulator::builder().streams_per_connection(10), "").await;
    let opens: Vec<_> = (0..12).map(|_| tokio::spawn(bedrock.open(target(), opening()))).collect();
    let mut links = Vec::new();
    for open in opens {
        links.push(soon(open).await.unwrap().unwrap());
    }
    assert_eq!((links.len(), bedrock.connections()), (12, 2));
    assert!(emulator.sessions().iter().all(|report| report.signature == Signature::Verified));
    drop(links);
    emulator.wait_idle(DEADLINE).await.unwrap();
    let _again = soon(bedrock.open(target(), opening())).await.unwrap();
    assert_eq!(bedrock.connections(), 1, "an idle connection is let go of");
}

#[tokio::test]
async fn a_service_that_is_full_says_so() {
    let (_emulator, bedrock) = emulated_by(Emulator::builder().stream_limit(1), "").await;
    let _first = soon(bedrock.open(target(), opening())).await.unwrap();
    let failure = soon(bedrock.open(target(), opening())).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Service { name, status: Some(429), .. } if name == "ThrottlingException"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn links_that_nobody_reads_do_not_stop_the_others() {
    let settings = Emulator::builder().scenario(Scenario::long_answer()).pace(1000.0);
    let (emulator, bedrock) = emulated_by(settings, "").await;
    let mut unread = Vec::new();
    for _ in 0..6 {
        unread.push(call(&bedrock).await);
    }
    becomes("much was said to nobody", || emulator.sessions().iter().all(|report| report.events_out > 40)).await;
    let mut read = call(&bedrock).await;
    soon(async { while name(&receive(&mut *read.link).await.unwrap().unwrap()) != "audioOutput" {} }).await;
    assert_eq!(bedrock.connections(), 1);
    // What nobody read is all there.
    for link in &mut unread {
        soon(async { while name(&receive(&mut *link.link).await.unwrap().unwrap()) != "audioOutput" {} }).await;
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_told_apart() {
    let emulator = Emulator::start().await.unwrap();
    let stranger = Emulator::start().await.unwrap();
    let bedrock = bedrock_with(&emulator.tls_url(), &emulator).ca_pem(stranger.ca_pem()).build().await.unwrap();
    let failure = soon(bedrock.open(target(), opening())).await.unwrap_err();
    let Failure::Unreachable { code, message } = &failure else { panic!("{failure:?}") };
    assert_eq!(code, "untrusted-certificate");
    assert!(message.contains("localhost") && message.contains("not trusted"), "{message}");
}

#[tokio::test]
async fn a_wrong_secret_is_the_services_answer() {
    let emulator = Emulator::start().await.unwrap();
    let bedrock = Bedrock::builder()
        .endpoint_url(emulator.tls_url())
        .ca_bundle(emulator.ca_file())
        .region("us-east-1")
        .credentials(emulator.access_key(), "not the secret", None)
        .build()
        .await
        .unwrap();
    let failure = soon(bedrock.open(target(), opening())).await.unwrap_err();
    assert!(matches!(&failure, Failure::Service { status: Some(403), .. }), "{failure:?}");
}

#[tokio::test]
async fn without_tls_it_is_http2_with_prior_knowledge() {
    let emulator = Emulator::start().await.unwrap();
    let bedrock = bedrock_with(&emulator.h2c_url(), &emulator).build().await.unwrap();
    let opened = soon(bedrock.open(target(), opening())).await.unwrap();
    drop(opened);
    let report = ended(&emulator).await;
    assert_eq!((report.protocol, report.signature), (Protocol::Http2Clear, Signature::Verified));
}

#[tokio::test]
async fn the_end_of_the_identity_is_told() {
    let emulator = Emulator::start().await.unwrap();
    let soon_over = SystemTime::now() + Duration::from_secs(120);
    let credentials = Credentials::new(emulator.access_key(), emulator.secret_key(), None, Some(soon_over), "test");
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
        .region(aws_config::Region::new("us-east-1"))
        .endpoint_url(emulator.tls_url())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let bedrock = Bedrock::builder().sdk_config(&config).ca_pem(emulator.ca_pem()).build().await.unwrap();
    let opened = soon(bedrock.open(target(), opening())).await.unwrap();
    assert_eq!(opened.identity_expires, Some(soon_over));
    assert_eq!(bedrock.region(), Some("us-east-1"));
}

/// A proxy that offers HTTP/1.1 only, in front of the emulator's clear port.
#[tokio::test]
async fn where_alpn_gives_only_http1_the_call_goes_over_http1() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().cert_dir(folder.path()).start().await.unwrap();
    let proxy = http1_proxy(folder.path(), emulator.h2c_address()).await;
    let url = format!("https://localhost:{}", proxy.port());
    let bedrock = bedrock_with(&url, &emulator).ca_pem(emulator.ca_pem()).build().await.unwrap();
    let mut opened = call(&bedrock).await;
    soon(async { while name(&receive(&mut *opened.link).await.unwrap().unwrap()) != "audioOutput" {} }).await;
    drop(opened);
    let report = ended(&emulator).await;
    assert_eq!((report.protocol, report.signature), (Protocol::Http1Clear, Signature::Verified));
}

async fn http1_proxy(certificates: &std::path::Path, upstream: std::net::SocketAddr) -> std::net::SocketAddr {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = CertificateDer::pem_file_iter(certificates.join("server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(certificates.join("server-key.pem")).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let mut inside = acceptor.accept(tcp).await.unwrap();
            let mut outside = tokio::net::TcpStream::connect(upstream).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut inside, &mut outside).await });
        }
    });
    address
}

/// Opens a link and sends the sixth event, at which the fault happens.
async fn faulty(bedrock: &Bedrock) -> Opened {
    let mut opened = soon(bedrock.open(target(), opening())).await.unwrap();
    send(&mut *opened.link, audio_start()).await.unwrap();
    opened
}

/// Reads to the end and returns it.
async fn last(opened: &mut Opened) -> Option<Result<Bytes, Failure>> {
    loop {
        match receive(&mut *opened.link).await {
            Some(Ok(_)) => {}
            end => return end,
        }
    }
}

/// After its end a link takes nothing more, at the latest when the lingering is over.
async fn closes(opened: &mut Opened) {
    soon(async { while send(&mut *opened.link, audio_start()).await.is_ok() {} }).await;
}

/// Waits for the end of the emulator's only session.
async fn ended(emulator: &Emulator) -> SessionReport {
    emulator.wait_idle(DEADLINE).await.unwrap();
    emulator.sessions().pop().unwrap()
}
