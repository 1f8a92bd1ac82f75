//! Sound that says by itself what it is.
//!
//! Every sample of the user's voice tells its number in all that the user says in the call, so that whoever hears it
//! can say what arrived, twice, or never. An answer's samples tell the session and the turn they belong to.

use std::sync::Arc;

use bedrock_nova::sonic::SampleRate;
use bedrock_nova_emulator::speech::Voice;
use bytes::Bytes;

/// Rate of all sound in this world, the lowest: sound costs by the sample.
pub const RATE: SampleRate = SampleRate::Hz8000;
pub const PER_MS: u64 = 8;

/// Loud enough for any gate, and 13 bits to count with; two neighbours carry 26 bits of the number of their pair, which
/// lasts for four hours of speech. Sound in this world is cut between pairs.
const EVEN: u64 = 0x4000;
const ODD: u64 = 0x6000;
const BITS: u64 = 13;
const MASK: u64 = (1 << BITS) - 1;

/// Returns the nth sample that the user ever says.
pub fn sample(n: u64) -> i16 {
    let pair = n / 2;
    let bits = if n.is_multiple_of(2) { EVEN | (pair & MASK) } else { ODD | ((pair >> BITS) & MASK) };
    bits as i16
}

/// Returns the user's samples from the nth on, as bytes.
pub fn speech(from: u64, samples: u64) -> Bytes {
    (from..from + samples).flat_map(|n| sample(n).to_le_bytes()).collect()
}

/// Finds the number of the first of two neighbours.
fn number(first: i16, second: i16) -> Option<u64> {
    let is_odd = |sample: i16| sample as u64 & 0x2000 != 0;
    let (a, b) = (first as u64 & MASK, second as u64 & MASK);
    match (is_odd(first), is_odd(second)) {
        (false, true) => Some(2 * ((b << BITS) | a)),
        // The first is the end of one pair, the second the beginning of the next.
        (true, false) if b == 0 => Some(2 * (((a + 1) << BITS) | b) - 1),
        (true, false) => Some(2 * ((a << BITS) | b) - 1),
        _ => None,
    }
}

/// A stretch of the user's voice as one session heard it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where in that session's audio, in samples.
    pub at: u64,
    /// Which samples of the user's.
    pub from: u64,
    pub len: u64,
}

/// Listens to one session's input.
#[derive(Debug, Default)]
pub struct Listener {
    pub runs: Vec<Run>,
    /// Samples that are neither the user's nor silence.
    pub invented: u64,
    pub heard: u64,
    expected: Option<u64>,
    lone: Option<i16>,
}

impl Listener {
    pub fn silence(&mut self, samples: u64) {
        self.gap();
        self.heard += samples;
    }

    pub fn hear(&mut self, pcm: &[u8]) {
        for pair in pcm.chunks_exact(2) {
            self.sample(i16::from_le_bytes([pair[0], pair[1]]));
            self.heard += 1;
        }
    }

    fn sample(&mut self, heard: i16) {
        if heard == 0 {
            return self.gap();
        }
        if let Some(n) = self.expected.filter(|n| sample(*n) == heard) {
            self.expected = Some(n + 1);
            if let Some(run) = self.runs.last_mut() {
                run.len += 1;
            }
            return;
        }
        self.expected = None;
        let Some(first) = self.lone.replace(heard) else { return };
        match number(first, heard).filter(|n| sample(*n) == first && sample(n + 1) == heard) {
            Some(from) => {
                self.lone = None;
                self.expected = Some(from + 2);
                self.runs.push(Run { at: self.heard - 1, from, len: 2 });
            }
            None => self.invented += 1,
        }
    }

    fn gap(&mut self) {
        self.expected = None;
        self.invented += u64::from(self.lone.take().is_some());
    }
}

/// Says an answer: `a7.3 …` is the third turn of session seven, and every sample says so.
#[derive(Debug)]
pub struct Numbers;

/// Returns the session and the turn of a sentence.
pub fn label(sentence: &str) -> Option<(u32, u32)> {
    let (session, turn) = sentence.strip_prefix('a')?.split_whitespace().next()?.split_once('.')?;
    Some((session.parse().ok()?, turn.parse().ok()?))
}

/// Returns the session and the turn of an answer's sound.
pub fn sound_label(mut samples: impl Iterator<Item = i16>) -> Option<(u32, u32)> {
    let (first, second) = (samples.next()?, samples.next()?);
    // A piece may begin with either.
    let (session, turn) = if first > 0 { (first, second) } else { (second, first) };
    Some((session.unsigned_abs().into(), turn.unsigned_abs().into()))
}

impl Voice for Numbers {
    fn speak(&self, sentence: &str, _: &str, rate: u32) -> Option<Arc<[i16]>> {
        let (session, turn) = label(sentence)?;
        let ms = (50 * sentence.len() as u64).clamp(300, 20_000);
        let pair = [i16::try_from(session).ok()?, -i16::try_from(turn).ok()?];
        Some((0..(ms * u64::from(rate) / 1000) as usize).map(|n| pair[n % 2]).collect())
    }
}

#[test]
fn every_sample_says_which_it_is() {
    for from in [0, 2, 2 * MASK, 2 * MASK + 2, 40_000_000] {
        let mut listener = Listener::default();
        listener.silence(100);
        listener.hear(&speech(from, 998));
        listener.silence(1);
        listener.hear(&speech(from + 998, 1_002));
        listener.hear(&speech(from + 3_000, 10));
        let runs = [
            Run { at: 100, from, len: 998 },
            Run { at: 1_099, from: from + 998, len: 1_002 },
            Run { at: 2_101, from: from + 3_000, len: 10 },
        ];
        assert_eq!((listener.runs.as_slice(), listener.invented), (&runs[..], 0));
        listener.hear(&[1, 0, 2, 0, 3, 0]);
        assert!(listener.invented > 0);
    }
}
