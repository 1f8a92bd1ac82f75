//! One event in a call's log, written as JSON once for all the readers that want it while it is new.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::api;
use super::event::{Event, Stamped};

/// An event of a shared call, with its place in the call; it derefs to the [`Stamped`] event.
pub struct Entry {
    stamped: Stamped,
    json: Kept,
    brief: Kept,
    ledger: Ledger,
    weight: usize,
}

/// Bytes of JSON that the entries of one log keep.
pub(super) type Ledger = Arc<AtomicUsize>;

impl Entry {
    pub(super) fn new(stamped: Stamped, ledger: &Ledger) -> Self {
        let weight = size_of::<Entry>() + held(&stamped);
        Entry { stamped, json: Kept::default(), brief: Kept::default(), ledger: Arc::clone(ledger), weight }
    }

    /// Makes an entry that is in no log and keeps nothing.
    pub(super) fn passing(stamped: Stamped) -> Self {
        let entry = Entry::new(stamped, &Ledger::default());
        entry.release();
        entry
    }

    /// Returns the event as [`api::encode`] writes it: one line of JSON, made when somebody first asks and kept for the
    /// others as long as there is room.
    pub fn json(&self) -> Bytes {
        self.json.get(&self.ledger, || api::encode(&self.stamped))
    }

    /// Returns the event's own message for [server-sent events](api::sse), made when somebody first asks.
    pub fn sse(&self) -> Bytes {
        self.brief.get(&self.ledger, || api::sse::own(&self.stamped, || self.json()))
    }

    /// Gives up the JSON that is kept, and keeps none from now on: the entry has left its log, or there is too much of it.
    pub(super) fn release(&self) {
        self.json.release(&self.ledger);
        self.brief.release(&self.ledger);
    }

    /// Returns the memory that it takes without the JSON that is kept, by an estimate.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn into_stamped(entry: Arc<Self>) -> Stamped {
        Arc::try_unwrap(entry).map_or_else(|shared| shared.stamped.clone(), |own| own.stamped)
    }
}

impl Deref for Entry {
    type Target = Stamped;

    fn deref(&self) -> &Stamped {
        &self.stamped
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stamped.fmt(f)
    }
}

/// What an event holds: its sound, and all else as long as its JSON is.
fn held(stamped: &Stamped) -> usize {
    match &stamped.event {
        Event::Audio(audio) => audio.pcm.len(),
        Event::Closed { unsent, .. } => unsent.pcm.len() + written(stamped),
        _ => written(stamped),
    }
}

fn written(stamped: &Stamped) -> usize {
    let mut length = Length(0);
    // Counting cannot fail, and what has no JSON takes none.
    let _ = serde_json::to_writer(&mut length, stamped);
    length.0
}

/// Bytes that are made once and counted while they are kept.
#[derive(Default)]
struct Kept(Mutex<Copying>);

#[derive(Default)]
enum Copying {
    /// Nobody has asked yet.
    #[default]
    Unmade,
    Made(Bytes),
    /// It was given up: from now on it is made for each who asks.
    Released,
}

impl Kept {
    fn get(&self, ledger: &Ledger, make: impl FnOnce() -> Bytes) -> Bytes {
        let mut kept = self.lock();
        match &*kept {
            Copying::Made(bytes) => return bytes.clone(),
            Copying::Released => {}
            // Whoever asks at the same time waits for it.
            Copying::Unmade => {
                let made = make();
                ledger.fetch_add(made.len(), Ordering::Relaxed);
                *kept = Copying::Made(made.clone());
                return made;
            }
        }
        drop(kept);
        make()
    }

    fn release(&self, ledger: &Ledger) {
        if let Copying::Made(bytes) = std::mem::replace(&mut *self.lock(), Copying::Released) {
            ledger.fetch_sub(bytes.len(), Ordering::Relaxed);
        }
    }

    /// A poisoned lock only means that some making panicked: then nothing was kept.
    fn lock(&self) -> MutexGuard<'_, Copying> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts what is written.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
