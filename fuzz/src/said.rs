//! What a service might say: real events in any order, from vocabularies so small that they meet each other.

use arbitrary::Arbitrary;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

/// One thing said; the larger ones are several events.
#[derive(Arbitrary, Clone, Debug)]
pub enum Said {
    CompletionStart,
    CompletionEnd(Stop),
    Start(Id, Block),
    Text(Id, Words),
    Audio(Id, u8),
    /// Base64 that decodes to an odd number of bytes, or not at all.
    OddAudio(Id, [u8; 3]),
    ToolUse(Id, Id, Tool, Arguments),
    End(Id, Block, Stop),
    SpeechStart(u16),
    SpeechEnd(u16, u16),
    Usage([u16; 4]),
    /// A known name with a body of another shape, or a name that nobody knows.
    Strange(Name, u8),
    /// A whole text block.
    Line(Id, Block, Words, Stop),
    /// A whole block of sound.
    Sound(Id, u8, Stop),
    /// A whole wish to use a tool.
    Wish(Id, Tool, Arguments),
    /// An utterance, heard, ended and written down.
    Utterance(Words),
    /// What follows a barge-in.
    Interruption(Spelling),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Id {
    A,
    B,
    C,
    D,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Block {
    User,
    Speculative,
    Final,
    Voice,
    Tool,
    /// A role that the service never has.
    System,
    /// An output rate that was not asked for.
    OtherRate,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Stop {
    EndTurn,
    PartialTurn,
    Interrupted,
    ToolUse,
    Unheard,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Words {
    Hello,
    More,
    Empty,
    Umlauts,
    Long,
    Json,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Spelling {
    Spaced,
    Plain,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Tool {
    Weather,
    Time,
    Unknown,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Arguments {
    Object,
    Nested,
    Broken,
    Number,
    Empty,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Name {
    ContentStart,
    TextOutput,
    AudioOutput,
    ToolUse,
    ContentEnd,
    UsageEvent,
    SpeechEnd,
    Unheard,
}

impl Said {
    /// Returns the payloads, each one whole event.
    pub fn payloads(&self) -> Vec<Bytes> {
        match *self {
            Said::CompletionStart => vec![event("completionStart", json!({}))],
            Said::CompletionEnd(stop) => vec![event("completionEnd", json!({ "stopReason": stop.text() }))],
            Said::Start(id, block) => vec![start(id, block)],
            Said::Text(id, words) => vec![text(id, words.text())],
            Said::Audio(id, length) => vec![audio(id, length)],
            Said::OddAudio(id, bytes) => {
                vec![event(
                    "audioOutput",
                    json!({ "contentId": id.text(), "content": String::from_utf8_lossy(&bytes) }),
                )]
            }
            Said::ToolUse(block, id, tool, arguments) => vec![tool_use(block, id, tool, arguments)],
            Said::End(id, block, stop) => vec![end(id, block, stop)],
            Said::SpeechStart(ms) => vec![event("userSpeechStart", json!({ "inputAudioOffsetMs": ms }))],
            Said::SpeechEnd(ms, later) => vec![speech_end(ms, later)],
            Said::Usage(counters) => vec![usage(counters)],
            Said::Strange(name, shape) => vec![event(name.text(), strange(shape))],
            Said::Line(id, block, words, stop) => vec![start(id, block), text(id, words.text()), end(id, block, stop)],
            Said::Sound(id, length, stop) => {
                vec![start(id, Block::Voice), audio(id, length), end(id, Block::Voice, stop)]
            }
            Said::Wish(id, tool, arguments) => {
                vec![start(id, Block::Tool), tool_use(id, id, tool, arguments), end(id, Block::Tool, Stop::ToolUse)]
            }
            Said::Utterance(words) => vec![
                event("userSpeechStart", json!({ "inputAudioOffsetMs": 200 })),
                speech_end(1_200, 480),
                start(Id::D, Block::User),
                text(Id::D, words.text()),
                end(Id::D, Block::User, Stop::PartialTurn),
            ],
            Said::Interruption(spelling) => vec![
                start(Id::C, Block::Final),
                text(Id::C, spelling.text()),
                end(Id::C, Block::Final, Stop::Interrupted),
            ],
        }
    }

    /// Returns the tool use that a session hears of, if this is one.
    pub fn tool_use(&self) -> Option<&'static str> {
        match self {
            Said::ToolUse(_, id, ..) | Said::Wish(id, ..) => Some(id.text()),
            _ => None,
        }
    }
}

impl Id {
    pub fn text(self) -> &'static str {
        match self {
            Id::A => "a",
            Id::B => "b",
            Id::C => "c",
            Id::D => "d",
        }
    }
}

impl Block {
    /// Type, role, and how certain it is.
    fn facts(self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Block::User => ("TEXT", "USER", Some("FINAL")),
            Block::Speculative => ("TEXT", "ASSISTANT", Some("SPECULATIVE")),
            Block::Final => ("TEXT", "ASSISTANT", Some("FINAL")),
            Block::Voice | Block::OtherRate => ("AUDIO", "ASSISTANT", None),
            Block::Tool => ("TOOL", "TOOL", None),
            Block::System => ("TEXT", "SYSTEM", None),
        }
    }
}

impl Stop {
    fn text(self) -> &'static str {
        match self {
            Stop::EndTurn => "END_TURN",
            Stop::PartialTurn => "PARTIAL_TURN",
            Stop::Interrupted => "INTERRUPTED",
            Stop::ToolUse => "TOOL_USE",
            Stop::Unheard => "UNHEARD_OF",
        }
    }
}

impl Words {
    pub fn text(self) -> &'static str {
        match self {
            Words::Hello => "Hello there.",
            Words::More => "And another sentence, with a comma.",
            Words::Empty => "",
            Words::Umlauts => "Zwölf Boxkämpfer – 十二 🥊",
            Words::Long => LONG,
            Words::Json => "{ \"cut\" : false }",
        }
    }
}

impl Spelling {
    fn text(self) -> &'static str {
        match self {
            Spelling::Spaced => "{ \"interrupted\" : true }",
            Spelling::Plain => "{\"interrupted\":true}",
        }
    }
}

impl Tool {
    fn text(self) -> &'static str {
        match self {
            Tool::Weather => "get_weather",
            Tool::Time => "get_time",
            Tool::Unknown => "unknown",
        }
    }
}

impl Arguments {
    fn text(self) -> &'static str {
        match self {
            Arguments::Object => "{\"city\":\"Oslo\"}",
            Arguments::Nested => "\"{\\\"city\\\":\\\"Oslo\\\"}\"",
            Arguments::Broken => "{\"city\":",
            Arguments::Number => "7",
            Arguments::Empty => "",
        }
    }
}

