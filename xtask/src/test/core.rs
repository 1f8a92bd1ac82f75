//! The Rust workspace, and other makers' SDKs against the emulator.

use std::path::PathBuf;
use std::process::Command;

use crate::interop::Interop;
use crate::process::{self, cargo};
use crate::report::{Findings, Report};
use crate::servers::{self, Server};
use crate::test::{minutes, run_tests};
use crate::tools::{self, Install};
use crate::{dependencies, pure, python};

/// The quick refusals come first. Lints, docs and the pure core need the dependencies checked, the tests need them
/// built; all of them take `--workspace`, so that each dependency is checked once and built once.
pub(super) fn test(report: &mut Report, install: Install) {
    let mut interop = Interop::default();
    let mut workspace = Workspace::default();
    report.stage("core: tools", |_| {
        workspace.python = Some(python::all(install)?.swap_remove(0).path);
        tools::rust_components()
    });
    report.stage("core: format", |_| run_for(&["fmt", "--all", "--check"], 2));
    report.stage("core: dependencies", dependencies::check);
    report.stage("core: JavaScript SDK", |_| interop.set_up_javascript(install));
    report.stage("core: Python SDK", |found| interop.set_up_python(install, found));
    report.stage("core: redis-server", |_| tools::redis_server(install).map(|version| println!("{version}")));
    report.stage("core: lints", |_| {
        let mut clippy = workspace.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
        process::run(&mut clippy, minutes(25))
    });
    report.stage("core: docs", |_| {
        let mut doc = workspace.cargo(&["doc", "--workspace", "--no-deps"]);
        process::run(doc.env("RUSTDOCFLAGS", "-D warnings"), minutes(15))
    });
    report.stage("core: pure core", |_| pure::check());
    report.stage("core: tests", |found| tests(&workspace, found));
    report.stage("core: other SDKs", |found| other_sdks(&workspace, &interop, found));
    report.stage("core: contract", |found| servers::hold_to_contract(Server::Axum, &[], install, found));
}

/// The workspace has the Python wheel in it, whose build looks for an interpreter: one that is named, since the first on the
/// path may be too old for it.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) python: Option<PathBuf>,
}

impl Workspace {
    /// Makes a cargo command for the workspace.
    pub(super) fn cargo(&self, words: &[&str]) -> Command {
        let mut command = cargo(words);
        if let Some(python) = &self.python {
            command.env("PYO3_PYTHON", python);
        }
        command
    }
}

/// Runs every test and every example in the documentation, also after a failure.
fn tests(workspace: &Workspace, found: &mut Findings) -> Result<(), String> {
    if !tools::has_espeak() {
        println!("espeak-ng is not installed: the emulator speaks sentences without a clip as a tone");
    }
    run_tests(&mut workspace.cargo(&["test", "--workspace", "--no-fail-fast"]), minutes(40), found)
}

/// Runs the tests that need what the stages before have installed; they are ignored otherwise.
fn other_sdks(workspace: &Workspace, interop: &Interop, found: &mut Findings) -> Result<(), String> {
    let words = ["test", "--workspace", "--no-fail-fast", "--test", "foreign_sdks", "--", "--ignored"];
    match interop.ready() {
        [] => Err("none of them is installed".to_owned()),
        ready => run_tests(workspace.cargo(&words).args(ready), minutes(40), found),
    }
}

fn run_for(words: &[&str], limit: u64) -> Result<(), String> {
    process::run(&mut cargo(words), minutes(limit))
}
