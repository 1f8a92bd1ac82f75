//! Finding the programs that the tests need beside Rust, and installing them where that was asked for.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{cargo, program, read, run};

/// Whether missing programs may be installed with apt-get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Install {
    /// Yes: `--install`, or `CI=true`, which is nobody's desk.
    Allowed,
    /// No: what is missing is told, with how to get it.
    Refused,
}

impl Install {
    /// Reads the permission from `CI`.
    pub(crate) fn from_environment() -> Self {
        if env::var_os("CI").is_some_and(|value| value == "true") { Install::Allowed } else { Install::Refused }
    }
}

/// Looks whether rustfmt and clippy are there.
///
/// # Errors
/// One sentence with the command that adds them.
pub(crate) fn rust_components() -> Result<(), String> {
    for component in ["fmt", "clippy"] {
        answer(cargo(&[component, "--version"])).ok_or_else(|| {
            format!("`cargo {component}` is missing; get it with `rustup component add rustfmt clippy`")
        })?;
    }
    Ok(())
}

/// Looks for a nightly compiler and cargo-fuzz.
///
/// # Errors
/// One sentence with the command that gets what is missing.
pub(crate) fn fuzzers() -> Result<(), String> {
    said("rustup", &["run", "nightly", "rustc", "--version"])
        .ok_or("a nightly compiler is missing; get it with `rustup toolchain install nightly --profile minimal`")?;
    said("cargo-fuzz", &["--version"]).ok_or("cargo-fuzz is missing; get it with `cargo install cargo-fuzz`")?;
    Ok(())
}

/// Looks for Node.js 20 or later, the oldest that the AWS SDK for JavaScript takes, with npm; returns its version.
///
/// # Errors
/// One sentence that says what was found instead and how to get it.
pub(crate) fn node(install: Install) -> Result<String, String> {
    look_for_node().or_else(|_| {
        install_packages(install, &["nodejs", "npm"]);
        look_for_node()
    })
}

/// Looks for a Redis server, of which the tests of the store for a fleet start one each; returns its version. The package
/// may start one as a service too, which no test speaks to.
///
/// # Errors
/// One sentence that says how to get one.
pub(crate) fn redis_server(install: Install) -> Result<String, String> {
    let look = || said("redis-server", &["--version"]);
    look()
        .or_else(|| {
            install_packages(install, &["redis-server"]);
            look()
        })
        .ok_or_else(|| {
            "redis-server is missing; get it with `apt-get install -y redis-server`, or run with --install".to_owned()
        })
}

/// Looks for curl and jq, with which the example's cURL session is run; without them its test says that it did not run.
pub(crate) fn for_scripts(install: Install) {
    if said("curl", &["--version"]).is_none() || said("jq", &["--version"]).is_none() {
        install_packages(install, &["curl", "jq"]);
    }
}

/// Says whether `espeak-ng` is there; without it the emulator speaks unknown sentences as a tone, and no test minds.
pub(crate) fn has_espeak() -> bool {
    said("espeak-ng", &["--version"]).is_some()
}

fn look_for_node() -> Result<String, String> {
    const HOW: &str = "get both with `apt-get install -y nodejs npm` (Debian 13 or later), or run with --install";
    let version = said("node", &["--version"]).ok_or_else(|| format!("Node.js is missing; {HOW}"))?;
    if major(&version) < Some(20) {
        return Err(format!("Node.js 20 or later is needed, here is {version}; {HOW}"));
    }
    said("npm", &["--version"]).ok_or_else(|| format!("npm is missing; {HOW}"))?;
    Ok(version)
}

/// Installs Debian packages; a failure is printed and shows again when the program is looked for.
pub(crate) fn install_packages(install: Install, packages: &[&str]) {
    if install == Install::Refused || said("apt-get", &["--version"]).is_none() {
        return;
    }
    println!("installing {} with apt-get", packages.join(" "));
    let limit = Duration::from_secs(600);
    let done = run(program("apt-get").args(["update", "--quiet"]), limit).and_then(|()| {
        let words = ["install", "--yes", "--quiet", "--no-install-recommends"];
        run(program("apt-get").args(words).args(packages).env("DEBIAN_FRONTEND", "noninteractive"), limit)
    });
    if let Err(reason) = done {
        println!("{reason}");
    }
}

/// Returns the first line that a program prints, if it is there and content.
pub(crate) fn said(name: impl AsRef<Path>, words: &[&str]) -> Option<String> {
    let mut command = program(name.as_ref());
    command.args(words);
    answer(command)
}

fn answer(mut command: Command) -> Option<String> {
    let text = read(command.stderr(Stdio::null()), Duration::from_secs(60)).ok()?;
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Reads 20 from `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert!(major("v9.1.0") < Some(20) && major("unreadable") < Some(20));
    }

    #[test]
    fn a_program_that_is_missing_or_fails_says_nothing() {
        assert_eq!(said("no-such-program-here", &[]), None);
        assert_eq!(said("false", &[]), None);
    }
}
