//! What can go wrong on purpose, and when.
//!
//! A fault is written `what@when`, several with commas between, e.g.
//! `throttlingException@output:3, stall:2s@event:audioOutput:5`.
//!
//! | what | meaning |
//! |---|---|
//! | `throttlingException`, … | a modelled error of reference §1.8 |
//! | `GEN`, `HISTLATE`, `531`, `TIMEOUT8`, … | an error of the catalogue, reference §4.4; idle: `IDLE`, `IDLE295`, `IDLE1` (v1) |
//! | `late-headers:2s` | the response headers come this much later; only `@opening` |
//! | `end` | the stream ends in order, in the middle of everything |
//! | `unknown-event`, `unknown-field` | an event nobody knows; a member nobody knows in the next event |
//! | `cut-frame`, `bad-crc` | half a frame and then the end; a frame with a wrong checksum |
//! | `reset` or `reset:8` | RST_STREAM with this HTTP/2 error code, 8 (CANCEL) by default |
//! | `go-away`, `drop-tcp`, `stall:2s`, `unknown-event-type` | as they say |
//! | `error-message:code:text` | an unmodelled `error` message |
//! | `status:503` | a bare HTTP status; only `@opening` |
//!
//! | when | meaning |
//! |---|---|
//! | `opening` | before the response headers, whatever the client sends |
//! | `input:3`, `output:3` | at the third event in; in front of the third event out |
//! | `event:audioOutput`, `event:audioInput:5` | at the first, the fifth event of that name, in either direction |
//! | `after:10s`, `after:500ms` | this long after the connection opened, scaled by the clock |

use std::{fmt, str::FromStr, time::Duration};

use bytes::Bytes;

use crate::{engine::ExceptionKind, judge::Refusal};

/// One thing that goes wrong once.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Fault {
    /// When it happens.
    pub at: Trigger,
    /// What happens.
    pub what: FaultKind,
}

/// When a fault happens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// Before the response headers, whatever the client sends.
    Opening,
    /// When the nth input event (from 1) arrives, before it is judged.
    Input(u32),
    /// In front of the nth output event (from 1).
    Output(u32),
    /// At the nth event of this name (from 1), in either direction.
    Event {
        /// The event's name, e.g. `audioOutput`.
        name: String,
        /// Which one, from 1.
        nth: u32,
    },
    /// This long after the connection opened (scaled by the clock).
    After(Duration),
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// Fails with a modelled error.
    Exception(ExceptionKind),
    /// Fails with an error of the catalogue.
    Refusal(Refusal),
    /// The response headers come this much later than they would.
    LateHeaders(Duration),
    /// The stream ends in order in the middle of everything.
    End,
    /// An event that no client knows.
    UnknownEvent,
    /// A member that no client knows, in the next event.
    UnknownField,
    /// The next event's frame (or one made up) is cut in the middle.
    CutFrame,
    /// The next event's frame (or one made up) carries a wrong checksum.
    BadCrc,
    /// Something that the server does by itself.
    Wire(WireFault),
}

/// What the server does to the wire; the engine only decides when.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireFault {
    /// Send the frame of this payload cut in the middle, then end the stream.
    CutFrame(Bytes),
    /// Send the frame of this payload with a wrong checksum; the session goes on.
    BadCrc(Bytes),
    /// RST_STREAM with this HTTP/2 error code; over HTTP/1.1 the connection closes. Nothing follows.
    ResetStream(u32),
    /// GOAWAY on the connection; this stream goes on.
    GoAway,
    /// Close the TCP connection without ceremony. Nothing follows.
    DropTcp,
    /// Send and read nothing for this long, then go on.
    Stall(Duration),
    /// Send a frame whose `:event-type` no client knows.
    UnknownEventType,
    /// Send an unmodelled `error` message (`:error-code`, `:error-message`), then end the stream.
    ErrorMessage {
        /// `:error-code`.
        code: String,
        /// `:error-message`.
        message: String,
    },
    /// Answer the request with this bare HTTP status and a body that is not AWS's. Nothing follows.
    HttpStatus(u16),
}

/// A fault text that nobody can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the fault {text:?}: {why}")]
pub struct FaultSyntax {
    text: String,
    why: String,
}

impl Fault {
    /// Pairs a fault with its moment.
    pub fn new(what: FaultKind, at: Trigger) -> Self {
        Self { at, what }
    }

    /// Reads a list of faults separated by commas, as the header `x-bedrock-nova-fault` carries it.
    ///
    /// # Errors
    /// The first fault that cannot be read.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, FaultSyntax> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::parse).collect()
    }
}

impl FromStr for Fault {
    type Err = FaultSyntax;

    fn from_str(text: &str) -> Result<Self, FaultSyntax> {
        let wrong = |why: String| FaultSyntax { text: text.to_owned(), why };
        let (what, at) = text.rsplit_once('@').ok_or_else(|| wrong("it is written what@when".to_owned()))?;
        let fault = Self { what: kind(what.trim()).map_err(wrong)?, at: trigger(at.trim()).map_err(wrong)? };
        if fault.only_at_opening() && fault.at != Trigger::Opening {
            return Err(wrong("this happens only @opening".to_owned()));
        }
        Ok(fault)
    }
}

impl Fault {
    fn only_at_opening(&self) -> bool {
        matches!(self.what, FaultKind::LateHeaders(_) | FaultKind::Wire(WireFault::HttpStatus(_)))
    }
}

