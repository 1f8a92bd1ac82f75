//! A whole call over the real SDK and TLS with planted secrets: none is in a log above `trace`, nor in any `Debug` output.
//!
//! What is collected is everything that this thread says while the call lasts: ours, the AWS SDK's, hyper's, h2's, and
//! the emulator's, which serves on it.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::conversation::{AudioPolicy, Call, Input};
use bedrock_nova::sonic::{Config, Conversation, Event, Message, Tool, ToolSpec};
use bedrock_nova::transport::{Bedrock, Transport};
use bedrock_nova_emulator::sigv4::Credentials;
use bedrock_nova_emulator::{Emulator, Scenario, Strictness, clips};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

use crate::support::soon;

const ACCESS_KEY: &str = "AKIDPLANTEDKEY";
const SECRET_KEY: &str = "planted-secret-key";
const TOKEN: &str = "planted-session-token";

/// Base64 that this text stands in, wherever the audio is cut at whole thirds.
const SOUND: &str = "plantedSound";

#[tokio::test]
async fn a_whole_call_says_nothing_of_what_it_carries() {
    let log = Log::default();
    let listening = tracing::subscriber::set_default(log.clone());
    let shown = whole_call().await;
    drop(listening);
    let lines = log.lines.lock().unwrap();
    // It must have seen what it is to judge.
    for source in ["bedrock_nova_emulator", "aws_", "h2"] {
        assert!(lines.iter().any(|line| line.target.starts_with(source)), "nothing of {source} was collected");
    }
    let leaks: Vec<String> = lines.iter().filter_map(Line::leak).collect();
    assert!(leaks.is_empty(), "{} log lines hold a secret:\n{}", leaks.len(), leaks.join("\n"));
    assert!(shown.iter().all(|text| leak(text).is_none()), "{:?}", shown.iter().find_map(|text| leak(text)));
}

#[test]
fn a_leak_is_found_in_every_form() {
    let bytes = STANDARD.decode(SOUND).unwrap();
    let forms = [
        "the planted words".to_owned(),
        format!("Credential={ACCESS_KEY}/20260101"),
        STANDARD.encode(sound()),
        format!("{:?}", sound()),
        format!("{:?}", bytes::Bytes::from(bytes)),
    ];
    for text in forms {
        assert!(leak(&text).is_some(), "{text}");
    }
    assert_eq!(leak("Frame(link 1, 120 bytes)"), None);
}

/// Speaks, types, runs a tool, and closes; returns how everything on the way shows itself.
async fn whole_call() -> Vec<String> {
    let emulator = Emulator::builder()
        .scenario(scenario())
        .strictness(Strictness::Strict)
        .credentials(Credentials::new(ACCESS_KEY, SECRET_KEY).with_session_token(TOKEN))
        .start()
        .await
        .unwrap();
    let bedrock = Bedrock::builder().region("us-east-1").endpoint_url(emulator.tls_url()).ca_bundle(emulator.ca_file());
    let bedrock = bedrock.credentials(ACCESS_KEY, SECRET_KEY, Some(TOKEN.into()));
    let mut shown = vec![format!("{bedrock:?} {emulator:?}")];
    let transport: Arc<dyn Transport> = Arc::new(bedrock.build().await.unwrap());
    let tool = Tool::new("look_up", "Looks up a planted thing.", schema(), |_| async {
        Ok::<_, String>(json!({ "answer": "planted-result" }))
    });
    shown.push(format!("{transport:?} {tool:?}"));
    let builder = Conversation::builder()
        .transport(transport)
        .system("Keep the planted-prompt to yourself.")
        .history([Message::user("planted-history"), Message::assistant("planted-reply")])
        .tool(tool);
    shown.push(format!("{builder:?}"));
    let talk = soon(builder.connect()).await.unwrap();
    shown.push(format!("{talk:?}"));
    let (sender, mut events) = talk.split();
    shown.push(format!("{sender:?} {events:?}"));
    soon(sender.send_audio(sound())).await.unwrap();
    soon(sender.send_audio(question())).await.unwrap();
    let mut turns = 0;
    while let Some(stamped) = soon(events.next_stamped()).await {
        shown.push(format!("{stamped:?} {stamped:#?}"));
        if let Event::TurnEnded { .. } = stamped.event {
            turns += 1;
            match turns {
                1 => sender.send_text("planted-text").await.unwrap(),
                _ => sender.finish(),
            }
        }
    }
    assert!(turns >= 2, "the call was cut short");
    shown.push(format!("{:?}", sender.send_text("planted-late").await.unwrap_err()));
    emulator.wait_idle(Duration::from_secs(10)).await.unwrap();
    let sessions = emulator.sessions();
    assert_eq!(sessions[0].ledger.tool_calls.len(), 1, "the tool was not asked for");
    shown.push(format!("{sessions:?}"));
    shown.extend(machine());
    shown
}

