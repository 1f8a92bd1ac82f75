//! What is in the dependency tree: licences, banned crates, sources.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::process::{cargo, read, root, run};
use crate::report::Findings;
use crate::{deny_file, licence};

/// Checks the tree against `deny.toml`, with cargo-deny where that is installed, else with xtask's own smaller check.
pub(crate) fn check(found: &mut Findings) -> Result<(), String> {
    match read(cargo(&["deny", "--version"]).stderr(Stdio::null()), LIMIT) {
        Ok(version) => with_cargo_deny(version.trim(), found),
        Err(_) => with_xtask(found),
    }
}

fn with_cargo_deny(version: &str, found: &mut Findings) -> Result<(), String> {
    println!("checked by {version}");
    run(&mut cargo(&["deny", "check", "licenses", "bans", "sources"]), LIMIT)?;
    if run(&mut cargo(&["deny", "fetch", "db"]), LIMIT).is_err() {
        found.not_run.push("advisories: their database cannot be fetched from here".to_owned());
        return Ok(());
    }
    run(&mut cargo(&["deny", "check", "--disable-fetch", "advisories"]), LIMIT)
}

fn with_xtask(found: &mut Findings) -> Result<(), String> {
    println!("checked by xtask, from cargo tree and Cargo.lock, because cargo-deny is not installed");
    found.not_run.push(
        "advisories, versioned bans, wildcard versions: they need cargo-deny (`cargo install --locked cargo-deny`)"
            .to_owned(),
    );
    let rules = text_of("deny.toml")?;
    let packages = packages(&read(&mut cargo(&TREE), LIMIT)?);
    let mut faults = breaches(&packages, &rules);
    faults.extend(foreign_sources(&text_of("Cargo.lock")?));
    if faults.is_empty() {
        println!("{} packages: licences, names and sources as deny.toml wants them", packages.len());
        return Ok(());
    }
    Err(faults.join("; "))
}

fn text_of(name: &str) -> Result<String, String> {
    fs::read_to_string(root().join(name)).map_err(|error| format!("{name} cannot be read: {error}"))
}

/// Reads `name version …|licence` lines into (name, licence); a package stands in the tree once for each that needs it.
fn packages(tree: &str) -> BTreeSet<(String, String)> {
    tree.lines()
        .filter_map(|line| {
            let (package, licence) = line.trim_end_matches(" (*)").split_once('|')?;
            Some((package.split(' ').next()?.to_owned(), licence.trim().to_owned()))
        })
        .collect()
}

fn breaches(packages: &BTreeSet<(String, String)>, rules: &str) -> Vec<String> {
    let allowed = deny_file::allowed_licences(rules);
    let banned = deny_file::banned_crates(rules);
    let mut faults = Vec::new();
    for (name, expression) in packages {
        if !licence::is_met(expression, |one| allowed.iter().any(|other| other == one)) {
            faults.push(format!("{name} is under `{expression}`, which deny.toml does not allow"));
        }
        if banned.contains(name) {
            faults.push(format!("{name} is banned by deny.toml"));
        }
    }
    faults
}

/// Names every source in a lock file that is not the public registry; packages of the workspace have none.
fn foreign_sources(lock: &str) -> Vec<String> {
    let sources: BTreeSet<&str> = lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    sources
        .into_iter()
        .filter(|source| source.trim_matches('"') != PUBLIC_REGISTRY)
        .map(|source| format!("{source} is a source that deny.toml does not allow"))
        .collect()
}

/// Every package that any platform and feature brings, with its licence.
const TREE: [&str; 11] = [
    "tree",
    "--workspace",
    "--all-features",
    "--target",
    "all",
    "--edges",
    "normal,build,dev",
    "--prefix",
    "none",
    "--format",
    "{p}|{l}",
];
/// The name that cargo itself gives the public registry in a lock file.
const PUBLIC_REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
const LIMIT: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "[licenses]\nallow = [\n\"MIT\",\n]\n[bans]\ndeny = [\n{ crate = \"openssl\" },\n]\n";

    #[test]
    fn packages_are_read_once_with_their_licence() {
        let read = packages("a v1.0.0 (proc-macro)|MIT\nb v2.0.0|MIT OR X\nb v2.0.0|MIT OR X (*)\n\nc v1.0.0|");
        let expected = [("a", "MIT"), ("b", "MIT OR X"), ("c", "")];
        assert_eq!(read, expected.map(|(name, licence)| (name.to_owned(), licence.to_owned())).into());
    }

    #[test]
    fn a_wrong_licence_no_licence_and_a_banned_name_are_told() {
        let tree = packages("fine v1|MIT OR GPL-3.0\ncopyleft v1|GPL-3.0\nnone v1|\nopenssl v1|MIT");
        let faults = breaches(&tree, RULES);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("copyleft") && faults[1].starts_with("none") && faults[2].starts_with("openssl"));
    }

    #[test]
    fn only_the_public_registry_is_a_source() {
        let good = format!("name = \"a\"\nsource = \"{PUBLIC_REGISTRY}\"\n[[package]]\nname = \"ours\"\n");
        assert!(foreign_sources(&good).is_empty());
        assert_eq!(foreign_sources(&(good + "source = \"git+https://example.invalid/x#1\"\n")).len(), 1);
    }
}
