//! The voice backend in each language, as tests start it: the tests of the contract and those in a browser are the same for
//! all of them.

use std::path::PathBuf;

use crate::process::root;
use crate::python::{self, Environment};
use crate::report::Findings;
use crate::tally::Tally;
use crate::test::{minutes, run_counting};
use crate::tools::{Install, said};

/// A server of the voice API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// `examples/fastapi`, on the wheel that the Python tier has installed.
    FastApi,
    /// `bedrock-nova serve`, as the workspace's tests have built it.
    Axum,
    /// `examples/node`, on the package in its folder.
    Node,
}

impl Server {
    /// Returns what it is called in the output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Server::FastApi => "fastapi",
            Server::Axum => "axum",
            Server::Node => "node",
        }
    }

    /// Returns the words that start it; none where it was not built yet. `$PORT` stands for its port.
    pub(crate) fn command(self, install: Install) -> Option<String> {
        let words = match self {
            Server::FastApi => {
                let app = root().join("examples/fastapi");
                let flags = "--host 127.0.0.1 --port $PORT --timeout-graceful-shutdown 10";
                format!("{} -m uvicorn app.main:app --app-dir {} {flags}", backend(install)?.display(), app.display())
            }
            Server::Axum => format!("{} serve", there(emulator())?.display()),
            Server::Node => {
                let folder = root().join("examples/node");
                there(folder.join("node_modules"))?;
                format!("node {}", folder.join("server.mjs").display())
            }
        };
        Some(words)
    }

    /// Returns which tiers make what it is started with.
    pub(crate) fn made_by(self) -> &'static str {
        match self {
            Server::FastApi => "python",
            Server::Axum => "core",
            Server::Node => "node",
        }
    }
}

/// Where the workspace's tests leave the command, whose part the emulator is.
pub(crate) fn emulator() -> PathBuf {
    root().join("target/debug/bedrock-nova")
}

/// Holds a server against the contract, and hands calls on to those of these languages that are there.
///
/// # Errors
/// When a test fails, or the server was not built.
pub(crate) fn hold_to_contract(
    server: Server,
    others: &[Server],
    install: Install,
    found: &mut Findings,
) -> Result<(), String> {
    let command = server.command(install).ok_or_else(|| format!("there is no server: {}", missing(server)))?;
    let python = python::all(install)?.swap_remove(0);
    let place = Environment::with("python/contract", &python, &["examples/contract/requirements.txt"])?;
    let mut pytest = place.command("pytest");
    pytest.env("BEDROCK_NOVA_COMMAND", emulator()).arg("--server-command").arg(command);
    for &other in others {
        match other.command(install) {
            Some(command) => _ = pytest.arg("--other-server-command").arg(command),
            None => found.not_run.push(format!("calls that go from {} to {}", server.name(), missing(other))),
        }
    }
    pytest.args(["-rs", "--durations=5", "examples/contract"]);
    run_counting(&mut pytest, minutes(12), Tally::from_pytest, found)
}

/// Says how to get a server that was not built.
pub(crate) fn missing(server: Server) -> String {
    format!("{} comes with `cargo xtask test {}`", server.name(), server.made_by())
}

/// The Python into which the wheels were installed.
fn backend(install: Install) -> Option<PathBuf> {
    let pythons = python::all(install).ok()?;
    let place = |python: &python::Python| root().join(format!("target/python/tests-{}/bin/python", python.name()));
    let has_library = |python: &PathBuf| said(python, &["-c", "import bedrock_nova.fastapi; print('there')"]).is_some();
    pythons.iter().map(place).find(has_library)
}

fn there(path: PathBuf) -> Option<PathBuf> {
    path.exists().then_some(path)
}
