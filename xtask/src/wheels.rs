//! Making the two Python packages: `bedrock-nova` with its native half, and `bedrock-nova-cli` with the command.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::{clean, program, root, run};
use crate::python::{Environment, Python};

/// How the Rust in the wheels is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As they are given away: one unit, linked through and through, stripped.
    Dist,
    /// As `cargo build` does: nothing to give away and no faster from nothing, but quick after each change.
    Dev,
}

impl Profile {
    /// Returns the profile of that name.
    pub(crate) fn named(name: &str) -> Option<Profile> {
        [Profile::Dist, Profile::Dev].into_iter().find(|profile| profile.name() == name)
    }

    /// Returns its name, as cargo has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Profile::Dist => "dist",
            Profile::Dev => "dev",
        }
    }

    /// Returns the folder below `target` that cargo builds into.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Profile::Dist => "dist",
            Profile::Dev => "debug",
        }
    }
}

/// One of the two packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Package {
    /// The library.
    Library,
    /// The command, which the library's emulator for tests is a part of.
    Command,
}

impl Package {
    /// Both, in the order of making them.
    pub(crate) const ALL: [Package; 2] = [Package::Library, Package::Command];

    /// Returns the name that it is installed by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Package::Library => "bedrock-nova",
            Package::Command => "bedrock-nova-cli",
        }
    }

    fn manifest(self) -> &'static str {
        match self {
            Package::Library => "nova-py/Cargo.toml",
            Package::Command => "nova-cli/Cargo.toml",
        }
    }

    /// Returns how the name of its wheel begins, and the tag in it: one file for every Python from the oldest on, or for
    /// every Python there is.
    fn marks(self) -> (&'static str, &'static str) {
        match self {
            Package::Library => ("bedrock_nova-", "-cp311-abi3-"),
            Package::Command => ("bedrock_nova_cli-", "-py3-none-"),
        }
    }
}

/// Makes the environment with maturin, which the wheels are made with.
///
/// # Errors
/// One sentence when it cannot be installed.
pub(crate) fn maturin(python: &Python) -> Result<Environment, String> {
    Environment::with("python/build", python, &["nova-py/requirements/build.txt"])
}

/// Makes the wheel of a package in a folder, in place of an older one, and returns where it is.
///
/// Both wheels are compiled in the workspace's own `target`, so that what they share is compiled once.
///
/// # Errors
/// One sentence when it does not compile, or when the wheel is for other Pythons than it should be.
pub(crate) fn build(
    package: Package,
    profile: Profile,
    folder: &Path,
    maturin: &Environment,
) -> Result<PathBuf, String> {
    for old in wheels(package, folder) {
        fs::remove_file(&old).map_err(|error| format!("{} cannot be removed: {error}", old.display()))?;
    }
    let mut command = program(maturin.path("maturin"));
    clean(&mut command);
    command.args(["build", "--locked", "--profile", profile.name(), "--manifest-path", package.manifest()]);
    command.arg("--target-dir").arg(root().join("target")).arg("--out").arg(folder);
    command.arg("--interpreter").arg(maturin.path("python"));
    run(&mut command, LIMIT)?;
    let [wheel] = <[PathBuf; 1]>::try_from(wheels(package, folder))
        .map_err(|found| format!("{} wheels of {} were made", found.len(), package.name()))?;
    let (_, tag) = package.marks();
    if !wheel.to_string_lossy().contains(tag) {
        return Err(format!("{} does not have the tag {tag}", wheel.display()));
    }
    let size = fs::metadata(&wheel).map_err(|error| format!("{} cannot be read: {error}", wheel.display()))?.len();
    println!("{}: {:.1} MB", wheel.display(), size as f64 / 1e6);
    Ok(wheel)
}

fn wheels(package: Package, folder: &Path) -> Vec<PathBuf> {
    let (beginning, _) = package.marks();
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut wheels: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning)))
        .collect();
    wheels.sort();
    wheels
}

/// Twice as long as it took from nothing on two cores that others used too.
const LIMIT: Duration = Duration::from_secs(25 * 60);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_wheels_of_one_package_are_not_those_of_the_other() {
        let folder = std::env::temp_dir().join(format!("xtask-wheels-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["bedrock_nova-0.1.0-a.whl", "bedrock_nova_cli-0.1.0-b.whl", "bedrock_nova-0.1.0.tar.gz"] {
            fs::write(folder.join(name), "").unwrap();
        }
        assert_eq!(wheels(Package::Library, &folder), [folder.join("bedrock_nova-0.1.0-a.whl")]);
        assert_eq!(wheels(Package::Command, &folder), [folder.join("bedrock_nova_cli-0.1.0-b.whl")]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn profiles_have_names() {
        assert_eq!(Profile::named("dev"), Some(Profile::Dev));
        assert_eq!(Profile::named("release"), None);
    }
}
