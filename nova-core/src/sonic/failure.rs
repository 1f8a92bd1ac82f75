//! What a failure means: the service's own words, and what broke on the way, turned into an [`Error`] that says whose
//! move it is. One table, matched by substring: the words around it change (reference §1.8, §4.4).

use crate::error::{Error, ErrorKind};
use crate::model::Model;
use crate::transport::Failure;

/// What a conversation can do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// Open a new session with the history so far.
    Reconnect,
    /// Open a new session with less history.
    ShrinkHistory,
    /// Nothing: it would fail again.
    Permanent,
}

/// Code of the service's vaguest refusal, "Invalid input request": among much else a stale tool result, and by one
/// report audio while a tool's result is pending (reference §4.2 note 3).
pub const INVALID_REQUEST: &str = "E-GEN";

/// Says what a failure means, for a session with a model.
#[must_use]
pub fn classify(failure: &Failure, model: &Model) -> Error {
    match failure {
        Failure::Service { name, status, message, request_id, original } => {
            let words = Words { name, status: *status, message, original: original.as_deref() };
            let id = request_id.clone().or_else(|| request_id_in(message));
            words.classify(model).with_request_id(id)
        }
        Failure::Credentials { code, message, hint } => {
            Error::new(ErrorKind::Denied, message).with_code(code).with_hint(hint.as_str())
        }
        Failure::Unreachable { code, message } => unreachable(code, message),
        Failure::Lost { message } => Error::new(ErrorKind::Transport, message)
            .with_code("lost")
            .with_hint("The connection broke; open a new session with the history so far."),
        Failure::Unreadable { message } => {
            Error::new(ErrorKind::Wire, message).with_code("unreadable").with_retryable(true)
        }
    }
}

/// Returns what can be done about an error that [`classify`] made, by its kind and code; other errors follow their
/// retry advice.
#[must_use]
pub fn recovery(error: &Error) -> Recovery {
    let mut rows = TEXTS.iter().chain(EXCEPTIONS);
    match rows.find(|row| row.kind == error.kind() && row.code == error.code()) {
        Some(row) => row.recovery,
        None if error.is_retryable() || error.kind() == ErrorKind::Wire => Recovery::Reconnect,
        None => Recovery::Permanent,
    }
}

/// Returns a code of the table; none for one that came from elsewhere.
#[cfg(feature = "metrics")]
pub(crate) fn listed(code: &str) -> Option<&'static str> {
    TEXTS.iter().chain(EXCEPTIONS).map(|row| row.code).find(|listed| *listed == code)
}

/// What the service said.
struct Words<'a> {
    name: &'a str,
    status: Option<u16>,
    message: &'a str,
    original: Option<&'a str>,
}

impl Words<'_> {
    fn classify(&self, model: &Model) -> Error {
        let row = TEXTS.iter().find(|row| row.says(self)).or_else(|| EXCEPTIONS.iter().find(|row| row.says(self)));
        let Some(row) = row else { return self.unlisted() };
        let error = Error::new(row.kind, self.sentence())
            .with_code(row.code)
            // What a filter took offence at is not said again, whatever is done about the rest.
            .with_retryable(row.recovery != Recovery::Permanent && row.kind != Filtered);
        match row.kind {
            ErrorKind::ModelRetired => error.with_hint(retired_hint(model)),
            _ => error.with_hint(row.hint),
        }
    }

    /// An exception of an unknown name goes by its HTTP status, or else counts as passing.
    fn unlisted(&self) -> Error {
        let (kind, hint) = match self.status {
            Some(401 | 403) => (ErrorKind::Denied, HINT_DENIED),
            Some(429) => (ErrorKind::Throttled, HINT_WAIT),
            Some(400..=499) => (ErrorKind::Invalid, "The service refuses the request; its sentence says why."),
            _ => (ErrorKind::Unavailable, HINT_AGAIN),
        };
        Error::new(kind, self.sentence()).with_code(lower_camel(self.name)).with_hint(hint)
    }

    fn sentence(&self) -> String {
        let mut sentence = format!("The service answered {}", self.name);
        if let Some(status) = self.status {
            sentence.push_str(&format!(" (HTTP {status})"));
        }
        if !self.message.is_empty() {
            sentence.push_str(&format!(": {}", self.message));
        }
        if let Some(original) = self.original.filter(|original| !original.is_empty()) {
            sentence.push_str(&format!(" [the model said: {original}]"));
        }
        sentence
    }
}

