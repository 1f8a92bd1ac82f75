//! The process that dies: this program once more. It says what it has come to, a line at a time.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use bedrock_nova::ids::Owner;
use bedrock_nova::sonic::Conversation;

use crate::caller::{Way, ask, ask_and_hear_some};
use crate::place;

/// A running process; dropping it kills it.
pub struct Process {
    process: Child,
    words: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub fn start(place: &str, way: &Way) -> Process {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_other_process", "--ignored", "--nocapture", "--test-threads=1"])
            .env(PLACE, place)
            .env(WAY, &way.0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let words = BufReader::new(process.stdout.take().unwrap()).lines();
        Process { process, words }
    }

    /// Waits for the next line that it says.
    pub fn says(&mut self) -> String {
        let line = self.words.by_ref().map_while(Result::ok).find_map(|line| Some(line.split_once(SAYS)?.1.to_owned()));
        line.expect("the other process goes on")
    }

    /// Sends it a signal: `STOP`, `CONT` or `KILL`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Holds a call, and says when the second answer is in the middle of being heard; then how the call ended, if it does.
pub fn serve() {
    let (Ok(place), Ok(way)) = (std::env::var(PLACE), std::env::var(WAY)) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = place::pool(&place, "http://the-one-that-dies").await;
        let call = Conversation::builder().transport(Way(way).transport().await);
        let call = pool.open(&Owner::from("ann"), call).await.unwrap();
        say(call.id().as_str());
        ask(&call, "Good morning.").await;
        ask_and_hear_some(&call, "Tell me something about the sea.").await;
        say("in the middle");
        let ending = call.closed().await;
        say(ending.error.map_or_else(|| format!("{:?}", ending.reason), |error| error.code().to_owned()).as_str());
    });
}

fn say(line: &str) {
    println!("{SAYS}{line}");
}

const PLACE: &str = "HANDOVER_PLACE";
const WAY: &str = "HANDOVER_WAY";
const SAYS: &str = "the other process says: ";
