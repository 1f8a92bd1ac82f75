//! The other process: how it is started and asked, and what it does.
//!
//! It is asked in lines: `take` is answered with what it used and what came to it; `mute` and `speak` say how the streams
//! are served that begin from then on, and are answered with the same word.

use std::io::BufRead;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova_benches::{Down, Sink, Stream, Up, answer_opening, audio_output, pcm};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;

use crate::Failure;
use crate::clock::{self, Usage};
use crate::phase::{Address, Pulse};
use crate::stamp::{self, Stamp};
use crate::tally::{Ear, SharedTally, Tally};

/// The other process, seen from this one. It ends when this is dropped.
pub(crate) struct Peer {
    _child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// Where it listens.
    pub(crate) address: Address,
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
        let address = Address { url: url.to_owned(), ca: ca.to_owned() };
        Ok(Peer { _child: child, commands, answers, address })
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
    let mute = Arc::new(AtomicBool::new(false));
    let done = answering(tally.clone(), {
        let mute = Arc::clone(&mute);
        move |word| mute.store(word == "mute", Ordering::Relaxed)
    });
    let streams = Arc::new(AtomicU32::new(0));
    let serve = move |stream: Stream| {
        let number = (!mute.load(Ordering::Relaxed)).then(|| streams.fetch_add(1, Ordering::Relaxed));
        converse(stream, tally.ear(), number)
    };
    tokio::select! {
        () = sink.run(serve) => {}
        _ = done => {}
    }
    Ok(())
}

/// Answers each `take` on the input with what has come and what was used since the last; other words are told and said
/// back. Resolves when the input ends.
pub(crate) fn answering(tally: SharedTally, told: impl Fn(&str) + Send + 'static) -> oneshot::Receiver<()> {
    let (over, done) = oneshot::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match line.as_str() {
                "take" => println!("{};{}", clock::usage(), tally.take()),
                word => {
                    told(word);
                    println!("{word}");
                }
            }
        }
        let _nobody_waits = over.send(());
    });
    done
}

/// Listens, and speaks at once if it has a number for its voice, until the client goes.
async fn converse(stream: Stream, ear: Ear, number: Option<u32>) {
    let Stream { up, down } = stream;
    let Some(number) = number else {
        // The stream stays open, and nothing comes down.
        let _silent = down;
        return listen(up, ear).await;
    };
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
