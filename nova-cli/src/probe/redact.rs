//! Traces that may leave the machine: the shape of every event stays, words, voices and identifiers do not.

use std::collections::BTreeMap;

use bedrock_nova::transport::Failure;
use bedrock_nova::transport::recording::{Recording, Side, What};
use bytes::Bytes;
use serde_json::Value;

use super::speech::says_interrupted;

/// Returns a trace in which audio is silence of the same length, the service's words are the letter x, and the
/// service's identifiers are numbered names. What this side typed is the same in every run and stays.
pub(super) fn redact(trace: &Recording) -> Recording {
    let mut names = Names::default();
    let mut out = Recording::default();
    for line in trace.lines() {
        let what = match &line.what {
            What::Payload(payload) => What::Payload(names.payload(payload, line.from)),
            What::Accepted { request_id } => {
                What::Accepted { request_id: request_id.as_ref().map(|id| names.name("request", id)) }
            }
            What::Failure(failure) => What::Failure(names.failure(failure)),
            other => other.clone(),
        };
        out.push(line.at, line.from, what);
    }
    out
}

/// The service's identifiers and what they are called instead.
#[derive(Default)]
struct Names {
    known: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, u32>,
}

/// Members that hold an identifier of the service's making.
const IDENTIFIERS: [(&str, &str); 4] =
    [("sessionId", "session"), ("completionId", "completion"), ("contentId", "content"), ("toolUseId", "tool")];

impl Names {
    fn name(&mut self, kind: &'static str, id: &str) -> String {
        if let Some(name) = self.known.get(id) {
            return name.clone();
        }
        let count = self.counts.entry(kind).or_insert(0);
        *count += 1;
        let name = format!("{kind}-{count}");
        self.known.insert(id.to_owned(), name.clone());
        name
    }

    fn payload(&mut self, payload: &Bytes, from: Side) -> Bytes {
        // What cannot be read cannot be redacted either; only this side sends such things, on purpose.
        let Ok(mut event) = serde_json::from_slice::<Value>(payload) else {
            return if from == Side::Client { payload.clone() } else { Bytes::from_static(b"\"unreadable\"") };
        };
        self.event(&mut event, from);
        Bytes::from(event.to_string())
    }

    fn event(&mut self, event: &mut Value, from: Side) {
        let Some(events) = event.get_mut("event").and_then(Value::as_object_mut) else { return };
        for (name, body) in events {
            self.identifiers(body);
            let Some(Value::String(content)) = body.get_mut("content") else { continue };
            match (name.as_str(), from) {
                ("audioInput" | "audioOutput", _) => *content = silent(content),
                ("toolUse", _) => *content = "{}".to_owned(),
                (_, Side::Service) if !says_interrupted(content) => *content = crossed_out(content),
                _ => {}
            }
        }
    }

    fn identifiers(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    let kind = IDENTIFIERS.iter().find(|(name, _)| name == key).map(|(_, kind)| *kind);
                    match (kind, member) {
                        (Some(kind), Value::String(id)) => *id = self.name(kind, id),
                        (_, member) => self.identifiers(member),
                    }
                }
            }
            Value::Array(members) => members.iter_mut().for_each(|member| self.identifiers(member)),
            _ => {}
        }
    }

    fn failure(&mut self, failure: &Failure) -> Failure {
        match failure.clone() {
            Failure::Service { name, status, message, request_id, original } => Failure::Service {
                name,
                status,
                message: self.message(&message),
                request_id: request_id.map(|id| self.name("request", &id)),
                original,
            },
            // Accounts, profiles and hosts of whoever ran the experiment.
            Failure::Credentials { code, .. } => {
                Failure::Credentials { code, message: "redacted".to_owned(), hint: String::new() }
            }
            Failure::Unreachable { code, .. } => Failure::Unreachable { code, message: "redacted".to_owned() },
            other => other,
        }
    }

    /// Replaces the id in `RequestId=… : text`.
    fn message(&mut self, message: &str) -> String {
        match message.strip_prefix("RequestId=").and_then(|rest| rest.split_once(" : ")) {
            Some((id, text)) => format!("RequestId={} : {text}", self.name("request", id)),
            None => message.to_owned(),
        }
    }
}

/// Base64 of as many zero bytes.
fn silent(content: &str) -> String {
    let padding = content.len() - content.trim_end_matches('=').len();
    format!("{}{}", "A".repeat(content.len() - padding), "=".repeat(padding))
}

fn crossed_out(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() { 'x' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn nothing_of_a_person_is_left() {
        let mut trace = Recording::default();
        let lines = [
            (Side::Client, r#"{"event":{"audioInput":{"content":"c2VjcmV0IQ=="}}}"#),
            (Side::Service, r#"{"event":{"textOutput":{"content":"my secret, 42","sessionId":"s-uuid"}}}"#),
            (
                Side::Service,
                r#"{"event":{"textOutput":{"content":"{ \"interrupted\" : true }","sessionId":"s-uuid"}}}"#,
            ),
            (Side::Service, r#"{"event":{"toolUse":{"content":"{\"city\":\"secret\"}","toolUseId":"t-uuid"}}}"#),
        ];
        for (side, payload) in lines {
            trace.push(Duration::ZERO, side, What::Payload(Bytes::from_static(payload.as_bytes())));
        }
        let failure = Failure::Service {
            name: "ValidationException".to_owned(),
            status: None,
            message: "RequestId=r-uuid : No.".to_owned(),
            request_id: Some("r-uuid".to_owned()),
            original: None,
        };
        trace.push(Duration::ZERO, Side::Service, What::Failure(failure));
        let redacted = redact(&trace).to_string();
        for leak in ["secret", "42", "c2Vj", "uuid"] {
            assert!(!redacted.contains(leak), "{leak} is left in {redacted}");
        }
        assert!(redacted.contains("xx xxxxxx, xx") && redacted.contains("AAAAAAAAAA=="));
        assert!(redacted.contains("interrupted") && redacted.contains("RequestId=request-1 : No."));
        assert_eq!(redacted.matches("session-1").count(), 2);
        assert!(Recording::parse(&redacted).is_ok(), "a redacted trace is still a recording");
    }
}
