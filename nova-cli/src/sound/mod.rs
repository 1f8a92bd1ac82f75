//! Sound files and loudspeakers: reading recordings, changing their rate, playing answers.

pub(crate) mod clip;
pub(crate) mod player;
pub(crate) mod resample;
pub(crate) mod wav;
