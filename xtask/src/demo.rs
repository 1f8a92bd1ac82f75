//! `cargo xtask demo`: from a fresh clone to a spoken conversation.

use std::process::{ExitCode, Stdio};

use crate::process::cargo;

/// Builds the command line, progress shown, and runs `bedrock-nova demo` with further arguments.
///
/// The code of a failed build, or of the demo, is the code returned.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    println!(
        "Builds the `bedrock-nova` command (the first time that takes some minutes: the AWS SDK is large), then runs \
         `bedrock-nova demo`: recorded questions go to a local Bedrock, and spoken answers come back."
    );
    // With `--workspace` the features are those of `cargo xtask test`, so each of the two finds the other's work done.
    let built = finish(&["build", "--workspace", "--bin", "bedrock-nova"], &[]);
    if built != 0 {
        return ExitCode::from(built);
    }
    ExitCode::from(finish(&["run", "--quiet", "--bin", "bedrock-nova", "--", "demo"], arguments))
}

/// Runs cargo on this terminal and returns its code; 1 where it has none (a signal) or cannot start.
///
/// Nobody's deadline fits here: a build takes what the machine needs, and the demo watches its own.
fn finish(words: &[&str], arguments: &[String]) -> u8 {
    match cargo(words).args(arguments).stdin(Stdio::inherit()).status() {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
        Err(error) => {
            eprintln!("cargo cannot start: {error}");
            1
        }
    }
}