impl Name {
    fn text(self) -> &'static str {
        match self {
            Name::ContentStart => "contentStart",
            Name::TextOutput => "textOutput",
            Name::AudioOutput => "audioOutput",
            Name::ToolUse => "toolUse",
            Name::ContentEnd => "contentEnd",
            Name::UsageEvent => "usageEvent",
            Name::SpeechEnd => "userSpeechEnd",
            Name::Unheard => "unheardOf",
        }
    }
}

fn event(name: &str, mut body: Value) -> Bytes {
    if let Some(fields) = body.as_object_mut() {
        fields.insert("sessionId".into(), "s".into());
        fields.insert("promptName".into(), "p".into());
        fields.insert("completionId".into(), "k".into());
    }
    Bytes::from(json!({ "event": { name: body } }).to_string())
}

fn start(id: Id, block: Block) -> Bytes {
    let (kind, role, stage) = block.facts();
    let mut body = json!({ "contentId": id.text(), "type": kind, "role": role });
    if let Some(stage) = stage {
        body["additionalModelFields"] = json!({ "generationStage": stage }).to_string().into();
    }
    if kind == "AUDIO" {
        let rate = if let Block::OtherRate = block { 8_000 } else { 24_000 };
        body["audioOutputConfiguration"] = json!({ "mediaType": "audio/lpcm", "sampleRateHertz": rate });
    }
    event("contentStart", body)
}

fn text(id: Id, words: &str) -> Bytes {
    event("textOutput", json!({ "contentId": id.text(), "content": words }))
}

/// Up to 255 pieces of a millisecond at 24 kHz.
fn audio(id: Id, length: u8) -> Bytes {
    let pcm = STANDARD.encode(vec![7u8; 48 * usize::from(length)]);
    event("audioOutput", json!({ "contentId": id.text(), "content": pcm }))
}

fn tool_use(block: Id, id: Id, tool: Tool, arguments: Arguments) -> Bytes {
    let body = json!({ "contentId": block.text(), "toolUseId": id.text(), "toolName": tool.text(),
        "content": arguments.text() });
    event("toolUse", body)
}

fn end(id: Id, block: Block, stop: Stop) -> Bytes {
    let (kind, _, _) = block.facts();
    event("contentEnd", json!({ "contentId": id.text(), "type": kind, "stopReason": stop.text() }))
}

fn speech_end(ms: u16, later: u16) -> Bytes {
    let detected = u32::from(ms) + u32::from(later);
    event("userSpeechEnd", json!({ "inputAudioOffsetMs": ms, "inputAudioDetectionOffsetMs": detected }))
}

fn usage([speech_in, text_in, speech_out, text_out]: [u16; 4]) -> Bytes {
    let counters = json!({ "input": { "speechTokens": speech_in, "textTokens": text_in },
        "output": { "speechTokens": speech_out, "textTokens": text_out } });
    event("usageEvent", json!({ "details": { "total": counters, "delta": counters } }))
}

fn strange(shape: u8) -> Value {
    match shape % 6 {
        0 => json!(null),
        1 => json!([]),
        2 => json!("text"),
        3 => json!({ "contentId": 7, "content": {} }),
        4 => json!({ "contentId": "a", "details": { "total": -1 }, "inputAudioOffsetMs": -1.5e300 }),
        _ => json!({ "contentId": "a", "content": [{}], "toolUseId": "a", "type": "VIDEO", "role": "NOBODY" }),
    }
}

/// Longer than one piece of text may be.
const LONG: &str = concat!(
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
    "This sentence is said again and again until it is longer than one piece of text may be. ",
);
