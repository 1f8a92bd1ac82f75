//! One session as it went over a transport: a text file with one JSON object a line.
//!
//! ```text
//! {"ms":0,"from":"client","payload":{"event":{"sessionStart":{}}}}
//! {"ms":180,"from":"service","accepted":{"requestId":"5b1e…"}}
//! {"ms":950,"from":"service","payload":{"event":{"completionStart":{}}}}
//! {"ms":2100,"from":"service","failure":{"what":"lost","message":"the connection was reset"}}
//! ```
//!
//! `ms` are whole milliseconds since the session was opened; lines stand in the order of time. A `payload` is kept byte
//! for byte. A line without `accepted`, `payload` or `failure` but with `"end":true` is an orderly end of that side.
//! Empty lines, and lines that begin with `#`, are skipped.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Failure;
use crate::{Error, ErrorKind};

/// The lines of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    lines: Vec<Line>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When, since the session was opened; written with a resolution of one millisecond.
    pub at: Duration,
    /// Who did it.
    pub from: Side,
    /// What happened.
    pub what: What,
}

/// A side of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// Our side.
    Client,
    /// The service's side.
    Service,
}

/// What one side did.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The service accepted the stream.
    Accepted {
        /// Its request id.
        request_id: Option<String>,
    },
    /// A whole event payload.
    Payload(Bytes),
    /// The stream was refused (as the service's first line) or broke.
    Failure(Failure),
    /// The side ended its half in order.
    End,
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// `Invalid`, code `recording`, with the number of the first line that cannot be read or goes back in time.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut recording = Recording::default();
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let line = Line::parse(line).map_err(|reason| unreadable(number, &reason))?;
            if recording.lines.last().is_some_and(|last| last.at > line.at) {
                return Err(unreadable(number, "it goes back in time"));
            }
            recording.lines.push(line);
        }
        Ok(recording)
    }

    /// Appends what just happened; a time before that of the last line is taken as that of the last line.
    pub fn push(&mut self, at: Duration, from: Side, what: What) {
        let at = self.lines.last().map_or(at, |last| last.at.max(at));
        self.lines.push(Line { at, from, what });
    }

    /// Returns what happened, in the order of time.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

impl fmt::Display for Recording {
    /// Writes the recording in its file format; a payload that is no JSON is written as a lossy JSON string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let text = serde_json::to_string(&Written::from(line)).map_err(|_| fmt::Error)?;
            writeln!(f, "{text}")?;
        }
        Ok(())
    }
}

impl Line {
    fn parse(text: &str) -> Result<Self, String> {
        let written: Written = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let what = match written {
            Written { accepted: Some(accepted), payload: None, failure: None, end: None, .. } => {
                What::Accepted { request_id: accepted.request_id }
            }
            Written { payload: Some(payload), accepted: None, failure: None, end: None, .. } => {
                What::Payload(Bytes::from(payload.get().to_owned()))
            }
            Written { failure: Some(failure), accepted: None, payload: None, end: None, .. } => What::Failure(failure),
            Written { end: Some(true), accepted: None, payload: None, failure: None, .. } => What::End,
            _ => return Err("it needs exactly one of `accepted`, `payload`, `failure` and `\"end\":true`".to_owned()),
        };
        Ok(Line { at: Duration::from_millis(written.ms), from: written.from, what })
    }
}

impl fmt::Debug for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Accepted { request_id } => write!(f, "Accepted({request_id:?})"),
            What::Payload(payload) => write!(f, "Payload({} bytes)", payload.len()),
            What::Failure(failure) => write!(f, "Failure({failure:?})"),
            What::End => f.write_str("End"),
        }
    }
}

/// A line as it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    ms: u64,
    from: Side,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<Accepted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<bool>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl From<&Line> for Written {
    fn from(line: &Line) -> Self {
        let ms = u64::try_from(line.at.as_millis()).unwrap_or(u64::MAX);
        let mut written = Written { ms, from: line.from, accepted: None, payload: None, failure: None, end: None };
        match &line.what {
            What::Accepted { request_id } => written.accepted = Some(Accepted { request_id: request_id.clone() }),
            What::Payload(payload) => written.payload = raw(payload),
            What::Failure(failure) => written.failure = Some(failure.clone()),
            What::End => written.end = Some(true),
        }
        written
    }
}

/// Takes a payload as it is when it is JSON on one line, else as JSON that says the same, else as a string.
fn raw(payload: &Bytes) -> Option<Box<RawValue>> {
    let text = String::from_utf8_lossy(payload);
    if !text.contains(['\n', '\r'])
        && let Ok(raw) = RawValue::from_string(text.clone().into_owned())
    {
        return Some(raw);
    }
    let value = serde_json::from_slice(payload).unwrap_or_else(|_| serde_json::Value::String(text.into_owned()));
    serde_json::value::to_raw_value(&value).ok()
}

fn unreadable(number: u32, reason: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("line {number} of the recording cannot be read: {reason}."))
        .with_code("recording")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn writing_and_reading_keep_every_line_and_every_byte() {
        let odd = Bytes::from_static(br#"{ "event" : {"z":1,"a":2} }"#);
        let mut recording = Recording::default();
        recording.push(Duration::ZERO, Side::Client, What::Payload(odd));
        recording.push(Duration::from_millis(7), Side::Service, What::Accepted { request_id: Some("r-1".into()) });
        recording.push(Duration::from_millis(5), Side::Client, What::End);
        recording.push(Duration::from_secs(9), Side::Service, What::Failure(Failure::lost("reset")));
        assert_eq!(recording.lines()[2].at, Duration::from_millis(7));
        assert_eq!(Recording::parse(&recording.to_string()).unwrap(), recording);
    }

    #[test]
    fn a_payload_that_breaks_the_line_is_still_one_line() {
        let mut recording = Recording::default();
        recording.push(Duration::ZERO, Side::Service, What::Payload(Bytes::from_static(b"{\n\"event\":{}}")));
        recording.push(Duration::ZERO, Side::Service, What::Payload(Bytes::from_static(b"\xff no json")));
        assert_eq!(recording.to_string().lines().count(), 2);
        assert_eq!(Recording::parse(&recording.to_string()).unwrap().lines().len(), 2);
    }

    #[test]
    fn a_bad_line_is_named() {
        for (text, word) in [
            ("{\"ms\":1,\"from\":\"client\",\"end\":true}\n\nnonsense", "line 3"),
            (
                "{\"ms\":5,\"from\":\"client\",\"end\":true}\n{\"ms\":4,\"from\":\"client\",\"end\":true}",
                "back in time",
            ),
            ("{\"ms\":5,\"from\":\"service\"}", "exactly one"),
            ("{\"ms\":5,\"from\":\"service\",\"end\":true,\"payload\":{}}", "exactly one"),
        ] {
            let error = Recording::parse(text).unwrap_err();
            assert!(error.message().contains(word), "{error}");
            assert_eq!(error.code(), "recording");
        }
    }

    #[test]
    fn debug_shows_no_payload() {
        let mut recording = Recording::default();
        recording.push(Duration::ZERO, Side::Client, What::Payload(Bytes::from_static(b"\"secret words\"")));
        assert!(!format!("{recording:?}").contains("secret"));
    }
}
