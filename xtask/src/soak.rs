//! `cargo xtask soak`: what only shows after a long time, in one run.

use std::process::ExitCode;
use std::time::Duration;

use crate::process::{cargo, root};
use crate::report::Report;
use crate::test::run_tests;

/// Runs the long forms of tests whose short forms are part of `cargo xtask test`; fails when any fails.
pub(crate) fn run() -> ExitCode {
    let mut report = Report::default();
    report.stage("soak: 10,000 calls and two hours of one", |found| {
        let mut command = cargo(&["test", "--workspace", "--test", "soak", "--", "--nocapture", "--test-threads=1"]);
        run_tests(command.env("SOAK_CALLS", "10000").env("SOAK_MINUTES", "120"), LIMIT, found)
    });
    if root().join("nova-core/tests/a_day").is_dir() || root().join("nova-core/tests/a_day.rs").is_file() {
        report.stage("soak: 10,000 random histories", |found| {
            let mut command = cargo(&["test", "--workspace", "--test", "a_day", "random"]);
            run_tests(command.env("PROPTEST_CASES", "10000"), LIMIT, found)
        });
    }
    report.close()
}

/// Longer than both together ever took, by far.
const LIMIT: Duration = Duration::from_secs(2 * 3600);
