//! What an experiment found out, in a few words.

use bedrock_nova::transport::Failure;

use super::stream::{Heard, Over};

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer(pub(crate) String);

impl Answer {
    /// Makes an answer.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Answer(text.into())
    }
}

/// Says what became of something that may or may not be allowed.
pub(super) fn verdict(heard: &Heard) -> String {
    match heard {
        Heard::Found(_) | Heard::TimeUp => "accepted".to_owned(),
        Heard::Over(Over::Ended) => "the service ended the stream".to_owned(),
        Heard::Over(Over::Failed(failure)) => refused(failure),
    }
}

/// Says how something was refused: `refused (ValidationException): text`, on one line and without request ids.
pub(super) fn refused(failure: &Failure) -> String {
    match failure {
        Failure::Service { name, message, .. } => format!("refused ({name}): {}", sentence(message)),
        Failure::Credentials { message, .. } | Failure::Unreachable { message, .. } => format!("not asked: {message}"),
        Failure::Lost { message } | Failure::Unreadable { message } => format!("broke: {message}"),
        other => format!("broke: {other:?}"),
    }
}

/// Takes the service's decoration off a message: `RequestId=… : Error(s):\nError 1 : text`.
fn sentence(message: &str) -> String {
    let message = match message.strip_prefix("RequestId=").and_then(|rest| rest.split_once(" : ")) {
        Some((_, rest)) => rest,
        None => message,
    };
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_plain_line() {
        let failure = Failure::Service {
            name: "ValidationException".to_owned(),
            status: Some(400),
            message: "RequestId=0f3-1 : Error(s):\nError 1 : No.".to_owned(),
            request_id: None,
            original: None,
        };
        assert_eq!(refused(&failure), "refused (ValidationException): Error(s): Error 1 : No.");
    }
}
