//! What a piece of audio says about itself, in its own first samples.

use std::time::Duration;

/// The history of one piece, by [`clock::now`](crate::clock::now).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Counts the pieces of one direction of one call.
    pub(crate) seq: u32,
    /// When a live source would have had it.
    pub(crate) due: Duration,
    /// When it was handed over.
    pub(crate) sent: Duration,
}

impl Stamp {
    /// Writes itself over the beginning of some PCM of at least [`BYTES`].
    pub(crate) fn write(&self, pcm: &mut [u8]) {
        let parts =
            [&MARK[..], &self.seq.to_le_bytes(), &nanos(self.due).to_le_bytes(), &nanos(self.sent).to_le_bytes()];
        pcm[..BYTES].copy_from_slice(&parts.concat());
    }

    /// Reads itself from the beginning of some PCM; silence that somebody filled in has none.
    pub(crate) fn read(pcm: &[u8]) -> Option<Self> {
        let (mark, rest) = pcm.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (due, rest) = rest.split_first_chunk()?;
        let (sent, _) = rest.split_first_chunk()?;
        let time = |bytes: &[u8; 8]| Duration::from_nanos(u64::from_le_bytes(*bytes));
        (mark == MARK).then(|| Stamp { seq: u32::from_le_bytes(*seq), due: time(due), sent: time(sent) })
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Length of a stamp; in base64 it ends where a group of four characters ends.
pub(crate) const BYTES: usize = 24;
const MARK: &[u8; 4] = b"NOVA";
