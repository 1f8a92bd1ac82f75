//! One pipe for each event loop: whoever has news pushes its token and, if the bell is silent, writes one byte.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use bedrock_nova_bindings::{Ring, Tokens};
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
    /// While they have rung there is a byte in the pipe.
    tokens: Tokens,
}

/// The token of the log, which every bell has.
pub(crate) const LOG: u64 = 0;

impl Ring for Wire {
    fn token(&self) -> u64 {
        self.tokens.token()
    }

    fn ring(&self, token: u64) {
        // The pipe is empty, so it has room; it is broken only when nobody listens any more.
        self.tokens.push(token, || drop((&self.writer).write(&[1])));
    }
}

impl Bell {
    /// Returns what the core rings.
    pub(crate) fn ring(&self) -> Arc<dyn Ring> {
        Arc::<Wire>::clone(&self.wire)
    }
}

#[pymethods]
impl Bell {
    #[new]
    fn new() -> PyResult<Self> {
        let (reader, writer) = std::io::pipe()?;
        Ok(Bell { wire: Arc::new(Wire { reader, writer, tokens: Tokens::from(LOG + 1) }) })
    }

    /// The descriptor that becomes readable when somebody rings.
    fn fileno(&self) -> i32 {
        self.wire.reader.as_raw_fd()
    }

    /// Silences the bell; returns the tokens of those who rang.
    fn answer(&self) -> PyResult<Vec<u64>> {
        if self.wire.tokens.rung() {
            (&self.wire.reader).read_exact(&mut [0])?;
            self.wire.tokens.hush();
        }
        Ok(self.wire.tokens.take())
    }
}
