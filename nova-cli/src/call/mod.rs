//! Holding a call: sending recordings turn by turn, hearing the answers, writing everything down.

pub(crate) mod feed;
pub(crate) mod floor;
pub(crate) mod hold;
pub(crate) mod stop;
