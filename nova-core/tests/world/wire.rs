//! What one session was sent, read from the payloads by themselves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::voice::Listener;

/// The texts and results of one session, in order.
#[derive(Debug, Default)]
pub struct Wire {
    /// What was said before: role and bytes of each message.
    pub history: Vec<(String, usize)>,
    pub typed: Vec<String>,
    /// Ids of the tool calls that were answered.
    pub results: Vec<String>,
    open: Option<Open>,
    pub audio: AudioBlock,
    /// Names of the events, audio left out.
    pub events: Vec<String>,
}

/// Whether the session listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AudioBlock {
    #[default]
    NotYet,
    Open,
    Over,
}

/// The block under way that is not the audio.
#[derive(Debug)]
enum Open {
    History(String, String),
    Typed(String),
    Other,
}

impl Wire {
    pub fn hear(&mut self, payload: &[u8], listener: &mut Listener) {
        if let Some(content) = audio(payload) {
            // Digital silence is nothing but this letter in base64.
            let letters = content.trim_ascii_end();
            let zero = letters
                .iter()
                .rposition(|byte| *byte != b'=')
                .is_none_or(|end| letters[..=end].iter().all(|b| *b == b'A'));
            if zero {
                let padding = letters.iter().rev().take_while(|byte| **byte == b'=').count();
                return listener.silence(((letters.len() / 4 * 3 - padding) / 2) as u64);
            }
            let Ok(pcm) = STANDARD.decode(letters) else { panic!("audio that is no base64") };
            return listener.hear(&pcm);
        }
        let event: Value = serde_json::from_slice(payload).unwrap();
        let (name, body) = event["event"].as_object().and_then(|event| event.iter().next()).unwrap();
        self.events.push(name.clone());
        self.event(name, body);
    }

    fn event(&mut self, name: &str, body: &Value) {
        let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        match name {
            "contentStart" => self.open(body),
            "promptEnd" => self.audio = AudioBlock::Over,
            "textInput" => {
                if let Some(Open::History(_, said) | Open::Typed(said)) = &mut self.open {
                    said.push_str(&text("content"));
                }
            }
            "contentEnd" => match self.open.take() {
                Some(Open::History(role, said)) => self.history.push((role, said.len())),
                Some(Open::Typed(said)) => self.typed.push(said),
                Some(Open::Other) | None => {}
            },
            _ => {}
        }
    }

    fn open(&mut self, body: &Value) {
        let role = body["role"].as_str().unwrap_or_default();
        self.open = match (body["type"].as_str().unwrap_or_default(), role, &body["interactive"]) {
            // The audio block stays open below the others.
            ("AUDIO", ..) => return self.audio = AudioBlock::Open,
            ("TEXT", "USER", Value::Bool(true)) => Some(Open::Typed(String::new())),
            ("TEXT", "USER" | "ASSISTANT", _) => Some(Open::History(role.to_owned(), String::new())),
            ("TOOL", ..) => {
                let id = body["toolResultInputConfiguration"]["toolUseId"].as_str().unwrap_or_default();
                self.results.push(id.to_owned());
                Some(Open::Other)
            }
            _ => Some(Open::Other),
        };
    }
}

/// Finds the base64 of an `audioInput`; its JSON is read by the engine, which judges it.
fn audio(payload: &[u8]) -> Option<&[u8]> {
    let rest = payload.strip_prefix(br#"{"event":{"audioInput":"#)?;
    let key = br#""content":""#;
    let from = rest.windows(key.len()).position(|window| window == key)? + key.len();
    rest[from..].split(|byte| *byte == b'"').next()
}

/// Reads the running total of a usage event: speech in, text in, speech out, text out.
pub fn usage(payload: &[u8]) -> Option<[u64; 4]> {
    payload.starts_with(br#"{"event":{"usageEvent""#).then_some(())?;
    let event: Value = serde_json::from_slice(payload).ok()?;
    let total = &event["event"]["usageEvent"]["details"]["total"];
    let number = |way: &str, kind: &str| total[way][kind].as_u64();
    Some([
        number("input", "speechTokens")?,
        number("input", "textTokens")?,
        number("output", "speechTokens")?,
        number("output", "textTokens")?,
    ])
}