impl fmt::Debug for WireFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The payload may hold what somebody said.
            Self::CutFrame(payload) => write!(f, "CutFrame({} bytes)", payload.len()),
            Self::BadCrc(payload) => write!(f, "BadCrc({} bytes)", payload.len()),
            Self::ResetStream(code) => write!(f, "ResetStream({code})"),
            Self::GoAway => f.write_str("GoAway"),
            Self::DropTcp => f.write_str("DropTcp"),
            Self::Stall(time) => write!(f, "Stall({time:?})"),
            Self::UnknownEventType => f.write_str("UnknownEventType"),
            Self::ErrorMessage { code, .. } => write!(f, "ErrorMessage({code})"),
            Self::HttpStatus(status) => write!(f, "HttpStatus({status})"),
        }
    }
}

fn kind(text: &str) -> Result<FaultKind, String> {
    let (name, argument) = text.split_once(':').map_or((text, None), |(name, argument)| (name, Some(argument)));
    let time = || duration(argument.unwrap_or_default());
    Ok(match name {
        "late-headers" => FaultKind::LateHeaders(time()?),
        "end" => FaultKind::End,
        "unknown-event" => FaultKind::UnknownEvent,
        "unknown-field" => FaultKind::UnknownField,
        "cut-frame" => FaultKind::CutFrame,
        "bad-crc" => FaultKind::BadCrc,
        "reset" => FaultKind::Wire(WireFault::ResetStream(number(argument.unwrap_or("8"))?)),
        "go-away" => FaultKind::Wire(WireFault::GoAway),
        "drop-tcp" => FaultKind::Wire(WireFault::DropTcp),
        "stall" => FaultKind::Wire(WireFault::Stall(time()?)),
        "unknown-event-type" => FaultKind::Wire(WireFault::UnknownEventType),
        "status" => FaultKind::Wire(WireFault::HttpStatus(status(argument.unwrap_or_default())?)),
        "error-message" => FaultKind::Wire(error_message(argument.unwrap_or("InternalFailure"))),
        _ => return named_error(text),
    })
}

fn named_error(name: &str) -> Result<FaultKind, String> {
    let modelled = ExceptionKind::ALL.into_iter().find(|kind| kind.camel_name() == name);
    let listed = || Refusal::from_code(name).map(FaultKind::Refusal);
    modelled.map(FaultKind::Exception).or_else(listed).ok_or_else(|| format!("there is no fault {name:?}"))
}

fn error_message(text: &str) -> WireFault {
    let (code, message) = text.split_once(':').unwrap_or((text, "The service failed."));
    WireFault::ErrorMessage { code: code.to_owned(), message: message.to_owned() }
}

fn trigger(text: &str) -> Result<Trigger, String> {
    let (name, argument) = text.split_once(':').unwrap_or((text, ""));
    Ok(match name {
        "opening" if argument.is_empty() => Trigger::Opening,
        "input" => Trigger::Input(count(argument)?),
        "output" => Trigger::Output(count(argument)?),
        "after" => Trigger::After(duration(argument)?),
        "event" => {
            let (name, nth) = argument.split_once(':').unwrap_or((argument, "1"));
            if name.is_empty() {
                return Err("which event?".to_owned());
            }
            Trigger::Event { name: name.to_owned(), nth: count(nth)? }
        }
        _ => return Err(format!("there is no moment {text:?}")),
    })
}

fn status(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|status| (400..600).contains(status)).ok_or_else(|| format!("{text:?} is no error status"))
}

fn count(text: &str) -> Result<u32, String> {
    number(text).and_then(|count| if count == 0 { Err("events are counted from 1".to_owned()) } else { Ok(count) })
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time; write 500ms or 2s");
    let (digits, unit) = if let Some(digits) = text.strip_suffix("ms") {
        (digits, 0.001)
    } else {
        (text.strip_suffix('s').ok_or_else(wrong)?, 1.0)
    };
    let seconds: f64 = digits.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(seconds * unit).ok().filter(|time| *time <= LONGEST).ok_or_else(wrong)
}

/// No session lasts longer than that.
const LONGEST: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn every_documented_text_is_read() {
        let listed = "throttlingException@output:3, stall:2s@event:audioOutput:5, HISTLATE@input:4, 531@after:500ms, \
            late-headers:1.5s@opening, reset@output:1, reset:2@output:1, status:503@opening, end@input:9, \
            cut-frame@event:textOutput, error-message:Oops:it broke@output:2, accessDeniedException@opening, go-away@output:1, \
            drop-tcp@output:1, unknown-event@output:1, unknown-field@output:1, bad-crc@output:1, unknown-event-type@output:2";
        let faults = Fault::parse_list(listed).unwrap();
        assert_eq!(faults.len(), 18);
        let stall = Trigger::Event { name: "audioOutput".into(), nth: 5 };
        assert_eq!(faults[1], Fault::new(FaultKind::Wire(WireFault::Stall(Duration::from_secs(2))), stall));
        assert_eq!(faults[3].at, Trigger::After(Duration::from_millis(500)));
        for kind in ExceptionKind::ALL {
            let fault: Fault = format!("{}@output:1", kind.camel_name()).parse().unwrap();
            assert_eq!(fault.what, FaultKind::Exception(kind));
        }
        for code in Refusal::codes() {
            assert!(format!("{code}@input:1").parse::<Fault>().is_ok(), "{code}");
        }
    }

    #[test]
    fn a_wrong_text_is_told_why() {
        for wrong in [
            "",
            "reset",
            "nothing@output:1",
            "reset@output:0",
            "stall@output:1",
            "stall:9@output:1",
            "status:200@opening",
            "status:503@output:1",
            "late-headers:1s@input:1",
            "end@event:",
            "stall:1e99s@input:1",
        ] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong:?}");
        }
    }
}
