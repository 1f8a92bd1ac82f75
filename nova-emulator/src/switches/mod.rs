//! Every doubtful behaviour of the service, as a named switch (reference §6.6 and §7.3).
//!
//! A switch is written `name=position` on a command line and `"name": "position"` in a scenario file.
//! [`Switches::catalogue`] lists them all; the default position is what the reference holds for likeliest.

mod positions;
mod table;

pub use positions::*;
pub use table::{SwitchRow, SwitchSyntax, Switches};
