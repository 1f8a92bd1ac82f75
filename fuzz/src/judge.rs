//! Whatever a client sends at whatever times, under any switches and faults: the emulator does not panic, says nothing
//! outside the grammar of its events, wants to be woken in the future only, and is over after eight minutes.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova_emulator::{Engine, Fault, Input, Output, Scenario, Settings, Strictness, Switches};
use serde_json::{Value, json};

use super::grammar::Grammar;

/// Plays the client that the bytes stand for.
pub fn run(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let Ok(setup) = choices.arbitrary::<Setup>() else { return };
    let Ok(opening) = choices.int_in_range(0..=OPENING.len()) else { return };
    let mut client = Client::new(&setup);
    OPENING[..opening].iter().for_each(|act| client.play(act));
    for act in choices.arbitrary_iter::<Act>().into_iter().flatten().map_while(Result::ok).take(200) {
        client.play(&act);
    }
    client.outlive();
}

#[derive(Arbitrary, Clone, Debug)]
struct Setup {
    model: Which,
    scenario: Story,
    strict: bool,
    /// Row and position, counted round and round.
    switches: Vec<(u8, u8)>,
    faults: Option<Trouble>,
    pace: Pace,
    clock: Pace,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Which {
    First,
    Second,
    SecondAndAHalf,
    Unknown,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Story {
    SmallTalk,
    Tools,
    LongAnswer,
    Silence,
}

#[derive(Arbitrary, Clone, Debug)]
enum Trouble {
    /// A text as the header carries it.
    Text(String),
    /// What and when, counted round and round.
    Choices([(u8, u8); 2]),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Pace {
    Usual,
    Slow,
    Fast,
    Absurd,
}

#[derive(Arbitrary, Clone, Debug)]
enum Act {
    SessionStart(u8),
    PromptStart(Tools),
    TextStart(Name, Role, bool),
    AudioStart(Name, u8),
    ToolStart(Name, Use),
    TextInput(Name, String),
    AudioInput(Name, Loudness, u8),
    ToolResult(Name, Use),
    ContentEnd(Name),
    PromptEnd,
    SessionEnd,
    /// The last event again, with one byte changed or cut.
    Mangled(u16, u8),
    Cut(u16),
    Bytes(Vec<u8>),
    /// Speech or silence in real time, so many tens of milliseconds.
    Stream(Name, Loudness, u8),
    /// So many hundredths of a second, woken whenever it wants.
    Pass(u8),
    /// So many seconds, told only at the end.
    Oversleep(u16),
    EndInput,
    Vanish,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Tools {
    None,
    Two,
    BadName,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Name {
    A,
    B,
    C,
    D,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Role {
    System,
    SystemSpeech,
    User,
    Assistant,
    Tool,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Loudness {
    Silence,
    Loud,
    Half,
}

/// A tool use: one that was asked for, counted from the first, or one that nobody asked for.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Use {
    Asked(u8),
    Unasked,
}

const OPENING: [Act; 6] = [
    Act::SessionStart(0),
    Act::PromptStart(Tools::Two),
    Act::TextStart(Name::A, Role::System, false),
    Act::TextInput(Name::A, String::new()),
    Act::ContentEnd(Name::A),
    Act::AudioStart(Name::B, 1),
];

struct Client {
    engine: Engine,
    now: Duration,
    grammar: Grammar,
    /// The client's last payload.
    last: Vec<u8>,
    asked: Vec<String>,
    life: Life,
    outputs: usize,
    bytes_in: usize,
    bytes_out: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Running,
    Over,
}

impl Client {
    fn new(setup: &Setup) -> Self {
        let settings = setup.settings();
        let grammar = Grammar::new(&settings.effective_switches());
        let mut client = Client {
            engine: Engine::new(settings),
            now: Duration::ZERO,
            grammar,
            last: Vec::new(),
            asked: Vec::new(),
            life: Life::Running,
            outputs: 0,
            bytes_in: 0,
            bytes_out: 0,
        };
        client.collect();
        client
    }

    fn play(&mut self, act: &Act) {
        match act {
            Act::Mangled(place, byte) => {
                let mut payload = self.last.clone();
                let length = payload.len().max(1);
                if let Some(spoiled) = payload.get_mut(usize::from(*place) % length) {
                    *spoiled = *byte;
                }
                self.send(&payload);
            }
            Act::Cut(place) => {
                let mut payload = self.last.clone();
                payload.truncate(usize::from(*place) % payload.len().max(1));
                self.send(&payload);
            }
            Act::Bytes(bytes) => self.send(bytes),
            Act::Stream(name, loudness, tens) => {
                for _ in 0..*tens {
                    self.say("audioInput", &audio(*name, *loudness, 10));
                    self.pass(Duration::from_millis(10));
                }
            }
            Act::Pass(hundredths) => self.pass(Duration::from_millis(10 * u64::from(*hundredths))),
            Act::Oversleep(seconds) => {
                self.now += Duration::from_secs(u64::from(*seconds));
                self.input(Input::Tick);
            }
            Act::EndInput => self.input(Input::InputEnded),
            Act::Vanish => self.input(Input::Gone),
            event => {
                let (name, body) = self.event(event);
                self.say(name, &body);
            }
        }
    }

    /// The event that an act stands for; those that are none were played before.
    fn event(&self, act: &Act) -> (&'static str, Value) {
        match act {
            Act::SessionStart(shape) => ("sessionStart", session_start(*shape)),
            Act::PromptStart(tools) => ("promptStart", prompt_start(*tools)),
            Act::TextStart(name, role, interactive) => (
                "contentStart",
                json!({ "promptName": "p", "contentName": name.text(), "type": "TEXT", "role": role.text(),
                    "interactive": interactive, "textInputConfiguration": { "mediaType": "text/plain" } }),
            ),
            Act::AudioStart(name, rate) => ("contentStart", audio_start(*name, *rate)),
            Act::ToolStart(name, id) => (
                "contentStart",
                json!({ "promptName": "p", "contentName": name.text(), "type": "TOOL", "role": "TOOL",
                    "interactive": false, "toolResultInputConfiguration": { "toolUseId": self.id(*id), "type": "TEXT",
                        "textInputConfiguration": { "mediaType": "text/plain" } } }),
            ),
            Act::TextInput(name, text) => {
                let text = if text.is_empty() { "Be brief." } else { text.as_str() };
                ("textInput", json!({ "promptName": "p", "contentName": name.text(), "content": text }))
            }
            Act::AudioInput(name, loudness, ms) => ("audioInput", audio(*name, *loudness, *ms)),
            Act::ToolResult(name, id) => {
                let content = if let Use::Asked(_) = id { "{\"temperature\":5,\"hour\":9}" } else { "[]" };
                ("toolResult", json!({ "promptName": "p", "contentName": name.text(), "content": content }))
            }
            Act::ContentEnd(name) => ("contentEnd", json!({ "promptName": "p", "contentName": name.text() })),
            Act::PromptEnd => ("promptEnd", json!({ "promptName": "p" })),
            _ => ("sessionEnd", json!({})),
        }
    }

    fn id(&self, id: Use) -> &str {
        match id {
            Use::Asked(nth) => self.asked.get(usize::from(nth)).map_or("none", String::as_str),
            Use::Unasked => "none",
        }
    }

    fn say(&mut self, name: &str, body: &Value) {
        self.last = json!({ "event": { name: body } }).to_string().into_bytes();
        let payload = self.last.clone();
        self.send(&payload);
    }

    fn send(&mut self, payload: &[u8]) {
        self.bytes_in += payload.len();
        self.input(Input::Payload(payload));
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(wake) = self.engine.wake().filter(|wake| *wake <= until) {
            self.now = wake;
            self.input(Input::Tick);
        }
        self.now = until;
    }

    fn input(&mut self, input: Input<'_>) {
        self.engine.handle(self.now, input);
        self.collect();
        let _ = format!("{input:?} {:?}", self.engine);
    }

    fn collect(&mut self) {
        while let Some(output) = self.engine.poll() {
            let _ = format!("{output:?}");
            assert!(self.life == Life::Running, "{output:?} after the end");
            self.outputs += 1;
            match output {
                Output::Event(payload) => self.hear(&payload),
                Output::Exception(_) | Output::End => self.life = Life::Over,
                _ => {}
            }
        }
        assert!(self.engine.wake().is_none_or(|wake| wake > self.now), "wants to be woken in the past");
        // An answer of every scenario together has less than this, and every input may begin one more.
        let most = 50_000 + 4 * self.bytes_in;
        assert!(self.outputs <= most, "{} outputs for {} bytes", self.outputs, self.bytes_in);
        assert!(self.bytes_out <= 64 * 1024 * 1024, "{} bytes said", self.bytes_out);
    }

    fn hear(&mut self, payload: &[u8]) {
        self.bytes_out += payload.len();
        let envelope: Value = serde_json::from_slice(payload).expect("what the service says is JSON");
        let event = &envelope["event"];
        self.grammar.check(event);
        if let Some(id) = event["toolUse"]["toolUseId"].as_str() {
            self.asked.push(id.to_owned());
        }
    }

    /// Nothing outlives the eight minutes, whatever the clock.
    fn outlive(&mut self) {
        for _ in 0..100_000 {
            let Some(wake) = self.engine.wake() else { return };
            self.now = self.now.max(wake);
            self.input(Input::Tick);
        }
        panic!("the session never ends");
    }
}

impl Setup {
    fn settings(&self) -> Settings {
        let mut switches = Switches::default();
        let rows = Switches::catalogue();
        for (row, position) in self.switches.iter().take(12) {
            let row = &rows[usize::from(*row) % rows.len()];
            let position = row.positions[usize::from(*position) % row.positions.len()];
            switches.put(&row.name, position).expect("a position of the catalogue");
        }
        Settings {
            model: self.model.id().to_owned(),
            scenario: self.scenario.load().into(),
            strictness: if self.strict { Strictness::Strict } else { Strictness::Tolerant },
            switches,
            faults: self.faults.as_ref().map(Trouble::faults).unwrap_or_default(),
            pace: self.pace.factor(),
            clock: self.clock.factor(),
            ..Settings::default()
        }
    }
}

impl Which {
    fn id(self) -> &'static str {
        match self {
            Which::First => "amazon.nova-sonic-v1:0",
            Which::Second => "amazon.nova-2-sonic-v1:0",
            Which::SecondAndAHalf => "amazon.nova-2-5-sonic",
            Which::Unknown => "amazon.nova-premier-v1:0",
        }
    }
}

impl Story {
    fn load(self) -> Scenario {
        match self {
            Story::SmallTalk => Scenario::small_talk(),
            Story::Tools => Scenario::tools(),
            Story::LongAnswer => Scenario::long_answer(),
            Story::Silence => Scenario::silence(),
        }
    }
}

impl Trouble {
    fn faults(&self) -> Vec<Fault> {
        let text = match self {
            Trouble::Text(text) => text.clone(),
            Trouble::Choices(choices) => {
                let written = |(what, when): &(u8, u8)| {
                    let (what, when) = (usize::from(*what) % WHAT.len(), usize::from(*when) % WHEN.len());
                    format!("{}@{}", WHAT[what], WHEN[when])
                };
                choices.iter().map(written).collect::<Vec<_>>().join(",")
            }
        };
        Fault::parse_list(&text).unwrap_or_default()
    }
}

impl Pace {
    fn factor(self) -> f64 {
        match self {
            Pace::Usual => 1.0,
            Pace::Slow => 0.5,
            Pace::Fast => 60.0,
            Pace::Absurd => f64::NAN,
        }
    }
}

impl Name {
    fn text(self) -> &'static str {
        match self {
            Name::A => "a",
            Name::B => "b",
            Name::C => "c",
            Name::D => "d",
        }
    }
}

impl Role {
    fn text(self) -> &'static str {
        match self {
            Role::System => "SYSTEM",
            Role::SystemSpeech => "SYSTEM_SPEECH",
            Role::User => "USER",
            Role::Assistant => "ASSISTANT",
            Role::Tool => "TOOL",
        }
    }
}

fn session_start(shape: u8) -> Value {
    match shape % 4 {
        0 => json!({ "inferenceConfiguration": { "maxTokens": 1024, "topP": 0.9, "temperature": 0.7 } }),
        1 => json!({}),
        2 => json!({ "inferenceConfiguration": {}, "turnDetectionConfiguration": { "endpointingSensitivity": "LOW" } }),
        _ => json!({ "inferenceConfiguration": { "maxTokens": 0, "topP": 1e308 } }),
    }
}

fn prompt_start(tools: Tools) -> Value {
    let tool = |name: &str| {
        let schema = json!({ "json": "{\"type\":\"object\",\"properties\":{}}" });
        json!({ "toolSpec": { "name": name, "description": "Tells something.", "inputSchema": schema } })
    };
    let mut body = json!({
        "promptName": "p",
        "textOutputConfiguration": { "mediaType": "text/plain" },
        "audioOutputConfiguration": { "mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16,
            "channelCount": 1, "voiceId": "tiffany", "encoding": "base64", "audioType": "SPEECH" },
    });
    let tools = match tools {
        Tools::None => return body,
        Tools::Two => json!([tool("get_weather"), tool("get_time")]),
        Tools::BadName => json!([tool("clock.now")]),
    };
    body["toolUseOutputConfiguration"] = json!({ "mediaType": "application/json" });
    body["toolConfiguration"] = json!({ "tools": tools });
    body
}

fn audio_start(name: Name, rate: u8) -> Value {
    let rate = [8_000, 16_000, 24_000, 44_100][usize::from(rate) % 4];
    json!({ "promptName": "p", "contentName": name.text(), "type": "AUDIO", "interactive": true, "role": "USER",
        "audioInputConfiguration": { "mediaType": "audio/lpcm", "sampleRateHertz": rate, "sampleSizeBits": 16,
            "channelCount": 1, "audioType": "SPEECH", "encoding": "base64" } })
}

/// So many milliseconds at 16 kHz.
fn audio(name: Name, loudness: Loudness, ms: u8) -> Value {
    let samples = 16 * usize::from(ms);
    let pcm = match loudness {
        Loudness::Silence => vec![0; 2 * samples],
        Loudness::Loud => [0x00, 0x40, 0x00, 0xC0].repeat(samples / 2),
        Loudness::Half => vec![0x11; 2 * samples + 1],
    };
    json!({ "promptName": "p", "contentName": name.text(), "content": STANDARD.encode(pcm) })
}

const WHAT: [&str; 18] = [
    "throttlingException",
    "modelStreamErrorException",
    "GEN",
    "HISTLATE",
    "531",
    "IDLE",
    "TIMEOUT8",
    "late-headers:2s",
    "end",
    "unknown-event",
    "unknown-field",
    "cut-frame",
    "bad-crc",
    "reset",
    "go-away",
    "stall:2s",
    "error-message:Oops:it broke",
    "status:503",
];

const WHEN: [&str; 8] =
    ["opening", "input:3", "input:9", "output:1", "output:7", "event:audioOutput:2", "event:audioInput:5", "after:4s"];
