//! AWS event-stream frames: one message to bytes, and bytes cut anywhere to messages (reference §1.3).
//!
//! ```text
//! u32 total_length | u32 headers_length | u32 crc32(first 8 bytes)
//! headers … | payload … | u32 crc32(everything before this field)
//! ```

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// One message: headers in wire order, and a payload.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Message {
    headers: Vec<(String, Value)>,
    payload: Bytes,
}

/// The value of a header; the numbers in front are the type bytes of the wire.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// 0 and 1.
    Bool(bool),
    /// 2.
    Byte(i8),
    /// 3.
    Short(i16),
    /// 4.
    Int(i32),
    /// 5.
    Long(i64),
    /// 6, at most 32,767 bytes.
    Bytes(Bytes),
    /// 7, at most 32,767 bytes of UTF-8.
    Text(String),
    /// 8, milliseconds since 1970.
    Timestamp(i64),
    /// 9.
    Uuid([u8; 16]),
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The lengths contradict each other.
    #[error("the frame's lengths are impossible: {total} bytes in all, {headers} of them headers")]
    Lengths {
        /// Total length as written.
        total: u32,
        /// Length of the headers as written.
        headers: u32,
    },
    /// A length is over the limit of reference §1.3.
    #[error("the frame is over its limit: {total} bytes in all, {headers} of them headers")]
    TooLong {
        /// Total length as written.
        total: u32,
        /// Length of the headers as written.
        headers: u32,
    },
    /// The checksum over the lengths is wrong.
    #[error("the checksum of the frame's prelude is wrong")]
    PreludeChecksum,
    /// The checksum over the frame is wrong.
    #[error("the checksum of the frame is wrong")]
    Checksum,
    /// A header cannot be read.
    #[error("a header of the frame cannot be read")]
    Header,
}

impl Message {
    /// Makes a message without headers.
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self { headers: Vec::new(), payload: payload.into() }
    }

    /// Adds a header behind the others; a name has 1 to 255 bytes.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        debug_assert!(matches!(name.len(), 1..=255), "a header name has 1 to 255 bytes");
        self.headers.push((name.to_owned(), value));
        self
    }

    /// Adds a text header behind the others.
    pub fn with_text(self, name: &str, text: &str) -> Self {
        self.with(name, Value::Text(text.to_owned()))
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&Value> {
        self.headers.iter().find_map(|(found, value)| (found == name).then_some(value))
    }

    /// The first header of this name, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.header(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The payload.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Writes the frame.
    pub fn encode(&self) -> Bytes {
        let mut headers = BytesMut::new();
        for (name, value) in &self.headers {
            put_header(&mut headers, name, value);
        }
        let total = OVERHEAD + headers.len() + self.payload.len();
        let mut frame = BytesMut::with_capacity(total);
        frame.put_u32(u32::try_from(total).unwrap_or(u32::MAX));
        frame.put_u32(u32::try_from(headers.len()).unwrap_or(u32::MAX));
        frame.put_u32(crc32fast::hash(&frame));
        frame.put_slice(&headers);
        frame.put_slice(&self.payload);
        frame.put_u32(crc32fast::hash(&frame));
        frame.freeze()
    }

    fn decode(frame: &Bytes, headers_length: usize) -> Result<Self, FrameError> {
        let body = frame.len() - CHECKSUM;
        if crc32fast::hash(&frame[..body]) != (&frame[body..]).get_u32() {
            return Err(FrameError::Checksum);
        }
        let mut block = frame.slice(PRELUDE..PRELUDE + headers_length);
        let mut headers = Vec::new();
        while !block.is_empty() {
            headers.push(take_header(&mut block).ok_or(FrameError::Header)?);
        }
        Ok(Self { headers, payload: frame.slice(PRELUDE + headers_length..body) })
    }
}

impl fmt::Debug for Message {
    /// Shows the headers; of the payload only its length, as it holds what somebody said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("headers", &self.headers).field("payload", &self.payload.len()).finish()
    }
}

impl fmt::Debug for Decoder {
    /// Shows how much is held, and nothing of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("held", &self.buffer.len()).finish()
    }
}

impl fmt::Debug for Value {
    /// Shows texts and numbers; of bytes only their count, as they may hold a signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Byte(value) => value.fmt(f),
            Self::Short(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Long(value) | Self::Timestamp(value) => value.fmt(f),
            Self::Bytes(value) => write!(f, "{} bytes", value.len()),
            Self::Text(value) => value.fmt(f),
            Self::Uuid(value) => write!(f, "{:032x}", u128::from_be_bytes(*value)),
        }
    }
}

/// Puts frames together from pieces of any size.
///
/// It holds at most one frame (16 MiB and its headers) besides what was pushed last.
#[derive(Default)]
pub struct Decoder {
    buffer: BytesMut,
}

