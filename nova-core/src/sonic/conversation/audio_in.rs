//! The user's audio on its way up: paced, filled with silence, primed, and told again when a session is lost.
//!
//! The service finds the end of an utterance in the *audio*, not in missing packets (reference §6.2), and drops a
//! stream that gets none (§4.5). So something always flows: what the application hands over, at real-time pace, and
//! digital silence in between. Every new audio block begins with a little silence, without which a typed text is
//! billed and never answered (§6.4).
//!
//! An application that has switched its microphone off may have the block closed instead. A word, or typed text, opens
//! another; and so does time, for the length of its priming, or the service would take the session for dead.
//!
//! What could not be sent in time is sent as soon as the way is free: the service hears faster than anybody speaks, and
//! a sentence with a hole in it is worth less than one that comes late.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::io::AudioPolicy;
use super::tape::{Position, Source, Tape};
use crate::audio::SampleRate;
use crate::sonic::event::DropReason;
use crate::sonic::limits;

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
/// Silence before anything else in a block: 68 ms is the measured least, 100 ms the safe figure (reference §6.4).
const PRIMING: Duration = Duration::from_millis(100);
/// How long the block stays closed: well within what the service waits for input (reference §4.5).
const CLOSED_AT_MOST: Duration = limits::NO_INPUT_CUT.saturating_sub(Duration::from_secs(15));
/// How much recorded audio may wait here before the application has to.
const BOUND: Duration = Duration::from_millis(400);
/// How much live audio may wait here while the way up is blocked or no session is there; then the oldest goes.
pub(super) const LIVE_BOUND: Duration = Duration::from_secs(30);

/// What should be sent next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This audio, now.
    Audio(Bytes, Source),
    /// The end of the block; say so by [`AudioIn::end_block`].
    End,
    /// The beginning of another one; say so by [`AudioIn::begin_block`].
    Begin,
    /// Nothing before this time.
    Wait(Duration),
}

/// Whether the application speaks, or may at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Microphone {
    On,
    Off,
}

/// The session's audio block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Open,
    /// It is closed, and another one is opened then at the latest.
    Closed {
        until: Duration,
    },
}

/// What becomes of the unanswered words when another session takes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rewound {
    /// Is sent again.
    pub(super) replayed: Duration,
    /// Is too old to be sent again, or was refused.
    pub(super) lost: Duration,
}

/// The queue between the application and the audio block.
#[derive(Debug)]
pub(super) struct AudioIn {
    rate: SampleRate,
    queue: VecDeque<Piece>,
    /// Bytes in the queue by pace.
    queued: Queued,
    odd: Option<u8>,
    /// Samples that the application has handed over since the call began.
    taken: Position,
    tape: Tape,
    /// How far in the user's audio the sessions have come.
    sent_to: Position,
    /// Samples that the service refused to hear, and that the next session's account has to tell of.
    refused: u64,
    /// Until when the service has audio, on the call's clock.
    covered: Duration,
    microphone: Microphone,
    block: Block,
    priming: usize,
    dropped: Vec<(DropReason, Duration)>,
    /// All that was ever given up.
    dropped_so_far: Duration,
    /// When the application's own audio was last sent.
    spoke: Option<Duration>,
    silence: Bytes,
}

#[derive(Debug, Default)]
struct Queued {
    past: usize,
    live: usize,
    recorded: usize,
}

#[derive(Debug)]
struct Piece {
    pcm: Bytes,
    pace: Pace,
    /// When it was handed over.
    at: Duration,
    position: Position,
}

/// How fast a piece goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// It was sent before, to a session that is gone: at once.
    Past,
    Live,
    Recorded,
}

impl Queued {
    fn of(&mut self, pace: Pace) -> &mut usize {
        match pace {
            Pace::Past => &mut self.past,
            Pace::Live => &mut self.live,
            Pace::Recorded => &mut self.recorded,
        }
    }

    fn sum(&self) -> usize {
        self.past + self.live + self.recorded
    }
}

