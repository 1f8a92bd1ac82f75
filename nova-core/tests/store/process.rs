//! Another process: this program once more, told what to do. It says what happened, a line at a time.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bedrock_nova::sonic::store::{FolderStore, Lease, SnapshotStore};
use bytes::Bytes;

use crate::rules::{DEADLINE, call, holder};

/// A running process; dropping it kills it.
pub struct Process {
    process: Child,
    words: Receiver<String>,
    // Closing it ends a process that waits for a word.
    orders: ChildStdin,
}

impl Process {
    /// Starts `task` with what it needs to know, and with additions to its environment.
    pub fn start(task: &str, about: &str, environment: &[(&str, &str)]) -> Process {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_other_process", "--ignored", "--nocapture", "--test-threads=1"])
            .env(TASK, format!("{task} {about}"))
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let words = listen(process.stdout.take().unwrap());
        let orders = process.stdin.take().unwrap();
        Process { process, words, orders }
    }

    /// Waits for the next line that it says.
    pub fn says(&mut self) -> String {
        self.words.recv_timeout(DEADLINE).expect("the other process goes on")
    }

    /// Lets it go on.
    pub fn go_on(&mut self) {
        writeln!(self.orders).unwrap();
    }

    /// Sends it a signal: `STOP`, `CONT` or `KILL`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends it as nothing else does: at once, whatever it is doing.
    pub fn kill(mut self) {
        self.signal("KILL");
        self.process.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Hears what it says, on a thread of its own, so that one that is silent cannot hold up the deadline.
fn listen(stdout: ChildStdout) -> Receiver<String> {
    let (sender, words) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some((_, word)) = line.split_once(SAYS) {
                // A test that has ended hears nothing more.
                let _ = sender.send(word.to_owned());
            }
        }
    });
    words
}

/// What the other process does.
pub fn serve() {
    let Ok(order) = std::env::var(TASK) else { return };
    let (task, about) = order.split_once(' ').unwrap();
    let orders = obey();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    match task {
        "hold" => runtime.block_on(hold(about)),
        "save" => runtime.block_on(save(about)),
        "race" => runtime.block_on(race(about, &orders)),
        #[cfg(feature = "redis")]
        "connect" => runtime.block_on(connect(about)),
        other => panic!("{other} is nothing that it can do"),
    }
}

/// Hears orders; and when whoever gives them is gone, however that came about, this process ends too.
fn obey() -> Receiver<String> {
    let (sender, orders) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
        std::process::exit(1);
    });
    orders
}

/// Holds a call for `<milliseconds> <folder>`, renewing and saving without a pause; once it is lost, tries everything that
/// it may not do any more.
async fn hold(about: &str) {
    let (life, folder) = about.split_once(' ').unwrap();
    let life = Duration::from_millis(life.parse().unwrap());
    let store = FolderStore::new(folder);
    let lease = store.claim(&call(), &holder("the-other"), life).await.unwrap().lease;
    store.save(&lease, whole(0)).await.unwrap();
    say("held");
    for number in 1_u64.. {
        let saved = store.save(&lease, whole(number)).await;
        if saved.is_err() || store.renew(&lease).await.is_err() {
            return say(&refusals(&store, &lease).await);
        }
    }
}

async fn refusals(store: &FolderStore, lease: &Lease) -> String {
    let results = [
        store.save(lease, "of a sleeper".into()).await,
        store.renew(lease).await,
        store.release(lease).await,
        store.remove(lease).await,
    ];
    let codes = results.map(|result| result.map_or_else(|error| error.code().to_owned(), |()| "done".to_owned()));
    codes.join(" ")
}

/// Saves one whole record after the other in `<folder>`, and does all else that a holder does, until it is killed.
async fn save(folder: &str) {
    let store = FolderStore::new(folder);
    let claim = || store.claim(&call(), &holder("the-other"), Duration::from_secs(600));
    let mut lease = claim().await.unwrap().lease;
    for number in 0_u64.. {
        store.save(&lease, whole(number)).await.unwrap();
        if number == 0 {
            say("saving");
        }
        store.renew(&lease).await.unwrap();
        if number % 3 == 2 {
            store.release(&lease).await.unwrap();
            let claimed = claim().await.unwrap();
            assert!(claimed.lease.token > lease.token && claimed.record == Some(whole(number)));
            lease = claimed.lease;
        }
    }
}

/// A record of which can be seen whether it is whole: of a length that varies, every byte the last of its number.
pub fn whole(number: u64) -> Bytes {
    let fill = number as u8;
    let mut record = vec![fill; 100_000 + (number % 7) as usize * 50_000];
    record[..8].copy_from_slice(&number.to_le_bytes());
    record.into()
}

/// Claims a call in `<folder>` when it is told to, and says whether it got it.
async fn race(folder: &str, orders: &Receiver<String>) {
    let store = FolderStore::new(folder);
    // So that what is raced for is the call, and not the folder.
    store.look(&call()).await.unwrap();
    say("ready");
    orders.recv().unwrap();
    match store.claim(&call(), &holder("one of many"), Duration::from_secs(600)).await {
        Ok(_) => say("won"),
        Err(error) => say(error.code()),
    }
    // Its claim lives with it.
    let _ = orders.recv();
}

/// Connects to `<url>`, and says what came of it.
#[cfg(feature = "redis")]
async fn connect(url: &str) {
    use bedrock_nova::sonic::store::RedisStore;

    let outcome = match RedisStore::connect(url).await {
        Ok(store) => store.claim(&call(), &holder("the-other"), Duration::from_secs(600)).await.map(drop),
        Err(error) => Err(error),
    };
    say(&outcome.map_or_else(|error| error.code().to_owned(), |()| "claimed".to_owned()));
}

fn say(line: &str) {
    println!("{SAYS}{line}");
}

/// Tells this program that it is the other process.
const TASK: &str = "STORE_OTHER_PROCESS";

const SAYS: &str = "the other process says: ";
