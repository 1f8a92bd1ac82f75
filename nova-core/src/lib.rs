//! Amazon Nova for products: speech as a typed conversation.

pub mod audio;
mod error;
pub mod ids;
pub mod model;
pub mod sonic;
pub mod transport;

pub use error::{Error, ErrorKind, Result};
