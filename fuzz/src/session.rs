//! Whatever is called and heard in whatever order: no panic, a refused command sends nothing and changes nothing, what is
//! dead stays dead, and what is sent is in order for the strict emulator, which answers meanwhile.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use bedrock_nova::audio::SampleRate;
use bedrock_nova::ids::{ContentName, PromptName, ToolUseId};
use bedrock_nova::model::{Catalogue, Model, ModelId, Voice};
use bedrock_nova::sonic::session::{
    Content, Endpointing, Inference, Input, Output, PromptConfig, Session, ToolChoice, ToolSpec,
};
use bedrock_nova::sonic::wire::Role;
use bedrock_nova::transport::Failure;
use bedrock_nova_emulator as emulator;
use bytes::Bytes;
use emulator::{Engine, Settings, Strictness, Switches};
use serde_json::{Value, json};

use super::said::{Id, Said, Words};

/// Plays the commands and events that the bytes stand for.
pub fn run(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let Ok(generation) = choices.arbitrary::<Generation>() else { return };
    let Ok(opening) = choices.int_in_range(0..=OPENING.len()) else { return };
    let mut pair = Pair::new(generation);
    OPENING[..opening].iter().for_each(|act| pair.play(act));
    for act in choices.arbitrary_iter::<Act>().into_iter().flatten().map_while(Result::ok).take(300) {
        pair.play(&act);
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Generation {
    First,
    Second,
    SecondAndAHalf,
}

#[derive(Arbitrary, Clone, Debug)]
enum Act {
    Start(Sampling),
    StartPrompt(Tools),
    Open(Kind),
    Text(Back, Words),
    /// So many KiB at once.
    LongText(Back, u8),
    Audio(Loudness, u8),
    HalfSample,
    ToolResult(Back, Answer),
    Close(Back),
    EndPrompt,
    End,
    Hear(Said),
    HearBytes(Vec<u8>),
    Fail,
    PeerEnds,
    /// So many tens of milliseconds.
    Pass(u8),
}

/// Which block, counted back from the newest.
type Back = u8;

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Sampling {
    Plain,
    Nothing,
    Patient,
    Numbers(u32, f64, f64),
}

#[derive(Arbitrary, Clone, Debug)]
enum Tools {
    None,
    Two,
    Forced,
    Same,
    Named(String),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    System,
    SystemSpeech,
    HistoryUser,
    HistoryAssistant,
    HistorySystem,
    UserText,
    Audio8,
    Audio16,
    Tool(Id),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Loudness {
    Silence,
    Loud,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Answer {
    Object,
    Text,
    Null,
}

const OPENING: [Act; 7] = [
    Act::Start(Sampling::Plain),
    Act::StartPrompt(Tools::Two),
    Act::Open(Kind::System),
    Act::Text(0, Words::Hello),
    Act::Close(0),
    Act::Open(Kind::Audio16),
    Act::Audio(Loudness::Silence, 100),
];

/// A session and the service that it talks to.
struct Pair {
    session: Session,
    engine: Engine,
    now: Duration,
    blocks: Vec<ContentName>,
    fate: Fate,
}

/// How the session stands with its service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Alive,
    /// The service has ended the stream; what was on the way then goes nowhere.
    EngineOver,
    Dead,
}

impl Pair {
    fn new(generation: Generation) -> Self {
        let mut switches = Switches::default();
        // What the session hears is not only what this service says, so it may have heard of other tool uses.
        switches.put("unknown-tool-use", "ignored").expect("a switch");
        let settings = Settings {
            model: generation.id().to_owned(),
            strictness: Strictness::Strict,
            scenario: emulator::Scenario::tools().into(),
            switches,
            ..Settings::default()
        };
        Pair {
            session: Session::with_prompt(&generation.model(), PromptName::from("p")),
            engine: Engine::new(settings),
            now: Duration::ZERO,
            blocks: Vec::new(),
            fate: Fate::Alive,
        }
    }

    fn play(&mut self, act: &Act) {
        let before = self.session.upstream().clone();
        let done = self.perform(act);
        assert!(done || *self.session.upstream() == before, "a refused {act:?} changed the state");
        let sent = self.settle();
        assert!(done || sent == 0, "a refused {act:?} was sent");
    }

    /// Returns whether the command was taken; what comes from outside always is.
    fn perform(&mut self, act: &Act) -> bool {
        let session = &mut self.session;
        match act {
            Act::Start(sampling) => {
                let (inference, patience) = sampling.values();
                session.start(&inference, patience).is_ok()
            }
            Act::StartPrompt(tools) => session.start_prompt(&tools.prompt()).is_ok(),
            Act::Open(kind) => session.open(kind.content()).map(|name| self.blocks.push(name)).is_ok(),
            Act::Text(back, words) => session.text(&nth(&self.blocks, *back), words.text()).is_ok(),
            Act::LongText(back, kib) => {
                session.text(&nth(&self.blocks, *back), &"0123456789abcdef".repeat(64 * usize::from(*kib))).is_ok()
            }
            Act::Audio(loudness, pieces) => session.audio(&loudness.pcm(*pieces)).is_ok(),
            Act::HalfSample => session.audio(&[1, 2, 3]).is_ok(),
            Act::ToolResult(back, answer) => session.tool_result(&nth(&self.blocks, *back), &answer.value()).is_ok(),
            Act::Close(back) => session.close(&nth(&self.blocks, *back)).is_ok(),
            Act::EndPrompt => session.end_prompt().is_ok(),
            Act::End => session.end().is_ok(),
            Act::Hear(said) => {
                said.payloads().iter().for_each(|payload| session.handle(Input::Payload(payload)));
                true
            }
            Act::HearBytes(bytes) => {
                session.handle(Input::Payload(bytes));
                true
            }
            Act::Fail => {
                session.handle(Input::Failed(Failure::lost("gone")));
                true
            }
            Act::PeerEnds => {
                session.handle(Input::Ended);
                true
            }
            Act::Pass(tens) => {
                self.pass(Duration::from_millis(10 * u64::from(*tens)));
                true
            }
        }
    }

    /// Lets time pass for the service, but never so much that it is tired of us.
    fn pass(&mut self, time: Duration) {
        if self.now + time < PATIENCE {
            self.now += time;
            self.engine.handle(self.now, emulator::Input::Tick);
        }
    }

    /// Carries what was said both ways; returns how much we sent.
    fn settle(&mut self) -> usize {
        let mut sent = 0;
        loop {
            while let Some(output) = self.session.poll() {
                assert!(self.fate != Fate::Dead, "{output:?} after the end");
                if let Output::Send(payload) = output {
                    sent += 1;
                    self.send(&payload);
                }
            }
            if self.session.downstream().is_over() {
                self.fate = Fate::Dead;
                return sent;
            }
            let Some(output) = self.engine.poll() else { return sent };
            self.hear(output);
        }
    }

    fn send(&mut self, payload: &Bytes) {
        if self.fate == Fate::Alive {
            self.engine.handle(self.now, emulator::Input::Payload(payload));
        }
    }

    fn hear(&mut self, output: emulator::Output) {
        match output {
            emulator::Output::Event(payload) => self.session.handle(Input::Payload(&payload)),
            emulator::Output::End => {
                assert_eq!(self.session.upstream().name(), "Closed", "the service ended a session that we had not");
                self.fate = Fate::EngineOver;
            }
            emulator::Output::Exception(exception) => panic!("the service refused: {exception:?}"),
            _ => {}
        }
    }
}

impl Generation {
    fn id(self) -> &'static str {
        match self {
            Generation::First => ModelId::NOVA_SONIC,
            Generation::Second => ModelId::NOVA_2_SONIC,
            Generation::SecondAndAHalf => ModelId::NOVA_2_5_SONIC,
        }
    }

    fn model(self) -> Model {
        Catalogue::built_in().model(&ModelId::from(self.id()))
    }
}

impl Sampling {
    fn values(self) -> (Inference, Option<Endpointing>) {
        let nothing = Inference { max_tokens: None, top_p: None, temperature: None, stop_sequences: Vec::new() };
        match self {
            Sampling::Plain => (Inference::default(), None),
            Sampling::Nothing => (nothing, None),
            Sampling::Patient => (Inference::default(), Some(Endpointing::Low)),
            Sampling::Numbers(tokens, top_p, temperature) => {
                let (top_p, temperature) = (Some(top_p), Some(temperature));
                (Inference { max_tokens: Some(tokens), top_p, temperature, ..nothing }, None)
            }
        }
    }
}

impl Tools {
    fn prompt(&self) -> PromptConfig {
        let tool = |name: &str| ToolSpec::new(name, "Tells something.", json!({ "type": "object", "properties": {} }));
        let mut prompt = PromptConfig::new(Voice::Tiffany, SampleRate::Hz24000);
        prompt.tools = match self {
            Tools::None => Vec::new(),
            Tools::Two | Tools::Forced => vec![tool("get_weather"), tool("get_time")],
            Tools::Same => vec![tool("get_time"), tool("get_time")],
            Tools::Named(name) => vec![tool(name)],
        };
        prompt.tool_choice = matches!(self, Tools::Forced).then(|| ToolChoice::Tool("get_time".to_owned()));
        prompt
    }
}

impl Kind {
    fn content(self) -> Content {
        match self {
            Kind::System => Content::System,
            Kind::SystemSpeech => Content::SystemSpeech,
            Kind::HistoryUser => Content::History(Role::User),
            Kind::HistoryAssistant => Content::History(Role::Assistant),
            Kind::HistorySystem => Content::History(Role::System),
            Kind::UserText => Content::UserText,
            Kind::Audio8 => Content::Audio { rate: SampleRate::Hz8000 },
            Kind::Audio16 => Content::Audio { rate: SampleRate::Hz16000 },
            Kind::Tool(id) => Content::ToolResult { tool_use_id: ToolUseId::from(id.text()) },
        }
    }
}

impl Loudness {
    /// So many milliseconds at 16 kHz.
    fn pcm(self, ms: u8) -> Vec<u8> {
        let samples = 16 * usize::from(ms);
        match self {
            Loudness::Silence => vec![0; 2 * samples],
            Loudness::Loud => [0x00, 0x40, 0x00, 0xC0].repeat(samples / 2),
        }
    }
}

impl Answer {
    fn value(self) -> Value {
        match self {
            Answer::Object => json!({ "temperature": 5, "hour": 9 }),
            Answer::Text => json!("five degrees"),
            Answer::Null => Value::Null,
        }
    }
}

fn nth(blocks: &[ContentName], back: Back) -> ContentName {
    blocks.iter().rev().nth(usize::from(back)).cloned().unwrap_or_else(|| ContentName::from("nobody"))
}

/// Below every limit in time of the service's (reference §4.5): here the order is judged, and not the pace.
const PATIENCE: Duration = Duration::from_secs(50);