impl AudioIn {
    pub(super) fn new(rate: SampleRate) -> Self {
        AudioIn {
            rate,
            queue: VecDeque::new(),
            queued: Queued::default(),
            odd: None,
            taken: 0,
            tape: Tape::new(rate),
            sent_to: 0,
            refused: 0,
            covered: Duration::ZERO,
            microphone: Microphone::On,
            block: Block::Open,
            priming: 0,
            dropped: Vec::new(),
            dropped_so_far: Duration::ZERO,
            spoke: None,
            silence: Bytes::from(vec![0; rate.bytes(PRIMING.max(PIECE))]),
        }
    }

    /// Goes on at a position in the user's audio: what is before was another process's.
    pub(super) fn begin_at(&mut self, position: Position) {
        self.taken = position;
        self.sent_to = position;
    }

    /// Begins a new audio block: it is primed, and the clock of what the service has starts now.
    pub(super) fn begin_block(&mut self, now: Duration) {
        self.covered = now;
        self.block = Block::Open;
        self.priming = self.rate.bytes(PRIMING);
    }

    /// The block was closed.
    pub(super) fn end_block(&mut self, now: Duration) {
        self.block = Block::Closed { until: now + CLOSED_AT_MOST };
    }

    /// Asks for an open block: something is to be said beside it.
    pub(super) fn want_block(&mut self, now: Duration) {
        if let Block::Closed { until } = &mut self.block {
            *until = now.min(*until);
        }
    }

    /// The microphone is off until there is more audio: once what waits is sent, the block is closed.
    pub(super) fn microphone_off(&mut self) {
        self.microphone = Microphone::Off;
    }

    /// Tells a new session again what was sent from a position on: it goes out first, at once. With
    /// [`Missing::Counts`] what is no longer there is lost.
    pub(super) fn rewind(&mut self, from: Position, missing: Missing) -> Rewound {
        // What waits to be told again already follows what has just been.
        let pieces = self.tape.take_from(from);
        let first = pieces.front().map(|(at, _)| *at).or_else(|| self.queue.front().map(|piece| piece.position));
        for (position, pcm) in pieces.into_iter().rev() {
            self.queued.past += pcm.len();
            self.queue.push_front(Piece { pcm, pace: Pace::Past, at: Duration::ZERO, position });
        }
        let missing = match missing {
            Missing::Counts => first.map_or(0, |first| first.saturating_sub(from)),
            Missing::IsSilence => 0,
        };
        let lost = missing + std::mem::take(&mut self.refused);
        Rewound { replayed: self.rate.duration(self.queued.past / 2), lost: self.rate.duration(lost as usize) }
    }

    /// Gives up what was sent from a position on, since the service refuses to hear it: no session is told it again, and
    /// for the next one it is lost.
    pub(super) fn refuse(&mut self, from: Position, missing: Missing) {
        // What waits to be told again was sent before, too.
        let waits = self.queued.past as u64 / 2;
        self.queue.retain(|piece| piece.pace != Pace::Past);
        self.queued.past = 0;
        let kept: u64 = self.tape.take_from(from).iter().map(|(_, pcm)| pcm.len() as u64 / 2).sum();
        self.refused += match missing {
            Missing::Counts => self.sent_to.saturating_sub(from),
            Missing::IsSilence => kept + waits,
        };
    }

    /// Returns the rate of the audio.
    pub(super) fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Says whether the block has taken enough for a typed text to be answered.
    pub(super) fn is_primed(&self) -> bool {
        self.priming == 0
    }

    /// Says how much more the application may hand over, in bytes. Live audio always finds room: the oldest goes.
    pub(super) fn room(&self) -> usize {
        self.rate.bytes(BOUND).saturating_sub(self.queued.recorded)
    }

    /// Returns how much audio waits to be sent.
    pub(super) fn waiting(&self) -> Duration {
        self.rate.duration(self.queued.sum() / 2)
    }

    /// Returns how much audio was given up so far.
    pub(super) fn dropped(&self) -> Duration {
        self.dropped_so_far
    }

    /// Says whether everything that was handed over is sent or given up.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Returns when the application's own audio was last sent.
    pub(super) fn last_spoke(&self) -> Option<Duration> {
        self.spoke
    }

    /// Returns how far in the user's audio the sessions have come.
    pub(super) fn sent_to(&self) -> Position {
        self.sent_to
    }

