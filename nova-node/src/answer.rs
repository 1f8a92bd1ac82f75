//! What goes back to a client, as JavaScript is given it, and failures that begin there.

use bedrock_nova::{Error, ErrorKind};
use bedrock_nova_server::{Answer, Failure};
use napi::Env;
use napi::bindgen_prelude::{BufferSlice, ToNapiValue, Unknown};
use napi_derive::napi;

/// A failure of JavaScript's own.
#[napi(object)]
pub struct Refusal {
    /// JSON of the error.
    pub error: String,
    /// The status; without it that which the error means.
    pub status: Option<u16>,
    /// The header `WWW-Authenticate`.
    pub authenticate: Option<String>,
}

/// What is told of a failure, as `[answer, message, close code, reason]`: the first for a request, the others for a
/// WebSocket.
#[napi]
pub fn refuse<'e>(env: &'e Env, refusal: Refusal) -> napi::Result<Unknown<'e>> {
    let failure = Failure::from(&refusal);
    let (message, code, reason) = told(&failure);
    (answer(env, failure.answer())?, message, code, reason).into_unknown(env)
}

impl From<&Refusal> for Failure {
    fn from(refusal: &Refusal) -> Failure {
        let error = of_javascript(&refusal.error);
        let failure = match refusal.status {
            Some(status) => Failure::new(status, error),
            None => Failure::from(error),
        };
        match &refusal.authenticate {
            Some(scheme) => failure.with_header("www-authenticate", scheme),
            None => failure,
        }
    }
}

/// Reads an error as JavaScript writes it.
fn of_javascript(json: &str) -> Error {
    let fields: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let words = |name: &str| fields[name].as_str().map(str::to_owned);
    let kind = words("kind").and_then(|name| ErrorKind::ALL.into_iter().find(|kind| kind.as_str() == name));
    let mut error = Error::new(kind.unwrap_or(ErrorKind::Bug), words("message").unwrap_or_default());
    if let Some(code) = words("code") {
        error = error.with_code(code);
    }
    if let Some(retryable) = fields["retryable"].as_bool() {
        error = error.with_retryable(retryable);
    }
    if let Some(hint) = words("hint") {
        error = error.with_hint(hint);
    }
    error.with_request_id(words("requestId"))
}

/// Makes `[status, names and values of headers in turns, body]`.
pub(crate) fn answer<'e>(env: &'e Env, answer: Answer) -> napi::Result<Unknown<'e>> {
    let Answer { status, headers, body, .. } = answer;
    let headers: Vec<String> = headers.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    (status, headers, BufferSlice::copy_from(env, &body)?).into_unknown(env)
}

/// What a WebSocket is told of a failure: a message, the code that it closes with, and the reason.
pub(crate) fn told(failure: &Failure) -> (String, u16, String) {
    let message = String::from_utf8_lossy(&failure.message()).into_owned();
    (message, failure.close_code(), failure.code().to_owned())
}
