//! Another sample rate for a whole recording, by FFT (rubato).

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

/// Frames per step of the transform: some 23 ms at 44.1 kHz, long enough for a steep filter.
const CHUNK: usize = 1024;

/// Returns mono `samples` at the rate `to` instead of `from`, both in Hz; the same length in time, without delay.
pub(crate) fn mono(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || samples.is_empty() {
        return samples.to_vec();
    }
    let input: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32768.0).collect();
    convert(&input, from, to).into_iter().map(to_pcm16).collect()
}

fn convert(input: &[f32], from: u32, to: u32) -> Vec<f32> {
    let resampled = Fft::<f32>::new(from as usize, to as usize, CHUNK, 1, FixedSync::Both).ok().and_then(|mut fft| {
        let adapter = InterleavedSlice::new(input, 1, input.len()).ok()?;
        fft.process_all(&adapter, input.len(), None).ok()
    });
    match resampled {
        Some(output) => output.take_data(),
        // Only a rate of 0 Hz gets here, which no WAV reader lets through; silence of no length is its right answer.
        None => Vec::new(),
    }
}

/// Rounds a sample to 16 bits; what the filter lifts over full scale is clipped, not wrapped.
fn to_pcm16(sample: f32) -> i16 {
    (sample * 32768.0).round().clamp(-32768.0, 32767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, hz: f32, seconds: f32) -> Vec<i16> {
        let count = (rate as f32 * seconds) as usize;
        let step = std::f32::consts::TAU * hz / rate as f32;
        (0..count).map(|n| ((n as f32 * step).sin() * 12000.0) as i16).collect()
    }

    fn crossings(samples: &[i16]) -> usize {
        samples.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count()
    }

    #[test]
    fn length_and_pitch_stay() {
        for (from, to) in [(44_100, 16_000), (48_000, 24_000), (11_025, 8_000), (8_000, 24_000), (16_000, 24_000)] {
            let out = mono(&tone(from, 440.0, 1.0), from, to);
            assert!(out.len().abs_diff(to as usize) <= 2, "{from} to {to}: {} samples", out.len());
            assert!(crossings(&out).abs_diff(880) <= 4, "{from} to {to}: {} crossings", crossings(&out));
        }
    }

    #[test]
    fn what_the_new_rate_cannot_carry_is_gone() {
        let out = mono(&tone(44_100, 10_000.0, 0.5), 44_100, 16_000);
        let peak = out[2000..6000].iter().map(|s| s.unsigned_abs()).max();
        assert!(peak < Some(200), "an alias of {peak:?} is left");
    }

    #[test]
    fn the_same_rate_is_the_same_sound() {
        let sound = tone(16_000, 440.0, 0.1);
        assert_eq!(mono(&sound, 16_000, 16_000), sound);
        assert!(mono(&[], 44_100, 16_000).is_empty());
    }
}
