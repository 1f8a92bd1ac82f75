//! An error on its way to the client, in either of its two forms (reference §1.8).

use http::StatusCode;
use serde_json::{Map, Value};

use crate::{Exception, ExceptionKind, sigv4::Refusal};

/// An error that can go as an HTTP answer or inside a stream.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// `x-amzn-errortype`, and the code of an unmodelled error message.
    pub(crate) name: String,
    /// The member of the output stream, if it has one.
    pub(crate) member: Option<&'static str>,
    pub(crate) message: String,
    extra: Map<String, Value>,
}

impl Failure {
    pub(crate) fn new(kind: ExceptionKind, message: impl Into<String>) -> Self {
        Self::from(Exception::new(kind, message))
    }

    /// An error outside the model, with the status it has over HTTP.
    pub(crate) fn unmodelled(status: StatusCode, name: &str, message: impl Into<String>) -> Self {
        Self { status, name: name.to_owned(), member: None, message: message.into(), extra: Map::new() }
    }

    /// What the service says to anything that is not an event in its frames (§4.4, PARSE).
    pub(crate) fn unparsable() -> Self {
        let text = "Unable to parse input chunk. Please check input format contains correct format.";
        Self::new(ExceptionKind::Validation, text)
    }

    /// The JSON that goes with it, over HTTP and in a stream alike.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = self.extra.clone();
        body.insert("message".to_owned(), Value::from(self.message.clone()));
        Value::Object(body).to_string().into_bytes()
    }
}

impl From<Exception> for Failure {
    fn from(exception: Exception) -> Self {
        let kind = exception.kind;
        let mut extra = Map::new();
        let members = [
            ("originalStatusCode", exception.original_status.map(Value::from)),
            ("originalMessage", exception.original_message.map(Value::from)),
            ("resourceName", exception.resource_name.map(Value::from)),
        ];
        extra.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Self {
            status: StatusCode::from_u16(kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            name: kind.name().to_owned(),
            member: kind.member(),
            message: exception.message,
            extra,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::unmodelled(StatusCode::FORBIDDEN, refusal.name(), refusal.to_string())
    }
}
