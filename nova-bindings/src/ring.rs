//! A bell, as the core's threads see it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// The bell of one event loop.
pub trait Ring: Send + Sync + 'static {
    /// Returns a token of its own.
    fn token(&self) -> u64;

    /// Says that somebody has news; may be called on any thread.
    fn ring(&self, token: u64);
}

/// Who rang, and whether the loop was told so.
#[derive(Debug)]
pub struct Tokens {
    /// Whether the loop will come and look.
    rung: AtomicBool,
    /// Each as often as it rang; whoever waits rings once for each wait.
    tokens: Mutex<Vec<u64>>,
    next: AtomicU64,
}

impl Tokens {
    /// Begins to count tokens at `first`.
    #[must_use]
    pub fn from(first: u64) -> Tokens {
        Tokens { rung: AtomicBool::new(false), tokens: Mutex::default(), next: AtomicU64::new(first) }
    }

    /// Returns a token that nobody had.
    pub fn token(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes who rang; the loop must be told, by `tell`, unless it knows already.
    pub fn push(&self, token: u64, tell: impl FnOnce()) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).push(token);
        if !self.rung.swap(true, Ordering::SeqCst) {
            tell();
        }
    }

    /// Says whether the loop was told.
    pub fn rung(&self) -> bool {
        self.rung.load(Ordering::SeqCst)
    }

    /// Has the loop told anew by whoever rings from now on; to be called before the list is taken, or the one between the
    /// two would not be heard.
    pub fn hush(&self) {
        self.rung.store(false, Ordering::SeqCst);
    }

    /// Takes who rang.
    pub fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.tokens.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A waker that rings.
pub struct Rope {
    ring: Arc<dyn Ring>,
    token: u64,
}

impl Rope {
    /// Makes the waker of a token.
    pub fn waker(ring: &Arc<dyn Ring>, token: u64) -> Waker {
        Waker::from(Arc::new(Rope { ring: Arc::clone(ring), token }))
    }
}

impl Wake for Rope {
    fn wake(self: Arc<Self>) {
        self.ring.ring(self.token);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring.ring(self.token);
    }
}
