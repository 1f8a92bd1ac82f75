//! The Rust workspace, and other makers' SDKs against the emulator.

use crate::interop::Interop;
use crate::process::{self, cargo};
use crate::report::{Findings, Report};
use crate::test::{minutes, run_tests};
use crate::tools::{self, Install};
use crate::{dependencies, pure};

/// The quick refusals come first. Lints, docs and the pure core need the dependencies checked, the tests need them
/// built; all of them take `--workspace`, so that each dependency is checked once and built once.
pub(super) fn test(report: &mut Report, install: Install) {
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

fn run_for(words: &[&str], limit: u64) -> Result<(), String> {
    process::run(&mut cargo(words), minutes(limit))
}
