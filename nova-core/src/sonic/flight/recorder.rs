//! The writer beside a living call. The call never waits for it: what finds no room in its queue is counted, and told in
//! the log; a disk that fails ends the log and nothing else.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinHandle;

use super::{Log, Tally, Words};
use crate::error::{Error, Result};
use crate::model::Catalogue;
use crate::sonic::config::Config;
use crate::sonic::conversation::{Call, Input, Output};
use crate::sonic::snapshot::Snapshot;

/// Lines that may wait for the disk: some fifteen seconds of a busy call.
const QUEUE: usize = 4_096;
/// Lines that are written at once.
const BATCH: usize = 256;
/// How long the end of a call waits for its last lines to be on the disk.
const LAST_LINES: Duration = Duration::from_secs(2);

/// A call, and the log of it if one was asked for.
#[derive(Debug)]
pub(in crate::sonic) struct Recorded {
    call: Call,
    recorder: Option<Recorder>,
}

/// How a call begins.
#[derive(Debug)]
pub(in crate::sonic) enum Start {
    /// With nothing said.
    Anew(Box<Config>),
    /// Where another process left it.
    From(Box<Snapshot>),
}

/// Where a log goes, and what is in it.
#[derive(Clone, Debug)]
pub(in crate::sonic) struct Plan {
    pub(in crate::sonic) path: PathBuf,
    pub(in crate::sonic) words: Words,
}

impl Recorded {
    /// Begins a call, and its log in a task of its own; it must be called inside a tokio runtime.
    ///
    /// # Errors
    /// Those of [`Call::new`] or [`Call::resume`]; the log is not begun then.
    pub(in crate::sonic) fn new(start: Start, catalogue: &Catalogue, seed: u64, plan: Option<Plan>) -> Result<Self> {
        let begun = plan.map(|Plan { path, words }| {
            let (log, first) = match &start {
                Start::Anew(config) => Log::begin(words, config, catalogue, seed),
                Start::From(snapshot) => Log::resume(words, snapshot, catalogue, seed),
            };
            (Page::new(path, seed, log), first)
        });
        let call = match start {
            Start::Anew(config) => Call::new(*config, catalogue, seed)?,
            Start::From(snapshot) => Call::resume(*snapshot, catalogue, seed)?,
        };
        Ok(Recorded { call, recorder: begun.map(|(page, first)| Recorder::start(page, first, QUEUE)) })
    }

    /// As [`Call::handle`].
    pub(in crate::sonic) fn handle(&mut self, now: Duration, input: Input) -> Result<()> {
        let Some(recorder) = &mut self.recorder else { return self.call.handle(now, input) };
        // Before the call sees it: if it breaks on it, the log shows on what.
        recorder.note(Entry::Input { now, input: input.clone() });
        let result = self.call.handle(now, input);
        if let Err(error) = &result {
            recorder.note(Entry::Refused(error.clone()));
        }
        result
    }

    /// As [`Call::poll`].
    pub(in crate::sonic) fn poll(&mut self) -> Option<Output> {
        let output = self.call.poll()?;
        if let Some(recorder) = &mut self.recorder {
            recorder.note(Entry::Output(output.clone()));
        }
        Some(output)
    }

    /// Ends the log and waits, but not for long, until it is on the disk.
    pub(in crate::sonic) async fn end_log(mut self) {
        if let Some(recorder) = self.recorder.take() {
            recorder.end().await;
        }
    }
}

impl Deref for Recorded {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

/// The near end of the queue.
#[derive(Debug)]
struct Recorder {
    queue: mpsc::Sender<Entry>,
    writer: JoinHandle<()>,
    missing: Tally,
}

enum Entry {
    Input { now: Duration, input: Input },
    Refused(Error),
    Output(Output),
    Missing(Tally),
    End,
}

impl Recorder {
    #[allow(clippy::disallowed_methods, reason = "the log is written beside the call")]
    fn start(page: Page, first: String, bound: usize) -> Self {
        let (queue, entries) = mpsc::channel(bound);
        let writer = tokio::spawn(write(page, first, entries));
        Recorder { queue, writer, missing: Tally::default() }
    }

