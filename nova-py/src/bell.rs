//! One pipe for each event loop: whoever has news pushes its token and, if the bell is silent, writes one byte.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use pyo3::prelude::*;

/// What the loop's thread watches.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Bell {
    pub(crate) wire: Arc<Wire>,
}

/// What the core's threads hold of a bell; the pipe is closed when the last of them lets go, so that a late byte never
/// goes into a descriptor that has another meaning by then.
pub(crate) struct Wire {
    reader: PipeReader,
    writer: PipeWriter,
    /// Whether there is a byte in the pipe.
    rung: AtomicBool,
    /// Who rang, each as often as it did; whoever waits rings once for each wait.
    tokens: Mutex<Vec<u64>>,
    next: AtomicU64,
}

/// The token of the log, which every bell has.
pub(crate) const LOG: u64 = 0;

impl Wire {
    /// Returns a token of its own.
    pub(crate) fn token(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Says that somebody has news.
    pub(crate) fn ring(&self, token: u64) {
        self.tokens().push(token);
        if !self.rung.swap(true, Ordering::SeqCst) {
            // The pipe is empty now, so it has room; it is broken only when nobody listens any more.
            let _ = (&self.writer).write(&[1]);
        }
    }

    fn tokens(&self) -> MutexGuard<'_, Vec<u64>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A waker that rings.
pub(crate) struct Rope {
    pub(crate) wire: Arc<Wire>,
    pub(crate) token: u64,
}

impl Rope {
    pub(crate) fn waker(wire: &Arc<Wire>, token: u64) -> Waker {
        Waker::from(Arc::new(Rope { wire: Arc::clone(wire), token }))
    }
}

impl Wake for Rope {
    fn wake(self: Arc<Self>) {
        self.wire.ring(self.token);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wire.ring(self.token);
    }
}

#[pymethods]
impl Bell {
    #[new]
    fn new() -> PyResult<Self> {
        let (reader, writer) = std::io::pipe()?;
        let wire = Wire {
            reader,
            writer,
            rung: AtomicBool::new(false),
            tokens: Mutex::default(),
            next: AtomicU64::new(LOG + 1),
        };
        Ok(Bell { wire: Arc::new(wire) })
    }

    /// The descriptor that becomes readable when somebody rings.
    fn fileno(&self) -> i32 {
        self.wire.reader.as_raw_fd()
    }

    /// Silences the bell; returns the tokens of those who rang.
    fn answer(&self) -> PyResult<Vec<u64>> {
        if self.wire.rung.load(Ordering::SeqCst) {
            (&self.wire.reader).read_exact(&mut [0])?;
            // Before the list is taken: who rings from now on is heard again.
            self.wire.rung.store(false, Ordering::SeqCst);
        }
        Ok(std::mem::take(&mut *self.wire.tokens()))
    }
}