/// One line of the table.
struct Row {
    code: &'static str,
    /// Name of the exception; any if empty.
    exception: &'static str,
    /// Part of the service's sentence; any if empty.
    text: &'static str,
    kind: ErrorKind,
    recovery: Recovery,
    hint: &'static str,
}

impl Row {
    fn says(&self, words: &Words<'_>) -> bool {
        let said = |text: &str| text.contains(self.text);
        let name = self.exception.is_empty() || words.name.eq_ignore_ascii_case(self.exception);
        name && (said(words.message) || words.original.is_some_and(said))
    }
}

/// Finds `RequestId=…` in a sentence of the service's.
fn request_id_in(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("RequestId=")?;
    let id: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    (!id.is_empty()).then_some(id)
}

fn retired_hint(model: &Model) -> String {
    let id = model.id();
    match model.replacement() {
        Some(newer) => format!("{id} is retired; use {newer} (BEDROCK_MODEL_ID, or the model of the builder)."),
        None => format!("{id} is not available to this account any more; choose an active model."),
    }
}

fn unreachable(code: &str, message: &str) -> Error {
    let (kind, hint) = match code {
        "untrusted-certificate" => (
            ErrorKind::Transport,
            "Set AWS_CA_BUNDLE to the file of the authority that signed it, for the emulator its ca.pem.",
        ),
        "connect-timeout" => {
            (ErrorKind::Timeout, "Check the network, the region and AWS_ENDPOINT_URL_BEDROCK_RUNTIME.")
        }
        _ => (
            ErrorKind::Transport,
            "Check that the address is right (AWS_REGION, AWS_ENDPOINT_URL_BEDROCK_RUNTIME) and that something listens there.",
        ),
    };
    // An untrusted certificate stays untrusted.
    let retryable = code != "untrusted-certificate";
    Error::new(kind, message).with_code(code).with_hint(hint).with_retryable(retryable)
}

/// `ThrottlingException` becomes `throttlingException`, as it stands in the stream.
fn lower_camel(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => "unknown".to_owned(),
    }
}

const HINT_DENIED: &str =
    "Allow bedrock:InvokeModel and bedrock:InvokeModelWithBidirectionalStream on this model, and check the region.";
const HINT_WAIT: &str = "Too many requests or streams at once: wait and try again, or ask for a higher quota.";
const HINT_AGAIN: &str = "The trouble is the service's and passes: open a new session with the history so far.";
const HINT_ORDER: &str =
    "Events came in an order or shape that the service refuses; please report it with the request id.";
const HINT_REQUEST: &str = "A field, a tool schema or a tool result was refused; plain schemas help (`plain_schema`).";
const HINT_SCHEMA: &str = "Tool schemas must be JSON objects; leave out a choice of tool if there is one.";
const HINT_VOICE: &str = "Use a voice of this model; names are lower case (`bedrock-nova voices`).";
const HINT_HISTORY: &str = "Leave out the oldest messages and try again.";
const HINT_FILTER: &str = "A content filter refused what was said or asked; change the prompt or the history.";
const HINT_IDLE: &str = "Send audio all the time, silence included, or open a new session with the history so far.";
const HINT_TOOL: &str = "A tool result must be a JSON object in text/plain, exactly one for each use.";
const HINT_TOOLNAME: &str = "Tool names are letters, digits, _ and - only.";
const HINT_LIFE: &str = "A session lives eight minutes; go on in a new one with the history so far.";

const fn text(code: &'static str, text: &'static str, kind: ErrorKind, recovery: Recovery, hint: &'static str) -> Row {
    Row { code, exception: "", text, kind, recovery, hint }
}

const fn named(name: &'static str, code: &'static str, kind: ErrorKind, recovery: Recovery, hint: &'static str) -> Row {
    Row { code, exception: name, text: "", kind, recovery, hint }
}

use ErrorKind::{Denied, Filtered, Invalid, ModelRetired, Protocol, Throttled, Timeout, Unavailable};
use Recovery::{Permanent, Reconnect, ShrinkHistory};

