//! Whether the packages that are given away share what is compiled for them.
//!
//! Cargo gives every package that is built on its own the features that just this one asks for, and a crate with other
//! features is another crate: one flag of `syn` or `tokio` that only one of the two asks for compiles the AWS SDK twice,
//! minutes of every run of CI. Nothing else would show it, so this does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::process::{cargo, read};

/// Compares what the library for a language is built from with what the command is.
///
/// # Errors
/// The packages of other people that would be compiled twice, with the features of both.
pub(crate) fn check(library: &str) -> Result<(), String> {
    let [ours, command] = [library, "bedrock-nova-cli"].map(tree);
    let (ours, command) = (ours?, command?);
    let twice = twice(&packages(&ours), &packages(&command));
    if twice.is_empty() {
        return Ok(());
    }
    Err(format!("compiled twice, because {library} and the command ask for different features: {}", twice.join("; ")))
}

fn tree(package: &str) -> Result<String, String> {
    let words = ["tree", "--edges", "normal,build", "--prefix", "none", "--no-dedupe", "--format", "{p}|{f}"];
    read(cargo(&words).args(["--package", package]), Duration::from_secs(120))
}

/// Reads `name version|features` lines; a package can be there twice, for the program and for its build.
fn packages(tree: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (package, features) in tree.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|')) {
        packages.entry(package).or_default().insert(features);
    }
    packages
}

fn twice(one: &BTreeMap<&str, BTreeSet<&str>>, other: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    let differ = one.iter().filter_map(|(package, features)| {
        let others = other.get(package).filter(|others| *others != features)?;
        let name = package.split(' ').next()?;
        let told = |features: &BTreeSet<&str>| features.iter().copied().collect::<Vec<_>>().join(" and ");
        (!SMALL.contains(&name)).then(|| format!("{name} ({} / {})", told(features), told(others)))
    });
    differ.collect()
}

/// What may be compiled twice: our own libraries, of which the bindings need more or less, and leaves that nothing large
/// stands on.
const SMALL: [&str; 4] = ["bedrock-nova", "bedrock-nova-server", "bitflags", "futures"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_package_with_other_features_is_found() {
        let one = packages("bedrock-nova v1 (/w)|a,b\nsyn v3|full\nsyn v3|full (*)\ntokio v1|rt,signal\nonly v1|x");
        let other = packages("bedrock-nova v1 (/w)|a\nsyn v3|full\ntokio v1|rt\nsyn v2|visit");
        assert_eq!(twice(&one, &other), ["tokio (rt,signal / rt)"]);
        assert!(twice(&one, &one).is_empty());
    }
}
