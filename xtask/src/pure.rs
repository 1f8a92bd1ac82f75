//! The pure core: without default features there is neither a runtime nor an AWS crate.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::process::{cargo, read, run};

/// Builds and lints `bedrock-nova --no-default-features` and looks for what must not be under it.
pub(crate) fn check() -> Result<(), String> {
    let pure = ["--package", "bedrock-nova", "--no-default-features"];
    run(cargo(&["clippy"]).args(pure).args(["--lib", "--", "-D", "warnings"]), Duration::from_secs(600))?;
    let tree = cargo_tree(&pure)?;
    let impure = impure(&tree);
    if impure.is_empty() {
        println!("{} packages, none of them a runtime or of AWS", tree.lines().collect::<BTreeSet<_>>().len());
        return Ok(());
    }
    Err(format!("without default features bedrock-nova still brings {}", impure.join(", ")))
}

fn cargo_tree(pure: &[&str]) -> Result<String, String> {
    let rest = ["--target", "all", "--edges", "normal,build", "--prefix", "none", "--no-dedupe", "--format", "{p}"];
    read(cargo(&["tree"]).args(pure).args(rest), Duration::from_secs(120))
}

fn impure(tree: &str) -> Vec<&str> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let wrong = names.filter(|name| FORBIDDEN.iter().any(|forbidden| name.starts_with(forbidden)));
    wrong.collect::<BTreeSet<_>>().into_iter().collect()
}

/// How the names begin that the pure core must do without.
const FORBIDDEN: [&str; 5] = ["tokio", "aws-", "hyper", "rustls", "h2"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_and_aws_crates_are_found() {
        let tree = "bedrock-nova v0.1.0 (nova-core)\nserde v1\ntokio v1\naws-config v1\ntokio v1\nhtml-aws v1";
        assert_eq!(impure(tree), ["aws-config", "tokio"]);
        assert!(impure("bytes v1\nserde v1").is_empty());
    }
}
