//! What goes back to a client; failures have one form, wherever they come from.

use bedrock_nova::sonic::api;
use bedrock_nova::{Error, ErrorKind};
use bytes::Bytes;
use serde::Serialize;

use crate::route::Method;

/// An answer, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Names, in small letters, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    pub(crate) fn of(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Answer { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        Answer::of(status, "application/json", written(body))
    }
}

/// A failure, as a client is told of it: an error, the HTTP status that it means, and what belongs into the headers.
#[derive(Clone, Debug)]
pub struct Failure {
    status: u16,
    error: Error,
    headers: Vec<(&'static str, String)>,
}

impl Failure {
    /// Makes the failure that a server itself answers with.
    pub fn new(status: u16, error: Error) -> Self {
        Failure { status, error, headers: Vec::new() }
    }

    /// Adds a header; its name is in small letters.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// There is no such path.
    #[must_use]
    pub fn no_such_route() -> Self {
        Failure::new(
            404,
            invalid("no-such-route", "There is no such route.").with_hint("See /docs for those there are."),
        )
    }

    /// The path has other methods.
    pub fn method(allowed: impl IntoIterator<Item = Method>) -> Self {
        let allowed = allowed.into_iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let error = invalid("method", "The route has no such method.").with_hint(format!("It has {allowed}."));
        Failure::new(405, error).with_header("allow", allowed)
    }

    /// The body is too large.
    #[must_use]
    pub fn too_large(most: usize) -> Self {
        let error = invalid("body-too-large", format!("The body is larger than {most} bytes."));
        Failure::new(413, error.with_hint("Send audio in pieces of some seconds."))
    }

    /// The request is malformed.
    pub fn request(sentence: impl Into<String>) -> Self {
        Failure::new(400, invalid("request", sentence))
    }

    /// Returns the HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.error.code()
    }

    /// Returns the error.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns the answer to a request.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let mut answer = Answer::json(self.status, &Told { kind: None, error: Fields::of(&self.error) });
        answer.headers.extend(self.headers.iter().cloned());
        if self.comes_back() && !answer.headers.iter().any(|(name, _)| *name == "retry-after") {
            answer.headers.push(("retry-after", "1".to_owned()));
        }
        answer
    }

    /// Returns the message of a WebSocket.
    #[must_use]
    pub fn message(&self) -> Bytes {
        written(&Told { kind: Some("error"), error: Fields::of(&self.error) })
    }

    /// Returns the code with which a WebSocket closes after it; its reason is [`code`](Self::code).
    #[must_use]
    pub fn close_code(&self) -> u16 {
        4000 + self.status
    }

    fn comes_back(&self) -> bool {
        matches!(self.status, 429 | 503) && self.error.is_retryable()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let error = match (error.code(), error.hint()) {
            ("request", None) => error.with_hint("See /docs for what the route takes."),
            _ => error,
        };
        Failure::new(api::status(&error), error)
    }
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    error: Fields<'a>,
}

/// The six fields.
#[derive(Serialize)]
struct Fields<'a> {
    kind: ErrorKind,
    code: &'a str,
    message: &'a str,
    retryable: bool,
    request_id: Option<&'a str>,
    hint: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn of(error: &'a Error) -> Self {
        Fields {
            kind: error.kind(),
            code: error.code(),
            message: error.message(),
            retryable: error.is_retryable(),
            request_id: error.request_id(),
            hint: error.hint(),
        }
    }
}

pub(crate) fn invalid(code: &'static str, sentence: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, sentence).with_code(code)
}

/// Writes JSON of our own making.
#[allow(clippy::expect_used, reason = "every field is a string, a finite number, or JSON already")]
pub(crate) fn written(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).expect("what the server writes can be written").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_its_six_fields_and_says_when_to_come_back() {
        let full = Error::new(ErrorKind::Limit, "It is full.").with_code("pool-full").with_retryable(true);
        let answer = Failure::from(full).answer();
        assert_eq!(answer.status, 429);
        assert!(answer.headers.contains(&("retry-after", "1".to_owned())));
        assert_eq!(
            answer.body,
            r#"{"error":{"kind":"limit","code":"pool-full","message":"It is full.","retryable":true,"request_id":null,"hint":null}}"#
        );
    }

    #[test]
    fn a_socket_is_told_the_same() {
        let failure = Failure::request("That is no number.");
        assert_eq!((failure.close_code(), failure.code()), (4400, "request"));
        assert!(failure.message().starts_with(br#"{"type":"error","error":{"kind":"invalid","#));
    }
}