    fn note(&mut self, entry: Entry) {
        let missing = self.missing;
        if missing != Tally::default() {
            match self.queue.try_send(Entry::Missing(missing)) {
                Ok(()) => self.missing = Tally::default(),
                Err(_) => return self.miss(&entry),
            }
        }
        if let Err(TrySendError::Full(entry)) = self.queue.try_send(entry) {
            self.miss(&entry);
        }
    }

    fn miss(&mut self, entry: &Entry) {
        match entry {
            Entry::Input { .. } => self.missing.inputs += 1,
            Entry::Output(_) => self.missing.outputs += 1,
            // Without its input a refusal says nothing, and the other two are not noted.
            Entry::Refused(_) | Entry::Missing(_) | Entry::End => {}
        }
    }

    async fn end(self) {
        let Recorder { queue, writer, missing } = self;
        let written = async {
            // A writer that is gone has said why.
            if missing != Tally::default() {
                let _ = queue.send(Entry::Missing(missing)).await;
            }
            let _ = queue.send(Entry::End).await;
            drop(queue);
            let _ = writer.await;
        };
        if tokio::time::timeout(LAST_LINES, written).await.is_err() {
            tracing::warn!("the disk is slow: the last lines of a flight log may be missing");
        }
    }
}

/// Writes in batches, on the runtime's threads for blocking work, until there is nothing more or the disk fails.
async fn write(mut page: Page, first: String, mut entries: mpsc::Receiver<Entry>) {
    let mut batch = Vec::new();
    let mut lines = vec![first];
    loop {
        let work = tokio::task::spawn_blocking(move || {
            let result = page.write(lines, batch);
            (page, result)
        });
        // The runtime shuts down, or the page broke and has said so.
        let Ok((back, result)) = work.await else { return };
        if let Err(error) = result {
            tracing::warn!(path = %back.path.display(), %error, "the flight log ends here: the disk failed");
            return;
        }
        (page, lines, batch) = (back, Vec::new(), Vec::new());
        if entries.recv_many(&mut batch, BATCH).await == 0 {
            return;
        }
    }
}

/// The file.
struct Page {
    path: PathBuf,
    seed: u64,
    log: Option<Log>,
    file: Option<BufWriter<File>>,
}

impl Page {
    fn new(path: PathBuf, seed: u64, log: Log) -> Self {
        Page { path, seed, log: Some(log), file: None }
    }

    /// Writes lines, then entries; whatever the process does afterwards, they are with the operating system.
    fn write(&mut self, lines: Vec<String>, entries: Vec<Entry>) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                if self.path.is_dir() {
                    self.path.push(format!("call-{:016x}.jsonl", self.seed));
                }
                self.file.insert(BufWriter::new(create(&self.path)?))
            }
        };
        for line in lines {
            writeln!(file, "{line}")?;
        }
        for entry in entries {
            let Some(log) = &mut self.log else { break };
            let line = match entry {
                Entry::Input { now, input } => log.input(now, input),
                Entry::Refused(error) => log.refused(error),
                Entry::Output(output) => log.output(output),
                Entry::Missing(missing) => log.missing(missing),
                Entry::End => self.log.take().map(Log::end).unwrap_or_default(),
            };
            writeln!(file, "{line}")?;
        }
        file.flush()
    }
}

