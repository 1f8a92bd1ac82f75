//! One error for the whole library: what went wrong, whose move it is, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Says whose move it is after a failure. The same kinds cross into every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller did something this state does not allow; nothing was changed.
    Misuse,
    /// The peer sent bytes that cannot be read.
    Wire,
    /// The peer sent something readable that breaks the protocol, or refused something of ours as breaking it.
    Protocol,
    /// The service asks for fewer requests for now.
    Throttled,
    /// The service cannot answer for now.
    Unavailable,
    /// The service, or the credential chain, refuses the caller.
    Denied,
    /// A value of the request is wrong and will be wrong again.
    Invalid,
    /// The model has reached its end of life.
    ModelRetired,
    /// A content filter or a guardrail refused the content.
    Filtered,
    /// A limit of our own was reached: a full pool, a spent budget, an idle call.
    Limit,
    /// The road between here and the service broke.
    Transport,
    /// An answer did not come within its deadline.
    Timeout,
    /// The conversation is over; not anybody's fault.
    Closed,
    /// A defect in this library; please report it.
    Bug,
}

impl ErrorKind {
    /// Every kind, in the order of the table in the documentation.
    pub const ALL: [ErrorKind; 14] = [
        ErrorKind::Misuse,
        ErrorKind::Wire,
        ErrorKind::Protocol,
        ErrorKind::Throttled,
        ErrorKind::Unavailable,
        ErrorKind::Denied,
        ErrorKind::Invalid,
        ErrorKind::ModelRetired,
        ErrorKind::Filtered,
        ErrorKind::Limit,
        ErrorKind::Transport,
        ErrorKind::Timeout,
        ErrorKind::Closed,
        ErrorKind::Bug,
    ];

    /// Says whether trying again, perhaps after a wait and perhaps with a new session, can help.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Transport | ErrorKind::Timeout)
    }

    /// Returns the kind's name as it is spelled in every language.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::Misuse => "misuse",
            ErrorKind::Wire => "wire",
            ErrorKind::Protocol => "protocol",
            ErrorKind::Throttled => "throttled",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Denied => "denied",
            ErrorKind::Invalid => "invalid",
            ErrorKind::ModelRetired => "modelRetired",
            ErrorKind::Filtered => "filtered",
            ErrorKind::Limit => "limit",
            ErrorKind::Transport => "transport",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Closed => "closed",
            ErrorKind::Bug => "bug",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure with everything a person needs to act on it.
///
/// Cheap to clone: after a fatal error a conversation keeps returning the same one.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Error {
    #[serde(flatten)]
    inner: Arc<Inner>,
}

#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct Inner {
    kind: ErrorKind,
    code: String,
    message: String,
    retryable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip)]
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What every fallible call of this library returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of a kind with one plain sentence; code and retry advice follow from the kind until set.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error {
            inner: Arc::new(Inner {
                kind,
                code: kind.as_str().to_owned(),
                message: message.into(),
                retryable: kind.is_retryable(),
                request_id: None,
                hint: None,
                cause: None,
            }),
        }
    }

    /// Sets the stable code, finer than the kind: `E-531`, `E-VOICE1`, `no-credentials`.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.inner).code = code.into();
        self
    }

    /// Overrides the kind's retry advice.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        Arc::make_mut(&mut self.inner).retryable = retryable;
        self
    }

    /// Sets the service's request id.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        if id.is_some() {
            Arc::make_mut(&mut self.inner).request_id = id;
        }
        self
    }

    /// Sets what a person can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.inner).hint = Some(hint.into());
        self
    }

    /// Sets the error underneath.
    #[must_use]
    pub fn with_cause(mut self, cause: impl StdError + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.inner).cause = Some(Arc::new(cause));
        self
    }

    /// Returns whose move it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Returns the stable code; equal to the kind's name where nothing finer is known.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.inner.code
    }

    /// Says whether trying again can help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.inner.retryable
    }

    /// Returns the service's request id, if it answered at all.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id.as_deref()
    }

    /// Returns what a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.inner.hint.as_deref()
    }

    /// Returns the sentence without the hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)?;
        match &self.inner.hint {
            Some(hint) => write!(f, " {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.inner.kind).field("code", &self.inner.code).field("message", &self.inner.message);
        // What `main` prints when it returns an error is this: it must say what to do.
        if let Some(hint) = &self.inner.hint {
            out.field("hint", hint);
        }
        if let Some(id) = &self.inner.request_id {
            out.field("request_id", id);
        }
        if let Some(cause) = &self.inner.cause {
            out.field("cause", cause);
        }
        out.finish()
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.code() == other.code() && self.message() == other.message()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}
