//! `cargo xtask test`: what CI runs and what a developer runs, in one order and with one close.

use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::interop::Interop;
use crate::process::{self, cargo, run_reading};
use crate::report::{Findings, Report};
use crate::tally::Tally;
use crate::tools::{self, Install};
use crate::{dependencies, pure};

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
            Tier::Core => core(&mut report, install),
            Tier::Python | Tier::Node | Tier::Web | Tier::Cloud => println!("\n── {}: nothing here yet", tier.name()),
        }
    }
    report.close()
}

/// The quick refusals come first. Lints, docs and the pure core need the dependencies checked, the tests need them
/// built; all of them take `--workspace`, so that each dependency is checked once and built once.
fn core(report: &mut Report, install: Install) {
    let mut interop = Interop::default();
    report.stage("core: tools", |_| tools::rust_components());
    report.stage("core: format", |_| run_for(&["fmt", "--all", "--check"], 2));
    report.stage("core: dependencies", dependencies::check);
    report.stage("core: JavaScript SDK", |_| interop.set_up_javascript(install));
    report.stage("core: Python SDK", |found| interop.set_up_python(install, found));
    report.stage("core: redis-server", |_| tools::redis_server(install).map(|version| println!("{version}")));
    report.stage("core: lints", |_| run_for(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], 25));
    report.stage("core: docs", |_| {
        let mut doc = cargo(&["doc", "--workspace", "--no-deps"]);
        process::run(doc.env("RUSTDOCFLAGS", "-D warnings"), minutes(15))
    });
    report.stage("core: pure core", |_| pure::check());
    report.stage("core: tests", tests);
    report.stage("core: other SDKs", |found| other_sdks(&interop, found));
}

/// Runs every test and every example in the documentation, also after a failure.
fn tests(found: &mut Findings) -> Result<(), String> {
    if !tools::has_espeak() {
        println!("espeak-ng is not installed: the emulator speaks sentences without a clip as a tone");
    }
    run_tests(&mut cargo(&["test", "--workspace", "--no-fail-fast"]), minutes(40), found)
}

/// Runs the tests that need what the stages before have installed; they are ignored otherwise.
fn other_sdks(interop: &Interop, found: &mut Findings) -> Result<(), String> {
    let words = ["test", "--workspace", "--no-fail-fast", "--test", "foreign_sdks", "--", "--ignored"];
    match interop.ready() {
        [] => Err("none of them is installed".to_owned()),
        ready => run_tests(cargo(&words).args(ready), minutes(40), found),
    }
}

/// Runs `cargo test …` and counts what ran.
///
/// # Errors
/// When it fails, or when no test ran.
pub(crate) fn run_tests(command: &mut Command, limit: Duration, found: &mut Findings) -> Result<(), String> {
    let mut ran = Tally::default();
    let result = run_reading(command, limit, |line| {
        println!("{line}");
        ran += Tally::from_libtest(line).unwrap_or_default();
    });
    found.tests += ran;
    match result {
        Ok(()) if ran == Tally::default() => Err("no test ran".to_owned()),
        other => other,
    }
}

fn run_for(words: &[&str], limit: u64) -> Result<(), String> {
    process::run(&mut cargo(words), minutes(limit))
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}