/// Makes the file anew, for nobody but its owner. One that was there is left to whoever still has it open, which may be
/// the log of another call. Pipes and devices are written to as they are.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true);
    match std::fs::symlink_metadata(path) {
        Ok(there) if there.is_file() && (there.len() == 0 || is_log(path)?) => std::fs::remove_file(path)?,
        Ok(there) if there.is_file() => {
            let why = "there is another file of that name, and it is no flight log";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        Ok(_) => return options.open(path),
        Err(_) => {}
    }
    options.create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Only what is a log is written over: a recording given by mistake stays as it is.
fn is_log(path: &Path) -> io::Result<bool> {
    let mut beginning = [0; BEGINNING.len()];
    let read = io::Read::read(&mut File::open(path)?, &mut beginning)?;
    Ok(beginning[..read] == *BEGINNING)
}

/// How every log begins.
const BEGINNING: &[u8] = br#"{"flightLog":"#;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::sonic::flight::{Rerun, Step};

    fn page(path: &Path) -> (Page, String) {
        let (log, first) = Log::begin(Words::Redacted, &Config::default(), Catalogue::built_in(), 7);
        (Page::new(path.to_owned(), 7, log), first)
    }

    fn recorded(path: &Path, bound: usize) -> Recorded {
        let (page, first) = page(path);
        let call = Call::new(Config::default(), Catalogue::built_in(), 7).unwrap();
        Recorded { call, recorder: Some(Recorder::start(page, first, bound)) }
    }

    fn tick(call: &mut Recorded, times: u64) {
        for n in 0..times {
            call.handle(Duration::from_millis(n), Input::Tick).unwrap();
            while call.poll().is_some() {}
        }
    }

    /// What the lines of a log are, played again.
    fn steps(text: &str) -> Vec<Step> {
        let mut lines = text.lines();
        let mut rerun = Rerun::begin(lines.next().unwrap()).unwrap();
        lines.map(|line| rerun.line(line).unwrap()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_finds_no_room_is_counted_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.jsonl");
        let mut call = recorded(&path, 7);
        // The writer gets its turn only when this task waits: seven entries fit.
        tick(&mut call, 10);
        tokio::task::yield_now().await;
        call.end_log().await;
        let steps = steps(&std::fs::read_to_string(&path).unwrap());
        let missing = steps.iter().position(|step| matches!(step, Step::Missing(_))).unwrap();
        assert_eq!(missing, 7, "{steps:?}");
        // Ten ticks, each answered by one wait, and a link to open: three ticks and four outputs are there.
        assert_eq!(steps[missing], Step::Missing(Tally { inputs: 7, outputs: 7 }), "{steps:?}");
        assert_eq!(steps.last(), Some(&Step::End));
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_is_whole_once_its_call_has_ended_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.jsonl");
        std::fs::write(&path, r#"{"flightLog":1,"an":"older one"}"#).unwrap();
        let mut call = recorded(&path, QUEUE);
        tick(&mut call, 1_000);
        call.end_log().await;
        let steps = steps(&std::fs::read_to_string(&path).unwrap());
        assert_eq!(steps.iter().filter(|step| **step == Step::Input).count(), 1_000);
        assert_eq!(steps.last(), Some(&Step::End));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_log_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("question.wav");
        std::fs::write(&path, "RIFF and somebody's voice").unwrap();
        let mut call = recorded(&path, QUEUE);
        tick(&mut call, 10);
        call.end_log().await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "RIFF and somebody's voice");
    }

    #[tokio::test(start_paused = true)]
    async fn a_folder_gets_a_file_for_each_call() {
        let folder = tempfile::tempdir().unwrap();
        for seed in [1, 2] {
            let plan = Some(Plan { path: folder.path().to_owned(), words: Words::InFull });
            let start = Start::Anew(Box::default());
            let call = Recorded::new(start, Catalogue::built_in(), seed, plan).unwrap();
            call.end_log().await;
        }
        assert!(folder.path().join("call-0000000000000001.jsonl").exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_fails_leaves_the_call_alone() {
        let folder = tempfile::tempdir().unwrap();
        // The second is a disk without room.
        for path in [folder.path().join("no/such/folder.jsonl"), "/dev/full".into()] {
            let mut call = recorded(&path, 4);
            tick(&mut call, 10);
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(call.recorder.as_ref().unwrap().writer.is_finished(), "the log has ended");
            tick(&mut call, 10);
            call.end_log().await;
        }
    }
}
