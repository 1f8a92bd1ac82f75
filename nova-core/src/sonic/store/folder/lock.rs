//! One process at a time claims a call, or removes it.
//!
//! The lock is the kernel's, so it is gone when its process is. It is taken by who claims a call or removes it, for
//! well under a millisecond, and by nobody else. A process that is stopped in just that time keeps others from claiming
//! this call, and no other, until it goes on or dies; they give up after a while with an error that may be tried again.
//!
//! The lock file goes with the call. So whoever has waited for a lock may hold a file that nobody finds any more while
//! somebody else makes a new one: it is looked whether the path still names what was locked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::paths::private;

/// How long is waited for others at the same call; within the deadline of the store.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// A lock cannot be waited for with a deadline, so it is tried for. The first tries come quickly.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Locks the file of that path, which is made if need be; `None` when others have it for too long. Dropping the file
/// unlocks it.
#[allow(clippy::disallowed_methods, reason = "a thread of its own waits here, with a deadline")]
pub(super) fn lock(path: &Path, patience: Duration) -> io::Result<Option<File>> {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_micros(200);
    loop {
        let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return Ok(None),
                Err(TryLockError::WouldBlock) => {}
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        if is_named(&file, path)? {
            return Ok(Some(file));
        }
    }
}

/// Says whether the path still names this file.
#[cfg(unix)]
fn is_named(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    let mine = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (mine.dev(), mine.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes a lock file whose call is gone; by whoever holds it.
#[cfg(unix)]
pub(super) fn take_away(path: &Path) -> io::Result<()> {
    super::paths::remove_if_there(path)
}

/// Where files have no number to know them by, lock files stay.
#[cfg(not(unix))]
fn is_named(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(not(unix))]
pub(super) fn take_away(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn whoever_waits_too_long_is_sent_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.lock");
        let held = lock(&path, PATIENCE).unwrap().unwrap();
        assert!(lock(&path, Duration::from_millis(5)).unwrap().is_none());
        drop(held);
        assert!(lock(&path, Duration::ZERO).unwrap().is_some());
    }

    #[test]
    fn one_at_a_time_also_while_the_file_is_taken_away_and_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.lock");
        let (inside, begin) = (AtomicU64::new(0), Barrier::new(4));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    begin.wait();
                    for _ in 0..300 {
                        let _held = lock(&path, Duration::from_secs(60)).unwrap().unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                        // Long enough for another to come in, if there is a way.
                        (0..100).for_each(|_| std::thread::yield_now());
                        inside.fetch_sub(1, Ordering::SeqCst);
                        take_away(&path).unwrap();
                    }
                });
            }
        });
    }
}
