//! The browser half: what is built is what is committed, and what is served works in a real Chromium.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::installed::Installation;
use crate::process::{program, root, run};
use crate::report::{Findings, Report};
use crate::servers::{self, Server};
use crate::tally::Tally;
use crate::test::{minutes, run_counting};
use crate::tools::{self, Install};

/// The quick refusals come first. The browser speaks with the voice backend in each language, as the other tiers have made it.
pub(super) fn test(report: &mut Report, install: Install) {
    report.stage("web: tools", |_| set_up(install));
    report.stage("web: sources", |found| count(&mut npm(WEB, &["test"]), 5, found));
    report.stage("web: browser, axum", |found| browse(WEB, &["e2e"], Server::Axum, install, found));
    // The page is the same file whoever serves it: what depends on the server is the road between them.
    for server in [Server::FastApi, Server::Node] {
        let words = ["e2e", "--", "talk", "barge-in", "reconnect"];
        report.stage(&format!("web: browser, {}", server.name()), |found| browse(WEB, &words, server, install, found));
    }
    report.stage("web: vue", |found| browse(VUE, &["test"], Server::Axum, install, found));
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
fn browse(folder: &str, script: &[&str], server: Server, install: Install, found: &mut Findings) -> Result<(), String> {
    let Some(browser) = browser(install) else {
        found.not_run.push(format!("{folder} in a browser: get one with `apt-get install -y chromium`"));
        return Ok(());
    };
    let Some(command) = server.command(install) else {
        found.not_run.push(format!("{folder} in a browser: {}", servers::missing(server)));
        return Ok(());
    };
    let mut npm = npm(folder, &["run", "--silent"]);
    npm.args(script);
    npm.env("SERVER_COMMAND", command).env("BEDROCK_NOVA_COMMAND", servers::emulator()).env("CHROMIUM", browser);
    count(&mut npm, 10, found)
}

fn browser(install: Install) -> Option<PathBuf> {
    let named = env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if !named.exists() {
        tools::install_packages(install, &["chromium"]);
    }
    named.exists().then_some(named)
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
