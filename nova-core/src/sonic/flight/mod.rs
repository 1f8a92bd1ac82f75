//! The flight log: everything that went into a call and came out of it, so that it can be played again.
//!
//! A [`Call`](crate::sonic::conversation::Call) asks nobody for anything, so the same inputs at the same times give the
//! same outputs. A log holds both, one JSON object a line: what the call was begun with, then what happened, in order.
//!
//! ```text
//! {"flightLog":1,"version":"0.1.0","words":"redacted","seed":7,"config":{…},"catalogue":{…}}
//! {"out":"open","link":1,"target":{…},"opening":[…]}
//! {"now":0.183,"in":"opened","link":1,"requestId":"5b1e…"}
//! {"out":"event","seq":1,"atMs":183.0,"type":"connected","requestId":"5b1e…"}
//! {"out":"wait","until":0.283}
//! {"end":{"inputs":1,"outputs":3}}
//! ```
//!
//! Times are seconds since the call began. A payload is the text of its event; digital silence in it is written as the
//! number of its base64 letters. A command that the call refused is followed by `{"refused":…}`; lines that the writer
//! had no room for are told as `{"missing":{"inputs":…,"outputs":…}}`, never left out in silence.
//!
//! Without asking for more, a log is [redacted](Words::Redacted), and can be played again all the same: see [`Words`].
//!
//! | file | concern |
//! |---|---|
//! | `log` | writes the lines |
//! | `rerun` | plays the lines through today's code |
//! | `difference` | where two outputs part |
//! | `veil` | which words a log holds, and where |
//! | `payload` | the same inside the events of the service |
//! | `ink` | what stands instead of words and numbers |
//! | `compact` | how payloads, sound and times are written |
//! | `recorder` | the writer beside a living call |

pub(crate) mod compact;
mod difference;
mod ink;
mod log;
mod payload;
mod rerun;
mod veil;

#[cfg(feature = "runtime")]
pub(super) mod recorder;

pub use difference::Difference;
pub use log::{Log, Tally, Words};
pub use rerun::{Rerun, Step};
