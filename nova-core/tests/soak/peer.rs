//! The emulator in a process of its own: this program once more, told to serve.

use std::io::{BufRead, BufReader, Lines, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use bedrock_nova_emulator::{Emulator, Strictness};

/// A running emulator; dropping it ends its process.
pub struct Peer {
    pub url: String,
    pub ca_file: String,
    pub access_key: String,
    pub secret_key: String,
    process: Child,
    // Closing it would end the emulator at its next word.
    _words: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts it and waits until it says where it listens.
    pub fn start() -> Peer {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_emulator", "--ignored", "--nocapture"])
            .env(SERVE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let said = lines.by_ref().map_while(Result::ok).find_map(|line| Some(line.split_once(READY)?.1.to_owned()));
        let said = said.expect("the emulator starts");
        let mut words = said.split_whitespace().map(str::to_owned);
        let mut word = || words.next().expect("four words");
        Peer { url: word(), ca_file: word(), access_key: word(), secret_key: word(), process, _words: lines }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until whoever started this process is gone, which closes our standard input.
pub fn serve() {
    if std::env::var_os(SERVE).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        // Its own delays are made short: what is soaked is the opening and the closing.
        let emulator = Emulator::builder().strictness(Strictness::Strict).clock(6.0).pace(50.0).start().await.unwrap();
        let (url, ca_file) = (emulator.tls_url(), emulator.ca_file());
        println!("{READY} {url} {} {} {}", ca_file.display(), emulator.access_key(), emulator.secret_key());
        let _ = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0; 1])).await;
    });
}

/// Tells this program that it is the emulator.
const SERVE: &str = "SOAK_EMULATOR";

const READY: &str = "the emulator listens:";