    /// Takes out everything that waits, since nobody will send it.
    pub(super) fn give_up(&mut self) -> Bytes {
        let mut pcm = BytesMut::with_capacity(self.queued.live + self.queued.recorded);
        for piece in self.queue.drain(..).filter(|piece| piece.pace != Pace::Past) {
            pcm.extend_from_slice(&piece.pcm);
        }
        self.queued = Queued::default();
        self.drop_samples(DropReason::Closed, pcm.len());
        pcm.freeze()
    }

    /// Takes what was given up since the last call.
    pub(super) fn take_dropped(&mut self) -> Vec<(DropReason, Duration)> {
        std::mem::take(&mut self.dropped)
    }

    /// Takes audio in pieces of any length; half a sample waits for its other half.
    pub(super) fn push(&mut self, pcm: Bytes, policy: AudioPolicy, at: Duration) {
        let pace = match policy {
            AudioPolicy::Wait => Pace::Recorded,
            AudioPolicy::Live => Pace::Live,
        };
        let pcm = self.whole_samples(pcm);
        if pcm.is_empty() {
            return;
        }
        self.microphone = Microphone::On;
        let position = self.taken;
        self.taken += pcm.len() as u64 / 2;
        *self.queued.of(pace) += pcm.len();
        self.queue.push_back(Piece { pcm, pace, at, position });
        while self.queued.live > self.rate.bytes(LIVE_BOUND)
            && let Some(oldest) = self.queue.iter().position(|piece| piece.pace == Pace::Live)
            && let Some(piece) = self.queue.remove(oldest)
        {
            self.queued.live -= piece.pcm.len();
            self.drop_samples(DropReason::Stale, piece.pcm.len());
        }
    }

    /// Takes audio that is not to be heard.
    pub(super) fn drop_unheard(&mut self, pcm: Bytes, why: DropReason) {
        let pcm = self.whole_samples(pcm);
        self.taken += pcm.len() as u64 / 2;
        self.drop_samples(why, pcm.len());
    }

    /// Says whether something that was given up has still to be told of.
    pub(super) fn has_dropped(&self) -> bool {
        !self.dropped.is_empty()
    }

    fn drop_samples(&mut self, why: DropReason, bytes: usize) {
        let duration = self.rate.duration(bytes / 2);
        self.dropped_so_far += duration;
        match self.dropped.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, sum)) => *sum += duration,
            None if bytes > 0 => self.dropped.push((why, duration)),
            None => {}
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
        if let Block::Closed { until } = self.block {
            let due = self.microphone == Microphone::On || !self.queue.is_empty() || until <= now;
            return if due { Next::Begin } else { Next::Wait(until) };
        }
        if self.priming > 0 {
            let piece = self.silence.slice(..self.priming.min(self.silence.len()));
            self.priming -= piece.len();
            self.cover(now, piece.len());
            return Next::Audio(piece, Source::Silence);
        }
        let Some(first) = self.queue.front() else {
            return match self.microphone {
                Microphone::On => self.fill(now),
                Microphone::Off => Next::End,
            };
        };
        let (pace, at) = (first.pace, first.at);
        let lead = match pace {
            Pace::Recorded => LEAD,
            Pace::Live => LIVE_LEAD,
            Pace::Past => Duration::MAX,
        };
        if self.covered > now.saturating_add(lead) {
            return Next::Wait(self.covered - lead);
        }
        if self.queued.sum() < self.rate.bytes(PIECE_AT_LEAST) && now < at + PIECE_AT_LEAST {
            return Next::Wait(at + PIECE_AT_LEAST);
        }
        self.spoke = Some(now);
        let (position, piece) = self.take_piece();
        self.tape.keep(position, piece.clone());
        self.sent_to = self.sent_to.max(position + piece.len() as u64 / 2);
        if pace == Pace::Recorded || (pace == Pace::Live && now <= at + GRACE) {
            self.cover(now, piece.len());
        } else {
            // It is late: it covers what is past, and nothing of what is to come.
            let covered = self.covered + self.rate.duration(piece.len() / 2);
            self.covered = self.covered.max(covered.min(now));
        }
        Next::Audio(piece, Source::User(position))
    }

    fn cover(&mut self, now: Duration, bytes: usize) {
        // After a stall the lost time is not made up for: stale silence would only delay what is said next.
        self.covered = self.covered.max(now.saturating_sub(GRACE)) + self.rate.duration(bytes / 2);
    }

    fn fill(&mut self, now: Duration) -> Next {
        let due = self.covered + GRACE;
        if now < due {
            return Next::Wait(due);
        }
        let piece = self.silence.slice(..self.rate.bytes(PIECE));
        self.cover(now, piece.len());
        Next::Audio(piece, Source::Silence)
    }

    fn take_piece(&mut self) -> (Position, Bytes) {
        let most = self.rate.bytes(PIECE);
        let (position, mut piece) = self.take_at_most(most);
        // A piece of its own goes out as it is, without a copy; only crumbs are gathered.
        if piece.len() < self.rate.bytes(PIECE_AT_LEAST) && !self.queue.is_empty() {
            let mut gathered = BytesMut::with_capacity(most);
            gathered.extend_from_slice(&piece);
            let follows = |queue: &VecDeque<Piece>, len: usize| {
                queue.front().is_some_and(|next| next.position == position + len as u64 / 2)
            };
            while gathered.len() < most && follows(&self.queue, gathered.len()) {
                let (_, more) = self.take_at_most(most - gathered.len());
                gathered.extend_from_slice(&more);
            }
            piece = gathered.freeze();
        }
        (position, piece)
    }

    fn take_at_most(&mut self, bytes: usize) -> (Position, Bytes) {
        let Some(front) = self.queue.front_mut() else { return (self.taken, Bytes::new()) };
        let piece = front.pcm.split_to(bytes.min(front.pcm.len()));
        let (position, pace) = (front.position, front.pace);
        front.position += piece.len() as u64 / 2;
        if front.pcm.is_empty() {
            self.queue.pop_front();
        }
        *self.queued.of(pace) -= piece.len();
        (position, piece)
    }
}

