//! The transport to Amazon Bedrock, or to a local one, through the AWS SDK over an HTTP client of our own.
//!
//! The SDK brings marshalling, signatures, endpoints and credentials; the HTTP client below it brings what a voice
//! service needs of HTTP/2: PING, stream limits, small buffers and streams that die when they are dropped.
//!
//! # Logs
//!
//! No payload, secret key or session token is in any log above `trace`, the SDK's included; a test holds a call with
//! planted secrets against it. The SDK's own `debug` lines do show the *id* of the access key, which opens nothing by
//! itself; a filter such as `debug,aws_smithy_runtime=info` keeps it out. `trace` is for nobody's production: there the
//! SDK and the HTTP/2 layer may show anything.

mod builder;
mod failure;
mod http;
mod identity;
mod link;
mod open;
mod settings;

pub use builder::Builder;
pub use open::Bedrock;
