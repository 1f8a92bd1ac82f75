//! A flight log on the disk, line by line: it may be longer than memory, and its last line may be cut.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::report::Problem;

/// Far longer than any line of a log; what is longer is something else.
const LONGEST: u64 = 64 << 20;

/// The lines of a file.
pub(crate) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
}

/// A line, without its line break.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Whole(String),
    /// The last one; whoever wrote it was stopped before its line break, and perhaps earlier.
    Cut(String),
}

impl Lines {
    /// Opens a log.
    ///
    /// # Errors
    /// There is no such file, or it cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Problem::usage("missing-file", format!("There is no file {}.", path.display()))
                .hint("Check the path; `talk` and `demo` write a flight log with --record FILE."),
            _ => unreadable(path, &error),
        };
        let file = File::open(path).map_err(refused)?;
        Ok(Lines { path: path.to_owned(), file: BufReader::new(file) })
    }

    /// Reads the next line.
    ///
    /// # Errors
    /// The disk fails, or the file is no text or has no lines.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, Problem> {
        let mut line = Vec::new();
        let read = self.file.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        if read.map_err(|error| unreadable(&self.path, &error))? as u64 == LONGEST {
            let sentence = format!("{} is no flight log: it has a line that does not end.", self.path.display());
            return Err(Problem::usage("flight-log", sentence));
        }
        if line.is_empty() {
            return Ok(None);
        }
        let whole = line.pop_if(|last| *last == b'\n').is_some();
        // What is no text is no JSON either, and is refused with its number.
        let line = String::from_utf8_lossy(&line).into_owned();
        Ok(Some(if whole { Line::Whole(line) } else { Line::Cut(line) }))
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::usage("unreadable-file", format!("{} cannot be read: {error}.", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn a_last_line_without_its_end_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "one\n\ntwo\nthr").unwrap();
        let mut lines = Lines::open(&path).unwrap();
        let read: Vec<Line> = std::iter::from_fn(|| lines.next().unwrap()).collect();
        let whole = |line: &str| Line::Whole(line.to_owned());
        assert_eq!(read, [whole("one"), whole(""), whole("two"), Line::Cut("thr".to_owned())]);
    }
}
