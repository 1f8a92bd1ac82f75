//! The service's answers to a request that is not signed as it should be; all go as HTTP 403.

use super::stamp::Stamp;

/// Why a request is refused, in the service's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no authorization at all.
    #[error("Missing Authentication Token")]
    Missing,
    /// The `authorization` header cannot be read, or lacks something.
    #[error("{0}")]
    Incomplete(String),
    /// The access key or the session token is unknown.
    #[error("The security token included in the request is invalid.")]
    UnknownClient,
    /// The signature is for something else, from another time, or simply wrong.
    #[error("{0}")]
    Invalid(String),
    /// A bearer token instead of a signature.
    #[error(
        "API keys are not accepted for InvokeModelWithBidirectionalStream: sign the request with SigV4 \
         (a client that finds AWS_BEARER_TOKEN_BEDROCK set may prefer it over credentials)."
    )]
    Bearer,
}

impl Refusal {
    /// The name in `x-amzn-errortype`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownClient => "UnrecognizedClientException",
            Self::Invalid(_) => "InvalidSignatureException",
            Self::Bearer => "AccessDeniedException",
        }
    }

    pub(crate) fn incomplete(what: &str) -> Self {
        Self::Incomplete(format!("Authorization header requires {what}."))
    }

    pub(crate) fn mismatch() -> Self {
        Self::Invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details."
                .to_owned(),
        )
    }

    pub(crate) fn expired(stamp: Stamp, now: Stamp, limit: Stamp) -> Self {
        Self::Invalid(format!("Signature expired: {stamp} is now earlier than {limit} ({now} - 5 min.)"))
    }

    pub(crate) fn not_yet(stamp: Stamp, now: Stamp, limit: Stamp) -> Self {
        Self::Invalid(format!("Signature not yet current: {stamp} is still later than {limit} ({now} + 5 min.)"))
    }
}
