//! The other process: how it is started and asked, and what it does.

use std::io::BufRead;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova_benches::{Down, Sink, Stream, Up, answer_opening, audio_output, pcm};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;

use crate::Failure;
use crate::clock::{self, Usage};
use crate::phase::Pulse;
use crate::stamp::{self, Stamp};
use crate::tally::{Ear, SharedTally, Tally};

/// The other process, seen from this one. It ends when this is dropped.
pub(crate) struct Peer {
    _child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// Where it listens.
    pub(crate) url: String,
    /// The file with its authority.
    pub(crate) ca: String,
}

/// What the other side saw.
pub(crate) struct Report {
    pub(crate) tally: Tally,
    /// What it has used since it began.
    pub(crate) usage: Usage,
}

impl Peer {
    /// Starts the same binary as the other side.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--peer")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let commands = child.stdin.take().ok_or("the peer has no input")?;
        let mut answers = BufReader::new(child.stdout.take().ok_or("the peer has no output")?).lines();
        let address = answer(&mut answers).await?;
        let (url, ca) = address.split_once(' ').ok_or("the peer tells its address and its authority")?;
        Ok(Peer { _child: child, commands, answers, url: url.to_owned(), ca: ca.to_owned() })
    }

    /// Takes what has come to the other side since it was last asked.
    pub(crate) async fn take(&mut self) -> Result<Report, Failure> {
        self.commands.write_all(b"take\n").await?;
        let line = answer(&mut self.answers).await?;
        let (usage, tally) = line.split_once(';').ok_or("the peer's report begins with what it used")?;
        Ok(Report { tally: tally.parse()?, usage: usage.parse()? })
    }
}

async fn answer(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<String, Failure> {
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.map_err(|_| "the peer does not answer")??;
    Ok(line.ok_or("the peer is gone")?)
}

/// Is the other side until its input ends.
pub(crate) async fn serve() -> Result<(), Failure> {
    let sink = Sink::bind().await?;
    println!("{} {}", sink.url()?, sink.ca_file().display());
    let tally = SharedTally::default();
    let (over, done) = oneshot::channel();
    let asked = tally.clone();
    std::thread::spawn(move || {
        for _take in std::io::stdin().lock().lines().map_while(Result::ok) {
            println!("{};{}", clock::usage(), asked.take());
        }
        let _nobody_waits = over.send(());
    });
    let streams = Arc::new(AtomicU32::new(0));
    tokio::select! {
        () = sink.run(move |stream| converse(stream, tally.ear(), streams.fetch_add(1, Ordering::Relaxed))) => {}
        _ = done => {}
    }
    Ok(())
}

/// Listens and speaks at once, until the client goes.
async fn converse(stream: Stream, ear: Ear, number: u32) {
    let Stream { up, down } = stream;
    let speaking = tokio::spawn(speak(down, number));
    listen(up, ear).await;
    speaking.abort();
}

async fn listen(mut up: Up, mut ear: Ear) {
    while let Some(payload) = up.next().await {
        if let Some(pcm) = beginning(&payload) {
            ear.hear(&pcm);
        }
    }
}

async fn speak(mut down: Down, number: u32) {
    for payload in answer_opening() {
        if down.send(&payload).await.is_err() {
            return;
        }
    }
    let mut piece = pcm(24_000, 20);
    let mut pulse = Pulse::new(number);
    loop {
        let (seq, due) = pulse.next().await;
        Stamp { seq, due, sent: clock::now() }.write(&mut piece);
        if down.send(&audio_output(&piece)).await.is_err() {
            return;
        }
    }
}

/// Unpacks as much of a chunk as a stamp takes.
fn beginning(payload: &[u8]) -> Option<Vec<u8>> {
    let event = std::str::from_utf8(payload).ok()?;
    let (_, content) = event.strip_prefix(AUDIO_INPUT)?.split_once(r#""content":""#)?;
    STANDARD.decode(content.get(..stamp::BYTES / 3 * 4)?).ok()
}

const AUDIO_INPUT: &str = r#"{"event":{"audioInput""#;
const PATIENCE: Duration = Duration::from_secs(10);
