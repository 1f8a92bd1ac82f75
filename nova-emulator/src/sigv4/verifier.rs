//! Judges the signature of a request.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, request::Parts};

use super::{
    Chain, Credentials, Refusal, Stamp,
    canonical::{canonical_request, payload_hash},
    chain::Scope,
    credentials::{hmac_matches, sha256_hex, unhex},
};

/// Judges requests against one pair of credentials, or lets every one pass where there is none.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    credentials: Option<Credentials>,
    skew: Skew,
    bearer: Bearer,
}

/// What becomes of a request whose date is more than five minutes off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skew {
    /// It is refused.
    #[default]
    Refused,
    /// It is taken.
    Ignored,
}

/// What becomes of a bearer token in place of a signature (reference §1.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bearer {
    /// It is refused with a sentence that says what to do.
    #[default]
    Refused,
    /// Any token is taken, and the events then need no signature.
    Accepted,
}

impl Verifier {
    /// Knows one pair and verifies everything against it.
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..Self::default() }
    }

    /// Knows no secret: signatures are read where they are and never judged.
    pub fn decode_only() -> Self {
        Self::default()
    }

    /// Decides about clocks that differ.
    pub fn with_skew(mut self, skew: Skew) -> Self {
        self.skew = skew;
        self
    }

    /// Decides about bearer tokens.
    pub fn with_bearer(mut self, bearer: Bearer) -> Self {
        self.bearer = bearer;
        self
    }

    /// Judges a request, and gives the chain on which its events have to be signed; `now` is the server's time.
    ///
    /// # Errors
    /// The service's answer to a request that is not, or wrongly, signed.
    pub fn verify(&self, request: &Parts, now: SystemTime) -> Result<Chain, Refusal> {
        let Some(credentials) = &self.credentials else { return Ok(Chain::Unchecked) };
        let value = request.headers.get(http::header::AUTHORIZATION).ok_or(Refusal::Missing)?;
        let value = value.to_str().map_err(|_| Refusal::incomplete("printable characters"))?;
        if value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("Bearer ")) {
            return if self.bearer == Bearer::Accepted { Ok(Chain::Unchecked) } else { Err(Refusal::Bearer) };
        }
        let authorization = Authorization::parse(value)?;
        self.identify(credentials, &authorization, &request.headers)?;
        let stamp = self.date(&request.headers, &authorization, now)?;
        authorization.covers(&request.headers)?;
        let canonical = canonical_request(request, &authorization.signed).map_err(|missing| {
            Refusal::Invalid(format!("The signed header '{missing}' is not present in the request."))
        })?;
        let scope = Scope { region: authorization.region.to_owned(), service: SERVICE.to_owned() };
        let text = format!("{ALGORITHM}\n{stamp}\n{}\n{}", scope.on(stamp), sha256_hex(canonical.as_bytes()));
        let key = credentials.signing_key(&stamp.day(), &scope.region, &scope.service);
        if !hmac_matches(&key, text.as_bytes(), &authorization.signature) {
            return Err(Refusal::mismatch());
        }
        Ok(Chain::begin(credentials.clone(), scope, authorization.signature))
    }

    fn identify(&self, known: &Credentials, found: &Authorization<'_>, headers: &HeaderMap) -> Result<(), Refusal> {
        let token = headers.get(TOKEN).map(http::HeaderValue::as_bytes);
        let token_fits = known.session_token().is_none_or(|wanted| token == Some(wanted.as_bytes()));
        if found.access_key == known.access_key() && token_fits { Ok(()) } else { Err(Refusal::UnknownClient) }
    }

    fn date(&self, headers: &HeaderMap, found: &Authorization<'_>, now: SystemTime) -> Result<Stamp, Refusal> {
        let text = headers.get(DATE).and_then(|date| date.to_str().ok());
        let stamp = text.and_then(Stamp::parse).ok_or_else(|| {
            Refusal::incomplete("existence of either a 'X-Amz-Date' or a 'Date' header in the form yyyymmddThhmmssZ")
        })?;
        if found.day != stamp.day() {
            return Err(Refusal::Invalid(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{stamp}'.",
                found.day,
                stamp.day(),
            )));
        }
        let now = Stamp::from_time(now);
        let (earliest, latest) = (now.minus(MAX_SKEW), now.plus(MAX_SKEW));
        match self.skew {
            Skew::Refused if stamp < earliest => Err(Refusal::expired(stamp, now, earliest)),
            Skew::Refused if stamp > latest => Err(Refusal::not_yet(stamp, now, latest)),
            Skew::Refused | Skew::Ignored => Ok(stamp),
        }
    }
}

/// The parts of the `authorization` header.
struct Authorization<'a> {
    access_key: &'a str,
    day: &'a str,
    region: &'a str,
    signed: Vec<&'a str>,
    signature: [u8; 32],
}

impl<'a> Authorization<'a> {
    fn parse(value: &'a str) -> Result<Self, Refusal> {
        let parameters = value
            .strip_prefix(ALGORITHM)
            .filter(|rest| rest.starts_with(' '))
            .ok_or_else(|| Refusal::incomplete("the algorithm 'AWS4-HMAC-SHA256'"))?;
        let parameter = |name: &str| {
            let mut all = parameters.split(',').filter_map(|part| part.trim().split_once('='));
            all.find_map(|(found, value)| (found == name).then_some(value))
                .ok_or_else(|| Refusal::incomplete(&format!("'{name}' parameter")))
        };
        let [access_key, day, region, service, "aws4_request"] =
            parameter("Credential")?.split('/').collect::<Vec<_>>()[..]
        else {
            return Err(Refusal::incomplete("a credential of the form key/date/region/service/aws4_request"));
        };
        if service != SERVICE {
            return Err(Refusal::Invalid(format!("Credential should be scoped to correct service: '{SERVICE}'.")));
        }
        let signature = unhex(parameter("Signature")?).ok_or_else(Refusal::mismatch)?;
        Ok(Self { access_key, day, region, signed: parameter("SignedHeaders")?.split(';').collect(), signature })
    }

    /// Whether what must be signed is signed, and the body is named in a way that fits a stream of events.
    fn covers(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let signed = |name: &str| self.signed.contains(&name);
        if !signed("host") && !signed(":authority") {
            let text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
            return Err(Refusal::Invalid(text.to_owned()));
        }
        if let Some(name) =
            [DATE, TOKEN, "x-amz-content-sha256"].into_iter().find(|&name| headers.contains_key(name) && !signed(name))
        {
            let text = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
            return Err(Refusal::Invalid(text));
        }
        let hash = payload_hash(headers);
        if hash == STREAMING || hash == UNSIGNED || hash == sha256_hex(b"") {
            return Ok(());
        }
        Err(Refusal::Invalid("The value of 'x-amz-content-sha256' does not fit a stream of signed events.".to_owned()))
    }
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "bedrock";
const DATE: &str = "x-amz-date";
const TOKEN: &str = "x-amz-security-token";
const STREAMING: &str = "STREAMING-AWS4-HMAC-SHA256-EVENTS";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests;
