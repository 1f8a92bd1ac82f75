//! Running other programs: output passed on as it comes, a deadline on every one.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Returns the folder that holds the workspace: that of the `cargo xtask` that runs. The one in which this was compiled is
/// another one when a checkout was copied with its target folder.
pub(crate) fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.parent().map(Path::to_path_buf).unwrap_or(manifest)
}

/// Makes a command that runs in the workspace's folder and reads nothing from the terminal.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Makes a cargo command that sees the environment its user has.
///
/// `cargo run` adds variables about the xtask package. Build scripts (ring's among them) watch some of those, so passing
/// them on would compile half the tree again whenever somebody changes between `cargo xtask` and plain cargo.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words);
    clean(&mut command);
    command
}

/// Takes from a command's environment what `cargo run` has put there about the xtask package.
pub(crate) fn clean(command: &mut Command) {
    let added = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(added) {
            command.env_remove(name);
        }
    }
}

/// Hides the machine's Rust from a command: its path has `first` and then what has neither cargo nor rustc in it, so what
/// passes passes on the machine of somebody who has never heard of Rust.
pub(crate) fn hide_rust(command: &mut Command, first: Option<&Path>) {
    let path = env::var_os("PATH").unwrap_or_default();
    let kept = env::split_paths(&path).filter(|folder| !has_rust(folder));
    let path = env::join_paths(first.map(Path::to_path_buf).into_iter().chain(kept)).unwrap_or_default();
    command.env("PATH", path).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
}

/// Says whether programs of Rust are in a folder.
pub(crate) fn has_rust(folder: &Path) -> bool {
    ["cargo", "rustc", "maturin"].iter().any(|name| folder.join(name).exists())
}

/// Runs a command to its end, its output passed on.
///
/// # Errors
/// One sentence when it cannot start, ends with another code than 0 or does not end within `limit`.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<(), String> {
    run_reading(command, limit, |line| println!("{line}"))
}

/// Runs a command to its end and returns what it printed to its standard output.
///
/// # Errors
/// As [`run`].
pub(crate) fn read(command: &mut Command, limit: Duration) -> Result<String, String> {
    let mut text = String::new();
    run_reading(command, limit, |line| {
        text.push_str(line);
        text.push('\n');
    })?;
    Ok(text)
}

/// Runs a command to its end; every line of its standard output goes to `each_line`, its standard error is passed on.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_reading(
    command: &mut Command,
    limit: Duration,
    mut each_line: impl FnMut(&str),
) -> Result<(), String> {
    let name = describe(command);
    let deadline = Instant::now() + limit;
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("`{name}` cannot start: {error}"))?;
    let lines = lines_of(&mut child);
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => each_line(&line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => return Err(stop(&mut child, &name, limit)),
        }
    }
    match wait(&mut child, deadline).map_err(|error| format!("`{name}` cannot be waited for: {error}"))? {
        None => Err(stop(&mut child, &name, limit)),
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("`{name}` failed ({status})")),
    }
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    command.get_args().fold(program, |text, word| text + " " + &word.to_string_lossy())
}

/// Reads on a thread of its own, so that a silent child cannot hold up the deadline.
fn lines_of(child: &mut Child) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::sync_channel(1024);
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut reader = BufReader::new(stdout);
            while reader.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
                let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
                bytes.clear();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
    }
    lines
}

fn wait(child: &mut Child, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a child with everything it started: the test binary that hangs is cargo's child, not ours.
fn stop(child: &mut Child, name: &str, limit: Duration) -> String {
    for pid in descendants(child.id()) {
        // It may have ended by itself in between, so a refusal says nothing.
        let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).stderr(Stdio::null()).status();
    }
    let _ = child.kill();
    let _ = child.wait();
    format!("`{name}` did not end within {:.0} minutes and was stopped", limit.as_secs_f64() / 60.0)
}

/// Lists the processes under `pid`, as Linux tells; elsewhere there is nothing to read, and the list is empty.
fn descendants(pid: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let mut all = Vec::new();
    for child in children.split_whitespace().filter_map(|word| word.parse().ok()) {
        all.push(child);
        all.extend(descendants(child));
    }
    all
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Command {
        let mut command = program("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_is_read_line_by_line() {
        assert_eq!(read(&mut shell("echo one; printf two"), SOON).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn a_failure_names_the_command_and_its_code() {
        let sentence = run(&mut shell("exit 3"), SOON).unwrap_err();
        assert!(sentence.contains("sh -c exit 3") && sentence.contains('3'), "{sentence}");
    }

    #[test]
    fn a_command_past_its_deadline_is_stopped_with_its_children() {
        let begun = Instant::now();
        let mut pid = String::new();
        let result = run_reading(&mut shell("sleep 600 & echo $!; wait"), Duration::from_millis(300), |line| {
            pid = line.to_owned();
        });
        assert!(result.unwrap_err().contains("was stopped"));
        assert!(begun.elapsed() < SOON);
        let grave = format!("/proc/{pid}/stat");
        while std::fs::read_to_string(&grave).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(begun.elapsed() < SOON, "the grandchild lives on");
            thread::yield_now();
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        assert!(run(&mut program("no-such-program-here"), SOON).unwrap_err().contains("cannot start"));
    }
}
