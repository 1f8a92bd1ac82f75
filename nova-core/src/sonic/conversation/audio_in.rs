//! The user's audio on its way up: paced, filled with silence, primed.
//!
//! The service finds the end of an utterance in the *audio*, not in missing packets (reference §6.2), and drops a
//! stream that gets none (§4.5). So something always flows: what the application hands over, at real-time pace, and
//! digital silence in between. Every new audio block begins with a little silence, without which a typed text is
//! billed and never answered (§6.4).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::io::AudioPolicy;
use crate::audio::SampleRate;

/// One event's worth of audio at most: 512 samples at 16 kHz, as in AWS's samples (reference §4.5).
const PIECE: Duration = Duration::from_millis(32);
/// Smaller pieces than this wait for more, so that an application which writes single samples costs no event each.
const PIECE_AT_LEAST: Duration = Duration::from_millis(10);
/// How far recorded audio may run ahead of real time.
const LEAD: Duration = Duration::from_millis(200);
/// How far live audio may run ahead: its source cannot outrun real time for long.
const LIVE_LEAD: Duration = Duration::from_secs(2);
/// How long the application's audio may be late before silence takes its place.
const GRACE: Duration = Duration::from_millis(80);
/// Live audio older than this is not worth saying any more.
const STALE: Duration = Duration::from_millis(500);
/// Silence before anything else in a block: 68 ms is the measured least, 100 ms the safe figure (reference §6.4).
const PRIMING: Duration = Duration::from_millis(100);
/// How much may wait here before the application has to.
const BOUND: Duration = Duration::from_millis(400);

/// What should be sent next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This audio, now.
    Audio(Bytes),
    /// Nothing before this time.
    Wait(Duration),
}

/// The queue between the application and the audio block.
#[derive(Debug)]
pub(super) struct AudioIn {
    rate: SampleRate,
    queue: VecDeque<Piece>,
    queued: usize,
    odd: Option<u8>,
    /// Until when the service has audio, on the call's clock.
    covered: Duration,
    priming: usize,
    dropped: Duration,
    /// When the application's own audio was last sent.
    spoke: Option<Duration>,
    silence: Bytes,
}

#[derive(Debug)]
struct Piece {
    pcm: Bytes,
    policy: AudioPolicy,
    at: Duration,
}

impl AudioIn {
    pub(super) fn new(rate: SampleRate) -> Self {
        AudioIn {
            rate,
            queue: VecDeque::new(),
            queued: 0,
            odd: None,
            covered: Duration::ZERO,
            priming: 0,
            dropped: Duration::ZERO,
            spoke: None,
            silence: Bytes::from(vec![0; rate.samples(PRIMING.max(PIECE)) * 2]),
        }
    }

    /// Begins a new audio block: it is primed, and the clock of what the service has starts now.
    pub(super) fn begin_block(&mut self, now: Duration) {
        self.covered = now;
        self.priming = self.rate.samples(PRIMING) * 2;
    }

    /// Says whether the block has taken enough for a typed text to be answered.
    pub(super) fn is_primed(&self) -> bool {
        self.priming == 0
    }

    /// Says how much more the application may hand over, in bytes.
    pub(super) fn room(&self) -> usize {
        (self.rate.samples(BOUND) * 2).saturating_sub(self.queued)
    }

    /// Says whether everything that was handed over is sent or given up.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Returns when the application's own audio was last sent.
    pub(super) fn last_spoke(&self) -> Option<Duration> {
        self.spoke
    }

    /// Gives up the oldest live audio while the queue is full: what is said now is worth more.
    pub(super) fn make_room(&mut self) {
        while self.room() == 0 {
            let Some(piece) = self.queue.pop_front_if(|piece| piece.policy == AudioPolicy::Live) else { return };
            self.give_up_piece(&piece);
        }
    }

