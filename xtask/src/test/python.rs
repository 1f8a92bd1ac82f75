//! The Python packages, as somebody has them who installed them: from wheels, with no Rust in sight.
//!
//! The wheels are those that are given away: linked through, stripped and free of debug assertions they are another program
//! than what `cargo test` sees, and the one that has to work. From nothing they also cost less than wheels for development,
//! whose dependencies are each compiled to the end and not only as far as they are used: 460 s of CPU for both against 790 s.
//! [`TESTED`] is the one place that chooses.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{root, run};
use crate::python::{self, Environment, Python};
use crate::report::{Findings, Report};
use crate::shared;
use crate::tally::Tally;
use crate::test::{minutes, run_counting};
use crate::tools::{self, Install};
use crate::wheels::{self, Package, Profile};

/// The quick refusals come first. Everything runs on the oldest Python; the others run what is not marked as slow.
pub(super) fn test(report: &mut Report, install: Install) {
    let mut bench = Bench::default();
    report.stage("python: tools", |_| bench.set_up(install));
    report.stage("python: lint", |_| bench.lint());
    report.stage("python: shared dependencies", |_| shared::check("bedrock-nova-py"));
    for package in Package::ALL {
        report.stage(&format!("python: wheel {}", package.name()), |_| bench.build(package));
    }
    report.stage("python: types", |_| bench.types());
    for place in bench.places.clone() {
        report.stage(&format!("python: tests {}", place.python.name()), |found| bench.tests(&place, found));
    }
    report.stage("python: contract", |found| bench.backend(CONTRACT, found));
    report.stage("python: example", |found| bench.backend("examples/fastapi/tests", found));
}

/// What the stages hand on to each other.
#[derive(Debug, Default)]
struct Bench {
    /// Oldest first.
    places: Vec<Place>,
    wheels: Vec<PathBuf>,
}

/// A Python with an environment for its tests.
#[derive(Clone, Debug)]
struct Place {
    python: Python,
    environment: Environment,
    share: Share,
}

/// How much of the tests a place runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    Everything,
    /// What is not marked `slow`.
    Quick,
}

impl Bench {
    fn set_up(&mut self, install: Install) -> Result<(), String> {
        let node = tools::node(install)?;
        let pythons = python::all(install)?;
        wheels::maturin(&pythons[0])?;
        for python in pythons {
            let share = if self.places.is_empty() { Share::Everything } else { Share::Quick };
            let folder = format!("python/tests-{}", python.name());
            let environment = Environment::with(&folder, &python, share.lists())?;
            println!("Python {}: {}", python.name(), python.path.display());
            self.places.push(Place { python, environment, share });
        }
        println!("Node.js {node}, for pyright");
        println!("{}", tools::redis_server(install)?);
        tools::for_scripts(install);
        Ok(())
    }

    fn lint(&self) -> Result<(), String> {
        // The benches are no package, and what they import of the official SDK is not installed here.
        let sources: Vec<&str> = sources().chain(["benches/bindings", "benches/python"]).collect();
        let ruff = |words: &[&str]| run(self.oldest("ruff")?.args(words).args(&sources), minutes(2));
        ruff(&["check"])?;
        ruff(&["format", "--check"])
    }

    fn build(&mut self, package: Package) -> Result<(), String> {
        let python = &self.places.first().ok_or(NOWHERE)?.python;
        let folder = root().join("target/python/dist");
        self.wheels.push(wheels::build(package, TESTED, &folder, &wheels::maturin(python)?)?);
        Ok(())
    }

    /// Checks the annotations by two checkers, and the stub of the native half by what that really holds.
    fn types(&self) -> Result<(), String> {
        let place = self.places.first().ok_or(NOWHERE)?;
        self.install_wheels(place)?;
        // Each with its own tests alone: two of them have a module of the same name.
        for part in [&LIBRARY[..], &[EXAMPLE], &[CONTRACT]] {
            run(place.environment.command("mypy").args(["--strict"]).args(part), minutes(5))?;
        }
        let mut pyright = place.environment.command("pyright");
        pyright.arg("--pythonpath").arg(place.environment.path("python"));
        run(pyright.args(sources()), minutes(5))?;
        run(place.environment.command("stubtest").arg("bedrock_nova._native"), minutes(5))
    }

    fn tests(&self, place: &Place, found: &mut Findings) -> Result<(), String> {
        self.install_wheels(place)?;
        let mut pytest = place.environment.command("pytest");
        pytest.current_dir(root().join("nova-py")).args(place.share.words());
        count(&mut pytest, 10, found)
    }

    /// Runs tests of the example, which is a server with an environment like a user's.
    fn backend(&self, folder: &str, found: &mut Findings) -> Result<(), String> {
        self.install_wheels(self.places.first().ok_or(NOWHERE)?)?;
        let mut pytest = self.oldest("pytest")?;
        if folder == CONTRACT {
            // Also what takes a minute in real time: a minute of speech handed over at once.
            pytest.arg("--long");
        }
        count(pytest.arg(folder), 10, found)
    }

    fn install_wheels(&self, place: &Place) -> Result<(), String> {
        if self.wheels.len() < Package::ALL.len() {
            return Err("there are no wheels to install".to_owned());
        }
        place.environment.install(&self.wheels)
    }

    fn oldest(&self, program: &str) -> Result<Command, String> {
        Ok(self.places.first().ok_or(NOWHERE)?.environment.command(program))
    }
}

impl Share {
    fn lists(self) -> &'static [&'static str] {
        match self {
            Share::Everything => &[TESTS, CHECKS],
            Share::Quick => &[TESTS],
        }
    }

    fn words(self) -> &'static [&'static str] {
        match self {
            Share::Everything => &[],
            Share::Quick => &["-m", "not slow"],
        }
    }
}

/// Runs pytest and counts what ran. What it skips, it names.
fn count(pytest: &mut Command, limit: u64, found: &mut Findings) -> Result<(), String> {
    run_counting(pytest.args(["-rs", "--durations=10"]), minutes(limit), Tally::from_pytest, found)
}

/// Returns all Python of ours.
fn sources() -> impl Iterator<Item = &'static str> {
    LIBRARY.into_iter().chain([EXAMPLE, CONTRACT])
}

/// The wheels that are tested.
const TESTED: Profile = Profile::Dist;

const LIBRARY: [&str; 3] = ["nova-py/python", "nova-py/tests", "nova-py/smoke.py"];
const EXAMPLE: &str = "examples/fastapi";
const CONTRACT: &str = "examples/contract";
const TESTS: &str = "nova-py/requirements/tests.txt";
const CHECKS: &str = "nova-py/requirements/checks.txt";
const NOWHERE: &str = "there is no Python to run it with";
