//! What waits in a call, and what was given up, at one moment: for whoever asks why a call lags.
//!
//! Everything here is counted where it happens and read on demand. A full queue on the way up points to the link, or to an
//! application that hands over more than real time; sound that nobody hears, to a reader that does not read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a call stands in this process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stats {
    /// The call itself.
    pub call: CallStats,
    /// Pieces of audio, of 100 ms at most, that the call has not taken yet: it has as much as it may have.
    pub audio_pieces_waiting: usize,
    /// How many of them may wait; `send_audio` waits then, and `try_send_audio` refuses.
    pub audio_pieces_bound: usize,
    /// The events on their way to the application.
    pub log: LogStats,
}

/// What the call has in hand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallStats {
    /// The time of all this, since the call began.
    #[serde(rename = "atMs", with = "crate::sonic::millis")]
    pub at: Duration,
    /// Sessions that were put to use, over all processes.
    pub sessions: u32,
    /// Attempts at another session after a loss, since the last session that lasted.
    pub attempts: u32,
    /// How long the link of the session in use has taken nothing that it was given; nothing where no session is in use.
    #[serde(rename = "blockedMs", with = "crate::sonic::millis")]
    pub blocked: Duration,
    /// Audio that waits to be sent, of the microphone, of a file, and what is told again.
    #[serde(rename = "audioWaitingMs", with = "crate::sonic::millis")]
    pub audio_waiting: Duration,
    /// How much live audio may wait; then the oldest goes. Of a file four tenths of a second wait, and then its sender.
    #[serde(rename = "audioBoundMs", with = "crate::sonic::millis")]
    pub audio_bound: Duration,
    /// Audio that was handed over in this process and given up, for whatever reason; what is told of it by
    /// [`InputDropped`](crate::sonic::Event::InputDropped) may be a second behind.
    #[serde(rename = "audioDroppedMs", with = "crate::sonic::millis")]
    pub audio_dropped: Duration,
    /// Typed texts that wait to be sent, the call's own among them.
    pub texts_waiting: usize,
    /// How many may wait; a further one is refused.
    pub texts_bound: usize,
    /// Tools that run or wait for their moment.
    pub tools: usize,
    /// How many may; a further one is refused.
    pub tools_bound: usize,
    /// Turns that are not over.
    pub turns: usize,
}

/// What the log of a call holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LogStats {
    /// Events that are kept; without [sharing](crate::sonic::Conversation::share) those that were not read yet.
    pub events: usize,
    /// Sound among them that nobody has taken to be played.
    #[serde(rename = "unheardMs", with = "crate::sonic::millis")]
    pub unheard: Duration,
    /// How much of it may wait; then the oldest goes.
    #[serde(rename = "unheardBoundMs", with = "crate::sonic::millis")]
    pub unheard_bound: Duration,
    /// Memory of the events, by an estimate.
    pub bytes: usize,
    /// Memory of the JSON that is kept beside them.
    pub json_bytes: usize,
    /// Readers of a shared call; one without sharing.
    pub readers: usize,
    /// Events that readers were told they miss, by [`Gap`](crate::sonic::Event::Gap); each for each reader.
    pub missed: u64,
    /// Sound among these.
    #[serde(rename = "missedSoundMs", with = "crate::sonic::millis")]
    pub missed_sound: Duration,
}
