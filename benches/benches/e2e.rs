//! Everything below the conversation, for real: the AWS SDK, signatures, frames, HTTP/2, TLS, loopback, and back.
//!
//! The peer is the sink, on a thread of its own: it answers each chunk with a piece of voice and costs little itself. The
//! emulator would judge, listen and take its time, and the figure would be the emulator's.

use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bedrock_nova::transport::{Bedrock, Link, Target, Transport};
use bedrock_nova_benches::{ACCESS_KEY, PROMPT, SECRET_KEY, Sink, Stream, audio_output, pcm};
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput};
use tokio::runtime::{Builder, Runtime};

fn main() {
    let mut criterion =
        Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4)).configure_from_args();
    chunks(&mut criterion);
    criterion.final_summary();
}

/// One chunk up and one piece of voice down: one after the other (the wait), and fifty under way at once (the work).
fn chunks(criterion: &mut Criterion) {
    let runtime = runtime();
    let bedrock = runtime.block_on(bedrock(beside(sink)));
    let mut link = runtime.block_on(open(&bedrock));
    let chunk = Bytes::from(audio_input());
    let mut group = criterion.benchmark_group("e2e/chunk up and piece down");
    for together in [1, 50] {
        group.throughput(Throughput::Elements(together as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{together} at once")), |bench| {
            bench.iter_custom(|times| {
                runtime.block_on(async {
                    let begin = Instant::now();
                    for _ in 0..times {
                        exchange(link.as_mut(), &chunk, together).await;
                    }
                    begin.elapsed()
                })
            });
        });
    }
}

/// Sends `count` chunks as fast as the link takes them, and waits for as many pieces.
async fn exchange(link: &mut dyn Link, chunk: &Bytes, count: usize) {
    let (mut sent, mut heard) = (0, 0);
    let all = poll_fn(|cx| {
        while sent < count && link.poll_ready(cx).is_ready() {
            link.send(chunk.clone());
            sent += 1;
        }
        while heard < count {
            match link.poll_receive(cx) {
                Poll::Ready(Some(Ok(_))) => heard += 1,
                Poll::Ready(end) => panic!("the stream ended: {end:?}"),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    });
    in_time(all).await;
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("everything is done in time")
}

async fn open(bedrock: &Bedrock) -> Box<dyn Link> {
    let target = Target { model: "amazon.nova-2-5-sonic".to_owned(), region: None };
    let opening = vec![Bytes::from_static(br#"{"event":{"sessionStart":{}}}"#)];
    bedrock.open(target, opening).await.expect("the sink accepts everything").link
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Where a peer listens, and the file with its authority.
struct Address {
    url: String,
    ca: std::path::PathBuf,
}

async fn bedrock(address: Address) -> Bedrock {
    let builder = Bedrock::builder().endpoint_url(address.url).ca_bundle(address.ca).region("us-east-1");
    builder.credentials(ACCESS_KEY, SECRET_KEY, None).build().await.expect("the address is one")
}

/// Runs a peer on its own thread until the process ends.
fn beside<F: Future<Output = ()> + 'static>(peer: fn(mpsc::Sender<Address>) -> F) -> Address {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || runtime().block_on(peer(tell)));
    told.recv_timeout(DEADLINE).expect("the peer listens")
}

async fn sink(tell: mpsc::Sender<Address>) {
    let sink = Sink::bind().await.expect("a free port");
    let address = Address { url: sink.url().expect("it is bound"), ca: sink.ca_file() };
    tell.send(address).expect("the bench waits");
    sink.run(answer).await;
}

/// Answers each chunk with a piece of voice.
async fn answer(mut stream: Stream) {
    let voice = audio_output(&pcm(24_000, 20));
    while let Some(payload) = stream.up.next().await {
        if payload.starts_with(AUDIO_INPUT) && stream.down.send(&voice).await.is_err() {
            return;
        }
    }
}

fn audio_input() -> Vec<u8> {
    use bedrock_nova::ids::{ContentName, PromptName};
    use bedrock_nova::sonic::wire::ClientEvent;
    let (prompt, content) = (PromptName::from(PROMPT), ContentName::from(bedrock_nova_benches::CONTENT));
    ClientEvent::AudioInput { prompt: &prompt, content: &content, pcm: &pcm(16_000, 20) }.encode().to_vec()
}

const AUDIO_INPUT: &[u8] = br#"{"event":{"audioInput""#;
const DEADLINE: Duration = Duration::from_secs(20);
