//! What is done with the files, one act after the other, on a thread that may block.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::ledger::{Ledger, Moment};
use super::lock::{self, PATIENCE};
use super::paths::{self, Part, Paths, read_if_there, remove_if_there};
use super::presence::{self, Presence};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::CallId;
use crate::sonic::store::{Claimed, Holder, Lease, Standing, refusal};

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
        self.alone(id, |now, ledger| {
            if let Some(held) = ledger.and_then(|ledger| ledger.held(now))
                && presence::is_alive(&self.paths.alive, &held.presence)?
            {
                return Err(refusal::held_elsewhere(held.hint(), held.remaining(now)).into());
            }
            // Read first: what cannot be read must not be held.
            let record = read_if_there(&self.paths.part(id, Part::Record))?.map(Bytes::from);
            let ledger = Ledger::claimed(ledger, holder, presence.name(), now, life);
            self.write_ledger(id, &ledger)?;
            Ok(Claimed { lease: Lease { id: id.clone(), token: ledger.token(), life }, record })
        })
    }

    pub(super) fn save(&self, lease: &Lease, record: &[u8]) -> Result<()> {
        let draft = self.presence()?.draft();
        let draft = paths::draft(self.paths.drafts.join(draft), record).map_err(|error| self.failed(&error))?;
        self.held(lease, |_, _, _| Ok(draft.publish(&self.paths.part(&lease.id, Part::Record))?))
    }

    pub(super) fn renew(&self, lease: &Lease) -> Result<()> {
        let presence = self.presence()?;
        self.held(lease, |now, ledger, held| {
            self.write_ledger(&lease.id, &ledger.renewed(held, presence.name(), now, lease.life))
        })
    }

    pub(super) fn release(&self, lease: &Lease) -> Result<()> {
        self.held(lease, |_, ledger, _| match self.paths.part(&lease.id, Part::Record).try_exists()? {
            true => self.write_ledger(&lease.id, &ledger.released()),
            false => self.clear(&lease.id),
        })
    }

    pub(super) fn remove(&self, lease: &Lease) -> Result<()> {
        self.held(lease, |_, _, _| self.clear(&lease.id))
    }

    /// Looks without a lock, and so without leaving a file: strangers may ask for any id.
    pub(super) fn look(&self, id: &CallId) -> Result<Option<Standing>> {
        let look = || {
            let now = Moment::now();
            let ledger = self.read_ledger(id)?;
            if let Some(held) = ledger.as_ref().and_then(|ledger| ledger.held(now))
                && presence::is_alive(&self.paths.alive, &held.presence)?
            {
                return Ok(Some(held.standing(now)));
            }
            Ok(self.paths.part(id, Part::Record).try_exists()?.then_some(Standing::Unheld))
        };
        look().map_err(|error: io::Error| self.failed(&error))
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

    /// Does something with a call under a lease that counts.
    fn held<T>(
        &self,
        lease: &Lease,
        act: impl FnOnce(Moment, &Ledger, &super::ledger::Held) -> Result<T, Trouble>,
    ) -> Result<T> {
        // Or the lock file would have no folder; whoever holds a lease has made it before.
        self.presence()?;
        self.alone(&lease.id, |now, ledger| {
            let ledger = ledger.ok_or_else(refusal::lease_lost)?;
            act(now, ledger, ledger.check(lease, now)?)
        })
    }

    /// Does something with a call while nobody else does. Of a call of which nothing is left, the lock goes too.
    fn alone<T>(&self, id: &CallId, act: impl FnOnce(Moment, Option<&Ledger>) -> Result<T, Trouble>) -> Result<T> {
        let path = self.paths.part(id, Part::Lock);
        let alone = || {
            let _locked = lock::lock(&path, PATIENCE)?.ok_or_else(busy)?;
            // The clock is read under the lock: who waits long finds out that its lease has run out meanwhile.
            let result = act(Moment::now(), self.read_ledger(id)?.as_ref());
            let left = |part| self.paths.part(id, part).try_exists();
            if !left(Part::Lease)? && !left(Part::Record)? {
                lock::take_away(&path)?;
            }
            result
        };
        alone().map_err(|trouble| match trouble {
            Trouble::Refused(error) => error,
            Trouble::Disk(error) => self.failed(&error),
        })
    }

    /// Reads the lease file. One that cannot be understood is none: a power failure may have cut it, and the next token
    /// comes from the clock and is greater than whatever it said.
    pub(super) fn read_ledger(&self, id: &CallId) -> io::Result<Option<Ledger>> {
        let text = read_if_there(&self.paths.part(id, Part::Lease))?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    fn write_ledger(&self, id: &CallId, ledger: &Ledger) -> Result<(), Trouble> {
        let text = serde_json::to_vec(ledger).map_err(io::Error::from)?;
        let draft = paths::draft(self.paths.drafts.join(self.presence()?.draft()), &text)?;
        Ok(draft.publish(&self.paths.part(id, Part::Lease))?)
    }

    /// Removes what is known of a call; the record first, since a record without a lease could be claimed.
    fn clear(&self, id: &CallId) -> Result<(), Trouble> {
        remove_if_there(&self.paths.part(id, Part::Record))?;
        Ok(remove_if_there(&self.paths.part(id, Part::Lease))?)
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
    Error::new(ErrorKind::Unavailable, "Another process is at the files of this call and does not go on.")
        .with_code("store-busy")
        .with_hint("Try again; if it stays so, look for a process that is stopped.")
}
