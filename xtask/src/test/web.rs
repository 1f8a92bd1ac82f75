//! The browser half: what is built is what is committed, and what is served works in a real Chromium.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::installed::Installation;
use crate::process::{program, root, run};
use crate::python;
use crate::report::{Findings, Report};
use crate::tally::Tally;
use crate::test::{minutes, run_counting};
use crate::tools::{self, Install, said};

/// The quick refusals come first. The browser speaks with the FastAPI example, as the tier `python` has installed it.
pub(super) fn test(report: &mut Report, install: Install) {
    report.stage("web: tools", |_| set_up(install));
    report.stage("web: sources", |found| count(&mut npm(WEB, &["test"]), 5, found));
    report.stage("web: browser", |found| browse(WEB, "e2e", install, found));
    report.stage("web: vue", |found| browse(VUE, "test", install, found));
}

fn set_up(install: Install) -> Result<(), String> {
    let node = tools::node(install)?;
    for (name, folder) in [("web", WEB), ("vue", VUE)] {
        let folder = root().join(folder);
        let lists = [folder.join("package-lock.json")];
        let installed = folder.join("node_modules");
        let packages = Installation { name, lists: &lists, interpreter: &node, folder: &installed };
        packages.once(|| run(program("npm").args(["ci", "--ignore-scripts"]).current_dir(&folder), minutes(10)))?;
    }
    Ok(())
}

/// Runs a script of a folder's with a browser and a server; says so where one of them is missing.
fn browse(folder: &str, script: &str, install: Install, found: &mut Findings) -> Result<(), String> {
    let Some(browser) = browser(install) else {
        found.not_run.push(format!("{folder} in a browser: get one with `apt-get install -y chromium`"));
        return Ok(());
    };
    let Some(server) = server(install) else {
        found.not_run.push(format!("{folder} in a browser: its server comes from `cargo xtask test python web`"));
        return Ok(());
    };
    let mut npm = npm(folder, &["run", "--silent", script]);
    let path = env::var_os("PATH").unwrap_or_default();
    let programs = server.parent().unwrap_or(&server).to_owned();
    let path = env::join_paths(std::iter::once(programs).chain(env::split_paths(&path))).unwrap_or_default();
    count(npm.env("PATH", path).env("PYTHON", server).env("CHROMIUM", browser), 10, found)
}

fn browser(install: Install) -> Option<PathBuf> {
    let named = env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if !named.exists() {
        tools::install_packages(install, &["chromium"]);
    }
    named.exists().then_some(named)
}

/// The Python into which the wheels were installed.
fn server(install: Install) -> Option<PathBuf> {
    let pythons = python::all(install).ok()?;
    let place = |python: &python::Python| root().join(format!("target/python/tests-{}/bin/python", python.name()));
    pythons.iter().map(place).find(|python| has_library(python))
}

fn has_library(python: &Path) -> bool {
    said(python, &["-c", "import bedrock_nova.fastapi; print('there')"]).is_some()
}

fn npm(folder: &str, words: &[&str]) -> Command {
    let mut npm = program("npm");
    npm.args(words).current_dir(root().join(folder));
    npm
}

/// Counts what Node's own runner says at its end, `# pass 3` or `ℹ pass 3`.
fn count(command: &mut Command, limit: u64, found: &mut Findings) -> Result<(), String> {
    run_counting(command, minutes(limit), Tally::from_node, found)
}

const WEB: &str = "web";
const VUE: &str = "examples/vue";
