//! What the server is told at its start.

use std::num::NonZeroUsize;

use crate::{Settings, sigv4::Verifier};

/// The settings of all streams.
#[derive(Debug, Clone)]
pub(crate) struct ServerSettings {
    /// What every session starts from; its model comes from the request, its seed is counted on.
    pub(crate) session: Settings,
    /// Who may call.
    pub(crate) verifier: Verifier,
    /// SETTINGS_MAX_CONCURRENT_STREAMS of a connection.
    pub(crate) streams_per_connection: u32,
    /// How many streams there may be in all; the next gets a ThrottlingException.
    pub(crate) streams_in_all: usize,
    /// The largest piece that is written at once.
    pub(crate) split: Option<NonZeroUsize>,
}
