//! The one place where a failure becomes words on a terminal: a sentence, what to do, the code, the request id.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// A failure as a person at a terminal should read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    sentence: String,
    hint: Option<String>,
    code: String,
    request_id: Option<String>,
    exit: Exit,
}

/// Which exit code a failure leaves, as shells understand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something went wrong while running: 1.
    Failed,
    /// What was asked for cannot be done as asked: 2, as clap uses it.
    Usage,
    /// Ctrl-C: 130, 128 and the signal's number.
    Interrupted,
}

impl Problem {
    /// Makes a failure of running from a stable code and one plain sentence.
    pub(crate) fn new(code: impl Into<String>, sentence: impl Into<String>) -> Self {
        Problem { sentence: sentence.into(), hint: None, code: code.into(), request_id: None, exit: Exit::Failed }
    }

    /// Makes a failure that the command line or its files are to blame for.
    pub(crate) fn usage(code: impl Into<String>, sentence: impl Into<String>) -> Self {
        Problem { exit: Exit::Usage, ..Problem::new(code, sentence) }
    }

    /// Makes the failure that Ctrl-C ends a run with.
    pub(crate) fn interrupted(sentence: impl Into<String>) -> Self {
        Problem { exit: Exit::Interrupted, ..Problem::new("interrupted", sentence) }
    }

    /// Adds the sentence that says what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what happened and what to do, without code and request id.
    pub(crate) fn sentence(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} {hint}", self.sentence),
            None => self.sentence.clone(),
        }
    }

    /// Prints the failure to standard error and returns the exit code. A closed terminal changes nothing.
    pub(crate) fn print(&self) -> ExitCode {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "{self}");
        self.exit.code()
    }
}

impl Exit {
    fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Interrupted => 130,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.sentence())?;
        write!(f, "\n       code: {}", self.code)?;
        match &self.request_id {
            Some(id) => write!(f, ", request id: {id}"),
            None => Ok(()),
        }
    }
}

impl From<bedrock_nova::Error> for Problem {
    fn from(error: bedrock_nova::Error) -> Self {
        Problem {
            sentence: error.message().to_owned(),
            hint: error.hint().map(str::to_owned),
            code: error.code().to_owned(),
            request_id: error.request_id().map(str::to_owned),
            exit: Exit::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use bedrock_nova::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_library_error_keeps_all_that_a_person_needs() {
        let error = Error::new(ErrorKind::Denied, "No credentials were found.")
            .with_code("no-credentials")
            .with_hint("Run `aws configure`.")
            .with_request_id(Some("r-1".to_owned()));
        let printed = Problem::from(error).to_string();
        assert_eq!(
            printed,
            "error: No credentials were found. Run `aws configure`.\n       code: no-credentials, request id: r-1"
        );
    }

    #[test]
    fn a_problem_without_a_hint_is_one_sentence() {
        assert_eq!(Problem::usage("x", "That is wrong.").to_string(), "error: That is wrong.\n       code: x");
    }
}
