//! A microphone that is open for a whole call, and whose sound can be told from any other.

use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::{SampleRate, Sender};
use bedrock_nova_emulator::clips;
use tokio::time::{Instant, sleep, sleep_until};

pub(crate) const RATE: SampleRate = SampleRate::Hz16000;

/// How much a sound card hands over at once.
const PIECE: Duration = Duration::from_millis(20);

/// Every sample that a microphone is going to give: somebody's words, and the noise of the room.
///
/// The noise is what identifies a place: no sixteen samples in a row occur twice, and no sample is zero, as all of the
/// call's own silence is.
pub(crate) struct Microphone {
    pub(crate) pcm: Vec<i16>,
}

impl Microphone {
    /// Opens a microphone for so long; nobody speaks yet.
    pub(crate) fn new(length: Duration) -> Self {
        Microphone { pcm: (0..RATE.samples(length) as u64).map(|n| (noise(n) & 7) as i16 * 2 - 7).collect() }
    }

    /// Says something at a time; returns when it ends.
    pub(crate) fn say(&mut self, at: Duration, words: &[i16]) -> Duration {
        let from = RATE.samples(at);
        for (sample, word) in self.pcm[from..from + words.len()].iter_mut().zip(words) {
            let sum = sample.saturating_add(*word);
            *sample = if sum == 0 { 1 } else { sum };
        }
        at + RATE.duration(words.len())
    }

    /// Hands everything over in real time, as a sound card does. What the call does not take at once waits in the card.
    pub(crate) async fn run(&self, sender: &Sender) {
        let start = Instant::now();
        for (n, piece) in self.pcm.chunks(RATE.samples(PIECE)).enumerate() {
            sleep_until(start + PIECE * (n as u32 + 1)).await;
            let bytes: Vec<u8> = piece.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            while let Err(error) = sender.try_send_audio(&bytes) {
                assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
                sleep(PIECE / 4).await;
            }
        }
    }
}

/// A recorded question, without the quiet before and behind it.
pub(crate) fn question(name: &str) -> Vec<i16> {
    let pcm = clips::question(name).unwrap().at(RATE.hz()).pcm;
    let loud = |sample: &i16| sample.unsigned_abs() > 300;
    let (from, to) = (pcm.iter().position(loud).unwrap(), pcm.iter().rposition(loud).unwrap());
    pcm[from..=to].to_vec()
}

/// Somebody who goes on speaking for so long, with pauses that nobody takes for an end.
pub(crate) fn monologue(length: Duration) -> Vec<i16> {
    let pause = vec![0; RATE.samples(Duration::from_millis(150))];
    let sentences = ["weather", "time", "sea", "what"].map(|name| [question(name), pause.clone()].concat()).concat();
    sentences.iter().copied().cycle().take(RATE.samples(length)).collect()
}

/// A number that follows from another and looks like chance (splitmix64).
fn noise(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
