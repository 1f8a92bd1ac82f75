//! One file for each verb of the command line.

pub(crate) mod demo;
pub(crate) mod emulate;
pub(crate) mod models;
pub(crate) mod probe;
pub(crate) mod replay;
pub(crate) mod serve;
pub(crate) mod talk;
pub(crate) mod voices;
