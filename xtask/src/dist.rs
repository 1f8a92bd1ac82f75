//! `cargo xtask dist`: the Python packages, and whether they work where they are installed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::process::{root, run as run_for};
use crate::python::{self, Environment, Python};
use crate::report::Report;
use crate::tools::Install;
use crate::wheels::{self, Package, Profile};

/// Makes both wheels in `dist`, installs them into an empty environment of every Python of this machine, and holds a
/// conversation there.
pub(crate) fn run(profile: Profile, install: Install) -> ExitCode {
    let mut report = Report::default();
    let mut pythons = Vec::new();
    let mut made = Vec::new();
    let folder = root().join("dist");
    report.stage("dist: tools", |_| {
        pythons = python::all(install)?;
        wheels::maturin(&pythons[0]).map(drop)
    });
    for package in Package::ALL {
        report.stage(&format!("dist: {}", package.name()), |_| {
            let python = pythons.first().ok_or("there is no Python to make it with")?;
            made.push(wheels::build(package, profile, &folder, &wheels::maturin(python)?)?);
            Ok(())
        });
    }
    for python in &pythons {
        report.stage(&format!("dist: Python {}", python.name()), |_| check(python, &made));
    }
    report.close()
}

/// Installs both wheels and nothing else, and runs a small program with them.
pub(crate) fn check(python: &Python, wheels: &[PathBuf]) -> Result<(), String> {
    if wheels.len() < Package::ALL.len() {
        return Err("there are no wheels to install".to_owned());
    }
    let environment = Environment::empty(&format!("python/wheels-{}", python.name()), python)?;
    environment.install(wheels)?;
    run_for(environment.command("python").arg("nova-py/smoke.py"), Duration::from_secs(120))
}
