//! What belongs to no call: the models, the kinds of errors, what a snapshot holds.

use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::Snapshot;
use bedrock_nova::sonic::session::plain_schema;
use bedrock_nova::{Error, ErrorKind, Result};
use serde_json::json;

/// Returns the speech models of the built-in catalogue, as a JSON list.
pub fn models() -> String {
    json!(Catalogue::built_in().speech().map(|model| model.facts().clone()).collect::<Vec<_>>()).to_string()
}

/// Returns the kinds of errors.
pub fn kinds() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

/// Returns what was said in the call of a snapshot: a JSON list of `role` and `text`.
///
/// # Errors
/// `Invalid` for a snapshot that cannot be read.
pub fn history(snapshot: &[u8]) -> Result<String> {
    let snapshot = Snapshot::from_json(snapshot)?;
    Ok(json!(snapshot.history().collect::<Vec<_>>()).to_string())
}

/// Returns a tool's schema with the keywords that the service refuses left out or written otherwise.
///
/// # Errors
/// `Invalid`, code `tools`, for what is no JSON.
pub fn plain(schema: &str) -> Result<String> {
    let schema = serde_json::from_str(schema).map_err(|cause| {
        Error::new(ErrorKind::Invalid, format!("A tool's schema cannot be read: {cause}.")).with_code("tools")
    })?;
    Ok(plain_schema(&schema).to_string())
}

/// Returns the HTTP status with which a server tells of an error.
pub fn status(kind: &str, code: &str) -> u16 {
    let kind = ErrorKind::ALL.into_iter().find(|known| known.as_str() == kind).unwrap_or(ErrorKind::Bug);
    bedrock_nova::sonic::api::status(&Error::new(kind, "").with_code(code))
}
