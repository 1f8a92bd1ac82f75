//! `cargo xtask dist`: the packages for Python and Node, and whether they work where they are installed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::node;
use crate::process::{cargo, root, run as run_for};
use crate::python::{self, Environment, Python};
use crate::report::Report;
use crate::tools::{self, Install};
use crate::wheels::{self, Package, Profile};

/// Makes both wheels and the tarballs in `dist`, installs them into an empty environment of every Python of this machine
/// and an empty folder, and holds a conversation in each.
pub(crate) fn run(profile: Profile, install: Install) -> ExitCode {
    let mut report = Report::default();
    let folder = root().join("dist");
    for_python(&mut report, profile, install, &folder);
    for_node(&mut report, profile, install, &folder);
    report.close()
}

fn for_python(report: &mut Report, profile: Profile, install: Install, folder: &Path) {
    let mut pythons = Vec::new();
    let mut made = Vec::new();
    report.stage("dist: tools for Python", |_| {
        pythons = python::all(install)?;
        wheels::maturin(&pythons[0]).map(drop)
    });
    for package in Package::ALL {
        report.stage(&format!("dist: {}", package.name()), |_| {
            let python = pythons.first().ok_or("there is no Python to make it with")?;
            made.push(wheels::build(package, profile, folder, &wheels::maturin(python)?)?);
            Ok(())
        });
    }
    for python in &pythons {
        report.stage(&format!("dist: Python {}", python.name()), |_| check(python, &made));
    }
}

/// The wheels' build has left what the tarballs have in common with them.
fn for_node(report: &mut Report, profile: Profile, install: Install, folder: &Path) {
    let mut made = Vec::new();
    report.stage("dist: tools for Node", |_| node::install(&tools::node(install)?));
    report.stage("dist: tarballs", |_| {
        // Each by itself: built together they would ask for more of what they share than the wheels did.
        for package in ["bedrock-nova-node", "bedrock-nova-cli"] {
            let words = ["build", "--locked", "--profile", profile.name(), "--package", package];
            run_for(&mut cargo(&words), Duration::from_secs(25 * 60))?;
        }
        node::compile("tsconfig.build.json")?;
        made = node::pack(&root().join("target").join(profile.folder()), folder)?;
        node::lint(&made)
    });
    report.stage("dist: Node", |_| node::check(&made));
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
