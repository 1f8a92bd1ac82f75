//! The last resort: a tone as long as the sentence.

use std::{f64::consts::TAU, sync::Arc};

use super::Voice;

/// Hums 60 ms for every letter of a sentence, 400 ms at least and 20 s at most.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tone;

impl Voice for Tone {
    fn speak(&self, sentence: &str, _language: &str, rate: u32) -> Option<Arc<[i16]>> {
        let ms = (60 * sentence.chars().count() as u64).clamp(400, 20_000);
        let length = ms * u64::from(rate) / 1000;
        let sample = |n: u64| {
            let edge = (n.min(length - n) as f64 / (f64::from(rate) / 100.0)).min(1.0);
            (edge * 6000.0 * (TAU * 330.0 * n as f64 / f64::from(rate)).sin()) as i16
        };
        Some((0..length).map(sample).collect())
    }
}
