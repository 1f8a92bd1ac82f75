//! `--play`: answers out of this machine's loudspeaker, through a player that is installed already.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use crate::report::Problem;

/// Players that take raw PCM16 mono at 24 kHz on standard input, and how to ask them to.
const PLAYERS: [(&str, &[&str]); 4] = [
    ("aplay", &["-q", "-t", "raw", "-f", "S16_LE", "-r", "24000", "-c", "1", "-"]),
    ("paplay", &["--raw", "--format=s16le", "--rate=24000", "--channels=1"]),
    (
        "ffplay",
        &["-nodisp", "-autoexit", "-loglevel", "quiet", "-f", "s16le", "-ar", "24000", "-ch_layout", "mono", "-i", "-"],
    ),
    ("play", &["-q", "-t", "raw", "-r", "24000", "-e", "signed", "-b", "16", "-c", "1", "-"]),
];

/// Pieces that may wait for the player: at 80 ms a piece more than five minutes. A further one is not played, and
/// counted.
const QUEUE: usize = 4096;

/// Orders on their way to the task that feeds the player; it reads them at once.
const ORDERS: usize = 256;

/// How long the end of the last answer may take after the call is over.
const TAIL: Duration = Duration::from_secs(120);

/// The answers' way to the loudspeaker.
pub(crate) struct Player {
    name: &'static str,
    orders: mpsc::Sender<Order>,
    task: tokio::task::JoinHandle<usize>,
    unplayed: usize,
}

enum Order {
    Play(Bytes),
    Flush,
}

impl Player {
    /// Looks for a player on the path.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn find() -> Result<Self, Problem> {
        let found = PLAYERS.iter().find_map(|(name, arguments)| on_path(name).map(|path| (*name, path, *arguments)));
        let Some((name, program, arguments)) = found else {
            let names = PLAYERS.map(|(name, _)| name).join(", ");
            return Err(Problem::usage(
                "no-player",
                format!("--play needs one of {names} on the PATH; none is there."),
            )
            .hint("Install one (Debian: `apt-get install alsa-utils`), or leave --play out."));
        };
        let (orders, asked) = mpsc::channel(ORDERS);
        Ok(Player { name, orders, task: tokio::spawn(run(program, arguments, asked)), unplayed: 0 })
    }

    /// Returns the player's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Queues a piece at 24 kHz.
    pub(crate) fn play(&mut self, pcm: Bytes) {
        if self.orders.try_send(Order::Play(pcm)).is_err() {
            self.unplayed += 1;
        }
    }

    /// Silences the loudspeaker and forgets what was queued.
    pub(crate) fn flush(&mut self) {
        if self.orders.try_send(Order::Flush).is_err() {
            self.task.abort();
        }
    }

    /// Waits until everything queued has sounded; returns how many pieces were never played.
    pub(crate) async fn finish(self) -> usize {
        drop(self.orders);
        let mut task = self.task;
        match tokio::time::timeout(TAIL, &mut task).await {
            Ok(missed) => self.unplayed + missed.unwrap_or(0),
            Err(_) => {
                task.abort();
                self.unplayed
            }
        }
    }
}

/// Feeds the player; returns how many pieces it never got.
async fn run(program: PathBuf, arguments: &'static [&'static str], mut orders: mpsc::Receiver<Order>) -> usize {
    let mut pipe: Option<Pipe> = None;
    let mut queue: VecDeque<Bytes> = VecDeque::new();
    let mut missed = 0;
    loop {
        // Orders are read while a piece is being written, so that a flush does not wait behind a full pipe.
        let order = match (queue.front(), &mut pipe) {
            (Some(piece), Some(open)) => tokio::select! {
                order = orders.recv() => order,
                written = open.input.write(piece) => {
                    match written {
                        Ok(count) => advance(&mut queue, count),
                        // The player died. The next piece starts a new one.
                        Err(_) => {
                            missed += queue.len();
                            queue.clear();
                            pipe = None;
                        }
                    }
                    continue;
                }
            },
            _ => orders.recv().await,
        };
        match order {
            Some(Order::Play(_)) if queue.len() >= QUEUE => missed += 1,
            Some(Order::Play(pcm)) => {
                pipe = pipe.or_else(|| start(&program, arguments));
                match pipe {
                    Some(_) => queue.push_back(pcm),
                    None => missed += 1,
                }
            }
            Some(Order::Flush) => {
                queue.clear();
                // Ending the player is the only way to take back what it has buffered.
                pipe = None;
            }
            None => return missed + drain(queue, pipe).await,
        }
    }
}

/// A player at work; it ends when this is dropped.
struct Pipe {
    child: Child,
    input: ChildStdin,
}

fn advance(queue: &mut VecDeque<Bytes>, written: usize) {
    if let Some(piece) = queue.front_mut() {
        *piece = piece.slice(written.min(piece.len())..);
        if piece.is_empty() {
            queue.pop_front();
        }
    }
}

/// Lets the player come to its end; returns how many pieces it never got.
async fn drain(mut queue: VecDeque<Bytes>, pipe: Option<Pipe>) -> usize {
    let Some(Pipe { mut child, mut input }) = pipe else { return queue.len() };
    while let Some(piece) = queue.front() {
        if input.write_all(piece).await.is_err() {
            break;
        }
        queue.pop_front();
    }
    drop(input);
    let _ = child.wait().await;
    queue.len()
}

fn start(program: &Path, arguments: &[&str]) -> Option<Pipe> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let input = child.stdin.take()?;
    Some(Pipe { child, input })
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A player that writes what it gets to a file.
    fn fake(folder: &Path) -> PathBuf {
        let program = folder.join("player");
        let script = format!("#!/bin/sh\nexec cat >> '{}'\n", folder.join("heard").display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    #[tokio::test]
    async fn every_piece_reaches_the_player_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let (orders, asked) = mpsc::channel(ORDERS);
        let task = tokio::spawn(run(fake(folder.path()), &[], asked));
        let sound: Vec<u8> = (0..400_000_u32).map(|n| (n % 251) as u8).collect();
        for piece in sound.chunks(3840) {
            orders.send(Order::Play(Bytes::copy_from_slice(piece))).await.unwrap();
        }
        drop(orders);
        let missed = tokio::time::timeout(Duration::from_secs(10), task).await.unwrap().unwrap();
        assert_eq!(missed, 0);
        assert!(std::fs::read(folder.path().join("heard")).unwrap() == sound);
    }

    #[tokio::test]
    async fn a_player_that_cannot_start_is_counted() {
        let (orders, asked) = mpsc::channel(ORDERS);
        let task = tokio::spawn(run(PathBuf::from("/nonexistent/player"), &[], asked));
        orders.send(Order::Play(Bytes::from_static(b"ab"))).await.unwrap();
        drop(orders);
        assert_eq!(tokio::time::timeout(Duration::from_secs(10), task).await.unwrap().unwrap(), 1);
    }
}