/// The service's sentences (reference §4.4), finer first. The two of retirement are of Bedrock at large.
#[rustfmt::skip]
static TEXTS: &[Row] = &[
    text("model-retired", "reached the end of its life", ModelRetired, Permanent, ""),
    text("model-retired", "marked by provider as Legacy", ModelRetired, Permanent, ""),
    text("E-531", "InternalErrorCode=531", Unavailable, Reconnect, HINT_AGAIN),
    text("E-IDLE", "Timed out waiting for input events", Protocol, Reconnect, HINT_IDLE),
    text("E-IDLE", "Timed out waiting for audio bytes or interactive content", Protocol, Reconnect, HINT_IDLE),
    text("E-IDLE", "InternalErrorCode=532", Protocol, Reconnect, HINT_IDLE),
    text("E-UNSTABLE", "System instability detected", Unavailable, Reconnect, HINT_AGAIN),
    text("E-HISTMAX", "Chat history is over max limit", Invalid, ShrinkHistory, HINT_HISTORY),
    text("E-HISTLATE", "Chat history should be sent completely before streaming audio", Protocol, Reconnect, HINT_ORDER),
    text("E-FILTER", "blocked by our content filters", Filtered, ShrinkHistory, HINT_FILTER),
    text("E-TOOLNAME", "does not match pattern ^[a-zA-Z0-9_-]+$", Invalid, Permanent, HINT_TOOLNAME),
    text("E-TOOLMEDIA", "Tool result media type must be one of", Protocol, Reconnect, HINT_TOOL),
    text("E-TOOLPARSE", "Tool Response parsing error", Protocol, Reconnect, HINT_TOOL),
    text("E-VOICE0", "Received invalid voiceId", Invalid, Permanent, HINT_VOICE),
    text("E-VOICE1", "Received invalid id", Invalid, Permanent, HINT_VOICE),
    text("E-DUPSYS", "Duplicate SYSTEM content", Protocol, Permanent, HINT_ORDER),
    text("E-NOSYS", "System instructions are missing", Protocol, Permanent, HINT_ORDER),
    text("E-NOAUDIO", "must have at least one audio content", Protocol, Permanent, HINT_ORDER),
    text("E-EMPTY", "as no content data was received", Protocol, Permanent, HINT_ORDER),
    text("E-OPENCONTENT", "All contents must be closed before ending prompt", Protocol, Permanent, HINT_ORDER),
    text("E-OPENPROMPT", "The following prompts were not closed", Protocol, Permanent, HINT_ORDER),
    text("E-NOCONTENT", "No open content found for content name", Protocol, Permanent, HINT_ORDER),
    text("E-PARSE", "Unable to parse input chunk", Invalid, Permanent, HINT_SCHEMA),
    text(INVALID_REQUEST, "Invalid input request, please fix your input and try again", Invalid, Permanent, HINT_REQUEST),
    text("E-TIMEOUT8", "Model has timed out in processing the request", Timeout, Reconnect, HINT_LIFE),
    text("E-MODEL", "provided model identifier is invalid", Invalid, Permanent, "Check the model id (`bedrock-nova models` lists those that are known) and whether this region has the model."),
    text("E-INTERNAL", "The system encountered an unexpected error during processing", Unavailable, Reconnect, HINT_AGAIN),
];

