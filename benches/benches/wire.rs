//! One event each way, without a link: `audioInput` encoded, `audioOutput` decoded.

use std::hint::black_box;

use bedrock_nova::ids::{ContentName, PromptName};
use bedrock_nova::sonic::wire::{ClientEvent, ServerEvent};
use bedrock_nova_benches::{CONTENT, PROMPT, audio_output, pcm, text_output};
use criterion::{BenchmarkId, Criterion, Throughput};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    encode(&mut criterion);
    decode(&mut criterion);
    criterion.final_summary();
}

/// What a caller's 20, 32 and 100 ms at 16 kHz cost.
fn encode(criterion: &mut Criterion) {
    let prompt = PromptName::from(PROMPT);
    let content = ContentName::from(CONTENT);
    let mut group = criterion.benchmark_group("wire/encode audioInput");
    for millis in [20, 32, 100] {
        let pcm = pcm(16_000, millis);
        group.throughput(Throughput::Bytes(pcm.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(format!("{} B", pcm.len())), &pcm, |bench, pcm| {
            bench.iter(|| ClientEvent::AudioInput { prompt: &prompt, content: &content, pcm: black_box(pcm) }.encode());
        });
    }
}

/// What 20 and 80 ms of an answer at 24 kHz cost, 80 ms being the piece the service sends (reference §3.1), and a sentence.
fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wire/decode");
    for millis in [20, 80] {
        let pcm = pcm(24_000, millis);
        group.throughput(Throughput::Bytes(pcm.len() as u64));
        let id = BenchmarkId::new("audioOutput", format!("{} B", pcm.len()));
        group.bench_with_input(id, &audio_output(&pcm), |bench, payload| {
            bench.iter(|| decoded(payload));
        });
    }
    let payload = text_output("Oslo has four degrees and light rain; take an umbrella with you.");
    group.throughput(Throughput::Elements(1));
    group.bench_function("textOutput", |bench| bench.iter(|| decoded(&payload)));
}

/// A payload that came out as something else would make a figure of nothing.
fn decoded(payload: &[u8]) -> ServerEvent {
    let event = ServerEvent::decode(black_box(payload)).expect("the payload is one the service sends");
    assert!(matches!(event, ServerEvent::AudioOutput { .. } | ServerEvent::TextOutput { .. }), "another event");
    event
}
