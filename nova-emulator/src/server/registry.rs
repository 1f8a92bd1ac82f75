//! Every stream there is and was.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::report::{Ended, Protocol, SessionReport, Signature};
use crate::{Engine, Ledger};

/// Every stream that lives, and the last [`Registry::KEPT`] that ended; older ones are forgotten.
#[derive(Debug)]
pub(crate) struct Registry {
    book: Mutex<Book>,
    live: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Book {
    last: u64,
    live: BTreeMap<u64, Arc<Mutex<Entry>>>,
    ended: VecDeque<SessionReport>,
}

/// A stream that lives.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) report: SessionReport,
    /// The session, once the request is admitted.
    pub(crate) engine: Option<Engine>,
}

/// The place of one stream among the living; dropping it moves the report to those that ended.
#[derive(Debug)]
pub(crate) struct Ticket {
    registry: Arc<Registry>,
    entry: Arc<Mutex<Entry>>,
    number: u64,
}

impl Registry {
    pub(crate) const KEPT: usize = 4096;

    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { book: Mutex::default(), live: watch::Sender::new(0) })
    }

    /// Enters a new stream.
    pub(crate) fn enter(self: &Arc<Self>, model: &str, protocol: Protocol) -> Ticket {
        let mut book = lock(&self.book);
        book.last += 1;
        let number = book.last;
        let entry = Arc::new(Mutex::new(Entry { report: new_report(number, model, protocol), engine: None }));
        book.live.insert(number, Arc::clone(&entry));
        self.live.send_replace(book.live.len());
        Ticket { registry: Arc::clone(self), entry, number }
    }

    /// Every report, oldest first.
    pub(crate) fn reports(&self) -> Vec<SessionReport> {
        let book = lock(&self.book);
        let live = book.live.values().map(|entry| lock(entry).report());
        let mut all: Vec<_> = book.ended.iter().cloned().chain(live).collect();
        all.sort_by_key(|report| report.number);
        all
    }

    /// The number of streams that live, to be watched.
    pub(crate) fn watch(&self) -> watch::Receiver<usize> {
        self.live.subscribe()
    }

    fn leave(&self, number: u64) {
        let mut book = lock(&self.book);
        if let Some(entry) = book.live.remove(&number) {
            let mut report = lock(&entry).report();
            report.ended.get_or_insert(Ended::Stopped);
            book.ended.push_back(report);
        }
        if book.ended.len() > Self::KEPT {
            book.ended.pop_front();
        }
        self.live.send_replace(book.live.len());
    }
}

impl Entry {
    fn report(&self) -> SessionReport {
        let mut report = self.report.clone();
        if let Some(engine) = &self.engine {
            report.breaches = engine.breaches().to_vec();
            report.ledger = engine.ledger().clone();
        }
        report
    }
}

impl Ticket {
    pub(crate) fn entry(&self) -> MutexGuard<'_, Entry> {
        lock(&self.entry)
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.registry.leave(self.number);
    }
}

fn new_report(number: u64, model: &str, protocol: Protocol) -> SessionReport {
    SessionReport {
        number,
        model: model.to_owned(),
        protocol,
        signature: Signature::Refused,
        events_in: 0,
        events_out: 0,
        closing: None,
        breaches: Vec::new(),
        ledger: Ledger::default(),
        ended: None,
    }
}

/// A panic elsewhere leaves counts that are still worth reading.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