/// Whether audio that is no longer there was part of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// It was the beginning of an unanswered utterance.
    Counts,
    /// For all we know nobody spoke.
    IsSilence,
}

impl Missing {
    /// Says what is missing where an unanswered utterance begins there, or none does.
    pub(super) fn after(unanswered: Option<Position>) -> Self {
        unanswered.map_or(Missing::IsSilence, |_| Missing::Counts)
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
        assert!(matches!(audio.next(now), Next::Audio(pcm, Source::Silence) if pcm.len() == 3200));
        audio
    }

    /// Lets the clock run from `from` to `to` and returns what was sent when.
    fn run(audio: &mut AudioIn, from: Duration, to: Duration) -> Vec<(Duration, Bytes)> {
        let mut now = from;
        let mut sent = Vec::new();
        while now <= to {
            match audio.next(now) {
                Next::Audio(pcm, _) => sent.push((now, pcm)),
                Next::End => audio.end_block(now),
                Next::Begin => audio.begin_block(now),
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
                Next::Audio(pcm, _) => heard.extend_from_slice(&pcm),
                Next::Wait(until) => now = until,
                other => panic!("the microphone is on: {other:?}"),
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
            let at = Source::User((n - 1) * 320);
            assert_eq!(audio.next(ms(20 * n)), Next::Audio(Bytes::from(vec![1; 640]), at));
        }
    }

    #[test]
    fn after_a_stall_what_was_said_comes_at_once_and_silence_is_not_made_up_for() {
        let mut audio = primed(ms(0));
        for n in 0..500 {
            audio.push(Bytes::from(vec![1; 640]), AudioPolicy::Live, ms(20 * n));
        }
        let sent = run(&mut audio, ms(10_000), ms(10_100));
        let said: usize = sent.iter().filter(|(_, pcm)| pcm[0] == 1).map(|(_, pcm)| pcm.len()).sum();
        assert_eq!(said, 320_000, "every word of the 10 s");
        assert!(sent.iter().all(|(at, pcm)| pcm[0] == 0 || *at == ms(10_000)), "and all of it at once");
        assert!(sent.iter().filter(|(_, pcm)| pcm[0] == 0).count() <= 7);
        assert_eq!(audio.take_dropped(), []);
    }

    #[test]
    fn of_live_audio_that_cannot_be_sent_the_oldest_goes_and_is_told() {
        let mut audio = primed(ms(0));
        for n in 0..1_600 {
            audio.push(Bytes::from(vec![1; 640]), AudioPolicy::Live, ms(20 * n));
        }
        assert_eq!(audio.take_dropped(), [(DropReason::Stale, ms(2_000))]);
        let Next::Audio(_, Source::User(first)) = audio.next(ms(32_000)) else { panic!("there is plenty to say") };
        assert_eq!(first, 32_000);
    }

    #[test]
    fn another_session_is_told_again_from_where_the_utterance_began() {
        let mut audio = primed(ms(0));
        for n in 1..=100 {
            audio.push(Bytes::from(vec![n as u8; 640]), AudioPolicy::Live, ms(20 * n));
            assert!(matches!(audio.next(ms(20 * n)), Next::Audio(..)));
        }
        audio.push(Bytes::from(vec![101; 640]), AudioPolicy::Live, ms(2_020));
        let rewound = audio.rewind(16_000, Missing::Counts);
        assert_eq!((rewound.replayed, rewound.lost), (ms(1_000), ms(0)));
        audio.begin_block(ms(2_500));
        let sent = run(&mut audio, ms(2_500), ms(2_500));
        let said: Vec<u8> = sent.iter().flat_map(|(_, pcm)| pcm.to_vec()).filter(|byte| *byte != 0).collect();
        assert_eq!(said, (51..=101u8).flat_map(|n| vec![n; 640]).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_too_old_to_be_told_again_is_counted() {
        let mut audio = primed(ms(0));
        for n in 1..=1_000 {
            audio.push(Bytes::from(vec![1; 640]), AudioPolicy::Live, ms(20 * n));
            assert!(matches!(audio.next(ms(20 * n)), Next::Audio(..)));
        }
        assert_eq!(audio.rewind(0, Missing::Counts), Rewound { replayed: ms(15_000), lost: ms(5_000) });
        let again = audio.rewind(0, Missing::IsSilence);
        assert_eq!(again, Rewound { replayed: ms(15_000), lost: ms(0) }, "what waits to be told again still does");
    }

    #[test]
    fn with_the_microphone_off_what_waits_is_sent_and_then_the_block_is_closed() {
        let mut audio = primed(ms(0));
        audio.push(Bytes::from(vec![1; 64_000]), AudioPolicy::Wait, ms(0));
        audio.microphone_off();
        let said: usize = run(&mut audio, ms(0), ms(2_000)).iter().map(|(_, pcm)| pcm.len()).sum();
        assert_eq!((said, audio.block), (64_000, Block::Closed { until: ms(41_884) }));
        // A call that is silent for two minutes says 100 ms now and then.
        let kept: Vec<_> = run(&mut audio, ms(2_000), ms(122_000)).iter().map(|(at, pcm)| (*at, pcm.len())).collect();
        assert_eq!(kept, [(ms(41_884), 3_200), (ms(81_884), 3_200), (ms(121_884), 3_200)]);
        audio.push(Bytes::from(vec![1; 640]), AudioPolicy::Live, ms(123_000));
        assert_eq!(audio.next(ms(123_000)), Next::Begin);
        audio.begin_block(ms(123_000));
        let again: Vec<_> = run(&mut audio, ms(123_000), ms(123_000)).iter().map(|(_, pcm)| pcm.len()).collect();
        assert_eq!(again, [3_200, 640], "primed as every block is");
        assert_ne!(run(&mut audio, ms(123_001), ms(124_000)), [], "and the microphone is on again");
    }

    #[test]
    fn crumbs_are_gathered_and_odd_bytes_find_their_halves() {
        let mut audio = primed(ms(0));
        let whole: Vec<u8> = (0..999u32).map(|n| n as u8).collect();
        for byte in &whole {
            audio.push(Bytes::copy_from_slice(&[*byte]), AudioPolicy::Wait, ms(0));
        }
        let Next::Audio(pcm, _) = audio.next(ms(0)) else { panic!("enough for one piece") };
        assert_eq!(pcm, &whole[..998]);
    }
}
