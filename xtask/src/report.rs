//! What a run of `cargo xtask test` found: one row a stage, and a close that cannot be mistaken.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::tally::Tally;

/// What a stage adds while it works.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Tests that ran.
    pub(crate) tests: Tally,
    /// What could not run here, each with how to get it. Said in the close, counted as nothing.
    pub(crate) not_run: Vec<String>,
}

/// Collects the stages of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    stages: Vec<Stage>,
    found: Findings,
}

#[derive(Debug)]
struct Stage {
    name: String,
    took: Duration,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Done,
    /// What could run was well, but something could not run here.
    Incomplete,
    Failed(String),
}

impl Report {
    /// Does a stage's work and notes its minutes and result. A failed stage does not stop those after it: one run tells
    /// everything that is wrong.
    pub(crate) fn stage(&mut self, name: &str, work: impl FnOnce(&mut Findings) -> Result<(), String>) {
        println!("\n── {name}");
        let begun = Instant::now();
        let not_run = self.found.not_run.len();
        let outcome = match work(&mut self.found) {
            Err(reason) => {
                println!("failed: {reason}");
                Outcome::Failed(reason)
            }
            Ok(()) if self.found.not_run.len() > not_run => Outcome::Incomplete,
            Ok(()) => Outcome::Done,
        };
        self.stages.push(Stage { name: name.to_owned(), took: begun.elapsed(), outcome });
    }

    /// Prints the table and the closing line; the code is a failure when any stage failed.
    pub(crate) fn close(&self) -> ExitCode {
        println!("\n{}", self.table());
        for what in &self.found.not_run {
            println!("not run: {what}");
        }
        for (stage, reason) in self.failures() {
            println!("failed: {stage}: {reason}");
        }
        println!("{}", self.found.tests);
        if self.failures().next().is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }

    fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.stages.iter().filter_map(|stage| match &stage.outcome {
            Outcome::Failed(reason) => Some((stage.name.as_str(), reason.as_str())),
            Outcome::Done | Outcome::Incomplete => None,
        })
    }

    fn table(&self) -> String {
        let width = self.stages.iter().map(|stage| stage.name.chars().count()).max().unwrap_or(0).max(5);
        let mut table = format!("{:width$}  minutes\n", "stage");
        for stage in &self.stages {
            let word = match stage.outcome {
                Outcome::Done => "ok",
                Outcome::Incomplete => "incomplete",
                Outcome::Failed(_) => "FAILED",
            };
            table += &format!("{:width$}  {:7.1}  {word}\n", stage.name, minutes(stage.took));
        }
        let whole = self.stages.iter().map(|stage| stage.took).sum();
        table + &format!("{:width$}  {:7.1}", "all", minutes(whole))
    }
}

fn minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_stage_fails_the_run_and_the_next_one_still_works() {
        let mut report = Report::default();
        report.stage("lints", |_| Err("two warnings".to_owned()));
        report.stage("tests", |found| {
            found.tests += Tally { passed: 3, ..Tally::default() };
            Ok(())
        });
        assert_eq!(report.failures().collect::<Vec<_>>(), [("lints", "two warnings")]);
        assert_eq!(report.found.tests.passed, 3);
        assert_eq!(report.close(), ExitCode::FAILURE);
    }

    #[test]
    fn the_table_has_a_row_for_every_stage() {
        let mut report = Report::default();
        report.stage("core: lints", |_| Ok(()));
        report.stage("core: a longer name", |_| Err(String::new()));
        report.stage("core: half", |found| {
            found.not_run.push("the other half".to_owned());
            Ok(())
        });
        let rows: Vec<String> = report.table().lines().map(str::to_owned).collect();
        assert_eq!(rows.len(), 5);
        assert!(rows[1].starts_with("core: lints ") && rows[1].ends_with("ok"));
        assert!(rows[2].ends_with("FAILED"));
        assert!(rows[3].ends_with("incomplete"));
        assert_eq!(report.close(), ExitCode::FAILURE);
    }

    #[test]
    fn only_good_stages_pass() {
        let mut report = Report::default();
        report.stage("format", |_| Ok(()));
        assert_eq!(report.close(), ExitCode::SUCCESS);
    }
}
