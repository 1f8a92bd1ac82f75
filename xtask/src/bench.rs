//! `cargo xtask bench-python` and `bench-node`: a binding against the Rust library, with its language's official SDK beside them.
//!
//! Everything that is measured is compiled by the profile that the packages are given away with, so that a ratio is one of
//! designs and not of optimisers.

use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::interop::Interop;
use crate::node;
use crate::process::{cargo, program, root, run as run_for};
use crate::python::{self, Environment, Python};
use crate::report::Report;
use crate::tools::{self, Install};
use crate::wheels::{self, Package, Profile};

/// Builds the Rust side and the wheel, makes the environments, and measures; further arguments go to `run.py`.
pub(crate) fn python(arguments: &[String]) -> ExitCode {
    let mut report = Report::default();
    let mut environment = None;
    let mut interop = Interop::default();
    report.stage("bench: Rust", |_| build("bedrock-nova-benches", &["--bin", "calls"]));
    report.stage("bench: wheel", |_| {
        let pythons = python::all(Install::Refused)?;
        let python = chosen(&pythons).ok_or("there is no Python to measure with")?;
        let made = Environment::with("python/bench", python, &["nova-py/requirements/tests.txt"])?;
        let maturin = wheels::maturin(&pythons[0])?;
        made.install(&[wheels::build(Package::Library, Profile::Dist, &root().join("target/python/dist"), &maturin)?])?;
        environment = Some(made);
        Ok(())
    });
    report.stage("bench: official SDK", |found| interop.set_up_python(Install::Refused, found));
    report.stage("bench: measure", |_| {
        let environment = environment.as_ref().ok_or("there is nothing to measure")?;
        let mut bench = harness(environment.command("python"), arguments);
        bench.arg("python");
        if interop.ready().contains(&"python") {
            bench.arg("--sdk-python").arg(root().join("target/interop/python/bin/python"));
        }
        run_for(&mut bench, LIMIT)
    });
    report.close()
}

/// Builds the Rust side and the package, installs what the voice backend and the official SDK need, and measures.
pub(crate) fn node(arguments: &[String]) -> ExitCode {
    let mut report = Report::default();
    let mut interop = Interop::default();
    let mut python = None;
    report.stage("bench: Rust", |_| build("bedrock-nova-benches", &["--bin", "calls"]));
    report.stage("bench: package", |_| {
        python = python::all(Install::Refused)?.pop();
        node::install(&tools::node(Install::Refused)?)?;
        build("bedrock-nova-node", &[])?;
        node::place(&root().join("target/dist"))?;
        node::compile("tsconfig.build.json")
    });
    report.stage("bench: official SDK", |_| interop.set_up_javascript(Install::Refused));
    report.stage("bench: measure", |_| {
        let python = python.as_ref().ok_or("there is no Python for the harness")?;
        let mut bench = harness(program(&python.path), arguments);
        // The example's packages: the library is its own folder, by a link.
        bench.arg("node").arg("--packages").arg(root().join("examples/node"));
        if interop.ready().contains(&"javascript") {
            bench.arg("--sdk-packages").arg(root().join("interop/js"));
        }
        run_for(&mut bench, LIMIT)
    });
    report.close()
}

fn build(package: &str, words: &[&str]) -> Result<(), String> {
    let profile = ["build", "--locked", "--profile", Profile::Dist.name(), "--package", package];
    run_for(cargo(&profile).args(words), LIMIT)
}

fn harness(mut python: Command, arguments: &[String]) -> Command {
    python.current_dir(root()).arg("benches/bindings/run.py");
    python.arg("--calls-bin").arg(root().join("target/dist/calls")).args(arguments);
    python
}

/// The official SDK needs 3.12; where there is one, it is the same Python for both.
fn chosen(pythons: &[Python]) -> Option<&Python> {
    pythons.iter().find(|python| python.version >= (3, 12)).or(pythons.first())
}

/// For the build of everything from nothing on a slow machine.
const LIMIT: Duration = Duration::from_secs(3600);
