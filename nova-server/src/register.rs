//! When calls began and were last spoken to, in the world's time: a call itself knows its own clock only.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bedrock_nova::ids::CallId;
use time::OffsetDateTime;

use crate::recent::Recent;

/// Calls whose times are remembered at least.
const REMEMBERED: usize = 10_000;

/// The times of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) created_at: SystemTime,
    pub(crate) last_activity: SystemTime,
}

/// The times of the calls of this process.
#[derive(Debug)]
pub(crate) struct Register {
    times: Mutex<Recent<CallId, Times>>,
}

impl Register {
    pub(crate) fn new() -> Self {
        Register { times: Recent::new(REMEMBERED).into() }
    }

    /// Notes that a client was there.
    pub(crate) fn touch(&self, call: &CallId, age: Duration, now: SystemTime) -> Times {
        self.with(call, age, now, |times| times.last_activity = now)
    }

    /// Returns the times of a call; of one that another process began, by its age.
    pub(crate) fn of(&self, call: &CallId, age: Duration, now: SystemTime) -> Times {
        self.with(call, age, now, |_| {})
    }

    fn with(&self, call: &CallId, age: Duration, now: SystemTime, change: impl FnOnce(&mut Times)) -> Times {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = || Times { created_at: now.checked_sub(age).unwrap_or(now), last_activity: now };
        let its = times.entry(call.clone(), begin);
        change(its);
        *its
    }
}

/// Writes a time as RFC 3339 has it, in UTC and to the microsecond.
pub(crate) fn written(moment: SystemTime) -> String {
    let at = OffsetDateTime::from(moment);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.microsecond()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_keeps_its_beginning_and_moves_its_last_activity() {
        let register = Register::new();
        let (call, start) = (CallId::from("a"), SystemTime::UNIX_EPOCH + Duration::from_secs(1000));
        let first = register.touch(&call, Duration::from_secs(10), start);
        assert_eq!(first.created_at, start - Duration::from_secs(10));
        let later = start + Duration::from_secs(5);
        assert_eq!(register.of(&call, Duration::from_secs(15), later), first, "looking is no activity");
        let spoken = register.touch(&call, Duration::from_secs(15), later);
        assert_eq!((spoken.created_at, spoken.last_activity), (first.created_at, later));
    }

    #[test]
    fn times_are_written_as_everybody_reads_them() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_853_639_511_677);
        assert_eq!(written(moment), "2026-11-28T08:13:59.511677Z");
    }
}
