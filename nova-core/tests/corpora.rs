//! What the fuzzers once found stays found: every kept input of `fuzz/corpus` goes through its target again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking, and the fuzzers share these files"
)]

// The files of the fuzzers as they are: a crate of theirs in this workspace would bring libFuzzer along.
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use std::path::{Path, PathBuf};

#[test]
fn wire() {
    replay("wire", fuzz::wire::run);
}

#[test]
fn session() {
    replay("session", fuzz::session::run);
}

#[test]
fn conversation() {
    replay("conversation", fuzz::conversation::run);
}

#[test]
fn judge() {
    replay("judge", fuzz::judge::run);
}

fn replay(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut inputs: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() >= 20, "{} holds {} inputs", folder.display(), inputs.len());
    for input in inputs {
        let _named = Named(&input);
        run(&std::fs::read(&input).unwrap());
    }
}

/// Names the input when its replay panics.
struct Named<'a>(&'a Path);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input was {}", self.0.display());
        }
    }
}
