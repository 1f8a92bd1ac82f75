//! `calls`: hundreds of conversations at once in real time, from one process on one core.
//!
//! ```text
//!   core 0: this process                                        core 1: the same binary with --peer
//!   speak ── 20 ms chunks, live ──► Conversation ─ SDK ─ TLS ──────────► Sink: reads the stamp in the chunk
//!   listen ◄── Event::Audio ────── Conversation ─ SDK ─ TLS ◄────────── 20 ms pieces with stamps, 50 a second
//! ```
//!
//! Each piece of audio carries in its own samples when it was due and when it was handed over, by `CLOCK_MONOTONIC`, which
//! both processes share. *Late* is from when it was due until the other side had it out of its frames; *way* is from when
//! it was handed over. Both so contain everything: our layers, the SDK, TLS, the kernel, and the peer.
//!
//! The peer is a sink and not the emulator: it has to send sound all the time and to say when each chunk came, and on one
//! core it has to be less busy than what it measures.

mod asked;
mod bare;
mod caller;
mod clock;
mod histogram;
mod peer;
mod phase;
mod stamp;
mod table;
mod tally;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use peer::Peer;
use phase::{Address, Client, Phase, Speech};

/// Holds many conversations at once in real time and measures how late their audio is.
#[derive(Debug, Parser)]
struct Arguments {
    /// Conversations at once, for the verdict on lateness.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1000))]
    calls: u32,
    /// How long each of the three phases is measured.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Be the other side; this program starts it by itself.
    #[arg(long, hide = true)]
    peer: bool,
    /// Be a client of a peer that somebody else has started: its address and the file with its authority.
    #[arg(long, hide = true, num_args = 2, value_names = ["URL", "CA"])]
    join: Option<Vec<String>>,
    /// How the calls of such a client speak.
    #[arg(long, hide = true, value_enum, default_value = "live")]
    speech: Speech,
    /// Threads of such a client's runtime; without it, the main thread does all.
    #[arg(long, hide = true)]
    workers: Option<usize>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let core = if arguments.peer { 1 } else { 0 };
    let place = clock::pin(core);
    let mut builder = match arguments.workers {
        None => tokio::runtime::Builder::new_current_thread(),
        Some(workers) => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(workers);
            builder
        }
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let result = match (arguments.peer, arguments.join.as_deref()) {
        (true, _) => runtime.block_on(peer::serve()).map(|()| ExitCode::SUCCESS),
        (false, Some([url, ca])) => {
            let peer = Address { url: url.clone(), ca: ca.clone() };
            runtime.block_on(asked::serve(&peer, arguments.speech, arguments.calls)).map(|()| ExitCode::SUCCESS)
        }
        (false, _) => runtime.block_on(measure(&arguments, place)),
    };
    result.unwrap_or_else(|error| failed(&error))
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn measure(arguments: &Arguments, place: clock::Place) -> Result<ExitCode, Failure> {
    let mut peer = Peer::start().await?;
    let seconds = Duration::from_secs(arguments.seconds);
    let (few, many) = (LATENCY_CALLS, arguments.calls);
    println!("{}", table::head(place));
    let mut rows = Vec::new();
    for (client, calls) in [(Client::BareSdk, few), (Client::Library, few), (Client::Library, many)] {
        let row = Phase { client, calls, seconds }.run(&mut peer).await?;
        println!("{}", table::line(&row));
        rows.push(row);
    }
    println!();
    let [bare, few, many] = &rows[..] else { return Err("three phases make three rows".into()) };
    let verdicts = [table::latency(few, bare), table::lateness(many)];
    for verdict in &verdicts {
        println!("{verdict}");
    }
    if let Some(caution) = table::caution(&rows) {
        println!("{caution}");
    }
    Ok(if verdicts.iter().all(table::Verdict::is_pass) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn failed(error: &Failure) -> ExitCode {
    eprintln!("calls: {error}");
    ExitCode::from(2)
}

/// Conversations at once for the verdict on latency.
const LATENCY_CALLS: u32 = 100;
