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
    println!("checked by xtask, from cargo tree, because cargo-deny is not installed");
    found.not_run.push(
        "advisories, versioned bans, wildcard versions: they need cargo-deny (`cargo install --locked cargo-deny`)"
            .to_owned(),
    );
    let rules = fs::read_to_string(root().join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    let tree = read(&mut cargo(&TREE), LIMIT)?;
    let packages = packages(&tree);
    let faults = breaches(&packages, &rules, &root().to_string_lossy());
    if faults.is_empty() {
        println!("{} packages: licences, names and sources as deny.toml wants them", packages.len());
        return Ok(());
    }
    Err(faults.join("; "))
}

/// One package of the tree.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package<'a> {
    name: &'a str,
    /// Where it comes from; cargo is silent about its default registry.
    source: Option<&'a str>,
    licence: &'a str,
}

/// Reads `name version (source)|licence` lines; a package stands in the tree once for each that needs it.
fn packages(tree: &str) -> BTreeSet<Package<'_>> {
    tree.lines()
        .filter_map(|line| {
            let (package, licence) = line.trim_end_matches(" (*)").split_once('|')?;
            Some(Package { name: package.split(' ').next()?, source: source(package), licence: licence.trim() })
        })
        .collect()
}

fn source(package: &str) -> Option<&str> {
    let (_, rest) = package.split_once(" (")?;
    rest.split(" (").map(|part| part.trim_end_matches(')')).find(|part| *part != "proc-macro")
}

fn breaches(packages: &BTreeSet<Package<'_>>, rules: &str, workspace: &str) -> Vec<String> {
    let allowed = deny_file::allowed_licences(rules);
    let banned = deny_file::banned_crates(rules);
    let mut faults = Vec::new();
    for Package { name, source, licence } in packages {
        if !licence::is_met(licence, |one| allowed.iter().any(|other| other == one)) {
            faults.push(format!("{name} is under `{licence}`, which deny.toml does not allow"));
        }
        if banned.iter().any(|other| other == name) {
            faults.push(format!("{name} is banned by deny.toml"));
        }
        if let Some(source) = source.filter(|source| !source.starts_with(workspace)) {
            faults.push(format!("{name} comes from {source}, a source that deny.toml does not allow"));
        }
    }
    faults
}

/// Every package that any platform and feature brings, with its source and licence.
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
const LIMIT: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "[licenses]\nallow = [\n\"MIT\",\n]\n[bans]\ndeny = [\n{ crate = \"openssl\" },\n]\n";

    #[test]
    fn packages_are_read_once_with_source_and_licence() {
        let read =
            packages("a v1.0.0 (proc-macro)|MIT\nb v2.0.0 (/w/b)|MIT OR X\nb v2.0.0 (/w/b)|MIT OR X (*)\n\nc v1.0.0|");
        let expected = [("a", None, "MIT"), ("b", Some("/w/b"), "MIT OR X"), ("c", None, "")];
        assert_eq!(read, expected.map(|(name, source, licence)| Package { name, source, licence }).into());
        assert_eq!(source("d v1 (proc-macro) (https://example.invalid/d#1)"), Some("https://example.invalid/d#1"));
    }

    #[test]
    fn a_wrong_licence_no_licence_and_a_banned_name_are_told() {
        let tree = packages("fine v1|MIT OR GPL-3.0\ncopyleft v1|GPL-3.0\nnone v1|\nopenssl v1|MIT");
        let faults = breaches(&tree, RULES, "/w");
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("copyleft") && faults[1].starts_with("none") && faults[2].starts_with("openssl"));
    }

    #[test]
    fn only_the_workspace_and_the_default_registry_are_sources() {
        let tree =
            packages("a v1 (/w/a)|MIT\nb v1|MIT\nc v1 (https://example.invalid/c#1)|MIT\nd v1 (/elsewhere/d)|MIT");
        let faults = breaches(&tree, RULES, "/w");
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("c comes from") && faults[1].starts_with("d comes from"));
    }
}
