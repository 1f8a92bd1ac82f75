//! Everything that can be done to the wire on purpose, seen from the other end (V10 and beyond).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use bedrock_nova_emulator::{Emulator, frame::FrameError, server::Ended};
use support::{Call, Heard, Opening, Road, events, idle, on_every_road, pipe::Http2, soon, until};
use tokio::time::Instant;

#[tokio::test]
async fn frames_are_broken_in_every_way_on_every_road() {
    let emulator = emulator().await;
    on_every_road(async |road| {
        let heard =
            async |fault: &str| spoken(&emulator, Opening::new(&emulator, road).fault(fault)).await.last().await;
        assert_eq!(heard("cut-frame@event:audioOutput:2").await, Heard::Cut, "{road:?}");
        assert_eq!(heard("bad-crc@event:audioOutput:2").await, Heard::Unreadable(FrameError::Checksum), "{road:?}");
        let error = Heard::Error { code: "InternalFailure".to_owned(), message: "The service failed.".to_owned() };
        assert_eq!(heard("error-message@event:audioOutput:2").await, error, "{road:?}");
        assert_eq!(heard("end@event:audioOutput:2").await, Heard::End, "{road:?}");
        let mut call =
            spoken(&emulator, Opening::new(&emulator, road).fault("unknown-event-type@event:audioOutput:2")).await;
        assert!(matches!(call.last().await, Heard::Other(_)), "{road:?}");
        assert!(matches!(call.hear().await, Heard::Event(_)), "it goes on behind what nobody knows");
    })
    .await;
}

#[tokio::test]
async fn every_exception_of_the_stream_arrives_by_its_name() {
    let emulator = emulator().await;
    for name in [
        "validationException",
        "throttlingException",
        "modelTimeoutException",
        "modelStreamErrorException",
        "internalServerException",
        "serviceUnavailableException",
    ] {
        let opening = Opening::new(&emulator, Road::H2Tls).fault(&format!("{name}@event:audioOutput:2"));
        let mut call = spoken(&emulator, opening).await;
        let Heard::Exception { name: found, .. } = call.last().await else { panic!("{name} was to come") };
        assert_eq!(found, name);
        assert_eq!(call.hear().await, Heard::End);
    }
}

#[tokio::test]
async fn an_opening_is_refused_with_every_error() {
    let emulator = emulator().await;
    for (name, status) in [
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
        for road in [Road::H2Tls, Road::Http1Clear] {
            let mut call = Opening::new(&emulator, road).fault(&format!("{name}@opening")).open(&emulator).await;
            assert_eq!(call.status().await, status, "{name}");
            assert_eq!(call.error().await.0.to_lowercase(), name.to_lowercase());
        }
    }
    let mut call = Opening::new(&emulator, Road::H2Tls).fault("status:502@opening").open(&emulator).await;
    assert_eq!(call.status().await, 502);
    assert!(!call.headers().await.contains_key("x-amzn-errortype"));
}

#[tokio::test]
async fn a_reset_carries_its_code() {
    let emulator = emulator().await;
    for road in [Road::H2c, Road::H2Tls] {
        for (code, name) in [(2, "INTERNAL_ERROR"), (7, "REFUSED_STREAM"), (11, "ENHANCE_YOUR_CALM")] {
            let fault = format!("reset:{code}@event:audioOutput:2");
            let mut call = spoken(&emulator, Opening::new(&emulator, road).fault(&fault)).await;
            let Heard::Broken(error) = call.last().await else { panic!("a reset was to come") };
            assert!(error.contains(name), "{error}");
        }
        let mut call = Opening::new(&emulator, road).fault("reset:7@opening").open(&emulator).await;
        assert!(call.try_status().await.unwrap_err().contains("REFUSED_STREAM"));
        idle(&emulator).await;
        assert_eq!(emulator.sessions().pop().unwrap().ended, Some(Ended::Fault));
    }
}

