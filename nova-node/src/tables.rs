//! What belongs to no call.

use bedrock_nova::sonic::observe::prometheus;
use bedrock_nova_bindings::facts;
use napi_derive::napi;

use crate::errors::raise;

/// The version of the package, which is that of the library.
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The numbers of all pools of this process, in the text form of Prometheus; nothing before the first.
#[napi]
pub fn metrics() -> String {
    prometheus::text()
}

/// The speech models of the built-in catalogue, as a JSON list.
#[napi]
pub fn models() -> String {
    facts::models()
}

/// The kinds of errors.
#[napi]
pub fn kinds() -> Vec<&'static str> {
    facts::kinds()
}

/// What was said in the call of a snapshot: a JSON list of `role` and `text`.
#[napi]
pub fn history(snapshot: String) -> napi::Result<String> {
    raise(facts::history(snapshot.as_bytes()))
}

/// A tool's schema without what the service refuses of one.
#[napi]
pub fn plain_schema(schema: String) -> napi::Result<String> {
    raise(facts::plain(&schema))
}

/// The HTTP status with which a server tells of an error.
#[napi]
pub fn status(kind: String, code: String) -> u16 {
    facts::status(&kind, &code)
}
