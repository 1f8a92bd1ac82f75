//! AWS's signature, version 4, as a server sees it: the request's seed, and the chain of event signatures behind it
//! (reference §1.2, §1.5).

mod canonical;
mod chain;
mod credentials;
mod refusal;
mod stamp;
mod verifier;

pub use chain::{Chain, ChainError};
pub use credentials::Credentials;
pub use refusal::Refusal;
pub use stamp::Stamp;
pub use verifier::{Bearer, Skew, Verifier};

pub(crate) use canonical::percent_decode;
