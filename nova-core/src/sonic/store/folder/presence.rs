//! Which open stores are alive: each keeps a file locked from its opening to its end.
//!
//! A lock belongs to the kernel. It goes with the last descriptor of the file, and so with its process, however that
//! ends: a lease whose store holds its lock no longer need not be waited out. A process that is stopped or swapped out
//! keeps its lock, and for that one the end of the lease counts. So does it for a process whose child was forked
//! without `exec`: the child has the descriptor too.
//!
//! ```text
//!   the store        makes a file of a name that nobody has, locks it exclusively, and looks whether it is still there
//!   who asks         locks it shared, without waiting: what succeeds has found a dead one, and disturbs no other asker
//!   who sweeps       locks it like who asks, and removes what is dead
//!   no such file     dead: swept, or ended in order
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use super::paths::private;

/// The locked file of this open store.
#[derive(Debug)]
pub(super) struct Presence {
    name: String,
    path: PathBuf,
    drafts: AtomicU64,
    // Closed, and so unlocked, with the store.
    _file: File,
}

impl Presence {
    /// Announces a store in a folder.
    pub(super) fn announce(folder: &Path) -> io::Result<Presence> {
        loop {
            let name = Uuid::new_v4().to_string();
            let path = folder.join(&name);
            let file = private(OpenOptions::new().write(true).create_new(true)).open(&path)?;
            // A sweeper may have come between and taken the new file for a dead one's; then under another name.
            match file.try_lock() {
                Ok(()) if path.try_exists()? => {
                    return Ok(Presence { name, path, drafts: AtomicU64::new(0), _file: file });
                }
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// Returns the name under which leases refer to it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns a name for a draft that nobody else has, and that tells whose it is.
    pub(super) fn draft(&self) -> String {
        format!("{}.{}", self.name, self.drafts.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // What stays is swept by another store.
        let _ = fs::remove_file(&self.path);
    }
}

/// Says whether the store of that name is open anywhere on this machine.
pub(super) fn is_alive(folder: &Path, name: &str) -> io::Result<bool> {
    let file = match OpenOptions::new().read(true).open(folder.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_presence_lasts_as_long_as_its_lock() {
        let folder = tempfile::tempdir().unwrap();
        let presence = Presence::announce(folder.path()).unwrap();
        let name = presence.name().to_owned();
        let asker = File::open(folder.path().join(&name)).unwrap();
        assert!(matches!(asker.try_lock_shared(), Err(TryLockError::WouldBlock)));
        assert!(is_alive(folder.path(), &name).unwrap() && is_alive(folder.path(), &name).unwrap());
        // As a kill leaves it: the file is there, the lock is gone; and one asker does not hide it from another.
        let copy = folder.path().join("copy");
        fs::hard_link(folder.path().join(&name), &copy).unwrap();
        drop(presence);
        asker.try_lock_shared().unwrap();
        assert!(!is_alive(folder.path(), "copy").unwrap());
        assert!(!is_alive(folder.path(), &name).unwrap(), "ended in order: no file");
    }
}
