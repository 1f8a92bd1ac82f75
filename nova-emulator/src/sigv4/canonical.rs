//! The canonical form of a request, over which its signature is made.

use http::{HeaderMap, Uri, request::Parts};

use super::credentials::sha256_hex;

/// Writes the canonical request for the signed headers in the order given, or names a header that is not there.
pub(crate) fn canonical_request(request: &Parts, signed: &[&str]) -> Result<String, String> {
    let mut headers = String::new();
    for name in signed {
        let value = header(request, name).ok_or_else(|| (*name).to_owned())?;
        headers.push_str(&format!("{name}:{value}\n"));
    }
    Ok([
        request.method.as_str(),
        &encode(request.uri.path(), KeepSlash::Yes),
        &query(&request.uri),
        &headers,
        &signed.join(";"),
        &payload_hash(&request.headers),
    ]
    .join("\n"))
}

/// The hash that stands for the body: what the client names, or that of an empty body (Rust, reference §1.9a).
pub(crate) fn payload_hash(headers: &HeaderMap) -> String {
    let named = headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    named.map_or_else(|| sha256_hex(b""), str::to_owned)
}

fn header(request: &Parts, name: &str) -> Option<String> {
    let authority = || request.uri.authority().map(|authority| authority.as_str().to_owned());
    match name {
        ":authority" => authority().or_else(|| plain(&request.headers, "host")),
        "host" => plain(&request.headers, "host").or_else(authority),
        _ => plain(&request.headers, name),
    }
}

/// All values of a header, trimmed, inner runs of blanks made one, joined by commas.
fn plain(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Option<Vec<_>> = headers.get_all(name).iter().map(|value| value.to_str().ok()).collect();
    let values: Vec<_> =
        values?.into_iter().map(|value| value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Sorts and re-encodes the query; `?` with nothing behind it is no query (Python, reference §1.9a).
fn query(uri: &Uri) -> String {
    let raw = uri.query().unwrap_or_default();
    let mut pairs: Vec<_> = raw
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let again = |text| encode(&percent_decode(text), KeepSlash::No);
            format!("{}={}", again(name), again(value))
        })
        .collect();
    pairs.sort();
    pairs.join("&")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeepSlash {
    Yes,
    No,
}

/// Percent-encodes all but unreserved characters; applied to a path that is encoded already, it makes `%3A` `%253A`.
fn encode(text: &str, slash: KeepSlash) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b'/' if slash == KeepSlash::Yes => out.push('/'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Undoes percent-encoding; what is not UTF-8 or no valid escape stays as it stands.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let byte = escape
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_path_is_encoded_twice_and_a_query_once() {
        assert_eq!(encode("/model/a%3A0/x", KeepSlash::Yes), "/model/a%253A0/x");
        let uri: Uri = "/x?b=2&a=%2F+1&c".parse().unwrap();
        assert_eq!(query(&uri), "a=%2F%2B1&b=2&c=");
        assert_eq!(query(&"/x?".parse().unwrap()), "");
    }

    #[test]
    fn percent_escapes_are_undone_where_they_are_escapes() {
        assert_eq!(percent_decode("amazon.nova-2-sonic-v1%3A0"), "amazon.nova-2-sonic-v1:0");
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%+1%zz%C3%A4"), "%+1%zzä");
        assert_eq!(percent_decode("%ff"), "%ff");
    }

    #[test]
    fn header_values_are_trimmed_and_joined() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", "  one   two ".parse().unwrap());
        headers.append("x-a", "three".parse().unwrap());
        assert_eq!(plain(&headers, "x-a").as_deref(), Some("one two,three"));
        assert_eq!(plain(&headers, "x-b"), None);
    }
}
