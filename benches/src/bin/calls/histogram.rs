//! How often something took how long, in steps of 20 µs up to a second.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Counts of durations. What is longer than a second counts as a second; the longest is kept as it was.
#[derive(Clone, Default)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    longest: Duration,
}

impl Histogram {
    pub(crate) fn record(&mut self, duration: Duration) {
        self.add(usize::try_from(duration.as_nanos() / STEP.as_nanos()).unwrap_or(usize::MAX), 1);
        self.longest = self.longest.max(duration);
    }

    /// Returns the duration that this share of all did not exceed, rounded up to a step.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "counts"
        )]
        let wanted = (self.count() as f64 * share).ceil() as u64;
        let mut seen = 0;
        let step = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        let upper = STEP * u32::try_from(step.unwrap_or(0) + 1).unwrap_or(u32::MAX);
        upper.min(self.longest)
    }

    pub(crate) fn longest(&self) -> Duration {
        self.longest
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn add(&mut self, step: usize, count: u64) {
        let step = step.min(STEPS - 1);
        if self.counts.len() <= step {
            self.counts.resize(step + 1, 0);
        }
        self.counts[step] += count;
    }
}

/// `longest-in-ns step:count step:count …`
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.longest.as_nanos())?;
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .try_for_each(|(step, n)| write!(f, " {step}:{n}"))
    }
}

impl FromStr for Histogram {
    type Err = std::num::ParseIntError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let mut words = line.split(' ');
        let longest = Duration::from_nanos(words.next().unwrap_or_default().parse()?);
        let mut histogram = Histogram { counts: Vec::new(), longest };
        for word in words {
            let (step, count) = word.split_once(':').unwrap_or((word, ""));
            histogram.add(step.parse()?, count.parse()?);
        }
        Ok(histogram)
    }
}

const STEP: Duration = Duration::from_micros(20);
const STEPS: usize = 50_000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn quantiles_are_those_of_the_values_and_survive_the_pipe() {
        let mut histogram = Histogram::default();
        for n in 1..=1000 {
            histogram.record(Duration::from_micros(n * 10));
        }
        let copy: Histogram = histogram.to_string().parse().unwrap();
        for histogram in [histogram, copy] {
            assert_eq!(histogram.count(), 1000);
            assert_eq!(histogram.quantile(0.5), Duration::from_micros(5020));
            assert_eq!(histogram.quantile(0.99), Duration::from_micros(9920));
            assert_eq!(histogram.quantile(1.0), Duration::from_micros(10_000));
            assert_eq!(histogram.longest(), Duration::from_micros(10_000));
        }
    }

    #[test]
    fn nothing_is_too_long_to_be_counted() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::from_secs(100));
        assert_eq!(histogram.count(), 1);
        assert_eq!(histogram.longest(), Duration::from_secs(100));
    }
}
