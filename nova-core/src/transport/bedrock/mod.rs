//! The transport to Amazon Bedrock, or to a local one, through the AWS SDK over an HTTP client of our own.
//!
//! The SDK brings marshalling, signatures, endpoints and credentials; the HTTP client below it brings what a voice
//! service needs of HTTP/2: PING, stream limits, small buffers and streams that die when they are dropped.

mod builder;
mod failure;
mod http;
mod identity;
mod link;
mod open;
mod settings;

pub use builder::Builder;
pub use open::Bedrock;
