//! Many sessions, one call, as a pure machine.
//!
//! | file | concern |
//! |---|---|
//! | `io` | what goes in and comes out |
//! | `call` | the machine itself: phases, links, time, what is told |
//! | `lines` | the links of a call: in use, kept ready, making room |
//! | `line` | one session on one link |
//! | `sending` | what the application says, and what goes out |
//! | `audio_in` | the user's audio: pace, silence, priming |
//! | `tape` | where the user's audio went, and its last seconds |
//! | `hearing` | the service's events made into turns, lines and sound |
//! | `review` | a sentence looked at before anybody hears it |
//! | `turns` | each turn ended exactly once |
//! | `transcript` | each line shown once, announced first, then as spoken and heard |
//! | `playback` | how much of an answer was heard |
//! | `tools` | each tool call answered exactly once |
//! | `asides` | what the call itself says to the model, and when |
//! | `history` | what was said before that, and all of it in the shape the model takes |
//! | `usage` | tokens over all sessions |
//! | `budget` | what a call may use |
//! | `keeping` | when a snapshot is to be kept |
//! | `resuming` | a call written down, and taken up again |
//! | `renewal` | another session before the one in use is cut |
//! | `recovery` | another session after a passing failure |
//! | `idle` | a call that nobody ends |
//! | `closing` | the orderly end |
//! | `stats` | how the call stands, for an operator |

mod asides;
mod audio_in;
mod budget;
mod call;
mod closing;
mod hearing;
mod history;
mod idle;
mod io;
mod keeping;
mod line;
mod lines;
mod playback;
mod recovery;
mod renewal;
mod resuming;
mod review;
mod sending;
mod stats;
mod tape;
mod tools;
mod transcript;
mod turns;
mod usage;

pub use call::Call;
pub use io::{AudioPolicy, Input, LinkKey, Output, Verdict};
