//! `cargo xtask fuzz`: the fuzz targets, each for a while.

use std::process::ExitCode;
use std::time::Duration;

use crate::process::{program, root, run as run_for};
use crate::report::Report;
use crate::tools;

/// What a run of the fuzzers is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    targets: Vec<&'static str>,
    seconds: u64,
}

impl Plan {
    /// Reads `[target]… [seconds]`; every target for a minute when nothing is said.
    ///
    /// # Errors
    /// The first word that is neither.
    pub(crate) fn read(words: &[String]) -> Result<Plan, String> {
        let mut plan = Plan { targets: Vec::new(), seconds: 60 };
        for word in words {
            match (TARGETS.into_iter().find(|target| target == word), word.parse()) {
                (Some(target), _) => plan.targets.push(target),
                (None, Ok(seconds)) if seconds > 0 => plan.seconds = seconds,
                (None, _) => return Err(word.clone()),
            }
        }
        if plan.targets.is_empty() {
            plan.targets.extend(TARGETS);
        }
        Ok(plan)
    }
}

/// Runs each target for its time, also after another one has found something; fails when any has.
pub(crate) fn run(plan: &Plan) -> ExitCode {
    let mut report = Report::default();
    report.stage("fuzz: tools", |_| tools::fuzzers());
    report.stage("fuzz: build", |_| run_for(fuzz(&["build"]).args(PLAIN), Duration::from_secs(1_200)));
    for target in &plan.targets {
        report.stage(&format!("fuzz: {target}"), |_| one(target, plan.seconds));
    }
    report.close()
}

/// Runs one target. What it finds on the way stays out of the kept corpus, which it begins with.
fn one(target: &str, seconds: u64) -> Result<(), String> {
    let found = root().join("target/fuzz").join(target);
    std::fs::create_dir_all(&found).map_err(|error| format!("{} cannot be made: {error}", found.display()))?;
    let mut command = fuzz(&["run"]);
    command.args(PLAIN).arg(target).arg(found).arg(format!("fuzz/corpus/{target}")).arg("--");
    command.arg(format!("-max_total_time={seconds}")).args(["-max_len=4096", "-timeout=30"]);
    if target == "wire" {
        command.arg("-dict=fuzz/wire.dict");
    }
    run_for(&mut command, Duration::from_secs(seconds + 600))
}

/// The nightly cargo, by name: ours is the project's own, and it is not the one that fuzzes.
fn fuzz(words: &[&str]) -> std::process::Command {
    let mut command = program("rustup");
    command.args(["run", "nightly", "cargo", "fuzz"]).args(words);
    command
}

/// The project forbids `unsafe`, and without the address sanitizer the fuzzers are ten times as fast.
const PLAIN: [&str; 2] = ["--sanitizer", "none"];

const TARGETS: [&str; 4] = ["wire", "session", "conversation", "judge"];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Plan, String> {
        Plan::read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn nothing_said_means_every_target_for_a_minute() {
        assert_eq!(read(&[]), Ok(Plan { targets: TARGETS.to_vec(), seconds: 60 }));
    }

    #[test]
    fn targets_and_seconds_are_read_and_other_words_refused() {
        assert_eq!(read(&["judge", "3600"]), Ok(Plan { targets: vec!["judge"], seconds: 3600 }));
        assert_eq!(read(&["0"]), Err("0".to_owned()));
        assert_eq!(read(&["jury"]), Err("jury".to_owned()));
    }

    #[test]
    fn every_target_has_its_file() {
        for target in TARGETS {
            assert!(root().join(format!("fuzz/fuzz_targets/{target}.rs")).is_file(), "{target}");
        }
    }
}
