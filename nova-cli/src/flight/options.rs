//! The options of a call that is to be written down.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use bedrock_nova::sonic::Builder;
use clap::Args;

use crate::report::Problem;

/// Where the flight log of a call goes.
#[derive(Args, Debug)]
pub(crate) struct Record {
    /// Writes a flight log for `bedrock-nova replay`, without what was said
    #[arg(long, value_name = "FILE", conflicts_with = "record_in_full")]
    record: Option<PathBuf>,
    /// Writes a flight log with everything that was said and heard
    #[arg(long, value_name = "FILE")]
    record_in_full: Option<PathBuf>,
}

impl Record {
    /// Finds out that the log cannot be written before a call is made for it: the call itself would go on without.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        match self.record.as_ref().or(self.record_in_full.as_ref()) {
            Some(path) if !path.is_dir() => try_out(path).map_err(|error| {
                let sentence = format!("The flight log {} cannot be written: {error}.", path.display());
                Problem::usage("unwritable-record", sentence).hint("Name a file in a folder that exists.")
            }),
            _ => Ok(()),
        }
    }

    /// Asks for the log.
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        match (&self.record, &self.record_in_full) {
            (Some(path), _) => builder.record(path),
            (_, Some(path)) => builder.record_in_full(path),
            _ => builder,
        }
    }
}

/// Says whether a file is empty, or an older log.
fn may_go(path: &Path) -> std::io::Result<bool> {
    let mut beginning = [0; LOG.len()];
    let read = std::io::Read::read(&mut std::fs::File::open(path)?, &mut beginning)?;
    Ok(read == 0 || beginning[..read] == *LOG)
}

/// How every log begins.
const LOG: &[u8] = br#"{"flightLog":"#;

/// Opens the file as it is, and leaves none behind.
fn try_out(path: &Path) -> std::io::Result<()> {
    let was_there = path.exists();
    if path.is_file() && !may_go(path)? {
        return Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it is there already, and no flight log"));
    }
    OpenOptions::new().append(true).create(true).open(path)?;
    if was_there { Ok(()) } else { std::fs::remove_file(path) }
}
