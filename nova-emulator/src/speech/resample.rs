//! Change of sample rate by a windowed sinc, in phases.

use std::f64::consts::PI;

/// Resamples from one rate to another; 32 taps under a Hann window, cut at 92 % of the lower half rate.
pub(super) fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to {
        return samples.to_vec();
    }
    let common = gcd(from, to);
    let (phases, step) = ((to / common) as usize, (from / common) as usize);
    let kernel = Kernel::new(phases, 0.92 * f64::from(to.min(from)) / f64::from(from));
    let length = samples.len() * phases / step;
    (0..length).map(|n| kernel.at(samples, n * step / phases, n * step % phases)).collect()
}

/// The taps for each place between two samples.
struct Kernel(Vec<[f32; TAPS]>);

impl Kernel {
    fn new(phases: usize, cut: f64) -> Self {
        let tap = |phase: usize, index: usize| {
            let x = index as f64 - (HALF - 1) as f64 - phase as f64 / phases as f64;
            let window = 0.5 + 0.5 * (PI * x / HALF as f64).cos();
            let sinc = if x == 0.0 { 1.0 } else { (PI * cut * x).sin() / (PI * cut * x) };
            (cut * sinc * window) as f32
        };
        Self((0..phases).map(|phase| std::array::from_fn(|index| tap(phase, index))).collect())
    }

    fn at(&self, samples: &[i16], index: usize, phase: usize) -> i16 {
        let first = index as isize - (HALF as isize - 1);
        let sample = |offset: usize| {
            usize::try_from(first + offset as isize)
                .ok()
                .and_then(|index| samples.get(index))
                .map_or(0.0, |s| f32::from(*s))
        };
        self.0[phase].iter().enumerate().map(|(offset, tap)| tap * sample(offset)).sum::<f32>().round() as i16
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

const HALF: usize = 16;
const TAPS: usize = 2 * HALF;

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, hertz: f64) -> Vec<i16> {
        (0..rate).map(|n| (10_000.0 * (2.0 * PI * hertz * f64::from(n) / f64::from(rate)).sin()) as i16).collect()
    }

    #[test]
    fn a_tone_stays_that_tone_at_every_rate() {
        for (from, to) in [(8_000, 16_000), (8_000, 24_000), (22_050, 8_000), (22_050, 24_000)] {
            let heard = resample(&sine(from, 440.0), from, to);
            let wanted = sine(to, 440.0);
            assert!(heard.len().abs_diff(wanted.len()) <= 1);
            let middle = 200..heard.len() - 200;
            let worst = middle.map(|n| (i32::from(heard[n]) - i32::from(wanted[n])).abs()).max();
            assert!(worst < Some(400), "{from} to {to}: off by {worst:?}");
        }
    }
}
