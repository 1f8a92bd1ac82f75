//! The HTTP client under the SDK, frame by frame: what a proper server never shows.

use std::task::Poll;
use std::time::Duration;

use crate::support::*;
use bedrock_nova::transport::{Failure, Transport};
use bytes::Bytes;

const OPENING: &[u8] = br#"{"event":{"sessionStart":{}}}"#;

fn opening() -> Vec<Bytes> {
    vec![Bytes::from_static(OPENING), Bytes::from_static(br#"{"event":{"promptStart":{}}}"#)]
}

#[tokio::test]
async fn the_whole_opening_arrives_before_the_headers_are_answered() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (opened, ()) = tokio::join!(soon(bedrock.open(target(), opening())), async {
        let mut connection = peer.accept(&[]).await;
        let stream = connection.until(HEADERS).await.stream;
        // Two signed frames; each holds its event in base64.
        let mut seen = Vec::new();
        while seen.windows(7).filter(|bytes| bytes == b"\"bytes\"").count() < 2 {
            seen.extend(connection.until(DATA).await.payload);
        }
        connection.accept_stream(stream).await;
    });
    opened.unwrap();
}

#[tokio::test]
async fn giving_up_before_the_headers_resets_the_stream() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let open = tokio::spawn(bedrock.open(target(), opening()));
    let mut connection = peer.accept(&[]).await;
    let stream = connection.until(DATA).await.stream;
    open.abort();
    let reset = connection.until(RST_STREAM).await;
    assert_eq!((reset.stream, reset.payload), (stream, vec![0, 0, 0, 8]), "CANCEL");
}

#[tokio::test]
async fn a_dropped_link_resets_its_stream_without_a_clean_end() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (opened, mut connection, stream) = peer.open(&bedrock, opening()).await;
    drop(opened);
    loop {
        let frame = connection.frame().await.unwrap();
        assert!(frame.kind != DATA || frame.flags & END_STREAM == 0, "an orderly end of a dropped link");
        if frame.kind == RST_STREAM {
            assert_eq!(frame.stream, stream);
            break;
        }
    }
}

#[tokio::test]
async fn a_finished_link_ends_its_stream_even_when_it_is_dropped_at_once() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (mut opened, mut connection, _stream) = peer.open(&bedrock, Vec::new()).await;
    send(&mut *opened.link, OPENING).await.unwrap();
    opened.link.finish();
    drop(opened);
    let mut seen = Vec::new();
    loop {
        let frame = connection.until(DATA).await;
        seen.extend(frame.payload);
        if frame.flags & END_STREAM != 0 {
            break;
        }
    }
    let signatures = seen.windows(16).filter(|bytes| bytes == b":chunk-signature").count();
    assert_eq!(signatures, 2, "the payload and the signed empty end");
}

#[tokio::test]
async fn the_peers_stream_limit_opens_a_second_connection() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let opens = [(); 3].map(|()| tokio::spawn(bedrock.open(target(), opening())));
    let mut connections = Vec::new();
    for _ in 0..3 {
        let mut connection = peer.accept(&[(3, 1)]).await;
        let stream = connection.until(HEADERS).await.stream;
        connection.accept_stream(stream).await;
        connections.push(connection);
    }
    let mut links = Vec::new();
    for open in opens {
        links.push(soon(open).await.unwrap().unwrap());
    }
    assert_eq!(bedrock.connections(), 3);
}

