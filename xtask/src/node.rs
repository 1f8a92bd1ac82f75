//! The Node packages: what they are built from, their tarballs, and whether these work where they are installed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::installed::Installation;
use crate::process::{clean, hide_rust, program, read, root, run};

/// How many tarballs there are: library and command, each with a package for this platform.
const PACKAGES: usize = 4;

/// For one installation from a registry, or one program over all of the package's sources.
const LIMIT: Duration = Duration::from_secs(600);

/// Installs what the package is compiled and checked with, and what the example stands on, unless it is there.
///
/// # Errors
/// One sentence when npm fails.
pub(crate) fn install(version: &str) -> Result<(), String> {
    for (name, folder) in [("node", folder()), ("node-example", root().join("examples/node"))] {
        let lists = [folder.join("package-lock.json")];
        let installed = folder.join("node_modules");
        let packages = Installation { name, lists: &lists, interpreter: version, folder: &installed };
        let words = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        packages.once(|| run(npm().args(words).current_dir(&folder), LIMIT))?;
    }
    Ok(())
}

/// Makes a command of a program that npm has installed for the package, in its folder.
pub(crate) fn tool(name: &str) -> Command {
    let mut command = program(folder().join("node_modules/.bin").join(name));
    clean(&mut command);
    command.current_dir(folder());
    command
}

/// Compiles the package's TypeScript.
///
/// # Errors
/// When it does not compile.
pub(crate) fn compile(project: &str) -> Result<(), String> {
    run(tool("tsc").args(["--project", project]), LIMIT)
}

/// Copies the native half from where cargo has built it to where the package looks for it in a checkout.
///
/// # Errors
/// One sentence when it is not there.
pub(crate) fn place(built: &Path) -> Result<(), String> {
    let script = "import('./scripts/platform.mjs').then(({ platform }) => console.log(platform()))";
    let platform = read(node().args(["--eval", script]).current_dir(folder()), LIMIT)?;
    let native = folder().join("native");
    let file = native.join(format!("bedrock-nova.{}.node", platform.trim()));
    fs::create_dir_all(&native).map_err(|error| format!("{} cannot be made: {error}", native.display()))?;
    // Away first: a process that has the old one open keeps it.
    let _ = fs::remove_file(&file);
    let library = built.join(LIBRARY);
    fs::copy(&library, &file).map(drop).map_err(|error| format!("{} cannot be copied: {error}", library.display()))
}

/// Makes the tarballs in a folder, in the place of older ones, and returns where they are.
///
/// # Errors
/// One sentence when npm fails, or when there are more or fewer of them.
pub(crate) fn pack(built: &Path, out: &Path) -> Result<Vec<PathBuf>, String> {
    for old in tarballs(out) {
        fs::remove_file(&old).map_err(|error| format!("{} cannot be removed: {error}", old.display()))?;
    }
    run(node().arg("nova-node/scripts/pack.mjs").arg(built).arg(out), LIMIT)?;
    let made = tarballs(out);
    if made.len() == PACKAGES { Ok(made) } else { Err(format!("{} tarballs were made, not {PACKAGES}", made.len())) }
}

/// Installs the tarballs and nothing else into an empty folder, and holds a conversation there; no Rust is in sight.
///
/// # Errors
/// When either fails.
pub(crate) fn check(tarballs: &[PathBuf]) -> Result<(), String> {
    if tarballs.len() < PACKAGES {
        return Err("there are no tarballs to install".to_owned());
    }
    let place = root().join("target/node/installed");
    let _ = fs::remove_dir_all(&place);
    let written = fs::create_dir_all(&place)
        .and_then(|()| fs::write(place.join("package.json"), "{ \"private\": true, \"type\": \"module\" }\n"))
        .and_then(|()| fs::copy(folder().join("smoke.mjs"), place.join("smoke.mjs")));
    written.map_err(|error| format!("{} cannot be made: {error}", place.display()))?;
    let words = ["install", "--offline", "--no-audit", "--no-fund"];
    run(npm().args(words).args(tarballs).current_dir(&place), LIMIT)?;
    let mut smoke = node();
    hide_rust(&mut smoke, None);
    run(smoke.env_remove("BEDROCK_NOVA_COMMAND").arg("smoke.mjs").current_dir(&place), Duration::from_secs(120))
}

/// Holds what others import against what the tarballs have.
///
/// # Errors
/// What publint or attw have found.
pub(crate) fn lint(tarballs: &[PathBuf]) -> Result<(), String> {
    let library = tarballs.iter().find(|tarball| is_library(tarball)).ok_or("there is no tarball of bedrock-nova")?;
    for tarball in tarballs {
        run(tool("publint").arg("--strict").arg(tarball), LIMIT)?;
    }
    // It is ESM alone, which `require` takes from Node 20.19 on.
    let words = ["--profile", "esm-only", "--no-definitely-typed", "--no-emoji", "--format", "ascii"];
    run(tool("attw").args(words).arg(library), LIMIT)
}

/// Makes a command of Node.
pub(crate) fn node() -> Command {
    let mut command = program("node");
    clean(&mut command);
    command
}

fn npm() -> Command {
    let mut command = program("npm");
    clean(&mut command);
    command.current_dir(folder());
    command
}

fn folder() -> PathBuf {
    root().join("nova-node")
}

fn tarballs(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = files.filter(|path| path.extension() == Some(OsStr::new("tgz"))).collect();
    found.sort();
    found
}

/// `bedrock-nova-0.1.0.tgz`, and neither the command's nor a platform's.
fn is_library(tarball: &Path) -> bool {
    let name = tarball.file_name().unwrap_or_default().to_string_lossy();
    name.strip_prefix("bedrock-nova-").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

const LIBRARY: &str = if cfg!(target_os = "macos") { "libbedrock_nova_node.dylib" } else { "libbedrock_nova_node.so" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_told_from_the_other_packages() {
        assert!(is_library(Path::new("/out/bedrock-nova-0.1.0.tgz")));
        for other in ["bedrock-nova-cli-0.1.0.tgz", "bedrock-nova-linux-x64-gnu-0.1.0.tgz", "other-0.1.0.tgz"] {
            assert!(!is_library(Path::new(other)), "{other}");
        }
    }
}
