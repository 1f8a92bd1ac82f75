//! Pythons of this machine, and virtual environments of them that know nothing of Rust.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::installed::Installation;
use crate::process::{clean, hide_rust, program, root, run};
use crate::tools::{Install, install_packages, said};

/// A version of Python, such as 3.11.
pub(crate) type Version = (u32, u32);

/// The oldest that the wheel is for: there the buffer protocol joined the stable ABI.
pub(crate) const OLDEST: Version = (3, 11);

/// One interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Python {
    pub(crate) version: Version,
    pub(crate) path: PathBuf,
}

impl Python {
    /// Returns its version as people write it.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }
}

/// Finds one interpreter of every version from [`OLDEST`] on, oldest first: by name on the path, then among pyenv's.
///
/// # Errors
/// One sentence that says how to get one, when there is none.
pub(crate) fn all(install: Install) -> Result<Vec<Python>, String> {
    let mut found = look();
    if found.is_empty() {
        install_packages(install, &["python3", "python3-venv"]);
        found = look();
    }
    if found.is_empty() {
        let (major, minor) = OLDEST;
        return Err(format!(
            "no Python {major}.{minor} or later with venv; get one with `apt-get install -y python3 python3-venv` (Debian 12 or \
             later), with `pyenv install {major}.{minor}`, or run with --install"
        ));
    }
    Ok(found)
}

fn look() -> Vec<Python> {
    let (major, minor) = OLDEST;
    let named = (minor..minor + NEXT).map(|minor| format!("python{major}.{minor}"));
    let names = named.chain(["python3".to_owned(), "python".to_owned()]).map(PathBuf::from);
    let mut found: Vec<Python> = names.chain(pyenv_pythons()).filter_map(|path| ask(&path)).collect();
    // Stable, so of each version the first one found stays.
    found.sort_by_key(|python| python.version);
    found.dedup_by_key(|python| python.version);
    found.retain(|python| python.version >= OLDEST);
    found
}

/// A name on the path can be a pyenv shim that answers with an error, Debian ships a Python without venv, and the wheel is
/// for finished CPythons with their lock; so each one is asked. The answer is where it is itself, not its shim.
fn ask(python: &Path) -> Option<Python> {
    const QUESTION: &str = "import ensurepip, platform, sys, sysconfig, venv
if platform.python_implementation() == 'CPython' and not sysconfig.get_config_var('Py_GIL_DISABLED'):
    if sys.version_info.releaselevel == 'final': print(*sys.version_info[:2], sys.executable)";
    let answer = said(python, &["-c", QUESTION])?;
    let mut words = answer.splitn(3, ' ');
    let version = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Python { version, path: words.next()?.into() })
}

fn pyenv_pythons() -> Vec<PathBuf> {
    let root = env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(|| said("pyenv", &["root"]).map(PathBuf::from));
    let versions = root.and_then(|root| root.join("versions").read_dir().ok());
    let mut pythons: Vec<PathBuf> =
        versions.into_iter().flatten().flatten().map(|version| version.path().join("bin/python3")).collect();
    pythons.sort();
    pythons
}

/// A virtual environment below `target`.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// Makes one with the packages of these lists (paths in the repository), unless it is there with just these.
    ///
    /// # Errors
    /// One sentence when Python or pip fails.
    pub(crate) fn with(folder: &str, python: &Python, lists: &[&str]) -> Result<Environment, String> {
        let environment = Environment { folder: root().join("target").join(folder) };
        let lists: Vec<PathBuf> = lists.iter().map(|list| root().join(list)).collect();
        let interpreter = format!("{} {}", python.name(), python.path.display());
        let name = folder.replace('/', "-");
        let wanted =
            Installation { name: &name, lists: &lists, interpreter: &interpreter, folder: &environment.folder };
        wanted.once(|| {
            environment.create(python)?;
            // In one go, so that pip sees where two lists contradict each other.
            environment.pip(lists.iter().flat_map(|list| ["--requirement".into(), list.into()]))
        })?;
        Ok(environment)
    }

    /// Makes an empty one in place of what was there.
    ///
    /// # Errors
    /// One sentence when Python fails.
    pub(crate) fn empty(folder: &str, python: &Python) -> Result<Environment, String> {
        let environment = Environment { folder: root().join("target").join(folder) };
        environment.create(python)?;
        Ok(environment)
    }

    /// Installs these wheels in place of what was there, from nowhere but their files.
    ///
    /// # Errors
    /// One sentence when pip fails.
    pub(crate) fn install(&self, wheels: &[PathBuf]) -> Result<(), String> {
        let words = ["--no-index", "--no-deps", "--force-reinstall"].map(OsString::from);
        self.pip(words.into_iter().chain(wheels.iter().map(OsString::from)))
    }

    /// Makes a command of a program in this environment. It finds neither cargo nor rustc, so what passes here passes on the
    /// machine of somebody who has never heard of Rust; and no settings of this machine's Python change what it does.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = program(self.path(name));
        clean(&mut command);
        hide_rust(&mut command, Some(&self.folder.join("bin")));
        command.env("VIRTUAL_ENV", &self.folder);
        for name in ["PYTHONPATH", "PYTHONHOME", "BEDROCK_NOVA_COMMAND"] {
            command.env_remove(name);
        }
        command
    }

    /// Returns where a program of this environment is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    fn create(&self, python: &Python) -> Result<(), String> {
        if let Some(parent) = self.folder.parent() {
            fs::create_dir_all(parent).map_err(|error| format!("{} cannot be made: {error}", parent.display()))?;
        }
        run(program(&python.path).args(["-m", "venv", "--clear"]).arg(&self.folder), LIMIT)
    }

    fn pip(&self, words: impl IntoIterator<Item = OsString>) -> Result<(), String> {
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
        run(self.command("python").args(pip).args(words), LIMIT)
    }
}

/// For one environment, or one installation from a registry.
const LIMIT: Duration = Duration::from_secs(600);

/// How many minor versions are asked for by name: more than will come while this stands here.
const NEXT: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::has_rust;

    #[test]
    fn an_environment_finds_no_rust_and_itself_first() {
        let environment = Environment { folder: PathBuf::from("/an/environment") };
        let command = environment.command("python");
        let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value);
        let folders: Vec<PathBuf> = env::split_paths(path.unwrap_or_default()).collect();
        assert_eq!(folders.first(), Some(&PathBuf::from("/an/environment/bin")));
        assert!(!folders.iter().any(|folder| has_rust(folder)));
        let ours = env::var_os("PATH").unwrap_or_default();
        assert!(env::split_paths(&ours).any(|folder| has_rust(&folder)), "this test is run by a cargo on the path");
    }

    #[test]
    fn what_is_no_python_is_none() {
        assert_eq!(ask(Path::new("no-such-program-here")), None);
        assert_eq!(ask(Path::new("false")), None);
        assert_eq!(ask(Path::new("echo")), None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let python = |minor| Python { version: (3, minor), path: PathBuf::new() };
        assert!(python(9).version < OLDEST && python(11).version >= OLDEST);
        assert_eq!(python(13).name(), "3.13");
    }
}