#[tokio::test]
async fn after_go_away_the_open_stream_lives_and_the_next_takes_a_new_connection() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (mut first, mut old, stream) = peer.open(&bedrock, Vec::new()).await;
    old.send(GO_AWAY, 0, 0, &[stream.to_be_bytes(), [0; 4]].concat()).await;
    // The connection counts as closed when the client has read GOAWAY, which only it can know.
    soon(async {
        while bedrock.connections() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (_second, _new, _) = peer.open(&bedrock, Vec::new()).await;
    send(&mut *first.link, OPENING).await.unwrap();
    assert_eq!(old.until(DATA).await.stream, stream);
}

#[tokio::test]
async fn a_connection_that_answers_no_ping_is_lost() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (mut opened, _silent, _) = peer.open(&bedrock, opening()).await;
    // From here the runtime's clock jumps to the next timer: 4 s to the PING and 4 s for its answer.
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let lost = std::future::poll_fn(|cx| opened.link.poll_receive(cx)).await;
    assert!(matches!(&lost, Some(Err(Failure::Lost { .. }))), "{lost:?}");
    let took = start.elapsed();
    assert!((Duration::from_secs(7)..Duration::from_secs(10)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_a_connect_timeout() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (opened, _silent) = tokio::join!(soon(bedrock.open(target(), opening())), peer.accept_silent());
    let address = url.trim_start_matches("http://");
    assert!(
        matches!(&opened, Err(Failure::Unreachable { code, message }) if code == "connect-timeout" && message.contains(address)),
        "{opened:?}"
    );
}

#[tokio::test]
async fn a_refused_stream_is_a_typed_failure() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (opened, _connection) = tokio::join!(soon(bedrock.open(target(), opening())), async {
        let mut connection = peer.accept(&[]).await;
        let stream = connection.until(HEADERS).await.stream;
        connection.send(RST_STREAM, 0, stream, &[0, 0, 0, 7]).await;
        connection
    });
    assert!(matches!(&opened, Err(Failure::Unreachable { code, .. }) if code == "unreachable"), "{opened:?}");
}

#[tokio::test]
async fn a_reset_is_not_taken_for_an_orderly_end_whatever_its_code() {
    for code in [0, 2, 8] {
        let (peer, url) = RawPeer::bind().await;
        let bedrock = bedrock(&url).await;
        let (mut opened, mut connection, stream) = peer.open(&bedrock, opening()).await;
        connection.send(RST_STREAM, 0, stream, &[0, 0, 0, code]).await;
        let lost = receive(&mut *opened.link).await;
        assert!(matches!(&lost, Some(Err(Failure::Lost { .. }))), "code {code}: {lost:?}");
    }
}

#[tokio::test]
async fn an_end_followed_by_a_reset_is_an_orderly_end() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (mut opened, mut connection, stream) = peer.open(&bedrock, opening()).await;
    connection.send(DATA, END_STREAM, stream, &[]).await;
    connection.send(RST_STREAM, 0, stream, &[0; 4]).await;
    assert_eq!(receive(&mut *opened.link).await, None);
}

