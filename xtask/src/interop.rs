//! Setting up other makers' SDKs, which the tests hold against our emulator. `interop/README.md` tells the same by hand.

use std::time::Duration;

use crate::installed::Installation;
use crate::process::{program, root, run};
use crate::python::{self, Environment};
use crate::report::Findings;
use crate::tools::{self, Install};

/// The SDKs that are ready to be run.
#[derive(Debug, Default)]
pub(crate) struct Interop {
    ready: Vec<&'static str>,
}

impl Interop {
    /// Installs the AWS SDK for JavaScript beside its script.
    ///
    /// # Errors
    /// One sentence when Node.js or npm is missing, or the installation fails.
    pub(crate) fn set_up_javascript(&mut self, install: Install) -> Result<(), String> {
        let version = tools::node(install)?;
        let folder = root().join("interop/js");
        let lists = [folder.join("package-lock.json")];
        let installed = folder.join("node_modules");
        let sdk = Installation { name: "javascript", lists: &lists, interpreter: &version, folder: &installed };
        sdk.once(|| {
            let words = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
            run(program("npm").args(words).current_dir(&folder), LIMIT)
        })?;
        self.ready.push("javascript");
        Ok(())
    }

    /// Installs the AWS SDK for Python into a virtual environment of its own, where a Python that takes it is found.
    ///
    /// # Errors
    /// One sentence when the installation fails. That no such Python is found is noted as not run.
    pub(crate) fn set_up_python(&mut self, install: Install, found: &mut Findings) -> Result<(), String> {
        let Some(python) =
            python::all(install).unwrap_or_default().into_iter().find(|python| python.version >= (3, 12))
        else {
            found.not_run.push(
                "the AWS SDK for Python against the emulator: it needs Python 3.12 or later; get one with `pyenv install \
                 3.12`, or from Debian 13 on with `apt-get install -y python3 python3-venv`"
                    .to_owned(),
            );
            return Ok(());
        };
        Environment::with("interop/python", &python, &["interop/python/requirements.txt"])?;
        self.ready.push("python");
        Ok(())
    }

    /// Returns the beginnings of the names of the tests that can run.
    pub(crate) fn ready(&self) -> &[&'static str] {
        &self.ready
    }
}

/// For one installation from a registry.
const LIMIT: Duration = Duration::from_secs(600);
