//! Moments as signatures write them.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use time::{Date, Month, OffsetDateTime, Time};

/// A moment in whole seconds; shown as `yyyymmddThhmmssZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(OffsetDateTime);

impl Stamp {
    /// Cuts a moment to its second.
    pub fn from_time(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)).unwrap_or(Self(OffsetDateTime::UNIX_EPOCH))
    }

    /// Reads milliseconds since 1970, as the `:date` header carries them; `None` beyond the calendar.
    pub fn from_millis(millis: i64) -> Option<Self> {
        Self::from_seconds(millis.div_euclid(1000))
    }

    /// Reads `yyyymmddThhmmssZ`.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let date = Date::from_calendar_date(
            i32::from(digits(&bytes[0..4])?),
            Month::try_from(u8::try_from(digits(&bytes[4..6])?).ok()?).ok()?,
            u8::try_from(digits(&bytes[6..8])?).ok()?,
        );
        let part = |at: usize| digits(&bytes[at..at + 2]).and_then(|number| u8::try_from(number).ok());
        let time = Time::from_hms(part(9)?, part(11)?, part(13)?);
        Some(Self(OffsetDateTime::new_utc(date.ok()?, time.ok()?)))
    }

    /// The day, as `yyyymmdd`.
    pub fn day(&self) -> String {
        format!("{:04}{:02}{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }

    pub(crate) fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.try_into().unwrap_or(time::Duration::MAX)))
    }

    pub(crate) fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.try_into().unwrap_or(time::Duration::MAX)))
    }

    fn from_seconds(seconds: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).ok().map(Self)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = self.0.to_hms();
        write!(f, "{}T{hour:02}{minute:02}{second:02}Z", self.day())
    }
}

/// Up to four decimal digits and nothing else, not even a sign.
fn digits(bytes: &[u8]) -> Option<u16> {
    bytes.iter().try_fold(0, |number: u16, byte| byte.is_ascii_digit().then(|| number * 10 + u16::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_stamp_is_read_and_written() {
        let stamp = Stamp::from_millis(1_767_323_045_999).unwrap();
        assert_eq!(stamp.to_string(), "20260102T030405Z");
        assert_eq!(stamp.day(), "20260102");
        assert_eq!(Stamp::parse("20260102T030405Z"), Some(stamp));
        assert_eq!(stamp.plus(Duration::from_secs(86_400)).to_string(), "20260103T030405Z");
    }

    #[test]
    fn nonsense_is_no_stamp() {
        for text in
            ["", "20260102T030405", "20261302T030405Z", "20260230T030405Z", "2026+102T030405Z", "20260102T25+405Z"]
        {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }
}
