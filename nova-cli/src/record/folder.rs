//! The folder a run writes to.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::report::Problem;

/// Name of the sound file.
pub(crate) const SOUND: &str = "conversation.wav";
/// Name of the transcript.
pub(crate) const TRANSCRIPT: &str = "transcript.json";
/// Name of the event log.
pub(crate) const EVENTS: &str = "events.jsonl";
/// Name of the picture.
pub(crate) const TIMELINE: &str = "timeline.svg";

/// A folder that exists and can be written.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder if need be and tries a file in it, before anything else costs time or money.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub(crate) fn prepare(path: &Path) -> Result<Self, Problem> {
        let refused = |error: std::io::Error| {
            Problem::usage("unwritable-out", format!("The folder {} cannot be written: {error}.", path.display()))
                .hint("Choose another one with --out, or make this one writable.")
        };
        std::fs::create_dir_all(path).map_err(refused)?;
        let probe = path.join(".bedrock-nova-probe");
        std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(refused)?;
        Ok(Folder { path: path.to_owned() })
    }

    /// Returns the path of a file in the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the folder's own path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces a file in one step: whoever reads it sees the old one or the new one, never a half.
    ///
    /// # Errors
    /// The disk refuses; the old file is still there.
    pub(crate) fn replace(&self, name: &str, content: &[u8]) -> Result<(), Problem> {
        let (path, fresh) = (self.file(name), self.file(&format!(".{name}.new")));
        let write = || -> std::io::Result<()> {
            let mut file = std::fs::File::create(&fresh)?;
            file.write_all(content)?;
            drop(file);
            std::fs::rename(&fresh, &path)
        };
        write().map_err(|error| {
            Problem::new("disk", format!("{} could not be written: {error}.", path.display()))
                .hint("Check that the disk is not full.")
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn a_folder_is_made_and_left_clean() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::prepare(&temp.path().join("a/b")).unwrap();
        folder.replace("x", b"one").unwrap();
        folder.replace("x", b"two").unwrap();
        assert_eq!(std::fs::read(folder.file("x")).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_in_the_way_is_said() {
        let temp = tempfile::NamedTempFile::new().unwrap();
        let problem = Folder::prepare(&temp.path().join("out")).unwrap_err();
        assert!(problem.to_string().ends_with("code: unwritable-out"), "{problem}");
    }
}
