//! Installing packages once: what is there already and came from the same lists is not installed again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::root;

/// An installation and all that decides what is in it.
#[derive(Debug)]
pub(crate) struct Installation<'a> {
    /// What it is called in the output, and in the name of its stamp.
    pub(crate) name: &'a str,
    /// The files that list the packages.
    pub(crate) lists: &'a [PathBuf],
    /// The interpreter that the packages are for.
    pub(crate) interpreter: &'a str,
    /// What is there once it is installed.
    pub(crate) folder: &'a Path,
}

impl Installation<'_> {
    /// Installs unless the folder is there and came from the same lists of packages and the same interpreter.
    ///
    /// # Errors
    /// A list cannot be read, or what `install` says.
    pub(crate) fn once(&self, install: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        let name = self.name;
        let wanted = self.wanted()?;
        let stamp = stamp(name);
        if self.folder.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            println!("{name}: installed already");
            return Ok(());
        }
        println!("{name}: installing");
        // Gone first: half an installation must not look like a whole one next time.
        let _ = fs::remove_file(&stamp);
        install()?;
        let folder = stamp.parent().unwrap_or(&stamp);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&stamp, wanted))
            .map_err(|error| format!("{} cannot be written: {error}", stamp.display()))
    }

    fn wanted(&self) -> Result<String, String> {
        let mut wanted = format!("{}\n", self.interpreter);
        for list in self.lists {
            wanted +=
                &fs::read_to_string(list).map_err(|error| format!("{} cannot be read: {error}", list.display()))?;
        }
        Ok(wanted)
    }
}

fn stamp(name: &str) -> PathBuf {
    root().join("target/installed").join(format!("{name}.stamp"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::cell::Cell;

    use super::*;

    #[test]
    fn versions_in_names_keep_their_stamps_apart() {
        assert_ne!(stamp("python-3.11"), stamp("python-3.12"));
    }

    #[test]
    fn it_is_done_again_only_when_something_changed_or_it_failed() {
        let folder = std::env::temp_dir().join(format!("xtask-installed-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let list = folder.join("list.txt");
        fs::write(&list, "one==1\n").unwrap();
        let name = format!("test-{}", std::process::id());
        let times = Cell::new(0);
        let once = |interpreter: &str, result: Result<(), String>| {
            let lists = [list.clone()];
            let installation = Installation { name: &name, lists: &lists, interpreter, folder: &folder };
            installation.once(|| {
                times.set(times.get() + 1);
                result
            })
        };
        assert!(once("a", Err("no network".to_owned())).is_err());
        assert!(once("a", Ok(())).is_ok() && once("a", Ok(())).is_ok());
        assert_eq!(times.get(), 2);
        assert!(once("b", Ok(())).is_ok());
        fs::write(&list, "one==2\n").unwrap();
        assert!(once("b", Ok(())).is_ok());
        assert_eq!(times.get(), 4);
        assert!(once("b", Err(String::new())).is_ok(), "installed already");
        fs::remove_file(stamp(&name)).unwrap();
        fs::remove_dir_all(folder).unwrap();
    }
}
