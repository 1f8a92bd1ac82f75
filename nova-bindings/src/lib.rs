//! What the Python wheel and the Node package have in common: everything between the core and a language that is no
//! conversion.
//!
//! Both work alike. No thread of the core calls into the language. Whoever has news rings the bell of an event loop under
//! a token; the loop's own thread then polls what the token stands for, straight from the core. So there is no second
//! queue, a wait that is given up loses nothing, and a busy interpreter does not hold up the network.
//!
//! | file | concern |
//! |---|---|
//! | `ring` | a bell, as the core's threads see it |
//! | `runtime` | the threads below, begun at the first use |
//! | `op` | one act that takes time: connect, close, a text |
//! | `source` | the events of a call, in three forms |
//! | `wishes` | tools, and whatever else the language is asked to do |
//! | `describe` | options of a call, or of a pool, into a builder |
//! | `way` | a transport that is made when the first call needs it |
//! | `facts` | models, kinds of errors, what a snapshot holds |

pub mod describe;
pub mod facts;
mod op;
mod ring;
mod runtime;
mod source;
mod way;
mod wishes;

pub use op::Op;
pub use ring::{Ring, Rope, Tokens};
pub use runtime::{begun, runtime};
pub use source::{Next, Source};
pub use way::Way;
pub use wishes::{News, Wishes};
