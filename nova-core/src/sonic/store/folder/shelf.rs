//! What is done with the files, on a thread that may block.
//!
//! Claims and removals of a call come one after the other, under a lock. What a holder does again and again, saving and
//! renewing, takes no lock, so that a holder that is stopped in the middle of it keeps nobody out. Instead it writes only
//! files of its own token, and looks twice whether its lease counts:
//!
//! ```text
//!   before   it is its turn, and the lease has not run out
//!   act      a file that bears the token is renamed into its place
//!   after    it is still its turn, and the lease as it was before has still not run out
//! ```
//!
//! Who finds both was done before the end of its lease, so whoever claims after that end finds what it did. Who was too
//! late is told so; and if the turn was another's by then, what it wrote is seen by nobody, since the other has a copy
//! of the record under a name of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ledger::{Held, Moment, Turn};
use super::lock::{self, PATIENCE};
use super::paths::{self, Draft, Part, Paths, read_if_there, remove_if_there};
use super::presence::{self, Presence};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::CallId;
use crate::sonic::store::{Claimed, Holder, Lease, Standing, refusal};

/// How often is looked again when a claim comes between.
const GLANCES: usize = 5;

/// The folder, and this store's presence in it.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) paths: Paths,
    presence: Mutex<Option<Arc<Presence>>>,
    pub(super) swept: Mutex<Option<Moment>>,
}

