//! The vectors of reference §1.9 and what may differ from them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::UNIX_EPOCH;

use http::Request;

use super::*;
use crate::{
    frame::{Decoder, Message, Value, encode_header},
    sigv4::{
        ChainError,
        canonical::canonical_request,
        credentials::{hex, hmac},
    },
};

#[test]
fn the_request_of_the_reference_is_accepted() {
    let request = reference_request();
    let signed = ["content-type", "host", "x-amz-content-sha256", "x-amz-date"];
    let canonical = canonical_request(&request, &signed).unwrap();
    assert_eq!(sha256_hex(canonical.as_bytes()), "c5fc8d799d78916a83eac3c23bc9c4d4c8150d6115d76accbfc54856f12334fe");
    assert!(verifier().verify(&request, noon()).unwrap().is_checked());
}

#[test]
fn the_frames_of_the_reference_are_a_chain() {
    let mut chain = verifier().verify(&reference_request(), noon()).unwrap();
    let mut decoder = Decoder::default();
    decoder.push(&unhex_all(&format!("{OUTER_HEAD}{INNER}bb91133c{OUTER_END}")));
    let first = decoder.next_message().unwrap().unwrap();
    let end = decoder.next_message().unwrap().unwrap();
    assert_eq!(hex(first.payload()), INNER);
    assert!(end.payload().is_empty());
    assert_eq!(chain.clone().verify(&end), Err(ChainError::Mismatch), "the first event is missing");
    assert_eq!(chain.verify(&first), Ok(()));
    assert_eq!(chain.clone().verify(&first), Err(ChainError::Mismatch), "the first event comes twice");
    assert_eq!(chain.verify(&end), Ok(()));
}

#[test]
fn a_stream_that_crosses_midnight_changes_its_scope() {
    let seed = [7; 32];
    let scope = Scope { region: "eu-north-1".to_owned(), service: SERVICE.to_owned() };
    let mut chain = Chain::begin(Credentials::default(), scope.clone(), seed);
    let mut previous = seed;
    for millis in [1_767_311_999_000, 1_767_312_000_000] {
        let message = sign(&scope, &mut previous, millis, b"event");
        assert_eq!(chain.verify(&message), Ok(()), "{millis}");
    }
}

#[test]
fn an_unsigned_event_is_no_part_of_a_chain() {
    let mut chain = verifier().verify(&reference_request(), noon()).unwrap();
    assert_eq!(chain.verify(&Message::new("x")), Err(ChainError::Unsigned));
    assert_eq!(Chain::Unchecked.verify(&Message::new("x")), Ok(()));
}

#[test]
fn every_header_style_of_the_official_sdks_is_accepted() {
    for style in [
        Style { host: "host", hash: Some(STREAMING), tail: "" },
        Style { host: ":authority", hash: Some(STREAMING), tail: "" },
        Style { host: "host", hash: None, tail: "" },
        Style { host: "host", hash: Some(UNSIGNED), tail: "" },
        Style { host: "host", hash: Some(STREAMING), tail: "?" },
    ] {
        let request = style.request(&Credentials::default());
        assert!(verifier().verify(&request, noon()).is_ok(), "{style:?}");
    }
}

#[test]
fn a_session_token_must_be_the_one_and_be_signed() {
    let known = Credentials::default().with_session_token("token");
    let style = Style { host: "host", hash: None, tail: "" };
    let verifier = Verifier::new(known.clone());
    assert!(verifier.verify(&style.request(&known), noon()).is_ok());
    assert_eq!(refusal(&verifier, &style.request(&Credentials::default())), Refusal::UnknownClient);
    let mut request = style.request(&Credentials::default());
    request.headers.insert(TOKEN, "token".parse().unwrap());
    assert!(refusal(&verifier, &request).to_string().contains("must be a 'SignedHeader'"));
}

