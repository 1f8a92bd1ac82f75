//! Sound as the service takes it: 16-bit little-endian PCM, one channel, at one of three rates (reference §5.1).

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// Bytes in one sample.
pub const SAMPLE_BYTES: usize = 2;

/// A sample rate that the service knows, for input and for output alike; serialises as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
#[non_exhaustive]
pub enum SampleRate {
    /// 8,000 samples a second: telephony.
    Hz8000,
    /// 16,000 samples a second: the usual rate of input.
    Hz16000,
    /// 24,000 samples a second: the usual rate of output.
    Hz24000,
}

impl SampleRate {
    /// Every rate, lowest first.
    pub const ALL: [SampleRate; 3] = [SampleRate::Hz8000, SampleRate::Hz16000, SampleRate::Hz24000];

    /// Returns the samples of one second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        match self {
            SampleRate::Hz8000 => 8_000,
            SampleRate::Hz16000 => 16_000,
            SampleRate::Hz24000 => 24_000,
        }
    }

    /// Returns how many whole samples fit into a time.
    #[must_use]
    pub fn samples(self, time: Duration) -> usize {
        usize::try_from(time.as_nanos() * u128::from(self.hz()) / NANOS).unwrap_or(usize::MAX)
    }

    /// Returns how long a number of samples sounds, exact to the nanosecond below.
    #[must_use]
    pub fn duration(self, samples: usize) -> Duration {
        let (samples, hz) = (samples as u64, u64::from(self.hz()));
        Duration::new(samples / hz, ((samples % hz) * 1_000_000_000 / hz) as u32)
    }

    /// Returns how many bytes the whole samples of a time take.
    #[must_use]
    pub fn bytes(self, time: Duration) -> usize {
        self.samples(time).saturating_mul(SAMPLE_BYTES)
    }
}

impl TryFrom<u32> for SampleRate {
    type Error = Error;

    fn try_from(hz: u32) -> Result<Self> {
        SampleRate::ALL.into_iter().find(|rate| rate.hz() == hz).ok_or_else(|| {
            Error::new(ErrorKind::Invalid, format!("A sample rate of {hz} Hz is not one the service takes."))
                .with_code("sample-rate")
                .with_hint("Use 8000, 16000 or 24000 Hz, resampling first if need be.")
        })
    }
}

impl From<SampleRate> for u32 {
    fn from(rate: SampleRate) -> u32 {
        rate.hz()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for SampleRate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SampleRate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let rates = SampleRate::ALL.map(SampleRate::hz);
        schemars::json_schema!({ "description": "Samples a second.", "type": "integer", "enum": rates })
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.hz())
    }
}

/// Checks that bytes hold whole samples.
///
/// # Errors
/// `Invalid`, code `half-sample`, for an odd number of bytes.
pub fn whole_samples(pcm: &[u8]) -> Result<()> {
    if pcm.len().is_multiple_of(SAMPLE_BYTES) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, format!("{} bytes of audio end inside a 16-bit sample.", pcm.len()))
        .with_code("half-sample")
        .with_hint("Hand in an even number of bytes and keep a trailing odd one for the next piece."))
}

/// Puts audio that was cut anywhere back into whole samples, holding at most one byte between two pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleJoiner {
    left_over: Option<u8>,
}

impl SampleJoiner {
    /// Takes the next piece and returns it with the byte left over before and without one left over now.
    pub fn join(&mut self, piece: Vec<u8>) -> Vec<u8> {
        let mut whole = match self.left_over.take() {
            Some(byte) => [&[byte], piece.as_slice()].concat(),
            None => piece,
        };
        if !whole.len().is_multiple_of(SAMPLE_BYTES) {
            self.left_over = whole.pop();
        }
        whole
    }

    /// Says whether half a sample is still waiting for its other half.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.left_over.is_none()
    }
}

const NANOS: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn time_and_samples_agree() {
        assert_eq!(SampleRate::Hz16000.samples(Duration::from_millis(32)), 512);
        assert_eq!(SampleRate::Hz24000.bytes(Duration::from_millis(80)), 3_840);
        assert_eq!(SampleRate::Hz8000.duration(152_320 / 2), Duration::from_millis(9_520));
        assert_eq!(SampleRate::Hz24000.samples(Duration::from_nanos(41_666)), 0);
    }

    #[test]
    fn rates_are_numbers_outside() {
        assert_eq!(serde_json::to_string(&SampleRate::Hz16000).unwrap(), "16000");
        let refused = serde_json::from_str::<SampleRate>("44100").unwrap_err();
        assert!(refused.to_string().contains("44100 Hz"), "{refused}");
    }

    #[test]
    fn a_half_sample_waits() {
        let mut joiner = SampleJoiner::default();
        assert_eq!(joiner.join(vec![1, 2, 3]), [1, 2]);
        assert!(!joiner.is_whole());
        assert_eq!(joiner.join(vec![4]), [3, 4]);
        assert!(joiner.is_whole());
    }
}