#[tokio::test]
async fn a_dropped_connection_is_dropped_on_every_road() {
    let emulator = emulator().await;
    for road in Road::ALL {
        for fault in ["drop-tcp@event:audioOutput:2", "drop-tcp@opening"] {
            let mut call = Opening::new(&emulator, road).fault(fault).open(&emulator).await;
            for event in events::opening().iter().chain(&[events::audio_start()]) {
                call.say(event).await;
            }
            speak(&mut call).await;
            assert!(matches!(call.last().await, Heard::Broken(_)), "{road:?}, {fault}");
            if let Some(connection) = call.http2.take() {
                // Ended, in whatever way the socket did.
                let _ = soon("the connection's end", connection.ended).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn go_away_lets_the_stream_live_and_takes_no_other() {
    let emulator = emulator().await;
    let connection = Http2::connect(&emulator, Road::H2Tls).await;
    let opening = Opening::new(&emulator, Road::H2Tls).fault("go-away@event:audioOutput:2");
    let mut call = opening.open_on(&emulator, &connection).await;
    call.say_all(&events::opening()).await;
    call.say(&events::audio_start()).await;
    speak(&mut call).await;
    answer(&mut call).await;
    let refused = soon("a refusal", connection.send.clone().ready()).await;
    assert!(refused.is_err_and(|error| error.is_go_away()), "the connection takes new streams");
    call.say_all(&events::closing()).await;
    call.end().await;
    assert_eq!(call.last().await, Heard::End);
}

#[tokio::test]
async fn a_stall_is_as_long_as_it_says_and_then_over() {
    let emulator = emulator().await;
    let opening = Opening::new(&emulator, Road::H2Tls).fault("stall:400ms@event:audioOutput:2");
    let mut call = spoken(&emulator, opening).await;
    let (mut longest, mut last) = (Duration::ZERO, Instant::now());
    loop {
        let (name, body) = call.event().await;
        longest = longest.max(last.elapsed());
        last = Instant::now();
        if name == "contentEnd" && body["stopReason"] == "END_TURN" {
            break;
        }
    }
    assert!(longest >= Duration::from_millis(350), "{longest:?}");
}

/// The client can send what the window holds, 64 KiB, and not a byte more until the server reads again.
#[tokio::test]
async fn a_stalled_uplink_fills_its_window() {
    let emulator = emulator().await;
    let mut call = Opening::new(&emulator, Road::H2Tls).fault("stall:1s@event:contentStart:2").open(&emulator).await;
    call.say_all(&events::opening()).await;
    assert_eq!(call.status().await, 200);
    call.say(&events::audio_start()).await;
    until(&emulator, "the audio block", |report| report.events_in == 6).await;
    let started = Instant::now();
    // 5 s of sound are 340 KB on the wire: five windows.
    call.say_all(&events::silence(5000)).await;
    assert!(started.elapsed() >= Duration::from_millis(800), "{:?}", started.elapsed());
    until(&emulator, "all of it", |report| report.events_in == 6 + 157).await;
}

#[tokio::test]
async fn headers_come_late() {
    let emulator = emulator().await;
    let mut call = Opening::new(&emulator, Road::H2Tls).fault("late-headers:400ms@opening").open(&emulator).await;
    let started = Instant::now();
    call.say_all(&events::opening()).await;
    assert_eq!(call.status().await, 200);
    assert!(started.elapsed() >= Duration::from_millis(350), "{:?}", started.elapsed());
}

#[tokio::test]
async fn answers_come_in_pieces_and_with_padding() {
    let emulator = Emulator::builder().pace(8.0).start().await.unwrap();
    on_every_road(async |road| {
        let opening =
            Opening::new(&emulator, road).fault("split=100").switch("padding=on, unknown-fields=on, unknown-events=on");
        let mut call = spoken(&emulator, opening).await;
        answer(&mut call).await;
        assert!(call.pieces > 1000, "{road:?}: {} pieces", call.pieces);
        if road.is_http2() {
            assert!(call.longest <= 100, "{road:?}: {} bytes at once", call.longest);
        }
    })
    .await;
}

/// A call that has spoken and waits for its answer.
async fn spoken(emulator: &Emulator, opening: Opening) -> Call {
    let mut call = opening.open(emulator).await;
    call.say_all(&events::opening()).await;
    call.say(&events::audio_start()).await;
    speak(&mut call).await;
    call
}

async fn speak(call: &mut Call) {
    call.say_all(&events::speech(1920)).await;
    call.say_all(&events::silence(960)).await;
}

async fn answer(call: &mut Call) {
    loop {
        let (name, body) = call.event().await;
        if name == "contentEnd" && body["type"] == "AUDIO" && body["stopReason"] == "END_TURN" {
            return;
        }
    }
}

async fn emulator() -> Emulator {
    Emulator::builder().pace(50.0).start().await.unwrap()
}
