//! An energy gate: finds the beginning and the end of speech in the incoming audio.
//!
//! It counts input audio, not time: whole frames of 32 ms, which at 8, 16 and 24 kHz are 256, 512 and 768 samples. Two loud
//! frames in a row begin an utterance, at the first of them; so many quiet frames as fit into the pause end it.

/// What the gate found, in milliseconds of input audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Speech began here.
    Start {
        /// The beginning of the first loud frame.
        at_ms: u64,
    },
    /// Speech ended.
    End {
        /// Where the utterance began.
        start_ms: u64,
        /// The end of the last loud frame.
        at_ms: u64,
        /// Where the end was noticed.
        noticed_ms: u64,
    },
}

/// Listens to the audio of a session.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    rate: u32,
    pause_frames: u64,
    state: State,
    /// Whole frames heard.
    frames: u64,
    /// Half a sample that a chunk ended with.
    odd: Option<u8>,
    /// The samples of the frame under way, and the sum of their squares.
    filled: u32,
    energy: u64,
    samples: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Quiet,
    /// One loud frame, perhaps a click.
    Perhaps {
        start: u64,
    },
    /// Speech since frame `start`; the last loud frame ended before frame `quiet_from`.
    Speech {
        start: u64,
        quiet_from: u64,
    },
}

impl Gate {
    /// Begins to listen; `pause_ms` of quiet end an utterance.
    pub(crate) fn new(rate: u32, pause_ms: u64) -> Self {
        let pause_frames = (pause_ms / FRAME_MS).max(1);
        Self { rate, pause_frames, state: State::Quiet, frames: 0, odd: None, filled: 0, energy: 0, samples: 0 }
    }

    /// Hears a chunk of little-endian 16-bit samples, of any length, and reports what it found in it, in order.
    pub(crate) fn hear(&mut self, chunk: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        for byte in chunk {
            match self.odd.take() {
                None => self.odd = Some(*byte),
                Some(low) => found.extend(self.sample(i16::from_le_bytes([low, *byte]))),
            }
        }
        found
    }

    /// Samples heard so far.
    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }

    /// Samples per second.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// Whether somebody is speaking now.
    pub(crate) fn in_speech(&self) -> bool {
        matches!(self.state, State::Speech { .. })
    }

    /// Ends an utterance that is still under way, as if its pause had been heard.
    pub(crate) fn cut(&mut self) -> Option<Found> {
        let State::Speech { start, quiet_from } = self.state else { return None };
        self.state = State::Quiet;
        Some(self.end(start, quiet_from))
    }

    fn sample(&mut self, sample: i16) -> Option<Found> {
        self.samples += 1;
        self.filled += 1;
        self.energy += u64::from(sample.unsigned_abs()).pow(2);
        if self.filled < self.rate * FRAME_MS as u32 / 1000 {
            return None;
        }
        let loud = self.energy > LOUD.pow(2) * u64::from(self.filled);
        self.filled = 0;
        self.energy = 0;
        self.frames += 1;
        if loud { self.loud_frame() } else { self.quiet_frame() }
    }

    fn loud_frame(&mut self) -> Option<Found> {
        match self.state {
            State::Quiet => {
                self.state = State::Perhaps { start: self.frames - 1 };
                None
            }
            State::Perhaps { start } => {
                self.state = State::Speech { start, quiet_from: self.frames };
                Some(Found::Start { at_ms: start * FRAME_MS })
            }
            State::Speech { start, .. } => {
                self.state = State::Speech { start, quiet_from: self.frames };
                None
            }
        }
    }

    fn quiet_frame(&mut self) -> Option<Found> {
        match self.state {
            State::Quiet => None,
            State::Perhaps { .. } => {
                self.state = State::Quiet;
                None
            }
            State::Speech { quiet_from, .. } if self.frames - quiet_from < self.pause_frames => None,
            State::Speech { start, quiet_from } => {
                self.state = State::Quiet;
                Some(self.end(start, quiet_from))
            }
        }
    }

    fn end(&self, start: u64, quiet_from: u64) -> Found {
        Found::End { start_ms: start * FRAME_MS, at_ms: quiet_from * FRAME_MS, noticed_ms: self.frames * FRAME_MS }
    }
}

/// Whether a chunk is quiet as a whole.
pub(crate) fn is_quiet(chunk: &[u8]) -> bool {
    let energy: u64 =
        chunk.chunks_exact(2).map(|pair| u64::from(i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs()).pow(2)).sum();
    energy <= LOUD.pow(2) * (chunk.len() as u64 / 2)
}

const FRAME_MS: u64 = 32;
/// −42 dB of full scale, root mean square.
const LOUD: u64 = 260;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::speech::clips;

    fn bytes(samples: &[i16]) -> Vec<u8> {
        samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }

    fn speech(rate: u32, speech_ms: u32, pause_ms: u32) -> Vec<u8> {
        let mut samples: Vec<i16> =
            (0..rate * speech_ms / 1000).map(|n| if n % 20 < 10 { 4000 } else { -4000 }).collect();
        samples.resize(samples.len() + (rate * pause_ms / 1000) as usize, 0);
        bytes(&samples)
    }

    #[test]
    fn the_recorded_offsets_come_out_at_every_rate_and_in_any_slices() {
        for rate in [8000, 16_000, 24_000] {
            for size in [1, 3, 640, 1023, usize::MAX] {
                let mut gate = Gate::new(rate, 500);
                let audio = speech(rate, 1920, 600);
                let found: Vec<_> = audio.chunks(size.min(audio.len())).flat_map(|chunk| gate.hear(chunk)).collect();
                let end = Found::End { start_ms: 0, at_ms: 1920, noticed_ms: 2400 };
                assert_eq!(found, [Found::Start { at_ms: 0 }, end], "{rate} Hz in slices of {size}");
            }
        }
    }

    #[test]
    fn a_click_is_no_speech_and_silence_is_nothing() {
        let mut gate = Gate::new(16_000, 500);
        assert_eq!(gate.hear(&speech(16_000, 32, 1000)), []);
        assert_eq!(gate.hear(&vec![0; 320_000]), []);
        assert!(!gate.in_speech() && is_quiet(&[0; 64]) && !is_quiet(&speech(8000, 20, 0)));
    }

    #[test]
    fn each_recorded_question_is_one_utterance() {
        for name in clips::questions() {
            for rate in [8000, 16_000, 24_000] {
                let mut samples = clips::question(name).unwrap().at(rate).pcm;
                samples.resize(samples.len() + rate as usize, 0);
                let found = Gate::new(rate, 500).hear(&bytes(&samples));
                assert_eq!(found.len(), 2, "{name} at {rate} Hz: {found:?}");
            }
        }
    }
}
