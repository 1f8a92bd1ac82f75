//! A small raw client: JSON by hand, virtual time, every output checked against the grammar as it comes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bedrock_nova_emulator::{
    Engine, Exception, Fault, Input, Output, Scenario, Settings, Strictness, Switches, WireFault,
};
use serde_json::{Value, json};

use crate::grammar::Grammar;

/// The model that most tests call.
pub const V2: &str = "amazon.nova-2-sonic-v1:0";
/// The first model.
pub const V1: &str = "amazon.nova-sonic-v1:0";
/// The newest model.
pub const V25: &str = "amazon.nova-2-5-sonic";

/// One session under test.
pub struct Raw {
    pub engine: Engine,
    pub now: Duration,
    /// Every event with its time.
    pub events: Vec<(Duration, Value)>,
    pub accepted_at: Option<Duration>,
    pub exception: Option<Exception>,
    pub ended: Option<Duration>,
    pub wires: Vec<WireFault>,
    pub rate: u32,
    grammar: Grammar,
    blocks: u32,
}

/// Builds a session.
pub struct Setup {
    settings: Settings,
}

pub fn setup() -> Setup {
    Setup { settings: Settings { model: V2.to_owned(), ..Settings::default() } }
}

impl Setup {
    pub fn model(mut self, model: &str) -> Self {
        self.settings.model = model.to_owned();
        self
    }

    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.settings.scenario = Arc::new(scenario);
        self
    }

    pub fn script(self, json: Value) -> Self {
        self.scenario(Scenario::parse(&json.to_string()).unwrap())
    }

    pub fn switch(mut self, text: &str) -> Self {
        self.settings.switches.set(text).unwrap();
        self
    }

    pub fn switches(mut self, switches: Switches) -> Self {
        self.settings.switches = switches;
        self
    }

    pub fn faults(mut self, text: &str) -> Self {
        self.settings.faults = Fault::parse_list(text).unwrap();
        self
    }

    pub fn strict(mut self) -> Self {
        self.settings.strictness = Strictness::Strict;
        self
    }

    pub fn clock(mut self, clock: f64) -> Self {
        self.settings.clock = clock;
        self
    }

    pub fn pace(mut self, pace: f64) -> Self {
        self.settings.pace = pace;
        self
    }

    pub fn start(self) -> Raw {
        let grammar = Grammar::new(&self.settings.switches);
        let mut raw = Raw {
            engine: Engine::new(self.settings),
            now: Duration::ZERO,
            events: Vec::new(),
            accepted_at: None,
            exception: None,
            ended: None,
            wires: Vec::new(),
            rate: 16_000,
            grammar,
            blocks: 0,
        };
        raw.collect();
        raw
    }

    /// Starts and goes through the whole opening, to a live session.
    pub fn live(self) -> Raw {
        let mut raw = self.start();
        raw.open();
        raw.audio_start("a");
        raw
    }
}

impl Raw {
    /// Sends one event now.
    pub fn send(&mut self, event: Value) {
        self.raw(json!({ "event": event }).to_string().as_bytes());
    }

    /// Sends bytes now.
    pub fn raw(&mut self, payload: &[u8]) {
        self.engine.handle(self.now, Input::Payload(payload));
        self.collect();
    }

    pub fn end_input(&mut self) {
        self.engine.handle(self.now, Input::InputEnded);
        self.collect();
    }

    pub fn vanish(&mut self) {
        self.engine.handle(self.now, Input::Gone);
        self.collect();
    }

    /// Lets time pass without input, waking the engine when it wants to be woken.
    pub fn pass(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while let Some(wake) = self.engine.wake().filter(|wake| *wake <= until) {
            self.now = self.now.max(wake);
            self.engine.handle(self.now, Input::Tick);
            self.collect();
        }
        self.now = until;
    }

    /// Lets time pass and tells the engine only at the end of it.
    pub fn oversleep(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        self.engine.handle(self.now, Input::Tick);
        self.collect();
    }

    pub fn session_start(&mut self) {
        self.send(session_start());
    }

    pub fn prompt_start(&mut self) {
        self.send(prompt_start(json!({})));
    }

    /// sessionStart, promptStart, SYSTEM.
    pub fn open(&mut self) {
        self.session_start();
        self.prompt_start();
        self.text_block("SYSTEM", false, "Be brief.");
    }

    /// The same with the tools of the shipped scenario.
    pub fn open_with_tools(&mut self) {
        self.session_start();
        self.send(prompt_start(json!({ "tools": [tool("get_weather"), tool("get_time")] })));
        self.text_block("SYSTEM", false, "Be brief.");
        self.audio_start("a");
    }