impl Shelf {
    pub(super) fn new(root: PathBuf) -> Self {
        Shelf { paths: Paths::under(root), presence: Mutex::default(), swept: Mutex::default() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.paths.root
    }

    pub(super) fn claim(&self, id: &CallId, holder: &Holder, life: Duration) -> Result<Claimed> {
        let presence = self.presence()?;
        self.alone(id, || {
            // The clock is read under the lock: whoever waited for it must not judge by a time that has gone.
            let now = Moment::now();
            let last = self.read_turn(id)?;
            if let Some(last) = &last
                && let Some(held) = self.read_held(id, last.token, now)?
            {
                return Err(refusal::held_elsewhere(&last.holder.hint, held.remaining(now)).into());
            }
            let before = match &last {
                Some(last) => Some(last.token),
                None => self.last_record(id)?,
            };
            let record = match before {
                Some(token) => read_if_there(&self.paths.part(id, Part::Record(token)))?,
                None => None,
            };
            let turn = Turn::after(last.as_ref(), holder, now);
            // All that belongs to the turn is there before it begins.
            if let Some(record) = &record {
                self.write(id, Part::Record(turn.token), record)?;
            }
            self.write_json(id, Part::Held(turn.token), &Held::from(now, life, presence.name()))?;
            self.write_json(id, Part::Lease, &turn)?;
            if let Some(token) = before {
                self.forget(id, token);
            }
            Ok(Claimed { lease: Lease { id: id.clone(), token: turn.token, life }, record: record.map(Bytes::from) })
        })
    }

    pub(super) fn save(&self, lease: &Lease, record: &[u8]) -> Result<()> {
        let draft = self.draft(record)?;
        self.hold(lease, || Ok(draft.publish(&self.paths.part(&lease.id, Part::Record(lease.token)))?))
    }

    pub(super) fn renew(&self, lease: &Lease) -> Result<()> {
        let presence = self.presence()?;
        self.hold(lease, || {
            let held = Held::from(Moment::now(), lease.life, presence.name());
            self.write_json(&lease.id, Part::Held(lease.token), &held)
        })
    }

    pub(super) fn release(&self, lease: &Lease) -> Result<()> {
        let release = || {
            self.check(lease)?;
            if !self.paths.part(&lease.id, Part::Record(lease.token)).try_exists()? {
                // Nothing that anybody could go on from.
                return Ok(self.remove(lease)?);
            }
            // Not looked after: somebody may well have claimed it by then.
            Ok(remove_if_there(&self.paths.part(&lease.id, Part::Held(lease.token)))?)
        };
        release().map_err(|trouble| self.tell(trouble))
    }

    pub(super) fn remove(&self, lease: &Lease) -> Result<()> {
        self.presence()?;
        self.alone(&lease.id, || {
            self.check(lease)?;
            // The turn last: while it is there, so is the rest of what must go.
            for part in [Part::Record(lease.token), Part::Held(lease.token), Part::Lease] {
                remove_if_there(&self.paths.part(&lease.id, part))?;
            }
            Ok(())
        })
    }

    /// Looks without a lock, and so without leaving a file: strangers may ask for any id.
    pub(super) fn look(&self, id: &CallId) -> Result<Option<Standing>> {
        for _ in 0..GLANCES {
            let glance = || {
                let now = Moment::now();
                let Some(turn) = self.read_turn(id)? else { return Ok(Some(None)) };
                let standing = match self.read_held(id, turn.token, now)? {
                    Some(held) => Some(held.standing(turn.holder.clone(), now)),
                    None => {
                        let record = self.paths.part(id, Part::Record(turn.token));
                        record.try_exists()?.then_some(Standing::Unheld)
                    }
                };
                // A claim may have come between the files.
                Ok((self.read_turn(id)?.as_ref() == Some(&turn)).then_some(standing))
            };
            if let Some(standing) = glance().map_err(|error: io::Error| self.failed(&error))? {
                return Ok(standing);
            }
        }
        Err(busy())
    }

    /// Returns this store's presence, announced at its first use.
    fn presence(&self) -> Result<Arc<Presence>> {
        let mut presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(presence) = &*presence {
            return Ok(Arc::clone(presence));
        }
        let announced = self.paths.make().and_then(|()| Presence::announce(&self.paths.alive));
        let announced = Arc::new(announced.map_err(|error| self.failed(&error))?);
        Ok(Arc::clone(presence.insert(announced)))
    }

    /// Does what a holder does; see above why there is no lock.
    fn hold(&self, lease: &Lease, act: impl FnOnce() -> Result<(), Trouble>) -> Result<()> {
        let hold = || {
            let before = self.check(lease)?;
            act()?;
            let turn = self.read_turn(&lease.id)?;
            match turn.is_some_and(|turn| turn.token == lease.token) {
                true if before.counts(Moment::now()) => return Ok(()),
                // Renewed too late: a holder that is told so must not keep others out.
                true => remove_if_there(&self.paths.part(&lease.id, Part::Held(lease.token)))?,
                // Written too late for anybody to see, and nobody else would take it away soon.
                false => self.forget(&lease.id, lease.token),
            }
            Err(refusal::lease_lost().into())
        };
        hold().map_err(|trouble| self.tell(trouble))
    }

    /// Checks that a lease counts.
    fn check(&self, lease: &Lease) -> Result<Held, Trouble> {
        if self.read_turn(&lease.id)?.is_none_or(|turn| turn.token != lease.token) {
            return Err(refusal::lease_lost().into());
        }
        let held: Option<Held> = self.read_json(&lease.id, Part::Held(lease.token))?;
        held.filter(|held| held.counts(Moment::now())).ok_or_else(|| refusal::lease_lost().into())
    }

    /// Does something with a call while nobody else claims or removes it. Of a call that nobody knows afterwards, the
    /// lock goes too.
    fn alone<T>(&self, id: &CallId, act: impl FnOnce() -> Result<T, Trouble>) -> Result<T> {
        let path = self.paths.part(id, Part::Lock);
        let alone = || {
            let _locked = lock::lock(&path, PATIENCE)?.ok_or_else(busy)?;
            let result = act();
            if !self.paths.part(id, Part::Lease).try_exists()? {
                lock::take_away(&path)?;
            }
            result
        };
        alone().map_err(|trouble| self.tell(trouble))
    }

    /// Reads whose turn it is. A file that cannot be understood is none: a power failure may have cut it, and the next
    /// token comes from the clock and is greater than whatever it said.
    pub(super) fn read_turn(&self, id: &CallId) -> io::Result<Option<Turn>> {
        self.read_json(id, Part::Lease)
    }

    /// Reads that a turn counts: it has not run out, and its store lives.
    fn read_held(&self, id: &CallId, token: u64, now: Moment) -> io::Result<Option<Held>> {
        let held: Option<Held> = self.read_json(id, Part::Held(token))?;
        match held.filter(|held| held.counts(now)) {
            Some(held) if presence::is_alive(&self.paths.alive, &held.presence)? => Ok(Some(held)),
            _ => Ok(None),
        }
    }

    /// Finds the last record of a call whose turn is not known any more.
    fn last_record(&self, id: &CallId) -> io::Result<Option<u64>> {
        if !self.paths.part(id, Part::Lease).try_exists()? {
            return Ok(None);
        }
        let records = paths::list(&self.paths.calls)?.into_iter().filter_map(|file| match Paths::whose(&file)? {
            (whose, Part::Record(token)) if whose == *id => Some(token),
            _ => None,
        });
        Ok(records.max())
    }

    /// Removes what a turn that has passed has left. What stays is swept.
    fn forget(&self, id: &CallId, token: u64) {
        for part in [Part::Record(token), Part::Held(token)] {
            let _ = remove_if_there(&self.paths.part(id, part));
        }
    }

    pub(super) fn read_json<T: DeserializeOwned>(&self, id: &CallId, part: Part) -> io::Result<Option<T>> {
        let text = read_if_there(&self.paths.part(id, part))?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    fn write_json(&self, id: &CallId, part: Part, content: &impl Serialize) -> Result<(), Trouble> {
        self.write(id, part, &serde_json::to_vec(content).map_err(io::Error::from)?)
    }

    fn write(&self, id: &CallId, part: Part, content: &[u8]) -> Result<(), Trouble> {
        Ok(self.draft(content)?.publish(&self.paths.part(id, part))?)
    }

    fn draft(&self, content: &[u8]) -> Result<Draft> {
        let path = self.paths.drafts.join(self.presence()?.draft());
        paths::draft(path, content).map_err(|error| self.failed(&error))
    }

    fn tell(&self, trouble: Trouble) -> Error {
        match trouble {
            Trouble::Refused(error) => error,
            Trouble::Disk(error) => self.failed(&error),
        }
    }

    fn failed(&self, error: &io::Error) -> Error {
        let sentence = format!("The folder of calls, {}, cannot be used: {error}.", self.paths.root.display());
        let (kind, code, hint) = match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                (ErrorKind::Denied, "store-denied", "Give the user of this process the right to write there.")
            }
            io::ErrorKind::Unsupported => (
                ErrorKind::Invalid,
                "store-unusable",
                "Choose a folder on a local disk: its file system must lock files.",
            ),
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                (ErrorKind::Invalid, "store-unusable", "Choose another folder: a file of that name is in the way.")
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                (ErrorKind::Unavailable, "store-full", "Make room; the call goes on, but not in another process.")
            }
            _ => {
                (ErrorKind::Unavailable, "store-unreachable", "Look whether the folder is there and its disk is well.")
            }
        };
        Error::new(kind, sentence).with_code(code).with_hint(hint)
    }
}

