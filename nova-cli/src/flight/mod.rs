//! Flight logs: asking for one, reading one, and what happened in it.

pub(crate) mod file;
pub(crate) mod options;
pub(crate) mod outline;
