//! An error of the core on its way to the package's own classes: JSON in the message, which TypeScript reads again.

use bedrock_nova::Error;
use serde_json::{Value, json};

/// Makes what is thrown.
pub(crate) fn thrown(error: &Error) -> napi::Error {
    let mut fields = json!(error);
    if let (Value::Object(fields), Some(cause)) = (&mut fields, std::error::Error::source(error)) {
        fields.insert("cause".to_owned(), Value::String(cause.to_string()));
    }
    napi::Error::from_reason(fields.to_string())
}

/// Throws a failure.
pub(crate) fn raise<T>(result: bedrock_nova::Result<T>) -> napi::Result<T> {
    result.map_err(|error| thrown(&error))
}
