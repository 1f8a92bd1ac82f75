//! How loud a side was, in steps small enough for a picture.

/// Steps per second: one peak for every 20 ms.
pub(crate) const STEPS_PER_SECOND: u32 = 50;

/// The loudest sample of every step, as a share of full scale.
#[derive(Clone, Debug, Default)]
pub(crate) struct Envelope {
    peaks: Vec<f32>,
    current: u16,
    filled: u32,
}

impl Envelope {
    /// Adds one sample of a sound with `rate` samples a second.
    pub(crate) fn push(&mut self, sample: i16, rate: u32) {
        self.current = self.current.max(sample.unsigned_abs());
        self.filled += 1;
        if self.filled >= rate / STEPS_PER_SECOND {
            self.peaks.push(f32::from(self.current) / 32768.0);
            (self.current, self.filled) = (0, 0);
        }
    }

    /// Returns the loudest point between two moments in seconds; 0 where there is no sound.
    pub(crate) fn peak(&self, from: f64, to: f64) -> f32 {
        let step = |seconds: f64| (seconds * f64::from(STEPS_PER_SECOND)).max(0.0) as usize;
        let first = step(from).min(self.peaks.len());
        let last = step(to).max(first + 1).min(self.peaks.len());
        self.peaks[first..last].iter().copied().fold(0.0, f32::max)
    }

    /// Returns the loudest point of all.
    pub(crate) fn loudest(&self) -> f32 {
        self.peaks.iter().copied().fold(0.0, f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_found_where_they_are() {
        let mut envelope = Envelope::default();
        for n in 0..1000 {
            envelope.push(if n == 500 { -16384 } else { 100 }, 1000);
        }
        assert_eq!(envelope.peak(0.5, 0.52), 0.5);
        assert!(envelope.peak(0.0, 0.5) < 0.01);
        assert_eq!(envelope.peak(5.0, 6.0), 0.0);
        assert_eq!(envelope.loudest(), 0.5);
    }
}
