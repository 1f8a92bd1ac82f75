//! Setting up other makers' SDKs, which the tests hold against our emulator. `interop/README.md` tells the same by hand.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::process::{program, root, run};
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
        once("js", &folder.join("package-lock.json"), &version, &folder.join("node_modules"), || {
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
        let python = match tools::python(install) {
            Ok(python) => python,
            Err(reason) => {
                found.not_run.push(format!("the AWS SDK for Python against the emulator: {reason}"));
                return Ok(());
            }
        };
        let requirements = root().join("interop/python/requirements.txt");
        let environment = root().join("target/interop/python");
        once("python", &requirements, &python.display().to_string(), &environment, || {
            run(program(&python).args(["-m", "venv", "--clear"]).arg(&environment), LIMIT)?;
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
            run(program(environment.join("bin/python")).args(pip).arg(&requirements), LIMIT)
        })?;
        self.ready.push("python");
        Ok(())
    }

    /// Returns the beginnings of the names of the tests that can run.
    pub(crate) fn ready(&self) -> &[&'static str] {
        &self.ready
    }
}

/// Installs unless `installed` is there and came from the same list of packages and the same interpreter.
fn once(
    name: &str,
    list: &Path,
    interpreter: &str,
    installed: &Path,
    install: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let packages = fs::read_to_string(list).map_err(|error| format!("{} cannot be read: {error}", list.display()))?;
    let wanted = format!("{interpreter}\n{packages}");
    let stamp = root().join("target/interop").join(name).with_extension("stamp");
    if installed.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        println!("{name}: installed already");
        return Ok(());
    }
    println!("{name}: installing");
    // Gone first: half an installation must not look like a whole one next time.
    let _ = fs::remove_file(&stamp);
    install()?;
    let folder = stamp.parent().unwrap_or(&stamp);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&stamp, wanted))
        .map_err(|error| format!("{} cannot be written: {error}", stamp.display()))
}

/// For one installation from a registry.
const LIMIT: Duration = Duration::from_secs(600);