/// What stops an act.
enum Trouble {
    Refused(Error),
    Disk(io::Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Refused(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Disk(error)
    }
}

fn busy() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "Another process is claiming this call, or removing it, and does not come to an end.",
    )
    .with_code("store-busy")
    .with_hint("Try again; if it stays so, look for a process that is stopped.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    fn id() -> CallId {
        "call".into()
    }

    /// Claims a call for a moment, and lets that pass.
    fn overslept(shelf: &Shelf) -> (Lease, Held) {
        let life = Duration::from_millis(100);
        let lease = shelf.claim(&id(), &Holder::new("sleeper"), life).unwrap().lease;
        shelf.save(&lease, b"in time").unwrap();
        (lease.clone(), shelf.check(&lease).map_err(|trouble| shelf.tell(trouble)).unwrap())
    }

    fn sleep_past(held: &Held) {
        while held.counts(Moment::now()) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn who_sleeps_in_the_middle_of_a_save_is_told_and_not_heard() {
        let folder = tempfile::tempdir().unwrap();
        let (sleeper, other) = (Shelf::new(folder.path().into()), Shelf::new(folder.path().into()));
        let (lease, held) = overslept(&sleeper);
        let draft = sleeper.draft(b"too late").unwrap();
        let mut claimed = None;
        let late = sleeper.hold(&lease, || {
            sleep_past(&held);
            claimed = Some(other.claim(&id(), &Holder::new("other"), LONG)?);
            Ok(draft.publish(&sleeper.paths.part(&id(), Part::Record(lease.token)))?)
        });
        assert_eq!(late.unwrap_err().code(), "lease-lost");
        let claimed = claimed.unwrap();
        assert_eq!(claimed.record, Some("in time".into()));
        other.release(&claimed.lease).unwrap();
        let again = other.claim(&id(), &Holder::new("other"), LONG).unwrap();
        assert_eq!(again.record, Some("in time".into()));
        other.remove(&again.lease).unwrap();
        assert!(paths::list(&other.paths.calls).unwrap().is_empty(), "the sleeper has left something");
    }

    #[test]
    fn who_sleeps_in_the_middle_of_a_renewal_is_told_and_keeps_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let (sleeper, other) = (Shelf::new(folder.path().into()), Shelf::new(folder.path().into()));
        let (lease, held) = overslept(&sleeper);
        let late = sleeper.hold(&lease, || {
            sleep_past(&held);
            let held = Held::from(Moment::now(), LONG, sleeper.presence()?.name());
            sleeper.write_json(&id(), Part::Held(lease.token), &held)
        });
        assert_eq!(late.unwrap_err().code(), "lease-lost");
        assert_eq!(other.look(&id()).unwrap(), Some(Standing::Unheld));
        assert_eq!(other.claim(&id(), &Holder::new("other"), LONG).unwrap().record, Some("in time".into()));
    }
}