#[test]
fn what_is_wrong_gets_the_service_s_answer() {
    let refused = |change: &dyn Fn(&mut Parts)| {
        let mut request = reference_request();
        change(&mut request);
        let refusal = refusal(&verifier(), &request);
        (refusal.name(), refusal.to_string())
    };
    let set = |name: &'static str, value: &str, request: &mut Parts| {
        request.headers.insert(name, value.parse().unwrap());
    };
    let (name, text) = refused(&|request| set("x-amz-date", "20260102T030406Z", request));
    assert_eq!(name, "InvalidSignatureException");
    assert!(text.starts_with("The request signature we calculated does not match"), "{text}");
    let (_, text) = refused(&|request| request.uri = "/model/other/invoke-with-bidirectional-stream".parse().unwrap());
    assert!(text.starts_with("The request signature we calculated does not match"), "{text}");
    let (_, text) = refused(&|request| set("x-amz-date", "20260103T030405Z", request));
    assert!(text.contains("'20260102' != '20260103'"), "{text}");
    let (name, _) = refused(&|request| drop(request.headers.remove("authorization")));
    assert_eq!(name, "MissingAuthenticationTokenException");
    let (name, text) = refused(&|request| set("authorization", "bearer abc", request));
    assert_eq!(name, "AccessDeniedException");
    assert!(text.contains("SigV4"), "{text}");
    let (name, text) = refused(&|request| set("authorization", "AWS4-HMAC-SHA256 SignedHeaders=host", request));
    assert_eq!(name, "IncompleteSignatureException");
    assert!(text.contains("'Credential'"), "{text}");
    let other = AUTHORIZATION.replace("AKIDEXAMPLE", "AKIDOTHER");
    assert_eq!(refused(&|request| set("authorization", &other, request)).0, "UnrecognizedClientException");
    let other = AUTHORIZATION.replace("/bedrock/", "/polly/");
    assert!(refused(&|request| set("authorization", &other, request)).1.contains("correct service: 'bedrock'"));
    let other = AUTHORIZATION.replace("host;", "");
    assert!(refused(&|request| set("authorization", &other, request)).1.contains("'Host' or ':authority'"));
}

#[test]
fn clocks_may_differ_by_five_minutes_and_no_more() {
    let request = reference_request();
    for (off, fine) in [(-301, false), (-300, true), (300, true), (301, false)] {
        let now = UNIX_EPOCH + Duration::from_secs(1_767_323_045_u64.checked_add_signed(off).unwrap());
        assert_eq!(verifier().verify(&request, now).is_ok(), fine, "{off} s");
        assert!(verifier().with_skew(Skew::Ignored).verify(&request, now).is_ok());
    }
    let late = refusal_at(&verifier(), &request, noon() + Duration::from_secs(600));
    assert_eq!(
        late.to_string(),
        "Signature expired: 20260102T030405Z is now earlier than 20260102T030905Z (20260102T031405Z - 5 min.)"
    );
}

#[test]
fn without_a_secret_nothing_is_judged() {
    let mut request = reference_request();
    request.headers.remove("authorization");
    assert!(!Verifier::decode_only().verify(&request, noon()).unwrap().is_checked());
}

#[test]
fn a_bearer_token_passes_where_it_is_allowed() {
    let mut request = reference_request();
    request.headers.insert("authorization", "Bearer abc".parse().unwrap());
    assert!(!verifier().with_bearer(Bearer::Accepted).verify(&request, noon()).unwrap().is_checked());
}

/// How a client writes its headers (reference §1.9a).
#[derive(Debug)]
struct Style {
    host: &'static str,
    hash: Option<&'static str>,
    tail: &'static str,
}

