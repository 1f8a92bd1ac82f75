//! What a run leaves behind: a stereo sound file, the transcript, the events and a picture, all on one time line.

pub(crate) mod envelope;
pub(crate) mod events;
pub(crate) mod folder;
pub(crate) mod loudspeaker;
pub(crate) mod recorder;
pub(crate) mod story;
pub(crate) mod tape;
pub(crate) mod transcript;
