//! `cargo xtask test`: what CI runs and what a developer runs, in one order and with one close.

mod core;
mod node;
mod python;
mod web;

use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::process::run_reading;
use crate::report::{Findings, Report};
use crate::tally::Tally;
use crate::tools::Install;

/// A part of the project that is tested on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// The Rust workspace, and other makers' SDKs against the emulator.
    Core,
    /// The Python wheel.
    Python,
    /// The Node package.
    Node,
    /// The pages, in a browser.
    Web,
    /// Deployments, as far as they can be tested without an account.
    Cloud,
}

impl Tier {
    /// Every tier, in the order of a run.
    pub(crate) const ALL: [Tier; 5] = [Tier::Core, Tier::Python, Tier::Node, Tier::Web, Tier::Cloud];

    /// Returns the tier of that name.
    pub(crate) fn named(name: &str) -> Option<Tier> {
        Tier::ALL.into_iter().find(|tier| tier.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Tier::Core => "core",
            Tier::Python => "python",
            Tier::Node => "node",
            Tier::Web => "web",
            Tier::Cloud => "cloud",
        }
    }
}

/// Runs the tiers, prints minutes, what did not run, what failed and the number of tests; fails when anything failed.
pub(crate) fn run(tiers: &[Tier], install: Install) -> ExitCode {
    let mut report = Report::default();
    for &tier in tiers {
        match tier {
            Tier::Core => core::test(&mut report, install),
            Tier::Python => python::test(&mut report, install),
            Tier::Node => node::test(&mut report, install),
            Tier::Web => web::test(&mut report, install),
            Tier::Cloud => println!("\n── {}: nothing here yet", tier.name()),
        }
    }
    report.close()
}

/// Runs `cargo test …` and counts what ran.
///
/// # Errors
/// When it fails, or when no test ran.
pub(crate) fn run_tests(command: &mut Command, limit: Duration, found: &mut Findings) -> Result<(), String> {
    run_counting(command, limit, Tally::from_libtest, found)
}

/// Runs tests and counts what ran, as `read` finds it in the lines they print.
///
/// # Errors
/// When they fail, or when none ran.
pub(crate) fn run_counting(
    command: &mut Command,
    limit: Duration,
    read: impl Fn(&str) -> Option<Tally>,
    found: &mut Findings,
) -> Result<(), String> {
    let mut ran = Tally::default();
    let result = run_reading(command, limit, |line| {
        println!("{line}");
        ran += read(line).unwrap_or_default();
    });
    found.tests += ran;
    match result {
        Ok(()) if ran.passed + ran.failed == 0 => Err("no test ran".to_owned()),
        other => other,
    }
}

pub(crate) fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}
