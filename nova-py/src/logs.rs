//! What the core logs, on its way to Python's `logging`.
//!
//! A line waits in a short queue until the loop's thread fetches it; what finds no room is counted, and told as a line.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};

use bedrock_nova_bindings::Ring;
use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::bell::{Bell, LOG, Wire};

/// Lines that wait for a loop that is busy.
const LINES: usize = 1_024;

static SINK: Sink =
    Sink { level: AtomicU8::new(0), state: Mutex::new(State { lines: VecDeque::new(), lost: 0, listener: None }) };

struct Sink {
    /// How much is wanted: 0 is nothing, 5 is everything.
    level: AtomicU8,
    state: Mutex<State>,
}

struct State {
    lines: VecDeque<Line>,
    lost: u64,
    listener: Option<Weak<Wire>>,
}

/// Level as Python counts it, where it comes from, what it says.
type Line = (u8, String, String);

impl Sink {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sets how much is wanted, as Python counts levels (10 is debug, 40 is error).
#[pyfunction]
pub(crate) fn log_level(level: u32) {
    static INSTALL: Once = Once::new();
    let wanted = match level {
        0..=5 => 5,
        6..=10 => 4,
        11..=20 => 3,
        21..=30 => 2,
        31..=40 => 1,
        _ => 0,
    };
    SINK.level.store(wanted, Ordering::Relaxed);
    // This module's own copy of `tracing` is nobody else's, so nobody else has set one.
    INSTALL.call_once(|| drop(tracing::subscriber::set_global_default(ToPython)));
}

/// Rings this bell, in the place of an earlier one, when there are lines.
#[pyfunction]
pub(crate) fn log_to(bell: &Bell) {
    let waiting = {
        let mut state = SINK.lock();
        state.listener = Some(Arc::downgrade(&bell.wire));
        !state.lines.is_empty()
    };
    if waiting {
        // Their loop has gone before it fetched them.
        bell.wire.ring(LOG);
    }
}

/// Fetches the lines: `(level, target, text)`.
#[pyfunction]
pub(crate) fn logs() -> Vec<Line> {
    let mut state = SINK.lock();
    let mut lines: Vec<Line> = state.lines.drain(..).collect();
    let lost = std::mem::take(&mut state.lost);
    if lost > 0 {
        lines.push((30, "bedrock_nova".to_owned(), format!("{lost} lines of the log found no room and are lost")));
    }
    lines
}

struct ToPython;

impl Subscriber for ToPython {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target().starts_with("bedrock_nova") { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && rank(*metadata.level()) <= SINK.level.load(Ordering::Relaxed)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let metadata = event.metadata();
        let line = (python(*metadata.level()), metadata.target().replace("::", "."), text.0);
        let listener = {
            let mut state = SINK.lock();
            if state.lines.len() == LINES {
                state.lost += 1;
                return;
            }
            state.lines.push_back(line);
            if state.lines.len() > 1 { None } else { state.listener.as_ref().and_then(Weak::upgrade) }
        };
        if let Some(wire) = listener {
            wire.ring(LOG);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn rank(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

fn python(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}

/// The message, then the fields: `a call was refused why=draining`.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // A string takes whatever is written.
        let _ = if field.name() == "message" {
            let rest = std::mem::take(&mut self.0);
            write!(self.0, "{value:?}{rest}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
    }
}
