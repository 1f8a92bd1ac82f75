//! Taking away what the dead left: half-written drafts, presences, and calls that nobody came back for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use super::ledger::Moment;
use super::lock;
use super::paths::{Part, Paths, remove_if_there};
use super::presence;
use super::shelf::Shelf;
use crate::ids::CallId;

/// How often one store looks, at most.
const EVERY: Duration = Duration::from_secs(3_600);

/// A sweeper does not wait for whoever is at a call: that one is not abandoned.
const NO_PATIENCE: Duration = Duration::ZERO;

impl Shelf {
    /// Says whether a sweep is due, and takes it as done.
    pub(super) fn sweep_is_due(&self) -> bool {
        let now = Moment::now();
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        let due = swept.is_none_or(|last| now.since(last) >= EVERY);
        if due {
            *swept = Some(now);
        }
        due
    }

    /// Removes what is abandoned, and records that were not touched for `record_life`.
    pub(super) fn sweep(&self, record_life: Duration) {
        let swept =
            self.sweep_drafts().and_then(|()| self.sweep_presences()).and_then(|()| self.sweep_calls(record_life));
        if let Err(error) = swept {
            tracing::warn!(folder = %self.paths.root.display(), %error, "what dead processes left cannot be taken away");
        }
    }

    fn sweep_drafts(&self) -> io::Result<()> {
        for draft in files(&self.paths.drafts)? {
            // `<presence>.<number>`
            let owner = draft.file_stem().and_then(|name| name.to_str());
            if let Some(owner) = owner
                && !presence::is_alive(&self.paths.alive, owner)?
            {
                remove_if_there(&draft)?;
            }
        }
        Ok(())
    }

    /// Leases may still name what is removed here: where there is no presence, there is no process.
    fn sweep_presences(&self) -> io::Result<()> {
        for presence in files(&self.paths.alive)? {
            let name = presence.file_name().and_then(|name| name.to_str());
            if let Some(name) = name
                && !presence::is_alive(&self.paths.alive, name)?
            {
                remove_if_there(&presence)?;
            }
        }
        Ok(())
    }

    fn sweep_calls(&self, record_life: Duration) -> io::Result<()> {
        for file in files(&self.paths.calls)? {
            let Some(id) = Paths::call_of(&file) else { continue };
            if !self.is_abandoned(&id, record_life)? {
                continue;
            }
            let path = self.paths.part(&id, Part::Lock);
            let Some(_locked) = lock::lock(&path, NO_PATIENCE)? else { continue };
            // Looked at once more: somebody may have claimed it before the lock was ours.
            if self.is_abandoned(&id, record_life)? {
                remove_if_there(&self.paths.part(&id, Part::Record))?;
                remove_if_there(&self.paths.part(&id, Part::Lease))?;
                lock::take_away(&path)?;
            }
        }
        Ok(())
    }

    /// Whoever lives may come back to its call, whatever the clock says: after a jump all files look old.
    fn is_abandoned(&self, id: &CallId, record_life: Duration) -> io::Result<bool> {
        let now = Moment::now();
        for part in [Part::Record, Part::Lease] {
            match fs::metadata(self.paths.part(id, part)) {
                Ok(there) if now.since(there.modified()?.into()) < record_life => return Ok(false),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        match self.read_ledger(id)?.as_ref().and_then(|ledger| ledger.holder()) {
            Some(held) => Ok(!presence::is_alive(&self.paths.alive, &held.presence)?),
            None => Ok(true),
        }
    }
}

/// Lists a folder; what goes meanwhile is not missed.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}
