//! A recording of the user, ready to be sent and to be drawn.

use std::sync::Arc;
use std::time::Duration;

use super::resample;

/// One utterance of the user: mono PCM16 at the rate it is sent with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Clip {
    name: Arc<str>,
    rate: u32,
    samples: Arc<[i16]>,
}

impl Clip {
    /// Makes a clip from mono samples at `rate` Hz.
    pub(crate) fn new(name: &str, rate: u32, samples: Vec<i16>) -> Self {
        Clip { name: name.into(), rate, samples: samples.into() }
    }

    /// Returns the same sound at another rate.
    pub(crate) fn at_rate(&self, rate: u32) -> Self {
        if rate == self.rate {
            return self.clone();
        }
        Clip { name: self.name.clone(), rate, samples: resample::mono(&self.samples, self.rate, rate).into() }
    }

    /// Returns what to call it: the file's name or the question's.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the sample rate in Hz.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// Returns the samples.
    pub(crate) fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Returns how long it sounds.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(self.rate.max(1)))
    }
}

// The sound itself stays out of logs.
impl std::fmt::Debug for Clip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clip").field("rate", &self.rate).field("samples", &self.samples.len()).finish_non_exhaustive()
    }
}
