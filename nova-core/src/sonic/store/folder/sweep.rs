//! Taking away what the dead left: half-written drafts, presences, and calls that nobody came back for.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use super::ledger::{Held, Moment};
use super::lock;
use super::paths::{Part, Paths, list, remove_if_there};
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
        for draft in list(&self.paths.drafts)? {
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
        for presence in list(&self.paths.alive)? {
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
        let mut calls: BTreeMap<CallId, Vec<PathBuf>> = BTreeMap::new();
        for file in list(&self.paths.calls)? {
            if let Some((id, _)) = Paths::whose(&file) {
                calls.entry(id).or_default().push(file);
            }
        }
        calls.iter().try_for_each(|(id, files)| self.sweep_call(id, files, record_life))
    }

    fn sweep_call(&self, id: &CallId, files: &[PathBuf], record_life: Duration) -> io::Result<()> {
        if !self.is_abandoned(id, files, record_life)? {
            return self.sweep_turns(id, files);
        }
        let path = self.paths.part(id, Part::Lock);
        let Some(_locked) = lock::lock(&path, NO_PATIENCE)? else { return Ok(()) };
        // Looked at once more: somebody may have claimed it before the lock was ours.
        if self.is_abandoned(id, files, record_life)? {
            files.iter().filter(|file| **file != path).try_for_each(|file| remove_if_there(file))?;
            lock::take_away(&path)?;
        }
        Ok(())
    }

    /// Removes what was written when it was another's turn already, by one that was stopped and then died.
    fn sweep_turns(&self, id: &CallId, files: &[PathBuf]) -> io::Result<()> {
        let Some(turn) = self.read_turn(id)? else { return Ok(()) };
        for file in files {
            match Paths::whose(file) {
                Some((_, Part::Held(token) | Part::Record(token))) if token < turn.token => remove_if_there(file)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Whoever lives may come back to its call, whatever the clock says: after a jump all files look old.
    fn is_abandoned(&self, id: &CallId, files: &[PathBuf], record_life: Duration) -> io::Result<bool> {
        let now = Moment::now();
        let lease = self.paths.part(id, Part::Lease);
        for file in files.iter().filter(|file| !is_lock(file)).chain([&lease]) {
            match fs::metadata(file) {
                Ok(there) if now.since(there.modified()?.into()) < record_life => return Ok(false),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let Some(turn) = self.read_turn(id)? else { return Ok(true) };
        let held: Option<Held> = self.read_json(id, Part::Held(turn.token))?;
        held.map_or(Ok(true), |held| Ok(!presence::is_alive(&self.paths.alive, &held.presence)?))
    }
}

/// Locking makes the file, so its age says nothing.
fn is_lock(file: &Path) -> bool {
    matches!(Paths::whose(file), Some((_, Part::Lock)))
}
