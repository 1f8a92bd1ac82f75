//! Where the user's audio went: its last seconds, to be told again, and its place in each session.
//!
//! A *position* counts the samples that the application has handed over, from the beginning of the call. A session
//! counts its own input audio, which also holds priming, silence and what was told again (reference §3.2).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::audio::SampleRate;

/// A place in the user's audio of the whole call, in samples.
pub(super) type Position = u64;

/// How much of what was sent is kept to be told again: more than that is not worth waiting for (DESIGN 3).
pub(super) const REPLAY: Duration = Duration::from_secs(15);
/// Changes between the user's audio and silence that a session remembers.
const SPANS: usize = 1_024;

/// The last seconds of the user's audio that were sent.
#[derive(Debug)]
pub(super) struct Tape {
    most: usize,
    pieces: VecDeque<(Position, Bytes)>,
    bytes: usize,
}

impl Tape {
    pub(super) fn new(rate: SampleRate) -> Self {
        Tape { most: rate.bytes(REPLAY), pieces: VecDeque::new(), bytes: 0 }
    }

    /// Keeps what is being sent; the oldest goes.
    pub(super) fn keep(&mut self, at: Position, pcm: Bytes) {
        self.bytes += pcm.len();
        self.pieces.push_back((at, pcm));
        while self.bytes > self.most
            && let Some((at, mut pcm)) = self.pieces.pop_front()
        {
            let excess = pcm.len().min(self.bytes - self.most).next_multiple_of(2).min(pcm.len());
            self.bytes -= excess;
            let _ = pcm.split_to(excess);
            if !pcm.is_empty() {
                self.pieces.push_front((at + excess as u64 / 2, pcm));
            }
        }
    }

    /// Takes out what was sent from a position on.
    pub(super) fn take_from(&mut self, from: Position) -> VecDeque<(Position, Bytes)> {
        self.bytes = 0;
        let mut pieces = std::mem::take(&mut self.pieces);
        while let Some((at, mut pcm)) = pieces.pop_front() {
            let before = (from.saturating_sub(at) as usize).saturating_mul(2);
            if before < pcm.len() {
                let _ = pcm.split_to(before);
                pieces.push_front((at + before as u64 / 2, pcm));
                break;
            }
        }
        pieces
    }
}

/// What one session's input audio is made of.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// Samples that the session has taken.
    sent: u64,
    /// How far in the user's audio it has come.
    reached: Position,
    spans: VecDeque<Span>,
}

#[derive(Debug)]
struct Span {
    /// Where in the session's audio it begins.
    from: u64,
    user: Position,
    source: Source,
}

/// Whose audio a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The user's, from this position on.
    User(Position),
    /// Ours.
    Silence,
}

impl Track {
    /// Notes what is being sent.
    pub(super) fn push(&mut self, source: Source, samples: usize) {
        let samples = samples as u64;
        let goes_on = self.spans.back().is_some_and(|last| match (last.source, source) {
            (Source::Silence, Source::Silence) => true,
            (Source::User(_), Source::User(at)) => last.user + (self.sent - last.from) == at,
            _ => false,
        });
        let user = match source {
            Source::User(at) => at,
            Source::Silence => self.reached,
        };
        if !goes_on {
            self.spans.push_back(Span { from: self.sent, user, source });
            if self.spans.len() > SPANS {
                self.spans.pop_front();
            }
        }
        self.sent += samples;
        if let Source::User(at) = source {
            self.reached = at + samples;
        }
    }

    /// Says whether the session has taken anything.
    pub(super) fn has_any(&self) -> bool {
        self.sent > 0
    }

    /// Returns the position in the user's audio of a place in the session's; silence has the position that it follows.
    pub(super) fn position(&self, sample: u64) -> Position {
        let sample = sample.min(self.sent);
        match self.spans.iter().rev().find(|span| span.from <= sample) {
            Some(Span { from, user, source: Source::User(_) }) => (user + (sample - from)).min(self.reached.max(*user)),
            Some(Span { user, .. }) => *user,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pcm(samples: usize) -> Bytes {
        Bytes::from(vec![1; samples * 2])
    }

    #[test]
    fn priming_silence_and_what_is_told_again_do_not_count() {
        let mut track = Track::default();
        track.push(Source::Silence, 1_600);
        track.push(Source::User(500), 300);
        track.push(Source::User(800), 200);
        track.push(Source::Silence, 512);
        track.push(Source::User(1_000), 100);
        assert_eq!(track.position(0), 0);
        assert_eq!(track.position(1_600), 500);
        assert_eq!(track.position(1_950), 850);
        assert_eq!(track.position(2_300), 1_000, "within silence: where the user's audio stopped");
        assert_eq!(track.position(2_700), 1_088);
        assert_eq!(track.position(99_999), 1_100, "never beyond what was sent");
    }

    #[test]
    fn the_tape_keeps_fifteen_seconds_and_gives_out_what_is_asked() {
        let mut tape = Tape::new(SampleRate::Hz16000);
        for n in 0..200 {
            tape.keep(n * 1_600, pcm(1_600));
        }
        let all = tape.take_from(0);
        assert_eq!(all.front().map(|(at, _)| *at), Some(320_000 - 240_000));
        assert_eq!(all.iter().map(|(_, pcm)| pcm.len()).sum::<usize>(), 480_000);
        tape.keep(0, pcm(100));
        tape.keep(100, pcm(100));
        let rest: Vec<_> = tape.take_from(130).into_iter().map(|(at, pcm)| (at, pcm.len())).collect();
        assert_eq!(rest, [(130, 140)]);
        assert!(tape.take_from(0).is_empty(), "it was taken out");
    }
}