#[tokio::test]
async fn an_exception_nobody_knows_keeps_its_name() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (mut opened, mut connection, stream) = peer.open(&bedrock, opening()).await;
    let headers = [(":message-type", "exception"), (":exception-type", "moonPhaseException")];
    connection.send(DATA, 0, stream, &message(&headers, br#"{"message":"the moon is full"}"#)).await;
    let Some(Err(Failure::Service { name, message, .. })) = receive(&mut *opened.link).await else { panic!() };
    assert_eq!((name.as_str(), message.as_str()), ("MoonPhaseException", "the moon is full"));
}

/// What a client holds while the peer gives no window: the figure of SDK page §2.3, which was a megabyte.
#[tokio::test]
async fn an_uplink_without_window_holds_a_fraction_of_a_second_of_audio() {
    let chunk = audio_chunk();
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (mut opened, mut connection, _) = peer.open(&bedrock, Vec::new()).await;
    let reader = tokio::spawn(async move {
        // The window is the protocol's 65,535 bytes and is never renewed.
        let bytes = connection.drain_data(Duration::from_secs(1)).await;
        (bytes, connection)
    });
    let taken = fill(&mut opened, &chunk).await;
    let (bytes, _connection) = soon(reader).await.unwrap();
    assert_eq!(bytes, 65_535, "the window was used up");
    let sent = bytes / SIGNED_CHUNK;
    let held = taken - sent;
    println!("{taken} chunks of 32 ms taken, {sent} sent: {held} held = {} ms of audio", held * 32);
    assert!((4..=8).contains(&held), "{held} chunks held");
}

/// hyper does not look at a body that waits for window, so the reset of a stalled stream waits for it too.
#[tokio::test]
async fn a_link_dropped_without_window_is_reset_with_the_first_window() {
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (mut opened, mut connection, stream) = peer.open(&bedrock, Vec::new()).await;
    fill(&mut opened, &audio_chunk()).await;
    drop(opened);
    connection.drain_data(Duration::from_secs(1)).await;
    for of in [0, stream] {
        connection.send(WINDOW_UPDATE, 0, of, &0xffff_u32.to_be_bytes()).await;
    }
    let mut stale = 0;
    loop {
        let frame = connection.frame().await.unwrap();
        if frame.kind == RST_STREAM {
            break;
        }
        stale += if frame.kind == DATA { frame.payload.len() } else { 0 };
    }
    println!("{stale} stale bytes before the reset");
    assert!(stale <= 4 * SIGNED_CHUNK, "{stale} stale bytes");
}

/// The same when the peer's machine stops reading altogether, so that the sockets fill too.
#[tokio::test]
async fn an_uplink_whose_peer_stops_reading_fills_the_sockets_only() {
    let chunk = audio_chunk();
    let (peer, url) = RawPeer::bind().await;
    let bedrock = bedrock(&url).await;
    let (opened, mut connection) = tokio::join!(soon(bedrock.open(target(), Vec::new())), async {
        // A window that never ends: only TCP holds the client back.
        let mut connection = peer.accept(&[(4, 0x7fff_ffff)]).await;
        connection.send(WINDOW_UPDATE, 0, 0, &0x7fff_0000_u32.to_be_bytes()).await;
        let stream = connection.until(HEADERS).await.stream;
        connection.accept_stream(stream).await;
        connection
    });
    let mut opened = opened.unwrap();
    let taken = fill(&mut opened, &chunk).await;
    let bytes = taken * SIGNED_CHUNK;
    println!("{taken} chunks of 32 ms taken = {bytes} bytes, most of them in the peer's own socket");
    // Without a bound the system's buffer takes four megabytes, which is a minute of audio.
    assert!(bytes < 512 << 10, "{bytes} bytes are on their way or waiting");
    let arrived = connection.drain_data(Duration::from_secs(1)).await;
    assert!(arrived + 4 * SIGNED_CHUNK >= bytes, "{arrived} of {bytes} bytes arrived");
}

/// Encodes an event-stream message (reference §1.3) with string headers.
fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    for (name, value) in headers {
        encoded.push(u8::try_from(name.len()).unwrap());
        encoded.extend(name.as_bytes());
        encoded.push(7);
        encoded.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        encoded.extend(value.as_bytes());
    }
    let total = u32::try_from(16 + encoded.len() + payload.len()).unwrap();
    let mut frame = [total.to_be_bytes(), u32::try_from(encoded.len()).unwrap().to_be_bytes()].concat();
    frame.extend(crc32(&frame).to_be_bytes());
    frame.extend(encoded);
    frame.extend(payload);
    frame.extend(crc32(&frame).to_be_bytes());
    frame
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

fn audio_chunk() -> Bytes {
    let content = "A".repeat(1368);
    Bytes::from(format!(r#"{{"event":{{"audioInput":{{"promptName":"p","contentName":"c","content":"{content}"}}}}}}"#))
}

/// Bytes on the wire of one [`audio_chunk`]: base64 in JSON in a frame in a signed frame.
const SIGNED_CHUNK: usize = 2130;

/// Hands over chunks until none has been taken for half a second.
async fn fill(opened: &mut bedrock_nova::transport::Opened, chunk: &Bytes) -> usize {
    let mut taken = 0;
    let ready = async |opened: &mut bedrock_nova::transport::Opened| {
        std::future::poll_fn(|cx| match opened.link.poll_ready(cx) {
            Poll::Ready(result) => Poll::Ready(result.is_ok()),
            Poll::Pending => Poll::Pending,
        })
        .await
    };
    while let Ok(true) = tokio::time::timeout(Duration::from_millis(500), ready(opened)).await {
        opened.link.send(chunk.clone());
        taken += 1;
    }
    taken
}
