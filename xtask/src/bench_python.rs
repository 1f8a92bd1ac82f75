//! `cargo xtask bench-python`: the wheel against the Rust library, with the official SDK beside them.
//!
//! Everything that is measured is compiled by the profile that the wheels are given away with, so that a ratio is one of
//! designs and not of optimisers.

use std::process::ExitCode;
use std::time::Duration;

use crate::interop::Interop;
use crate::process::{cargo, root, run as run_for};
use crate::python::{self, Environment, Python};
use crate::report::Report;
use crate::tools::Install;
use crate::wheels::{self, Package, Profile};

/// Builds the Rust side and the wheel, makes the environments, and measures; further arguments go to `run.py`.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let mut report = Report::default();
    let mut environment = None;
    let mut interop = Interop::default();
    report.stage("bench: Rust", |_| {
        run_for(
            &mut cargo(&["build", "--locked", "--profile", "dist", "-p", "bedrock-nova-benches", "--bin", "calls"]),
            LIMIT,
        )
    });
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
        let mut bench = environment.command("python");
        bench.arg("benches/bindings/run.py").arg("--calls-bin").arg(root().join("target/dist/calls"));
        bench.args(arguments).arg("python");
        if interop.ready().contains(&"python") {
            bench.arg("--sdk-python").arg(root().join("target/interop/python/bin/python"));
        }
        run_for(&mut bench, LIMIT)
    });
    report.close()
}

/// The official SDK needs 3.12; where there is one, it is the same Python for both.
fn chosen(pythons: &[Python]) -> Option<&Python> {
    pythons.iter().find(|python| python.version >= (3, 12)).or(pythons.first())
}

/// For the build of everything from nothing on a slow machine.
const LIMIT: Duration = Duration::from_secs(3600);
