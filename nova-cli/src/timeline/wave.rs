//! The shape of a sound: its loudness, mirrored at the middle line.

use std::fmt::Write;

use super::scale::{LEFT, RIGHT, Row};
use crate::record::envelope::Envelope;

/// Width of one column in pixels.
const COLUMN: f64 = 2.0;

/// Draws the loudness in a row as one closed path around the line `middle`, at most `half` pixels up and down.
/// `loudest` is drawn at full height. Silence draws nothing.
pub(super) fn path(envelope: &Envelope, row: Row, middle: f64, half: f64, loudest: f32) -> String {
    let mut out = String::new();
    for island in islands(&heights(envelope, row, half, loudest)) {
        let (first, heights) = island;
        let x = |n: usize| LEFT + (first + n) as f64 * COLUMN;
        let _ = write!(out, "M{:.0} {middle:.1}", x(0));
        for (n, height) in heights.iter().enumerate() {
            let _ = write!(out, "L{:.0} {:.1}", x(n), middle - height);
        }
        for (n, height) in heights.iter().enumerate().rev() {
            let _ = write!(out, "L{:.0} {:.1}", x(n), middle + height);
        }
        out.push('Z');
    }
    out
}

fn heights(envelope: &Envelope, row: Row, half: f64, loudest: f32) -> Vec<f64> {
    let columns = ((RIGHT - LEFT) / COLUMN) as usize;
    let step = (row.to - row.from) / columns as f64;
    let loudest = f64::from(loudest.max(0.02));
    (0..columns)
        .map(|n| {
            let from = row.from + n as f64 * step;
            let share = f64::from(envelope.peak(from, from + step)) / loudest;
            // Ears are not linear: a root shows soft syllables without letting loud ones burst.
            if share < 0.01 { 0.0 } else { (share.powf(0.7) * half).max(0.8) }
        })
        .collect()
}

/// Cuts a row of heights into stretches of sound, each with the index it begins at.
fn islands(heights: &[f64]) -> Vec<(usize, &[f64])> {
    let mut out = Vec::new();
    let mut begin = None;
    for n in 0..=heights.len() {
        let sounds = heights.get(n).is_some_and(|height| *height > 0.0);
        match (begin, sounds) {
            (None, true) => begin = Some(n),
            (Some(first), false) => {
                out.push((first, &heights[first..n]));
                begin = None;
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_draws_nothing_and_speech_draws_islands() {
        let mut envelope = Envelope::default();
        for n in 0..10_000 {
            envelope.push(if (2000..3000).contains(&n) || n > 8000 { 8000 } else { 0 }, 1000);
        }
        let row = Row { from: 0.0, to: 10.0 };
        let drawn = path(&envelope, row, 50.0, 20.0, envelope.loudest());
        assert_eq!(drawn.matches('M').count(), 2);
        assert!(drawn.contains(" 30.0") && drawn.contains(" 70.0"));
        assert_eq!(path(&Envelope::default(), row, 50.0, 20.0, 0.0), "");
    }
}