impl Decoder {
    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// Gives the next whole message, or `None` until more is pushed.
    ///
    /// # Errors
    /// The bytes are not a frame; there is no way to find the next one, so the stream is lost.
    pub fn next_message(&mut self) -> Result<Option<Message>, FrameError> {
        if self.buffer.len() < PRELUDE {
            return Ok(None);
        }
        let mut prelude = &self.buffer[..PRELUDE];
        let (total, headers, checksum) = (prelude.get_u32(), prelude.get_u32(), prelude.get_u32());
        if crc32fast::hash(&self.buffer[..PRELUDE - CHECKSUM]) != checksum {
            return Err(FrameError::PreludeChecksum);
        }
        let (total_length, headers_length) = (total as usize, headers as usize);
        if total_length < OVERHEAD + headers_length {
            return Err(FrameError::Lengths { total, headers });
        }
        if headers_length > MAX_HEADERS || total_length - headers_length - OVERHEAD > MAX_PAYLOAD {
            return Err(FrameError::TooLong { total, headers });
        }
        if self.buffer.len() < total_length {
            return Ok(None);
        }
        Message::decode(&self.buffer.split_to(total_length).freeze(), headers_length).map(Some)
    }

    /// Whether the bytes so far end inside a frame.
    pub fn is_inside_frame(&self) -> bool {
        !self.buffer.is_empty()
    }
}

/// Writes one header as it stands in a frame; signatures are made over these bytes.
pub fn encode_header(name: &str, value: &Value) -> Bytes {
    let mut out = BytesMut::new();
    put_header(&mut out, name, value);
    out.freeze()
}

fn put_header(out: &mut BytesMut, name: &str, value: &Value) {
    out.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.put_slice(name.as_bytes());
    match value {
        Value::Bool(value) => out.put_u8(u8::from(!value)),
        Value::Byte(value) => {
            out.put_u8(2);
            out.put_i8(*value);
        }
        Value::Short(value) => {
            out.put_u8(3);
            out.put_i16(*value);
        }
        Value::Int(value) => {
            out.put_u8(4);
            out.put_i32(*value);
        }
        Value::Long(value) => {
            out.put_u8(5);
            out.put_i64(*value);
        }
        Value::Bytes(value) => put_long_value(out, 6, value),
        Value::Text(value) => put_long_value(out, 7, value.as_bytes()),
        Value::Timestamp(value) => {
            out.put_u8(8);
            out.put_i64(*value);
        }
        Value::Uuid(value) => {
            out.put_u8(9);
            out.put_slice(value);
        }
    }
}

/// Cuts at the limit of the wire, so that what is written can always be read.
fn put_long_value(out: &mut BytesMut, kind: u8, value: &[u8]) {
    let value = &value[..value.len().min(MAX_VALUE)];
    out.put_u8(kind);
    out.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
    out.put_slice(value);
}

fn take_header(block: &mut Bytes) -> Option<(String, Value)> {
    let length = block.try_get_u8().ok()?;
    let name = take_text(block, usize::from(length))?;
    if name.is_empty() {
        return None;
    }
    let value = match block.try_get_u8().ok()? {
        0 => Value::Bool(true),
        1 => Value::Bool(false),
        2 => Value::Byte(block.try_get_i8().ok()?),
        3 => Value::Short(block.try_get_i16().ok()?),
        4 => Value::Int(block.try_get_i32().ok()?),
        5 => Value::Long(block.try_get_i64().ok()?),
        6 => {
            let length = take_value_length(block)?;
            Value::Bytes(take(block, length)?)
        }
        7 => {
            let length = take_value_length(block)?;
            Value::Text(take_text(block, length)?)
        }
        8 => Value::Timestamp(block.try_get_i64().ok()?),
        9 => Value::Uuid(block.try_get_u128().ok()?.to_be_bytes()),
        _ => return None,
    };
    Some((name, value))
}

fn take_value_length(block: &mut Bytes) -> Option<usize> {
    let length = usize::from(block.try_get_u16().ok()?);
    (length <= MAX_VALUE).then_some(length)
}

fn take(block: &mut Bytes, length: usize) -> Option<Bytes> {
    (block.len() >= length).then(|| block.split_to(length))
}

fn take_text(block: &mut Bytes, length: usize) -> Option<String> {
    String::from_utf8(take(block, length)?.to_vec()).ok()
}

