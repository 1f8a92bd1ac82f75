//! The headers of every answer.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

use http::{HeaderValue, Response, StatusCode, header};

use super::failure::Failure;

/// The value of `x-amzn-requestid`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(u128);

impl RequestId {
    /// Makes an id of the form of a UUID, version 4.
    pub(crate) fn random() -> Self {
        // The hasher's keys are random; the ids need not be unguessable.
        let half = || u128::from(RandomState::new().hash_one(0));
        let bits = (half() << 64) | half();
        Self(bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        write!(f, "{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

/// Status 200, an event stream behind it.
pub(crate) fn accepted(id: &RequestId) -> Response<()> {
    let mut head = typed(StatusCode::OK, "application/vnd.amazon.eventstream");
    set(&mut head, "x-amzn-requestid", &id.to_string());
    head
}

/// An HTTP error as restJson1 has it (reference §1.8).
pub(crate) fn error(failure: &Failure, length: usize, id: &RequestId) -> Response<()> {
    let mut head = typed(failure.status, "application/json");
    set(&mut head, "x-amzn-requestid", &id.to_string());
    set(&mut head, "x-amzn-errortype", &failure.name);
    head.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    head
}

/// Plain text of `length` bytes.
pub(crate) fn text(status: StatusCode, length: usize) -> Response<()> {
    let mut head = typed(status, "text/plain; charset=utf-8");
    head.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    head
}

fn typed(status: StatusCode, content_type: &'static str) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = status;
    head.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    head
}

fn set(head: &mut Response<()>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        head.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_looks_like_a_uuid() {
        let id = RequestId::random().to_string();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
    }
}
