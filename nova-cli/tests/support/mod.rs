//! Running the command as a person would: a child process with a clean environment and a home of its own.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod files;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder that is home and working folder of a child.
pub(crate) struct Home(tempfile::TempDir);

/// What a child left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) took: Duration,
}

impl Home {
    pub(crate) fn new() -> Self {
        Home(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file below the home and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Writes mono samples as a 16-bit WAV file.
    pub(crate) fn wav(&self, name: &str, rate: u32, samples: &[i16]) -> PathBuf {
        let path = self.path().join(name);
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for sample in samples {
            writer.write_sample(*sample).unwrap();
        }
        writer.finalize().unwrap();
        path
    }

    /// Prepares the command with nothing of this machine's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedrock-nova"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments))
    }
}

/// Runs a command to its end.
pub(crate) fn finish(mut command: Command) -> Ran {
    let begin = Instant::now();
    let output = command.output().unwrap();
    ran(&output, begin)
}

pub(crate) fn ran(output: &Output, begin: Instant) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        took: begin.elapsed(),
    }
}

/// A recorded question of the emulator's user, at 16 kHz.
pub(crate) fn question(name: &str) -> Vec<i16> {
    bedrock_nova_emulator::clips::question(name).unwrap().at(16_000).pcm
}

/// A child that goes on while the test looks at what it prints.
pub(crate) struct Running {
    child: std::process::Child,
    lines: std::sync::mpsc::Receiver<String>,
    seen: Vec<String>,
    begin: Instant,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        Running::of(command.spawn().unwrap())
    }

    /// Takes over a child of which the test holds an end.
    pub(crate) fn of(mut child: std::process::Child) -> Self {
        use std::io::BufRead;
        let (tell, lines) = std::sync::mpsc::channel();
        let out = std::io::BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Running { child, lines, seen: Vec::new(), begin: Instant::now() }
    }

    /// Waits for a line with these words and returns it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(_) => panic!("no line with {words:?} in 30 s: {:#?}", self.seen),
            }
        }
    }

    /// Every line so far.
    pub(crate) fn seen(&self) -> &[String] {
        &self.seen
    }

    /// Presses Ctrl-C: SIGINT to this child alone.
    pub(crate) fn interrupt(&self) {
        let kill = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for the child's own end, at most so long.
    #[track_caller]
    pub(crate) fn end_within(mut self, most: Duration) -> Ran {
        use std::io::Read;
        let until = Instant::now() + most;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen.push(line);
        }
        assert!(Instant::now() < until, "still running after {most:?}: {:#?}", self.seen);
        // Its output is closed, so it is ending.
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let status = self.child.wait().unwrap();
        Ran { code: status.code(), out: self.seen.join("\n"), err, took: self.begin.elapsed() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
