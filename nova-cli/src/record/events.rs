//! `events.jsonl`: every event of the call, one JSON object a line, as the library writes it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use bedrock_nova::sonic::{Event, Stamped};
use serde_json::Value;

use crate::report::Problem;

/// The event log while it grows; every line is on its way to the disk when [`EventLog::write`] returns.
pub(crate) struct EventLog {
    file: BufWriter<File>,
}

impl EventLog {
    /// Begins a new log.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn create(path: &Path) -> Result<Self, Problem> {
        let file = File::create(path).map_err(|error| {
            Problem::usage("unwritable-out", format!("{} cannot be written: {error}.", path.display()))
                .hint("Choose another folder with --out, or make this one writable.")
        })?;
        Ok(EventLog { file: BufWriter::new(file) })
    }

    /// Adds an event. Audio is described, not copied: the sound is in the WAV file.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn write(&mut self, stamped: &Stamped) -> Result<(), Problem> {
        let line = line(stamped).map_err(|error| disk(&error.into()))?;
        self.file.write_all(line.as_bytes()).and_then(|()| self.file.flush()).map_err(|error| disk(&error))
    }
}

fn line(stamped: &Stamped) -> serde_json::Result<String> {
    let mut value = serde_json::to_value(stamped)?;
    if let (Event::Audio(audio), Value::Object(fields)) = (&stamped.event, &mut value) {
        fields.insert("samples".to_owned(), (audio.pcm.len() / 2).into());
    }
    Ok(format!("{value}\n"))
}

fn disk(error: &std::io::Error) -> Problem {
    Problem::new("disk", format!("The event log could not be written any further: {error}."))
        .hint("Check that the disk is not full; the lines written so far are whole.")
}