    /// Gives everything up that waits.
    pub(super) fn give_up(&mut self) {
        self.queue.clear();
        self.dropped += self.rate.duration(std::mem::take(&mut self.queued) / 2);
    }

    /// Takes the amount of audio that was given up since the last call.
    pub(super) fn take_dropped(&mut self) -> Option<Duration> {
        Some(std::mem::take(&mut self.dropped)).filter(|dropped| !dropped.is_zero())
    }

    /// Takes audio in pieces of any length; half a sample waits for its other half.
    pub(super) fn push(&mut self, pcm: Bytes, policy: AudioPolicy, at: Duration) {
        let pcm = self.whole_samples(pcm);
        if !pcm.is_empty() {
            self.queued += pcm.len();
            self.queue.push_back(Piece { pcm, policy, at });
        }
    }

    fn whole_samples(&mut self, pcm: Bytes) -> Bytes {
        let mut pcm = match self.odd.take() {
            None => pcm,
            Some(first) => {
                let mut joined = BytesMut::with_capacity(pcm.len() + 1);
                joined.extend_from_slice(&[first]);
                joined.extend_from_slice(&pcm);
                joined.freeze()
            }
        };
        if pcm.len() % 2 == 1 {
            self.odd = pcm.last().copied();
            pcm.truncate(pcm.len() - 1);
        }
        pcm
    }

    /// Decides what the link should carry next, given that it can carry something.
    pub(super) fn next(&mut self, now: Duration) -> Next {
        if self.priming > 0 {
            let piece = self.silence.slice(..self.priming.min(self.silence.len()));
            self.priming -= piece.len();
            return self.send(now, piece);
        }
        self.drop_stale(now);
        let Some(first) = self.queue.front() else { return self.fill(now) };
        let (policy, at) = (first.policy, first.at);
        let lead = match policy {
            AudioPolicy::Wait => LEAD,
            AudioPolicy::Live => LIVE_LEAD,
        };
        if self.covered > now + lead {
            return Next::Wait(self.covered - lead);
        }
        if self.queued < self.rate.samples(PIECE_AT_LEAST) * 2 && now < at + PIECE_AT_LEAST {
            return Next::Wait(at + PIECE_AT_LEAST);
        }
        self.spoke = Some(now);
        let piece = self.take_piece();
        self.send(now, piece)
    }

    fn send(&mut self, now: Duration, piece: Bytes) -> Next {
        // After a stall the lost time is not made up for: stale silence would only delay what is said next.
        self.covered = self.covered.max(now.saturating_sub(GRACE)) + self.rate.duration(piece.len() / 2);
        Next::Audio(piece)
    }

    fn fill(&mut self, now: Duration) -> Next {
        let due = self.covered + GRACE;
        if now < due {
            return Next::Wait(due);
        }
        let piece = self.silence.slice(..self.rate.samples(PIECE) * 2);
        self.send(now, piece)
    }

    fn take_piece(&mut self) -> Bytes {
        let most = self.rate.samples(PIECE) * 2;
        let mut piece = self.take_at_most(most);
        // A piece of its own goes out as it is, without a copy; only crumbs are gathered.
        if piece.len() < self.rate.samples(PIECE_AT_LEAST) * 2 && !self.queue.is_empty() {
            let mut gathered = BytesMut::with_capacity(most);
            gathered.extend_from_slice(&piece);
            while gathered.len() < most && !self.queue.is_empty() {
                let more = self.take_at_most(most - gathered.len());
                gathered.extend_from_slice(&more);
            }
            piece = gathered.freeze();
        }
        piece
    }

    fn take_at_most(&mut self, bytes: usize) -> Bytes {
        let Some(front) = self.queue.front_mut() else { return Bytes::new() };
        let piece = front.pcm.split_to(bytes.min(front.pcm.len()));
        if front.pcm.is_empty() {
            self.queue.pop_front();
        }
        self.queued -= piece.len();
        piece
    }

