//! The Node packages: their tests in the checkout, and what is given away as somebody has it who installed it.
//!
//! The native half and the command come from the profile that the core tier has built for the whole workspace, so that a run
//! of both tiers compiles nothing twice.

use std::path::PathBuf;
use std::process::Command;

use super::core::Workspace;
use crate::node;
use crate::process::{root, run};
use crate::python::{self, Environment};
use crate::report::{Findings, Report};
use crate::shared;
use crate::tally::Tally;
use crate::test::{minutes, run_counting};
use crate::tools::{self, Install};

/// The quick refusals come first.
pub(super) fn test(report: &mut Report, install: Install) {
    let mut workspace = Workspace::default();
    let mut tarballs = Vec::new();
    let mut pytest = None;
    report.stage("node: tools", |_| {
        let version = tools::node(install)?;
        println!("Node.js {version}");
        println!("{}", tools::redis_server(install)?);
        let python = python::all(install)?.swap_remove(0);
        pytest = Some(Environment::with("node/contract", &python, &PYTEST)?);
        workspace.python = Some(python.path);
        node::install(&version)
    });
    report.stage("node: lint", |_| run(node::tool("biome").args(["ci", ".", "../examples/node"]), minutes(2)));
    report.stage("node: shared dependencies", |_| shared::check("bedrock-nova-node"));
    report.stage("node: native half", |_| build(&workspace));
    report.stage("node: types", |_| {
        ["tsconfig.build.json", "tsconfig.json", "tsconfig.test.json"].into_iter().try_for_each(node::compile)
    });
    report.stage("node: tests", tests);
    report.stage("node: contract", |found| contract(pytest.as_ref(), found));
    report.stage("node: tarballs", |_| {
        tarballs = node::pack(&built(), &root().join("target/node/dist"))?;
        node::lint(&tarballs)
    });
    report.stage("node: installed", |_| node::check(&tarballs));
}

/// `--test` brings in what the workspace's tests ask for of their dependencies: without it these have other features, and
/// the AWS SDK is compiled once more.
fn build(workspace: &Workspace) -> Result<(), String> {
    let words = ["build", "--workspace", "--lib", "--bin", "bedrock-nova", "--test", "pool"];
    run(&mut workspace.cargo(&words), minutes(40))?;
    node::place(&built())
}

fn tests(found: &mut Findings) -> Result<(), String> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("nova-node/build"))
        .map_err(|error| format!("there are no tests: {error}"))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    count(node::node().args(["--test", "--test-reporter=spec", "--test-concurrency=2"]).args(files), found)
}

/// Holds the example to the contract of all servers, which is written in Python.
fn contract(pytest: Option<&Environment>, found: &mut Findings) -> Result<(), String> {
    let mut pytest = pytest.ok_or("there is no pytest")?.command("pytest");
    let server = format!("node {}", root().join("examples/node/server.mjs").display());
    pytest
        .args(["-rs", "--server-command", &server, "examples/contract"])
        .env("BEDROCK_NOVA_COMMAND", built().join("bedrock-nova"));
    run_counting(&mut pytest, minutes(10), Tally::from_pytest, found)
}

fn count(tests: &mut Command, found: &mut Findings) -> Result<(), String> {
    tests.current_dir(root().join("nova-node")).env("BEDROCK_NOVA_COMMAND", built().join("bedrock-nova"));
    run_counting(tests.env("BEDROCK_NOVA_SLOW", "1"), minutes(15), Tally::from_node, found)
}

fn built() -> PathBuf {
    root().join("target/debug")
}

/// With what the contract's tests are run.
const PYTEST: [&str; 2] = ["nova-py/requirements/tests.txt", "nova-py/requirements/checks.txt"];
