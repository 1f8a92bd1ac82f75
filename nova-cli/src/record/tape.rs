//! One stereo sound file on one time line: left what the user sent, right what a loudspeaker played.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::envelope::Envelope;
use crate::report::Problem;

/// How far the file stays behind the present. What is younger can still be changed by an interruption.
const BEHIND: Duration = Duration::from_millis(500);

/// How much sound may wait for its time to come. A service that is further ahead loses the rest, which is counted.
const AHEAD: Duration = Duration::from_secs(600);

/// Which of the two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// The user, left.
    User,
    /// The assistant, right.
    Nova,
}

/// The sound file while it grows. It is a valid WAV file after every write.
pub(crate) struct Tape {
    writer: WavWriter<BufWriter<File>>,
    rate: u32,
    written: u64,
    user: Side,
    nova: Side,
    lost: Duration,
}

#[derive(Default)]
struct Side {
    /// Samples from the frame `written` on.
    pending: VecDeque<i16>,
    envelope: Envelope,
}

impl Tape {
    /// Begins a file with `rate` frames a second.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn create(path: &Path, rate: u32) -> Result<Self, Problem> {
        let spec = WavSpec { channels: 2, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut writer = WavWriter::create(path, spec).map_err(|error| unwritable(path, &error))?;
        writer.flush().map_err(|error| unwritable(path, &error))?;
        Ok(Tape { writer, rate, written: 0, user: Side::default(), nova: Side::default(), lost: Duration::ZERO })
    }

    /// Puts mono samples on a channel so that they begin at `at`, or behind what is there already if that is later.
    /// Returns where they begin.
    pub(crate) fn place(&mut self, channel: Channel, at: Duration, samples: &[i16]) -> Duration {
        let (written, rate) = (self.written, self.rate);
        let side = self.side(channel);
        let end = written + side.pending.len() as u64;
        let begin = frames(at, rate).max(end);
        if begin + samples.len() as u64 > written + frames(AHEAD, rate) {
            self.lost += time(samples.len() as u64, rate);
            return time(begin, rate);
        }
        side.pending.extend(std::iter::repeat_n(0, (begin - end) as usize));
        side.pending.extend(samples);
        time(begin, rate)
    }

    /// Takes back what was to sound at or after `at`.
    pub(crate) fn cut(&mut self, channel: Channel, at: Duration) {
        let keep = frames(at, self.rate).saturating_sub(self.written) as usize;
        self.side(channel).pending.truncate(keep);
    }

    /// Writes everything that can no longer change at `now`.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn settle(&mut self, now: Duration) -> Result<(), Problem> {
        self.write_until(frames(now.saturating_sub(BEHIND), self.rate))
    }

    /// Writes everything up to the end of the longer side, and at least up to `end`.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn finish(&mut self, end: Duration) -> Result<(), Problem> {
        let longest = self.user.pending.len().max(self.nova.pending.len()) as u64;
        self.write_until((self.written + longest).max(frames(end, self.rate)))
    }

    /// Returns how much sound the file holds.
    pub(crate) fn length(&self) -> Duration {
        time(self.written, self.rate)
    }

    /// Returns how much of the assistant's sound found no room because it came too far ahead of its time.
    pub(crate) fn lost(&self) -> Duration {
        self.lost
    }

    /// Returns how loud a channel was over time.
    pub(crate) fn envelope(&self, channel: Channel) -> &Envelope {
        match channel {
            Channel::User => &self.user.envelope,
            Channel::Nova => &self.nova.envelope,
        }
    }

    fn write_until(&mut self, frame: u64) -> Result<(), Problem> {
        if frame <= self.written {
            return Ok(());
        }
        let rate = self.rate;
        while self.written < frame {
            for side in [&mut self.user, &mut self.nova] {
                let sample = side.pending.pop_front().unwrap_or(0);
                side.envelope.push(sample, rate);
                self.writer.write_sample(sample).map_err(|error| disk(&error))?;
            }
            self.written += 1;
        }
        self.writer.flush().map_err(|error| disk(&error))
    }

    fn side(&mut self, channel: Channel) -> &mut Side {
        match channel {
            Channel::User => &mut self.user,
            Channel::Nova => &mut self.nova,
        }
    }
}

fn frames(at: Duration, rate: u32) -> u64 {
    (at.as_secs_f64() * f64::from(rate)).round() as u64
}

fn time(frames: u64, rate: u32) -> Duration {
    Duration::from_secs_f64(frames as f64 / f64::from(rate))
}

fn unwritable(path: &Path, error: &hound::Error) -> Problem {
    Problem::usage("unwritable-out", format!("{} cannot be written: {error}.", path.display()))
        .hint("Choose another folder with --out, or make this one writable.")
}

fn disk(error: &hound::Error) -> Problem {
    Problem::new("disk", format!("The sound file could not be written any further: {error}."))
        .hint("Check that the disk is not full; what was written so far is a valid file.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn read(path: &Path) -> (Vec<i16>, Vec<i16>) {
        let samples: Vec<i16> = hound::WavReader::open(path).unwrap().samples().map(Result::unwrap).collect();
        (samples.iter().copied().step_by(2).collect(), samples.iter().copied().skip(1).step_by(2).collect())
    }

    #[test]
    fn both_sides_stand_where_they_sounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.wav");
        let mut tape = Tape::create(&path, 1000).unwrap();
        assert_eq!(tape.place(Channel::User, MS(10), &[5; 10]), MS(10));
        assert_eq!(tape.place(Channel::User, MS(15), &[6; 10]), MS(20));
        tape.place(Channel::Nova, MS(30), &[7; 100]);
        tape.cut(Channel::Nova, MS(50));
        tape.finish(MS(60)).unwrap();
        let (left, right) = read(&path);
        assert_eq!((left.len(), right.len()), (60, 60));
        assert_eq!(&left[8..32], &[[0; 2].as_slice(), &[5; 10], &[6; 10], &[0; 2]].concat());
        assert_eq!(&right[28..52], &[[0; 2].as_slice(), &[7; 20], &[0; 2]].concat());
    }

    #[test]
    fn the_file_is_valid_before_it_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.wav");
        let mut tape = Tape::create(&path, 1000).unwrap();
        assert_eq!(read(&path).0.len(), 0);
        tape.place(Channel::Nova, MS(0), &[9; 2000]);
        tape.settle(MS(1500)).unwrap();
        assert_eq!(read(&path).1, [9; 1000]);
        tape.cut(Channel::Nova, MS(400));
        tape.finish(MS(0)).unwrap();
        assert_eq!(read(&path).1.len(), 1000, "what was written stays written");
    }

    #[test]
    fn sound_too_far_ahead_is_counted_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut tape = Tape::create(&folder.path().join("t.wav"), 10).unwrap();
        tape.place(Channel::Nova, MS(0), &[1; 6000]);
        tape.place(Channel::Nova, MS(0), &[1; 10]);
        assert_eq!(tape.lost(), MS(1000));
    }
}