    fn drop_stale(&mut self, now: Duration) {
        while let Some(piece) =
            self.queue.pop_front_if(|piece| piece.policy == AudioPolicy::Live && now > piece.at + STALE)
        {
            self.give_up_piece(&piece);
        }
    }

    fn give_up_piece(&mut self, piece: &Piece) {
        self.queued -= piece.pcm.len();
        self.dropped += self.rate.duration(piece.pcm.len() / 2);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn primed(now: Duration) -> AudioIn {
        let mut audio = AudioIn::new(SampleRate::Hz16000);
        audio.begin_block(now);
        assert!(matches!(audio.next(now), Next::Audio(pcm) if pcm.len() == 3200));
        audio
    }

    /// Lets the clock run from `from` to `to` and returns what was sent when.
    fn run(audio: &mut AudioIn, from: Duration, to: Duration) -> Vec<(Duration, Bytes)> {
        let mut now = from;
        let mut sent = Vec::new();
        while now <= to {
            match audio.next(now) {
                Next::Audio(pcm) => sent.push((now, pcm)),
                Next::Wait(until) => now = until,
            }
        }
        sent
    }

    #[test]
    fn silence_flows_at_real_time_pace() {
        let mut audio = primed(ms(0));
        let sent = run(&mut audio, ms(0), ms(10_000));
        let bytes: usize = sent.iter().map(|(_, pcm)| pcm.len()).sum();
        let seconds = bytes as f64 / 32_000.0;
        assert!((9.75..=10.1).contains(&seconds), "{seconds} s of silence in 10 s");
        assert!(sent.iter().all(|(_, pcm)| pcm.iter().all(|byte| *byte == 0)));
    }

    #[test]
    fn a_file_handed_over_at_once_goes_out_in_real_time_and_whole() {
        let mut audio = primed(ms(0));
        let file: Vec<u8> = (0..64_000u32).map(|n| n as u8).collect();
        audio.push(Bytes::from(file.clone()), AudioPolicy::Wait, ms(0));
        let mut heard = Vec::new();
        let mut now = ms(0);
        while !audio.is_empty() {
            match audio.next(now) {
                Next::Audio(pcm) => heard.extend_from_slice(&pcm),
                Next::Wait(until) => now = until,
            }
        }
        assert_eq!(heard, file);
        assert!(now >= ms(2_000) - LEAD && now <= ms(2_100), "2 s of audio were sent in {now:?}");
    }

    #[test]
    fn live_audio_goes_out_at_once() {
        let mut audio = primed(ms(0));
        for n in 1..50 {
            audio.push(Bytes::from(vec![1; 640]), AudioPolicy::Live, ms(20 * n));
            assert_eq!(audio.next(ms(20 * n)), Next::Audio(Bytes::from(vec![1; 640])));
        }
    }

    #[test]
    fn after_a_stall_nothing_stale_is_said() {
        let mut audio = primed(ms(0));
        for n in 0..20 {
            audio.push(Bytes::from(vec![1; 640]), AudioPolicy::Live, ms(20 * n));
        }
        let sent = run(&mut audio, ms(10_000), ms(10_100));
        assert!(sent.iter().all(|(_, pcm)| pcm.iter().all(|byte| *byte == 0)));
        assert!(sent.len() <= 7, "{} pieces of silence after the stall", sent.len());
        assert_eq!(audio.take_dropped(), Some(ms(400)));
    }

    #[test]
    fn crumbs_are_gathered_and_odd_bytes_find_their_halves() {
        let mut audio = primed(ms(0));
        let whole: Vec<u8> = (0..999u32).map(|n| n as u8).collect();
        for byte in &whole {
            audio.push(Bytes::copy_from_slice(&[*byte]), AudioPolicy::Wait, ms(0));
        }
        let Next::Audio(pcm) = audio.next(ms(0)) else { panic!("enough for one piece") };
        assert_eq!(pcm, &whole[..998]);
    }
}