const CHECKSUM: usize = 4;
const PRELUDE: usize = 12;
const OVERHEAD: usize = PRELUDE + CHECKSUM;
/// Reference §1.3.
const MAX_HEADERS: usize = 128 * 1024;
/// Reference §1.3.
const MAX_PAYLOAD: usize = 16 * 1024 * 1024;
/// Reference §1.3.
const MAX_VALUE: usize = 32 * 1024 - 1;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_service_s_chunk_is_written_as_in_the_reference() {
        let payload = r#"{"bytes":"eyJldmVudCI6eyJjb21wbGV0aW9uU3RhcnQiOnsiY29tcGxldGlvbklkIjoiYy0xIiwicHJvbXB0TmFtZSI6InAtMSIsInNlc3Npb25JZCI6InMtMSJ9fX0="}"#;
        let message = Message::new(payload)
            .with_text(":event-type", "chunk")
            .with_text(":content-type", "application/json")
            .with_text(":message-type", "event");
        assert_eq!(hex(&message.encode()), CHUNK);
    }

    #[test]
    fn the_service_s_exception_is_written_as_in_the_reference() {
        let message = Message::new(r#"{"message":"Invalid input request, please fix your input and try again."}"#)
            .with_text(":exception-type", "validationException")
            .with_text(":content-type", "application/json")
            .with_text(":message-type", "exception");
        assert_eq!(hex(&message.encode()), EXCEPTION);
    }

    #[test]
    fn the_date_header_is_written_as_in_the_reference() {
        let bytes = encode_header(":date", &Value::Timestamp(1_767_323_045_000));
        assert_eq!(hex(&bytes), "053a64617465080000019b7ca98c88");
    }

    #[test]
    fn frames_are_read_whatever_the_size_of_the_pieces() {
        let stream = [unhex(CHUNK), unhex(EXCEPTION)].concat();
        for size in 1..=stream.len() {
            let mut decoder = Decoder::default();
            let mut types = Vec::new();
            for piece in stream.chunks(size) {
                decoder.push(piece);
                while let Some(message) = decoder.next_message().unwrap() {
                    types.push(message.text(":message-type").unwrap().to_owned());
                }
            }
            assert_eq!(types, ["event", "exception"], "in pieces of {size}");
            assert!(!decoder.is_inside_frame());
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let frame = unhex(CHUNK);
        for bit in 0..frame.len() * 8 {
            let mut broken = frame.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            let mut decoder = Decoder::default();
            decoder.push(&broken);
            assert!(decoder.next_message().is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_truncated_frame_is_no_message() {
        let mut decoder = Decoder::default();
        decoder.push(&unhex(CHUNK)[..100]);
        assert_eq!(decoder.next_message(), Ok(None));
        assert!(decoder.is_inside_frame());
    }

    #[test]
    fn limits_are_judged_before_the_frame_is_there() {
        let oversized = |total: u32, headers: u32| {
            let mut prelude = BytesMut::new();
            prelude.put_u32(total);
            prelude.put_u32(headers);
            prelude.put_u32(crc32fast::hash(&prelude));
            let mut decoder = Decoder::default();
            decoder.push(&prelude);
            decoder.next_message()
        };
        assert!(matches!(oversized(16 * 1024 * 1024 + 17, 0), Err(FrameError::TooLong { .. })));
        assert!(matches!(oversized(1_000_000, 128 * 1024 + 1), Err(FrameError::TooLong { .. })));
        assert!(matches!(oversized(15, 0), Err(FrameError::Lengths { .. })));
        assert!(matches!(oversized(100, 90), Err(FrameError::Lengths { .. })));
        assert_eq!(oversized(16 * 1024 * 1024 + 16, 0), Ok(None));
    }

    proptest! {
        #[test]
        fn any_message_comes_back(
            texts in proptest::collection::vec(("[a-z:-]{1,40}", ".{0,60}"), 0..6),
            number in any::<i64>(),
            payload in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut message = Message::new(payload)
                .with("a-bool", Value::Bool(number % 2 == 0))
                .with("a-byte", Value::Byte(number as i8))
                .with("a-short", Value::Short(number as i16))
                .with("an-int", Value::Int(number as i32))
                .with("a-long", Value::Long(number))
                .with("a-time", Value::Timestamp(number))
                .with("bytes", Value::Bytes(Bytes::copy_from_slice(&number.to_be_bytes())))
                .with("a-uuid", Value::Uuid((number as u128).to_be_bytes()));
            for (name, text) in &texts {
                message = message.with_text(name, text);
            }
            let mut decoder = Decoder::default();
            decoder.push(&message.encode());
            prop_assert_eq!(decoder.next_message().unwrap(), Some(message));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            let _ = decoder.next_message();
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// Reference §1.9, server side.
    const CHUNK: &str = "000000df0000004b8f89aff90b3a6576656e742d747970650700056368756e6b0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b226279746573223a2265794a6c646d56756443493665794a6a62323177624756306157397555335268636e51694f6e7369593239746347786c64476c76626b6c6b496a6f69597930784969776963484a7662584230546d46745a534936496e41744d534973496e4e6c63334e706232354a5a434936496e4d744d534a396658303d227d26a1f2a6";
    /// Reference §1.9, server side.
    const EXCEPTION: &str = "000000ba0000006105e09e120f3a657863657074696f6e2d7479706507001376616c69646174696f6e457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22496e76616c696420696e70757420726571756573742c20706c656173652066697820796f757220696e70757420616e642074727920616761696e2e227dfcd2475d";
}
