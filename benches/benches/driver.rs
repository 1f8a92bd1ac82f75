//! The driver and its handle over the memory transport: one chunk up, one event down.
//!
//! Time is tokio's own and paused: when everything waits, the clock jumps to the next timer. So the pacing costs its
//! timers, as in a real call, but no waiting.

use std::time::{Duration, Instant};

use bedrock_nova::sonic::{Conversation, Event};
use bedrock_nova::transport::memory::{self, FromClient, MemoryStream};
use bedrock_nova_benches::{answer_opening, audio_output, pcm};
use bytes::Bytes;
use criterion::{Criterion, Throughput};
use tokio::runtime::{Builder, Runtime};

fn main() {
    let mut criterion =
        Criterion::default().sample_size(40).measurement_time(Duration::from_secs(3)).configure_from_args();
    up(&mut criterion);
    down(&mut criterion);
    criterion.final_summary();
}

/// From `send_audio` to the payload at the other end: 20 ms of a caller at 16 kHz.
fn up(criterion: &mut Criterion) {
    let runtime = runtime();
    let (talk, mut peer) = runtime.block_on(connected());
    let chunk = pcm(16_000, 20);
    let mut group = criterion.benchmark_group("driver");
    group.throughput(Throughput::Bytes(chunk.len() as u64));
    group.bench_function("chunk up", |bench| {
        bench.iter_custom(|times| {
            runtime.block_on(async {
                let begin = Instant::now();
                for _ in 0..times {
                    talk.send_audio(&chunk).await.expect("the call is open");
                    audio_payload(&mut peer).await;
                }
                begin.elapsed()
            })
        });
    });
}

/// From the payload at the other end to the event in the application's hands: 20 ms of an answer at 24 kHz.
fn down(criterion: &mut Criterion) {
    let runtime = runtime();
    let (mut talk, peer) = runtime.block_on(connected());
    for payload in answer_opening() {
        peer.send(payload.into()).expect("the call is open");
    }
    let pcm = pcm(24_000, 20);
    let payload = Bytes::from(audio_output(&pcm));
    let mut group = criterion.benchmark_group("driver");
    group.throughput(Throughput::Bytes(pcm.len() as u64));
    group.bench_function("event down", |bench| {
        bench.iter_custom(|times| {
            runtime.block_on(async {
                let begin = Instant::now();
                for _ in 0..times {
                    peer.send(payload.clone()).expect("the call is open");
                    sound(&mut talk).await;
                }
                begin.elapsed()
            })
        });
    });
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime without IO")
}

async fn connected() -> (Conversation, MemoryStream) {
    let (transport, mut peer) = memory::pair();
    let transport: std::sync::Arc<dyn bedrock_nova::transport::Transport> = std::sync::Arc::new(transport);
    let connect = Conversation::builder().transport(transport).connect();
    let accept = async { peer.accept().await.expect("the transport is alive").accept("request-1") };
    let (talk, mut stream) = tokio::join!(connect, accept);
    // The silence that primes the audio block goes first.
    audio_payload(&mut stream).await;
    (talk.expect("the peer accepts"), stream)
}

async fn audio_payload(peer: &mut MemoryStream) {
    loop {
        match peer.next().await {
            FromClient::Payload(payload) if payload.starts_with(AUDIO_INPUT) => return,
            FromClient::Payload(_) => {}
            end => panic!("the call ended: {end:?}"),
        }
    }
}

async fn sound(talk: &mut Conversation) {
    loop {
        match talk.next().await {
            Some(Event::Audio(_)) => return,
            Some(Event::Closed { reason, .. }) => panic!("the call ended: {reason:?}"),
            Some(_) => {}
            None => panic!("the call ended"),
        }
    }
}

const AUDIO_INPUT: &[u8] = br#"{"event":{"audioInput""#;