    /// A whole TEXT block under a new name.
    pub fn text_block(&mut self, role: &str, interactive: bool, text: &str) {
        self.blocks += 1;
        let name = format!("t-{}", self.blocks);
        self.send(text_start(&name, role, interactive));
        self.send(text_input(&name, text));
        self.send(content_end(&name));
    }

    /// The same, until something is refused.
    pub fn text_block_if_alive(&mut self, role: &str, interactive: bool, text: &str) {
        for event in [text_start("late", role, interactive), text_input("late", text), content_end("late")] {
            if self.is_alive() {
                self.send(event);
            }
        }
    }

    pub fn audio_start(&mut self, name: &str) {
        let rate = self.rate;
        self.send(audio_start(name, rate));
    }

    /// Streams samples in real time, in pieces of 32 ms.
    pub fn stream(&mut self, samples: &[i16]) {
        let rate = u64::from(self.rate);
        for piece in samples.chunks((rate * 32 / 1000) as usize) {
            self.send(audio_input("a", piece));
            self.pass(piece.len() as u64 * 1000 / rate);
        }
    }

    /// Speaks for so long.
    pub fn speak(&mut self, ms: u64) {
        let samples = sound(self.rate, ms);
        self.stream(&samples);
    }

    /// Streams digital silence for so long.
    pub fn silence(&mut self, ms: u64) {
        let samples = vec![0; (u64::from(self.rate) * ms / 1000) as usize];
        self.stream(&samples);
    }

    /// A second of speech and the pause behind it.
    pub fn ask(&mut self) {
        self.speak(992);
        self.silence(608);
    }

    /// Answers a tool call with a whole block.
    pub fn tool_result(&mut self, id: &str, content: &str) {
        self.blocks += 1;
        let name = format!("r-{}", self.blocks);
        self.send(tool_start(&name, id));
        self.send(tool_result(&name, content));
        self.send(content_end(&name));
    }

    pub fn close(&mut self) {
        self.send(content_end("a"));
        self.send(prompt_end());
        self.send(json!({ "sessionEnd": {} }));
    }

    /// The names of the events, usage left out; data of one block counted once.
    pub fn shape(&self) -> Vec<String> {
        let mut shape: Vec<String> = Vec::new();
        for (_, event) in &self.events {
            let line = summary(event);
            if line != "usageEvent" && (line != "audio" || shape.last().is_none_or(|last| last != "audio")) {
                shape.push(line);
            }
        }
        shape
    }

    /// The bodies of all events of a name.
    pub fn all(&self, name: &str) -> Vec<&Value> {
        self.events.iter().filter_map(|(_, event)| event.get(name)).collect()
    }

    pub fn count(&self, name: &str) -> usize {
        self.all(name).len()
    }

    /// The texts of the blocks of this kind, `USER`, `SPECULATIVE` or `FINAL`.
    pub fn texts(&self, kind: &str) -> Vec<String> {
        let mut open = BTreeMap::new();
        let mut texts = Vec::new();
        for (_, event) in &self.events {
            if let Some(start) = event.get("contentStart").filter(|start| start["type"] == "TEXT") {
                open.insert(start["contentId"].to_string(), text_kind(start));
            }
            if let Some(output) = event.get("textOutput")
                && open.get(&output["contentId"].to_string()).is_some_and(|found| found == kind)
            {
                texts.push(output["content"].as_str().unwrap().to_owned());
            }
        }
        texts
    }

    /// How many bytes of answer audio came.
    pub fn audio_bytes(&self) -> usize {
        self.all("audioOutput")
            .iter()
            .map(|body| STANDARD.decode(body["content"].as_str().unwrap()).unwrap().len())
            .sum()
    }

    /// When the first event came that has this summary.
    pub fn time_of(&self, line: &str) -> Duration {
        self.events
            .iter()
            .find(|(_, event)| summary(event) == line)
            .unwrap_or_else(|| panic!("no {line}: {:?}", self.shape()))
            .0
    }

    /// The message of the error that ended the session.
    pub fn message(&self) -> &str {
        self.exception.as_ref().map_or("", |exception| exception.message.as_str())
    }

    pub fn is_alive(&self) -> bool {
        self.exception.is_none() && self.ended.is_none() && self.engine.wake().is_some()
    }