/// The exceptions (reference §1.8) whose sentence is none of the above.
#[rustfmt::skip]
static EXCEPTIONS: &[Row] = &[
    named("AccessDeniedException", "accessDeniedException", Denied, Permanent, HINT_DENIED),
    named("UnrecognizedClientException", "unrecognizedClientException", Denied, Permanent, "The access key is unknown to AWS; check AWS_ACCESS_KEY_ID and AWS_PROFILE."),
    named("InvalidSignatureException", "invalidSignatureException", Denied, Permanent, "Check the secret access key and this machine's clock."),
    named("IncompleteSignatureException", "incompleteSignatureException", Denied, Permanent, "Check the credentials."),
    named("MissingAuthenticationTokenException", "missingAuthenticationTokenException", Denied, Permanent, "The request was not signed; check the credentials."),
    named("ExpiredTokenException", "expiredTokenException", Denied, Permanent, "The session token has expired; fetch new credentials, for example with `aws sso login`."),
    named("ResourceNotFoundException", "resourceNotFoundException", Invalid, Permanent, "Check the model id and whether this region has the model."),
    named("ValidationException", "validationException", Invalid, Permanent, "The service refuses the request; its sentence says why."),
    named("ServiceQuotaExceededException", "serviceQuotaExceededException", Throttled, Reconnect, HINT_WAIT),
    named("ThrottlingException", "throttlingException", Throttled, Reconnect, HINT_WAIT),
    named("ModelNotReadyException", "modelNotReadyException", Unavailable, Reconnect, HINT_AGAIN),
    named("ModelTimeoutException", "modelTimeoutException", Timeout, Reconnect, HINT_LIFE),
    named("ModelErrorException", "modelErrorException", Unavailable, Reconnect, HINT_AGAIN),
    named("ModelStreamErrorException", "modelStreamErrorException", Unavailable, Reconnect, HINT_AGAIN),
    named("InternalServerException", "internalServerException", Unavailable, Reconnect, HINT_AGAIN),
    named("ServiceUnavailableException", "serviceUnavailableException", Unavailable, Reconnect, HINT_AGAIN),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::model::{Catalogue, ModelId};

    fn said(name: &str, status: Option<u16>, message: &str) -> Error {
        let (name, message) = (name.to_owned(), message.to_owned());
        let failure = Failure::Service { name, status, message, request_id: None, original: None };
        classify(&failure, &Catalogue::built_in().model(&ModelId::default()))
    }

    #[test]
    fn every_row_is_reached_by_its_own_words() {
        for row in TEXTS {
            let error =
                said("ValidationException", None, &format!("RequestId=1a-2b : Error(s):\nError 1 : {} .", row.text));
            assert_eq!((error.code(), error.kind()), (row.code, row.kind), "{}", row.text);
            assert_eq!((recovery(&error), error.request_id()), (row.recovery, Some("1a-2b")));
            assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{}", row.text);
        }
        for row in EXCEPTIONS {
            let error = said(row.exception, Some(400), "something new");
            assert_eq!((error.code(), error.kind(), recovery(&error)), (row.code, row.kind, row.recovery));
        }
    }

    #[test]
    fn the_sentences_of_the_field_are_understood() {
        let idle = "[InternalErrorCode=532::]Timed out waiting for audio bytes or interactive content. Please ensure gaps \
            between audio bytes and interactive content are less than 295 seconds";
        assert_eq!(said("validationException", None, idle).code(), "E-IDLE");
        let cut = "RequestId=7f : InternalErrorCode=531::RST_STREAM closed stream. HTTP/2 error code: NO_ERROR";
        let cut = said("ValidationException", None, cut);
        assert_eq!((cut.code(), cut.is_retryable(), cut.request_id()), ("E-531", true, Some("7f")));
        let name = "Malformed input request: #/toolConfig/tools/0/toolSpec/name: string [clock.now] does not match pattern \
            ^[a-zA-Z0-9_-]+$";
        assert_eq!(said("ValidationException", Some(400), name).code(), "E-TOOLNAME");
        assert_eq!(said("ThrottlingException", Some(429), "Too many requests").kind(), ErrorKind::Throttled);
    }

    #[test]
    fn a_retired_model_names_its_replacement() {
        let message =
            "This model version has reached the end of its life. Please refer to the documentation.".to_owned();
        let name = "ResourceNotFoundException".to_owned();
        let failure =
            Failure::Service { name, status: Some(404), message, request_id: Some("r".into()), original: None };
        let error = classify(&failure, &Catalogue::built_in().model(&ModelId::NOVA_SONIC.into()));
        assert_eq!((error.kind(), error.request_id()), (ErrorKind::ModelRetired, Some("r")));
        assert!(error.hint().unwrap().contains(ModelId::NOVA_2_5_SONIC), "{error}");
        assert_eq!(recovery(&error), Recovery::Permanent);
    }

    #[test]
    fn unknown_exceptions_go_by_their_status() {
        assert_eq!(said("TeapotException", Some(418), "short and stout").kind(), ErrorKind::Invalid);
        assert_eq!(said("TeapotException", Some(503), "").kind(), ErrorKind::Unavailable);
        let in_stream = said("TeapotException", None, "");
        assert_eq!((in_stream.code(), recovery(&in_stream)), ("teapotException", Recovery::Reconnect));
    }

    #[test]
    fn what_broke_on_the_way_says_what_to_do() {
        let model = Catalogue::built_in().model(&ModelId::default());
        let text = |text: &str| text.to_owned();
        let login = Failure::Credentials {
            code: text("sso-expired"),
            message: text("The SSO session has expired."),
            hint: text("Run `aws sso login`."),
        };
        let login = classify(&login, &model);
        assert_eq!((login.kind(), recovery(&login)), (ErrorKind::Denied, Recovery::Permanent));
        assert!(login.hint().unwrap().contains("aws sso login"));
        let certificate =
            Failure::Unreachable { code: text("untrusted-certificate"), message: text("Unknown issuer.") };
        let certificate = classify(&certificate, &model);
        assert_eq!((certificate.kind(), certificate.is_retryable()), (ErrorKind::Transport, false));
        assert!(certificate.hint().unwrap().contains("AWS_CA_BUNDLE"));
        assert_eq!(recovery(&classify(&Failure::lost("reset"), &model)), Recovery::Reconnect);
        assert_eq!(recovery(&classify(&Failure::Unreadable { message: text("crc") }, &model)), Recovery::Reconnect);
    }
}
