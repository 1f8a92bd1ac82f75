//! The service's numbers that do not depend on the model; those that do stand in the [catalogue](crate::model).

use std::time::Duration;

/// Audio that a new audio block must have taken before typed text is answered: 68 ms suffice, 66 ms do not
/// (reference §6.4, measured).
pub const TEXT_NEEDS_AUDIO: Duration = Duration::from_millis(68);

/// Silence that a client should put in front of every new audio block: the safe figure above
/// [`TEXT_NEEDS_AUDIO`] (reference §6.4).
pub const PRIMING: Duration = Duration::from_millis(100);

/// Silence of the user after which the service may cut the stream with `E-531` (reference §4.5: about 175–180 s).
pub const SILENCE_CUT: Duration = Duration::from_secs(175);

/// Time without audio or interactive content after which the service ends a session (reference §4.5: 55 s, or 295 s).
pub const NO_INPUT_CUT: Duration = Duration::from_secs(55);

/// How long a client waits for `completionEnd` after `sessionEnd` before it ends its input (reference §4.6).
pub const CLOSING: Duration = Duration::from_secs(5);

/// Bytes of text in one `textInput`; longer text goes in several (reference §2.4, classic guidance of 1 KB).
pub const TEXT_PIECE_BYTES: usize = 1_000;

/// Audio in one `audioInput`; longer audio goes in several (reference §4.5: 20–100 ms are common).
pub const AUDIO_PIECE: Duration = Duration::from_millis(100);

/// Bytes of one whole event, which travels as one `bytes` blob (reference §1.3, service model).
pub const EVENT_BYTES: usize = 1_000_000;

/// Bound of `maxTokens` for a model whose own bound is unknown (reference §2.1: what a client in the field allows).
pub const MAX_TOKENS: u32 = 10_000;

/// Bytes of audio events that may wait in a session until they are polled; ours, about a minute at 24 kHz.
pub const WAITING_AUDIO_BYTES: usize = 4 << 20;
