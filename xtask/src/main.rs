//! The commands of this repository, each in a file of its name.

mod bench;
mod demo;
mod deny_file;
mod dependencies;
mod dist;
mod fuzz;
mod installed;
mod interop;
mod licence;
mod node;
mod process;
mod pure;
mod python;
mod report;
mod servers;
mod shared;
mod soak;
mod tally;
mod test;
mod tools;
mod wheels;

use std::process::ExitCode;

use crate::tools::Install;
use crate::wheels::Profile;

const USAGE: &str = "\
usage: cargo xtask demo [ARGUMENTS OF `bedrock-nova demo`]
       cargo xtask test [core|python|node|web|cloud]… [--install]
       cargo xtask dist [dist|dev] [--install]
       cargo xtask fuzz [wire|session|conversation|judge]… [SECONDS]
       cargo xtask soak
       cargo xtask bench-python|bench-node [ARGUMENTS OF `benches/bindings/run.py`]

demo       builds the command line and holds a spoken conversation with the local Bedrock
test       formatting, lints, docs and all tests of the tiers named; of every tier when none is
dist       makes the packages for Python and Node in `dist` and tries them there; `dev`: quicker after a change
fuzz       the fuzz targets named, or all, each for so long; a minute when nothing is said
soak       ten thousand calls and two hours of one: memory, descriptors and tasks must stay flat
bench-…    a binding against the Rust library and its language's official SDK: processor time, delay, memory
--install  lets `test` and `dist` install what is missing with apt-get (needs root; CI=true means the same)";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.split_first() {
        Some((verb, rest)) if verb == "demo" => demo::run(rest),
        Some((verb, rest)) if verb == "test" => match read_test(rest) {
            Ok((tiers, install)) => test::run(&tiers, install),
            Err(word) => refuse(&format!("`{word}` is no tier and no option of `cargo xtask test`")),
        },
        Some((verb, rest)) if verb == "dist" => match read_dist(rest) {
            Ok((profile, install)) => dist::run(profile, install),
            Err(word) => refuse(&format!("`{word}` is no profile and no option of `cargo xtask dist`")),
        },
        Some((verb, rest)) if verb == "fuzz" => match fuzz::Plan::read(rest) {
            Ok(plan) => fuzz::run(&plan),
            Err(word) => refuse(&format!("`{word}` is no target and no number of seconds")),
        },
        Some((verb, rest)) if verb == "bench-python" => bench::python(rest),
        Some((verb, rest)) if verb == "bench-node" => bench::node(rest),
        Some((verb, [])) if verb == "soak" => soak::run(),
        Some((verb, _)) if verb == "help" || verb == "--help" || verb == "-h" => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Some((verb, _)) => refuse(&format!("`{verb}` is no command of cargo xtask")),
        None => refuse("a command is missing"),
    }
}

/// Reads the words after `test`; returns the first one that means nothing.
fn read_test(words: &[String]) -> Result<(Vec<test::Tier>, Install), String> {
    let mut tiers = Vec::new();
    let mut install = Install::from_environment();
    for word in words {
        match (word.as_str(), test::Tier::named(word)) {
            ("--install", _) => install = Install::Allowed,
            (_, Some(tier)) => tiers.push(tier),
            (_, None) => return Err(word.clone()),
        }
    }
    if tiers.is_empty() {
        tiers.extend(test::Tier::ALL);
    }
    Ok((tiers, install))
}

/// Reads the words after `dist`; returns the first one that means nothing.
fn read_dist(words: &[String]) -> Result<(Profile, Install), String> {
    let mut profile = Profile::Dist;
    let mut install = Install::from_environment();
    for word in words {
        match (word.as_str(), Profile::named(word)) {
            ("--install", _) => install = Install::Allowed,
            (_, Some(named)) => profile = named,
            (_, None) => return Err(word.clone()),
        }
    }
    Ok((profile, install))
}

fn refuse(sentence: &str) -> ExitCode {
    eprintln!("{sentence}\n\n{USAGE}");
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::Tier;

    fn read(words: &[&str]) -> Result<Vec<Tier>, String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        read_test(&words).map(|(tiers, _)| tiers)
    }

    #[test]
    fn wheels_are_made_to_be_given_away_unless_another_profile_is_named() {
        let read = |word: &str| read_dist(&[word.to_owned()]).map(|(profile, _)| profile);
        assert_eq!(read_dist(&[]).map(|(profile, _)| profile), Ok(Profile::Dist));
        assert_eq!(read("dev"), Ok(Profile::Dev));
        assert_eq!(read("release"), Err("release".to_owned()));
    }

    #[test]
    fn no_tier_means_every_tier() {
        assert_eq!(read(&[]), Ok(Tier::ALL.to_vec()));
        assert_eq!(read(&["--install"]), Ok(Tier::ALL.to_vec()));
    }

    #[test]
    fn tiers_are_read_in_order_and_unknown_words_refused() {
        assert_eq!(read(&["web", "core"]), Ok(vec![Tier::Web, Tier::Core]));
        assert_eq!(read(&["core", "rust"]), Err("rust".to_owned()));
    }
}
