//! Frames and signatures from the client's side, written from the reference without a look at the server's.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub const REGION: &str = "us-east-1";

/// Signs a request, then every event on the one before.
#[derive(Clone)]
pub struct Signer {
    access_key: String,
    secret_key: String,
    previous: String,
    /// Added to the clock; a test sets it wrong on purpose.
    pub skew: i64,
}

impl Signer {
    pub fn new(access_key: &str, secret_key: &str) -> Self {
        Self { access_key: access_key.to_owned(), secret_key: secret_key.to_owned(), previous: String::new(), skew: 0 }
    }

    /// Gives `x-amz-date`, `x-amz-content-sha256` and `authorization` for a request to the operation.
    pub fn request(&mut self, host: &str, path: &str) -> [(&'static str, String); 3] {
        let date = timestamp(self.now());
        let signed = "host;x-amz-content-sha256;x-amz-date";
        let canonical = format!(
            "POST\n{}\n\nhost:{host}\nx-amz-content-sha256:{STREAMING}\nx-amz-date:{date}\n\n{signed}\n{STREAMING}",
            path.replace('%', "%25"),
        );
        let scope = scope(&date);
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(canonical.as_bytes()));
        self.previous = hex(&mac(&self.key(&date), text.as_bytes()));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature={}",
            self.access_key, self.previous
        );
        [("x-amz-date", date), ("x-amz-content-sha256", STREAMING.to_owned()), ("authorization", authorization)]
    }

    /// Wraps an event payload in both its frames and signs it.
    pub fn event(&mut self, payload: &[u8]) -> Vec<u8> {
        let body = format!(r#"{{"bytes":"{}"}}"#, BASE64_STANDARD.encode(payload));
        let headers = [(":event-type", "chunk"), (":message-type", "event"), (":content-type", "application/json")];
        let headers: Vec<u8> = headers.iter().flat_map(|(name, value)| text_header(name, value)).collect();
        self.outer(&frame(&headers, body.as_bytes()))
    }

    /// The empty message that ends the stream.
    pub fn end(&mut self) -> Vec<u8> {
        self.outer(&[])
    }

    /// Puts anything into a signed outer message.
    pub fn outer(&mut self, payload: &[u8]) -> Vec<u8> {
        let now = self.now();
        let date = timestamp(now);
        let mut headers = vec![5];
        headers.extend(b":date\x08");
        headers.extend((now * 1000).to_be_bytes());
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{}\n{}\n{}\n{}",
            scope(&date),
            self.previous,
            hash(&headers),
            hash(payload)
        );
        let signature = mac(&self.key(&date), text.as_bytes());
        self.previous = hex(&signature);
        headers.push(16);
        headers.extend(b":chunk-signature\x06\x00\x20");
        headers.extend(signature);
        frame(&headers, payload)
    }

    /// Breaks the chain, as a client does that loses an event.
    pub fn forget(&mut self) {
        self.previous = "0".repeat(64);
    }

    fn now(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        i64::try_from(now).unwrap() + self.skew
    }

    fn key(&self, date: &str) -> [u8; 32] {
        let day = mac(format!("AWS4{}", self.secret_key).as_bytes(), &date.as_bytes()[..8]);
        mac(&mac(&mac(&day, REGION.as_bytes()), b"bedrock"), b"aws4_request")
    }
}

fn frame(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(u32::try_from(headers.len() + payload.len() + 16).unwrap().to_be_bytes());
    out.extend(u32::try_from(headers.len()).unwrap().to_be_bytes());
    out.extend(crc32fast::hash(&out).to_be_bytes());
    out.extend(headers);
    out.extend(payload);
    out.extend(crc32fast::hash(&out).to_be_bytes());
    out
}

fn text_header(name: &str, value: &str) -> Vec<u8> {
    let mut out = vec![u8::try_from(name.len()).unwrap()];
    out.extend(name.as_bytes());
    out.push(7);
    out.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
    out.extend(value.as_bytes());
    out
}

fn scope(date: &str) -> String {
    format!("{}/{REGION}/bedrock/aws4_request", &date[..8])
}

fn timestamp(seconds: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    let (hour, minute, second) = time.to_hms();
    let month = u8::from(time.month());
    format!("{:04}{month:02}{:02}T{hour:02}{minute:02}{second:02}Z", time.year(), time.day())
}

fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().into()
}

fn hash(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const STREAMING: &str = "STREAMING-AWS4-HMAC-SHA256-EVENTS";