    fn collect(&mut self) {
        while let Some(output) = self.engine.poll() {
            assert!(self.ended.is_none() && self.exception.is_none(), "{output:?} behind the end");
            match output {
                Output::Accept => {
                    assert_eq!(self.accepted_at, None, "accepted twice");
                    self.accepted_at = Some(self.now);
                }
                Output::Event(payload) => {
                    assert!(self.accepted_at.is_some(), "an event before the headers");
                    let mut whole: Value = serde_json::from_slice(&payload).unwrap();
                    let event = whole["event"].take();
                    self.grammar.check(&event);
                    self.events.push((self.now, event));
                }
                Output::Exception(exception) => self.exception = Some(exception),
                Output::End => self.ended = Some(self.now),
                Output::Wire(fault) => self.wires.push(fault),
                other => panic!("{other:?} is new"),
            }
        }
    }
}

pub fn session_start() -> Value {
    json!({ "sessionStart": { "inferenceConfiguration": { "maxTokens": 1024, "topP": 0.9, "temperature": 0.7 } } })
}

/// A promptStart; the argument is the tool configuration, left out where it is empty.
pub fn prompt_start(tools: Value) -> Value {
    let mut event = json!({ "promptStart": {
        "promptName": "p",
        "textOutputConfiguration": { "mediaType": "text/plain" },
        "audioOutputConfiguration": {
            "mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16, "channelCount": 1,
            "voiceId": "matthew", "encoding": "base64", "audioType": "SPEECH",
        },
        "toolUseOutputConfiguration": { "mediaType": "application/json" },
    } });
    if tools.as_object().is_some_and(|tools| !tools.is_empty()) {
        event["promptStart"]["toolConfiguration"] = tools;
    }
    event
}

pub fn tool(name: &str) -> Value {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } }).to_string();
    json!({ "toolSpec": { "name": name, "description": "Looks something up.", "inputSchema": { "json": schema } } })
}

pub fn text_start(name: &str, role: &str, interactive: bool) -> Value {
    json!({ "contentStart": {
        "promptName": "p", "contentName": name, "type": "TEXT", "interactive": interactive, "role": role,
        "textInputConfiguration": { "mediaType": "text/plain" },
    } })
}

pub fn audio_start(name: &str, rate: u32) -> Value {
    json!({ "contentStart": {
        "promptName": "p", "contentName": name, "type": "AUDIO", "interactive": true, "role": "USER",
        "audioInputConfiguration": {
            "mediaType": "audio/lpcm", "sampleRateHertz": rate, "sampleSizeBits": 16, "channelCount": 1,
            "audioType": "SPEECH", "encoding": "base64",
        },
    } })
}

pub fn tool_start(name: &str, id: &str) -> Value {
    json!({ "contentStart": {
        "promptName": "p", "contentName": name, "type": "TOOL", "interactive": false, "role": "TOOL",
        "toolResultInputConfiguration": {
            "toolUseId": id, "type": "TEXT", "textInputConfiguration": { "mediaType": "text/plain" },
        },
    } })
}

pub fn text_input(name: &str, text: &str) -> Value {
    json!({ "textInput": { "promptName": "p", "contentName": name, "content": text } })
}

pub fn audio_input(name: &str, samples: &[i16]) -> Value {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    json!({ "audioInput": { "promptName": "p", "contentName": name, "content": STANDARD.encode(bytes) } })
}

pub fn tool_result(name: &str, content: &str) -> Value {
    json!({ "toolResult": { "promptName": "p", "contentName": name, "content": content } })
}

pub fn content_end(name: &str) -> Value {
    json!({ "contentEnd": { "promptName": "p", "contentName": name } })
}

pub fn prompt_end() -> Value {
    json!({ "promptEnd": { "promptName": "p" } })
}

/// A buzz that the gate takes for speech.
pub fn sound(rate: u32, ms: u64) -> Vec<i16> {
    (0..u64::from(rate) * ms / 1000).map(|n| if n % 40 < 20 { 4000 } else { -4000 }).collect()
}

/// One event in a few words: `start TEXT SPECULATIVE`, `text`, `end AUDIO END_TURN`, or its name.
pub fn summary(event: &Value) -> String {
    let (name, body) = event.as_object().unwrap().iter().next().unwrap();
    match name.as_str() {
        "contentStart" if body["type"] == "TEXT" => format!("start TEXT {}", text_kind(body)),
        "contentStart" => format!("start {}", body["type"].as_str().unwrap()),
        "contentEnd" => format!("end {} {}", body["type"].as_str().unwrap(), body["stopReason"].as_str().unwrap()),
        "textOutput" => "text".to_owned(),
        "audioOutput" => "audio".to_owned(),
        _ => name.clone(),
    }
}

fn text_kind(start: &Value) -> String {
    if start["role"] == "USER" {
        return "USER".to_owned();
    }
    let fields: Value = serde_json::from_str(start["additionalModelFields"].as_str().unwrap()).unwrap();
    fields["generationStage"].as_str().unwrap().to_owned()
}
