//! Audio in binary: a header of fixed length and the samples, all of it little-endian.
//!
//! | Bytes | Both ways |
//! |---|---|
//! | 0 | version: 1 |
//! | 1 | kind: 1 is the assistant's voice, 2 the user's |
//! | 2–3 | zero |
//! | 4–7 | sample rate in Hz |
//!
//! | Bytes | The assistant's voice only |
//! |---|---|
//! | 8–15 | number of the event, as `seq` in JSON |
//! | 16–23 | turn |
//! | 24–31 | where in the answer the piece begins, in samples |
//!
//! The samples follow: 16-bit PCM, mono. Both headers are as long as a whole number of eight bytes, so that a page can lay
//! an `Int16Array` over what follows.

use std::fmt;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::audio::{SampleRate, whole_samples};
use crate::error::{Error, ErrorKind, Result};
use crate::sonic::event::{Event, Stamped, TurnId};

/// Length of the header of the user's voice, and of what both headers begin with.
pub const UP_HEADER: usize = 8;
/// Length of the header of the assistant's voice.
pub const DOWN_HEADER: usize = 32;

const VERSION: u8 = 1;
const DOWN: u8 = 1;
const UP: u8 = 2;

/// A piece of the assistant's voice.
#[derive(Clone, PartialEq, Eq)]
pub struct Down {
    /// Number of the event.
    pub seq: u64,
    /// The turn it answers.
    pub turn: TurnId,
    /// Sample rate.
    pub rate: SampleRate,
    /// Where in the answer it begins, in samples.
    pub offset: u64,
    /// The samples.
    pub pcm: Bytes,
}

/// A piece of the user's voice.
#[derive(Clone, PartialEq, Eq)]
pub struct Up {
    /// Sample rate.
    pub rate: SampleRate,
    /// The samples.
    pub pcm: Bytes,
}

impl Down {
    /// Returns what an event is as a frame; none if it is no audio.
    #[must_use]
    pub fn of(stamped: &Stamped) -> Option<Down> {
        let Event::Audio(audio) = &stamped.event else { return None };
        let offset = samples(audio.rate, audio.offset);
        Some(Down { seq: stamped.seq, turn: audio.turn, rate: audio.rate, offset, pcm: audio.pcm.clone() })
    }

    /// Writes the frame.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut frame = header(DOWN, self.rate, DOWN_HEADER + self.pcm.len());
        frame.put_u64_le(self.seq);
        frame.put_u64_le(self.turn);
        frame.put_u64_le(self.offset);
        frame.put_slice(&self.pcm);
        frame.freeze()
    }

    /// Reads a frame, without copying its samples.
    ///
    /// # Errors
    /// `Invalid`, code `frame`: it is too short, of another version or kind, or has no such rate or no whole samples.
    pub fn decode(frame: Bytes) -> Result<Down> {
        let (rate, mut rest) = open(frame, DOWN, DOWN_HEADER)?;
        let (seq, turn, offset) = (rest.get_u64_le(), rest.get_u64_le(), rest.get_u64_le());
        Ok(Down { seq, turn, rate, offset, pcm: rest })
    }
}

impl Up {
    /// Writes the frame.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut frame = header(UP, self.rate, UP_HEADER + self.pcm.len());
        frame.put_slice(&self.pcm);
        frame.freeze()
    }

    /// Reads a frame, without copying its samples.
    ///
    /// # Errors
    /// As [`Down::decode`].
    pub fn decode(frame: Bytes) -> Result<Up> {
        let (rate, pcm) = open(frame, UP, UP_HEADER)?;
        Ok(Up { rate, pcm })
    }
}

fn header(kind: u8, rate: SampleRate, length: usize) -> BytesMut {
    let mut frame = BytesMut::with_capacity(length);
    frame.put_slice(&[VERSION, kind, 0, 0]);
    frame.put_u32_le(rate.hz());
    frame
}

/// Checks a frame; returns its rate and what is behind the part that all headers share, which is as long as promised.
fn open(mut frame: Bytes, kind: u8, header: usize) -> Result<(SampleRate, Bytes)> {
    let length = frame.len();
    if length < header {
        return Err(wrong(format!("A frame of {length} bytes is shorter than its header of {header}.")));
    }
    whole_samples(&frame[header..]).map_err(|error| wrong(error.message().to_owned()))?;
    match (frame.get_u8(), frame.get_u8(), frame.get_u16_le()) {
        (VERSION, found, 0) if found == kind => {}
        (VERSION, found, 0) => return Err(wrong(format!("A frame of kind {kind} was expected, this one is {found}."))),
        (VERSION, _, _) => return Err(wrong("The third and fourth byte of a frame are zero.".to_owned())),
        (version, _, _) => return Err(wrong(format!("Frames are of version {VERSION}, this one is of {version}."))),
    }
    let rate = SampleRate::try_from(frame.get_u32_le()).map_err(|error| wrong(error.message().to_owned()))?;
    Ok((rate, frame))
}

/// Offsets are sums of times that were each cut to a nanosecond: the nearest sample is the one that is meant.
fn samples(rate: SampleRate, offset: Duration) -> u64 {
    let half = NANOS / 2;
    u64::try_from((offset.as_nanos() * u128::from(rate.hz()) + half) / NANOS).unwrap_or(u64::MAX)
}

fn wrong(sentence: String) -> Error {
    Error::new(ErrorKind::Invalid, sentence).with_code("frame")
}

impl fmt::Debug for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Down(seq {}, turn {}, {} bytes at {})", self.seq, self.turn, self.pcm.len(), self.offset)
    }
}

impl fmt::Debug for Up {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Up({} bytes, {})", self.pcm.len(), self.rate)
    }
}

const NANOS: u128 = 1_000_000_000;
