//! From the SDK's errors to the facts of a [`Failure`].
//!
//! Exceptions are told apart by variant: inside the stream the SDK gives no error code (SDK page §2.7).

use std::error::Error as StdError;

use aws_sdk_bedrockruntime::error::SdkError;
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::operation::invoke_model_with_bidirectional_stream::InvokeModelWithBidirectionalStreamError as OpenError;
use aws_sdk_bedrockruntime::types::error::{
    InvokeModelWithBidirectionalStreamOutputError as StreamError, ModelStreamErrorException,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::event_stream::{Message, RawMessage};

use super::http::{RoadError, chain};
use crate::transport::Failure;

/// Says why a stream was not accepted.
pub(super) fn refused(error: &SdkError<OpenError, HttpResponse>) -> Failure {
    match error {
        SdkError::ServiceError(context) => {
            let (error, response) = (context.err(), context.raw());
            let header = |name| response.headers().get(name).map(str::to_owned);
            let unnamed = || error.meta().code().map(str::to_owned).or_else(|| header("x-amzn-errortype"));
            Failure::Service {
                name: open_name(error).map(str::to_owned).or_else(unnamed).unwrap_or_else(|| UNNAMED.to_owned()),
                status: Some(response.status().as_u16()),
                message: error.meta().message().map_or_else(|| wordless(response), str::to_owned),
                request_id: error.request_id().map(str::to_owned),
                original: match error {
                    OpenError::ModelStreamErrorException(inner) => original(inner),
                    _ => None,
                },
            }
        }
        SdkError::ResponseError(context) => Failure::Service {
            name: UNNAMED.to_owned(),
            status: Some(context.raw().status().as_u16()),
            message: wordless(context.raw()),
            request_id: context.raw().request_id().map(str::to_owned),
            original: None,
        },
        other => closed_road(other),
    }
}

/// Says what ended an accepted stream.
pub(super) fn broken(error: &SdkError<StreamError, RawMessage>, request_id: Option<String>) -> Failure {
    match error {
        SdkError::ServiceError(context) => {
            let error = context.err();
            let unnamed = || text_header(context.raw(), ":exception-type").map(|name| upper_camel(&name));
            Failure::Service {
                name: stream_name(error).map(str::to_owned).or_else(unnamed).unwrap_or_else(|| UNNAMED.to_owned()),
                status: None,
                message: error.meta().message().unwrap_or("The service gave no reason.").to_owned(),
                request_id,
                original: match error {
                    StreamError::ModelStreamErrorException(inner) => original(inner),
                    _ => None,
                },
            }
        }
        SdkError::ResponseError(context) => Failure::Unreadable { message: unreadable(error, context.raw()) },
        other => Failure::lost(format!("The stream broke: {}.", root_cause(other))),
    }
}

/// Names the exceptions of an opening that the service models.
fn open_name(error: &OpenError) -> Option<&'static str> {
    Some(match error {
        OpenError::AccessDeniedException(_) => "AccessDeniedException",
        OpenError::InternalServerException(_) => "InternalServerException",
        OpenError::ModelErrorException(_) => "ModelErrorException",
        OpenError::ModelNotReadyException(_) => "ModelNotReadyException",
        OpenError::ModelStreamErrorException(_) => "ModelStreamErrorException",
        OpenError::ModelTimeoutException(_) => "ModelTimeoutException",
        OpenError::ResourceNotFoundException(_) => "ResourceNotFoundException",
        OpenError::ServiceQuotaExceededException(_) => "ServiceQuotaExceededException",
        OpenError::ServiceUnavailableException(_) => "ServiceUnavailableException",
        OpenError::ThrottlingException(_) => "ThrottlingException",
        OpenError::ValidationException(_) => "ValidationException",
        _ => return None,
    })
}

/// Names the exceptions inside a stream that the service models.
fn stream_name(error: &StreamError) -> Option<&'static str> {
    Some(match error {
        StreamError::InternalServerException(_) => "InternalServerException",
        StreamError::ModelStreamErrorException(_) => "ModelStreamErrorException",
        StreamError::ModelTimeoutException(_) => "ModelTimeoutException",
        StreamError::ServiceUnavailableException(_) => "ServiceUnavailableException",
        StreamError::ThrottlingException(_) => "ThrottlingException",
        StreamError::ValidationException(_) => "ValidationException",
        _ => return None,
    })
}

fn original(error: &ModelStreamErrorException) -> Option<String> {
    match (error.original_status_code, error.original_message.as_deref()) {
        (Some(status), Some(message)) => Some(format!("{status}: {message}")),
        (Some(status), None) => Some(status.to_string()),
        (None, message) => message.map(str::to_owned),
    }
}

/// Nothing came back: either our own HTTP client says which road is closed, or it broke before the answer.
fn closed_road(error: &(dyn StdError + 'static)) -> Failure {
    match causes(error).find_map(|error| error.downcast_ref::<RoadError>()) {
        Some(road) => Failure::Unreachable { code: road.code.to_owned(), message: road.message.clone() },
        None => Failure::Unreachable {
            code: "unreachable".to_owned(),
            message: format!("The connection broke before the service answered: {}.", root_cause(error)),
        },
    }
}

/// What is below the SDK's own words ("dispatch failure", "io error"), which tell a person nothing.
fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let hyper = causes(error).find(|error| error.is::<hyper::Error>());
    let text = chain(hyper.unwrap_or(error));
    text.trim_end_matches('.').to_owned()
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn unreadable(error: &(dyn StdError + 'static), raw: &RawMessage) -> String {
    match (text_header(raw, ":error-code"), text_header(raw, ":error-message")) {
        (None, None) => format!("The stream cannot be read: {}.", chain(error)),
        (code, message) => format!(
            "The service ended the stream with the error {}: {}",
            code.as_deref().unwrap_or("without a code"),
            message.as_deref().unwrap_or("no reason given.")
        ),
    }
}

fn text_header(raw: &RawMessage, name: &str) -> Option<String> {
    let RawMessage::Decoded(message) = raw else { return None };
    let header = Message::headers(message).iter().find(|header| header.name().as_str() == name)?;
    Some(header.value().as_string().ok()?.as_str().to_owned())
}

fn wordless(response: &HttpResponse) -> String {
    format!("The service answered with HTTP status {} and no reason.", response.status().as_u16())
}

/// Exception names stand in lower camel case in the stream and in upper camel case everywhere else.
fn upper_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The name of a failure that came without one.
const UNNAMED: &str = "UnknownException";