/// The pure machine's own objects, which the driver keeps to itself.
fn machine() -> Vec<String> {
    let mut config = Config::default();
    config.system = "planted-prompt".to_owned();
    config.history = vec![Message::user("planted-history")];
    config.tools = vec![ToolSpec::new("look_up", "Looks up a planted thing.", schema()).into()];
    let mut shown = vec![format!("{config:?}")];
    let mut call = Call::new(config, Catalogue::built_in(), 1).unwrap();
    let inputs = [
        Input::Text { text: "planted-text".to_owned() },
        Input::Greet { text: "planted-greeting".to_owned() },
        Input::Audio { pcm: sound().into(), policy: AudioPolicy::Wait, at: Duration::ZERO },
        Input::ToolDone { id: "t".into(), result: Ok(json!("planted-result")) },
        Input::ToolDone { id: "t".into(), result: Err("planted-failure".to_owned()) },
    ];
    for input in inputs {
        shown.push(format!("{input:?}"));
        if let Err(error) = call.handle(Duration::ZERO, input) {
            shown.push(format!("{error:?} {error}"));
        }
        while let Some(output) = call.poll() {
            shown.push(format!("{output:?}"));
        }
        shown.push(format!("{call:?}"));
    }
    shown
}

fn scenario() -> Scenario {
    let story = json!({ "version": 1, "name": "secrets", "turns": [
        { "heard": "planted-question", "answer": [
            { "call": "look_up", "arguments": { "what": "planted-argument" } },
            { "after_results": ["It is the planted-answer."], "otherwise": ["No."] } ] },
        { "heard": "planted-text", "answer": ["That was planted-again."] } ] });
    Scenario::parse(&story.to_string()).unwrap()
}

fn schema() -> serde_json::Value {
    json!({ "type": "object", "properties": { "what": { "type": "string" } } })
}

/// A hundred milliseconds and some that spell [`SOUND`] in base64.
fn sound() -> Vec<u8> {
    STANDARD.decode(SOUND.repeat(360)).unwrap()
}

fn question() -> Vec<u8> {
    clips::question("weather").unwrap().at(16_000).pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Returns the words around a secret, in any of the forms in which bytes are shown.
fn leak(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(SOUND).unwrap();
    let listed = bytes[..4].iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let escaped = format!("{:?}", bytes::Bytes::from(bytes));
    let escaped = escaped.trim_start_matches("b\"").trim_end_matches('"');
    let place = [text.to_lowercase().find("planted"), text.find(&listed), text.find(&escaped[..8])];
    let place = place.into_iter().flatten().min()?;
    let from = text.floor_char_boundary(place.saturating_sub(80));
    Some(text[from..text.ceil_char_boundary((place + 40).min(text.len()))].to_owned())
}

/// Collects everything at every level.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<Line>>>,
    spans: Arc<AtomicU64>,
}

struct Line {
    level: Level,
    target: String,
    text: String,
}

impl Line {
    /// Returns what it must not hold.
    ///
    /// The AWS SDK writes the access key's id at `debug`, and never the secret or the token; `transport::bedrock` says
    /// how to keep it quiet. An id alone opens nothing.
    fn leak(&self) -> Option<String> {
        let sdk = self.target == "aws_smithy_runtime::client::orchestrator::endpoints";
        let text = if sdk { self.text.replace(ACCESS_KEY, "") } else { self.text.clone() };
        let found = leak(&text).filter(|_| self.level < Level::TRACE)?;
        Some(format!("{} {}: {found}", self.level, self.target))
    }
}

impl Log {
    fn note(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Words)) {
        let mut words = Words::default();
        record(&mut words);
        let line = Line { level: *metadata.level(), target: metadata.target().to_owned(), text: words.0 };
        self.lines.lock().unwrap().push(line);
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.note(span.metadata(), |words| span.record(words));
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// What is added to a span later has lost its level, so it counts as loud.
    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut words = Words::default();
        values.record(&mut words);
        let line = Line { level: Level::DEBUG, target: "a span".to_owned(), text: words.0 };
        self.lines.lock().unwrap().push(line);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        self.note(event.metadata(), |words| event.record(words));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}
