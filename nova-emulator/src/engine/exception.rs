//! The errors the service has a shape for (reference §1.8).

/// A modelled error as it goes to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exception {
    /// Which of the modelled errors it is.
    pub kind: ExceptionKind,
    /// The sentence, with the service's `RequestId=<uuid> : ` in front where the service has it.
    pub message: String,
    /// `originalStatusCode` of the two model errors, 100–599.
    pub original_status: Option<u16>,
    /// `originalMessage` of `ModelStreamErrorException`.
    pub original_message: Option<String>,
    /// `resourceName` of `ModelErrorException`.
    pub resource_name: Option<String>,
}

impl Exception {
    /// Makes an error with a message and none of the extra members.
    pub fn new(kind: ExceptionKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), original_status: None, original_message: None, resource_name: None }
    }
}

/// The modelled errors of the operation (reference §1.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExceptionKind {
    /// The caller may not.
    AccessDenied,
    /// No such model.
    ResourceNotFound,
    /// The request, or an event in it, is wrong.
    Validation,
    /// A quota of the account is used up.
    ServiceQuotaExceeded,
    /// Too many requests or streams.
    Throttling,
    /// The model is still being loaded.
    ModelNotReady,
    /// The model took too long; also the end of the eight minutes.
    ModelTimeout,
    /// The model failed.
    ModelError,
    /// The model failed in the middle of a stream.
    ModelStreamError,
    /// The service failed.
    InternalServer,
    /// The service is away.
    ServiceUnavailable,
}

impl ExceptionKind {
    /// Every kind, in the order of reference §1.8.
    pub const ALL: [Self; 11] = [
        Self::AccessDenied,
        Self::ResourceNotFound,
        Self::Validation,
        Self::ServiceQuotaExceeded,
        Self::Throttling,
        Self::ModelNotReady,
        Self::ModelTimeout,
        Self::ModelError,
        Self::ModelStreamError,
        Self::InternalServer,
        Self::ServiceUnavailable,
    ];

    /// The name in `x-amzn-errortype`, e.g. `ThrottlingException`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status while the response headers are unsent.
    pub fn http_status(self) -> u16 {
        self.row().2
    }

    /// The member of the output stream, e.g. `throttlingException`, or `None` for errors that exist as HTTP errors only;
    /// inside a stream those go as an `error` message with [`name`](Self::name) as its code.
    pub fn member(self) -> Option<&'static str> {
        self.in_stream().then(|| self.row().1)
    }

    /// The name with a small first letter, as fault texts spell it, e.g. `accessDeniedException`.
    pub fn camel_name(self) -> &'static str {
        self.row().1
    }

    fn in_stream(self) -> bool {
        matches!(
            self,
            Self::Validation
                | Self::Throttling
                | Self::ModelTimeout
                | Self::ModelStreamError
                | Self::InternalServer
                | Self::ServiceUnavailable
        )
    }

    fn row(self) -> (&'static str, &'static str, u16) {
        match self {
            Self::AccessDenied => ("AccessDeniedException", "accessDeniedException", 403),
            Self::ResourceNotFound => ("ResourceNotFoundException", "resourceNotFoundException", 404),
            Self::Validation => ("ValidationException", "validationException", 400),
            Self::ServiceQuotaExceeded => ("ServiceQuotaExceededException", "serviceQuotaExceededException", 400),
            Self::Throttling => ("ThrottlingException", "throttlingException", 429),
            Self::ModelNotReady => ("ModelNotReadyException", "modelNotReadyException", 429),
            Self::ModelTimeout => ("ModelTimeoutException", "modelTimeoutException", 408),
            Self::ModelError => ("ModelErrorException", "modelErrorException", 424),
            Self::ModelStreamError => ("ModelStreamErrorException", "modelStreamErrorException", 424),
            Self::InternalServer => ("InternalServerException", "internalServerException", 500),
            Self::ServiceUnavailable => ("ServiceUnavailableException", "serviceUnavailableException", 503),
        }
    }
}
