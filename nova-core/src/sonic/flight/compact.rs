//! How payloads, sound and times are written: short, readable, and exact.

/// A payload: the text of its event. A long run of the letter A, which is digital silence in base64, is written as its
/// length; bytes that are no text are written as base64.
pub(crate) mod payload {
    use std::fmt;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Runs of at least this length are written as a number.
    const RUN: usize = 32;
    /// Far more than any event has: a number in a spoiled file must not take all memory.
    const LONGEST: usize = 64 << 20;

    pub(crate) fn serialize<S: Serializer>(payload: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        Written::from(payload).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        Bytes::try_from(Written::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    pub(super) enum Written {
        Text(String),
        Parts(Vec<Part>),
        Raw { base64: String },
    }

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    pub(super) enum Part {
        Silence(usize),
        Text(String),
    }

    impl From<&Bytes> for Written {
        fn from(payload: &Bytes) -> Self {
            let Ok(text) = std::str::from_utf8(payload) else {
                return Written::Raw { base64: STANDARD.encode(payload) };
            };
            match parts(text) {
                parts if parts.iter().any(|part| matches!(part, Part::Silence(_))) => Written::Parts(parts),
                _ => Written::Text(text.to_owned()),
            }
        }
    }

    impl TryFrom<Written> for Bytes {
        type Error = Unreadable;

        fn try_from(written: Written) -> Result<Bytes, Unreadable> {
            match written {
                Written::Text(text) => Ok(text.into()),
                Written::Raw { base64 } => STANDARD.decode(base64).map(Bytes::from).map_err(|_| Unreadable::Base64),
                Written::Parts(parts) => {
                    let mut text = String::new();
                    for part in parts {
                        match part {
                            Part::Text(piece) => text.push_str(&piece),
                            Part::Silence(run) if run > LONGEST - text.len().min(LONGEST) => {
                                return Err(Unreadable::TooLong);
                            }
                            Part::Silence(run) => text.extend(std::iter::repeat_n('A', run)),
                        }
                    }
                    Ok(text.into())
                }
            }
        }
    }

    fn parts(text: &str) -> Vec<Part> {
        let (mut parts, mut done, mut at) = (Vec::new(), 0, 0);
        while let Some(start) = text[at..].find('A').map(|found| at + found) {
            let run = text[start..].bytes().take_while(|byte| *byte == b'A').count();
            at = start + run;
            if run >= RUN {
                parts.push(Part::Text(text[done..start].to_owned()));
                parts.push(Part::Silence(run));
                done = at;
            }
        }
        parts.push(Part::Text(text[done..].to_owned()));
        parts
    }

    #[derive(Debug)]
    pub(super) enum Unreadable {
        Base64,
        TooLong,
    }

    impl fmt::Display for Unreadable {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(match self {
                Unreadable::Base64 => "a payload is no base64",
                Unreadable::TooLong => "a payload is longer than any event",
            })
        }
    }
}

/// Several payloads.
pub(crate) mod payloads {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::payload::Written;

    pub(crate) fn serialize<S: Serializer>(payloads: &[Bytes], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(payloads.iter().map(Written::from))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Bytes>, D::Error> {
        let written = Vec::<Written>::deserialize(deserializer)?;
        written.into_iter().map(Bytes::try_from).collect::<Result<_, _>>().map_err(serde::de::Error::custom)
    }
}

/// Sound: base64, and digital silence as the number of its bytes.
pub(crate) mod pcm {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Far more than an application hands over at once.
    const LONGEST: usize = 64 << 20;

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written {
        Silence(usize),
        Sound(String),
    }

    pub(crate) fn serialize<S: Serializer>(pcm: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match pcm.iter().all(|byte| *byte == 0) {
            true => Written::Silence(pcm.len()),
            false => Written::Sound(STANDARD.encode(pcm)),
        };
        written.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Silence(bytes) if bytes <= LONGEST => Ok(vec![0; bytes].into()),
            Written::Silence(_) => Err(serde::de::Error::custom("a piece of sound is longer than any")),
            Written::Sound(base64) => {
                STANDARD.decode(base64).map(Bytes::from).map_err(|_| serde::de::Error::custom("sound is no base64"))
            }
        }
    }
}

/// Times in seconds, exact to the nanosecond for calls of up to forty days.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(time.as_secs_f64())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }

    /// The same for a time that there may not be.
    pub(crate) mod option {
        use std::time::Duration;

        use serde::{Deserialize, Deserializer, Serializer};

        pub(crate) fn serialize<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
            match time {
                Some(time) => super::serialize(time, serializer),
                None => serializer.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
            #[derive(Deserialize)]
            struct Seconds(#[serde(with = "super")] Duration);
            Ok(Option::<Seconds>::deserialize(deserializer)?.map(|seconds| seconds.0))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::time::Duration;

    use bytes::Bytes;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct All {
        #[serde(with = "super::payload")]
        payload: Bytes,
        #[serde(with = "super::pcm")]
        pcm: Bytes,
        #[serde(with = "super::seconds")]
        time: Duration,
        #[serde(with = "super::seconds::option")]
        maybe: Option<Duration>,
    }

    fn written(payload: impl Into<Bytes>, pcm: impl Into<Bytes>, time: Duration) -> String {
        let all = All { payload: payload.into(), pcm: pcm.into(), time, maybe: None };
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<All>(&text).unwrap(), all, "{text}");
        text
    }

    #[test]
    fn everything_comes_back_exactly() {
        for nanos in [0, 1, 183_000_001, 14_399_999_999_999, 86_400_123_456_789] {
            written("{}", vec![], Duration::from_nanos(nanos));
        }
        written(b"\xff no text".to_vec(), vec![1, 0], Duration::ZERO);
        written(format!("A{0}B{0}{1}", "A".repeat(40), "A".repeat(31)), vec![0; 3], Duration::ZERO);
    }

    #[test]
    fn silence_is_a_number_and_text_is_readable() {
        let silence = "A".repeat(853);
        let text = written(format!(r#"{{"content":"{silence}="}}"#), vec![0; 640], Duration::from_millis(1_500));
        assert_eq!(text, r#"{"payload":["{\"content\":\"",853,"=\"}"],"pcm":640,"time":1.5,"maybe":null}"#);
    }

    #[test]
    fn a_spoiled_number_takes_no_memory() {
        let huge = r#"{"payload":["",9000000000000,""],"pcm":0,"time":0,"maybe":null}"#;
        assert!(serde_json::from_str::<All>(huge).unwrap_err().to_string().contains("longer"));
        let negative = r#"{"payload":"","pcm":0,"time":-1,"maybe":null}"#;
        assert!(serde_json::from_str::<All>(negative).is_err());
    }
}
