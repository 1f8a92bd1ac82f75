//! Where in the folder what lies, and how it gets there whole.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::ids::CallId;

/// The folders of a store.
#[derive(Debug)]
pub(super) struct Paths {
    pub(super) root: PathBuf,
    pub(super) calls: PathBuf,
    pub(super) drafts: PathBuf,
    pub(super) alive: PathBuf,
}

/// The files of one call. What a holder writes bears its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Empty; locked by whoever claims or removes the call.
    Lock,
    /// Whose turn it is.
    Lease,
    /// Until when that turn counts.
    Held(u64),
    /// What was saved in that turn, or taken over from the one before.
    Record(u64),
}

impl Part {
    fn suffix(self) -> String {
        match self {
            Part::Lock => "lock".to_owned(),
            Part::Lease => "lease".to_owned(),
            Part::Held(token) => format!("{token}.held"),
            Part::Record(token) => format!("{token}.record"),
        }
    }

    fn read(suffix: &str) -> Option<Part> {
        match suffix.split_once('.') {
            None if suffix == "lock" => Some(Part::Lock),
            None if suffix == "lease" => Some(Part::Lease),
            Some((token, "held")) => token.parse().ok().map(Part::Held),
            Some((token, "record")) => token.parse().ok().map(Part::Record),
            _ => None,
        }
    }
}

impl Paths {
    pub(super) fn under(root: PathBuf) -> Paths {
        let (calls, drafts, alive) = (root.join("calls"), root.join("drafts"), root.join("alive"));
        Paths { root, calls, drafts, alive }
    }

    /// Makes the folders that are not there, for nobody but their owner.
    pub(super) fn make(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        [&self.root, &self.calls, &self.drafts, &self.alive].into_iter().try_for_each(|folder| builder.create(folder))
    }

    /// Returns the place of a part of a call, whose id was [checked](crate::sonic::store::refusal::check_id).
    pub(super) fn part(&self, id: &CallId, part: Part) -> PathBuf {
        self.calls.join(format!("{}.{}", written(id), part.suffix()))
    }

    /// Returns of which call a file is which part.
    pub(super) fn whose(file: &Path) -> Option<(CallId, Part)> {
        let (name, suffix) = file.file_name()?.to_str()?.split_once('.')?;
        Some((read(name).into(), Part::read(suffix)?))
    }
}

/// A file system may hold `A` and `a` for one name; calls are two all the same.
fn written(id: &CallId) -> String {
    let mut name = String::new();
    for letter in id.as_str().chars() {
        if letter.is_ascii_uppercase() {
            name.push('+');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn read(name: &str) -> String {
    let mut letters = name.chars();
    let mut id = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '+' => id.extend(letters.next().map(|upper| upper.to_ascii_uppercase())),
            _ => id.push(letter),
        }
    }
    id
}

/// Makes files for nobody but their owner.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Writes a draft, which becomes a part of a call by [`publish`]. Nothing is forced onto the disk: what the operating
/// system has taken outlives the process, which is what is promised, and a call need not wait for a disk to turn.
pub(super) fn draft(path: PathBuf, content: &[u8]) -> io::Result<Draft> {
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&path)?;
    let draft = Draft(path);
    file.write_all(content)?;
    Ok(draft)
}

/// A written file that is nothing yet; it goes when it is dropped.
#[derive(Debug)]
pub(super) struct Draft(PathBuf);

impl Draft {
    /// Puts it in its place, at once and whole: a reader finds what was there before or this.
    pub(super) fn publish(self, place: &Path) -> io::Result<()> {
        fs::rename(&self.0, place)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `publish` there is nothing of that name any more.
        let _ = fs::remove_file(&self.0);
    }
}

/// Lists a folder; what goes meanwhile is not missed.
pub(super) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// Reads a file that may not be there.
pub(super) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a file that may not be there.
pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_differ_in_case_are_two_files_on_every_file_system() {
        let paths = Paths::under("/f".into());
        let place = |id: &str| paths.part(&id.into(), Part::Record(7));
        assert_eq!(place("Ab-C_1"), Path::new("/f/calls/+ab-+c_1.7.record"));
        assert_ne!(place("a").to_str().map(str::to_lowercase), place("A").to_str().map(str::to_lowercase));
        for id in ["a", "A", "Ab-C_1", "6c7d1c0e-8f6e-4f5a-9d0b-0d9f0e6b7a11"] {
            for part in [Part::Lock, Part::Lease, Part::Held(7), Part::Record(u64::MAX)] {
                assert_eq!(Paths::whose(&paths.part(&id.into(), part)), Some((id.into(), part)));
            }
        }
        for strange in ["somebody.else", "a.x.record", "a.1.lease", "lock"] {
            assert_eq!(Paths::whose(&paths.calls.join(strange)), None, "{strange}");
        }
    }
}