impl Style {
    fn request(&self, credentials: &Credentials) -> Parts {
        let uri = format!("http://localhost:1/model/amazon.nova-2-sonic-v1%3A0/x{}", self.tail);
        let mut builder = Request::post(uri).header(DATE, "20260102T030405Z");
        let mut signed = vec![self.host, DATE];
        if let Some(hash) = self.hash {
            builder = builder.header("x-amz-content-sha256", hash);
            signed.insert(1, "x-amz-content-sha256");
        }
        if let Some(token) = credentials.session_token() {
            builder = builder.header(TOKEN, token);
            signed.push(TOKEN);
        }
        let mut request = builder.body(()).unwrap().into_parts().0;
        let canonical = canonical_request(&request, &signed).unwrap();
        assert!(canonical.starts_with("POST\n/model/amazon.nova-2-sonic-v1%253A0/x\n\n"), "{canonical}");
        let scope = "20260102/us-east-1/bedrock/aws4_request";
        let text = format!("{ALGORITHM}\n20260102T030405Z\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
        let signature = hex(&hmac(&credentials.signing_key("20260102", "us-east-1", SERVICE), text.as_bytes()));
        let value = format!(
            "{ALGORITHM} Credential={}/{scope},SignedHeaders={},Signature={signature}",
            credentials.access_key(),
            signed.join(";")
        );
        request.headers.insert("authorization", value.parse().unwrap());
        request
    }
}

fn sign(scope: &Scope, previous: &mut [u8; 32], millis: i64, payload: &'static [u8]) -> Message {
    let (stamp, date) = (Stamp::from_millis(millis).unwrap(), Value::Timestamp(millis));
    let text = format!(
        "AWS4-HMAC-SHA256-PAYLOAD\n{stamp}\n{}\n{}\n{}\n{}",
        scope.on(stamp),
        hex(&previous[..]),
        sha256_hex(&encode_header(":date", &date)),
        sha256_hex(payload)
    );
    let key = Credentials::default().signing_key(&stamp.day(), &scope.region, &scope.service);
    *previous = hmac(&key, text.as_bytes());
    let signature = Value::Bytes(previous.to_vec().into());
    Message::new(payload).with(":date", date).with(":chunk-signature", signature)
}

fn reference_request() -> Parts {
    let request = Request::post("/model/amazon.nova-2-sonic-v1%3A0/invoke-with-bidirectional-stream")
        .header("host", "bedrock-runtime.us-east-1.amazonaws.com")
        .header("content-type", "application/vnd.amazon.eventstream")
        .header("x-amz-content-sha256", STREAMING)
        .header("x-amz-date", "20260102T030405Z")
        .header("authorization", AUTHORIZATION);
    request.body(()).unwrap().into_parts().0
}

fn verifier() -> Verifier {
    Verifier::new(Credentials::default())
}

fn refusal(verifier: &Verifier, request: &Parts) -> Refusal {
    refusal_at(verifier, request, noon())
}

fn refusal_at(verifier: &Verifier, request: &Parts, now: SystemTime) -> Refusal {
    verifier.verify(request, now).map(|_| ()).unwrap_err()
}

/// The moment of reference §1.9.
fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_323_045)
}

fn unhex_all(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, \
    SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, \
    Signature=3dc83e4c7b768ce28f9b28c2081d6bdc6452c184dffa9619aaf2ef88eba32a34";
const OUTER_HEAD: &str = "000000de00000043bc320e7b053a64617465080000019b7ca98c88103a6368756e6b2d7369676e61747572650600207c76682cde0f3b2e6e12855fd6f48ca53a89b9d020957fbc256a331d62099067";
const INNER: &str = "0000008b0000004b421ac6f20b3a6576656e742d747970650700056368756e6b0d3a6d6573736167652d747970650700056576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b226279746573223a2265794a6c646d56756443493665794a7a5a584e7a615739755257356b496a703766583139227d78d00e62";
const OUTER_END: &str = "0000005300000043f5447a58053a64617465080000019b7ca98c88103a6368756e6b2d7369676e617475726506002058f100869100f4f8c53d4e456b39b88fccf9f56800695abf4639c2fe6bd01bf9a3435013";
