//! Random histories against a simple reference: whatever is called in whatever order, what goes out is a stream that a
//! strict reader takes, refused commands send nothing, and what is dead stays dead.

use std::collections::{BTreeMap, BTreeSet};

use bedrock_nova::audio::SampleRate;
use bedrock_nova::ids::{ContentName, PromptName, ToolUseId};
use bedrock_nova::model::{Catalogue, ModelId, Voice};
use bedrock_nova::sonic::session::{Check, Content, Heard, Inference, Input, Output, PromptConfig, Session};
use bedrock_nova::sonic::wire::Role;
use bedrock_nova::transport::Failure;
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
enum Act {
    Start,
    StartPrompt,
    Open(Content),
    Text(usize, &'static str),
    Audio(usize),
    ToolResult(usize),
    Close(usize),
    EndPrompt,
    End,
    ToolAsked(&'static str),
    Garbage,
    Fail,
    PeerEnds,
}

fn act() -> impl Strategy<Value = Act> {
    let content = prop_oneof![
        3 => Just(Content::System),
        1 => Just(Content::SystemSpeech),
        2 => Just(Content::History(Role::User)),
        1 => Just(Content::History(Role::Assistant)),
        2 => Just(Content::UserText),
        4 => Just(Content::Audio { rate: SampleRate::Hz16000 }),
        6 => prop::sample::select(vec!["u-1", "u-2"])
            .prop_map(|id| Content::ToolResult { tool_use_id: ToolUseId::from(id) }),
    ];
    prop_oneof![
        20 => Just(Act::Start),
        20 => Just(Act::StartPrompt),
        60 => content.prop_map(Act::Open),
        40 => (0..3_usize, prop::sample::select(vec!["hello", "", "zwölf Boxkämpfer"])).prop_map(|(n, text)| Act::Text(n, text)),
        40 => (0..4_usize).prop_map(|n| Act::Audio(n * 320)),
        40 => (0..2_usize).prop_map(Act::ToolResult),
        60 => (0..2_usize).prop_map(Act::Close),
        10 => Just(Act::EndPrompt),
        8 => Just(Act::End),
        30 => prop::sample::select(vec!["u-1", "u-2"]).prop_map(Act::ToolAsked),
        1 => Just(Act::Garbage),
        1 => Just(Act::Fail),
        1 => Just(Act::PeerEnds),
    ]
}

/// Does one act; `names` are the blocks ever opened, of which the acts choose by counting back from the newest.
fn perform(session: &mut Session, names: &mut Vec<ContentName>, act: &Act) -> bool {
    let nth = |back: usize| names.iter().rev().nth(back).cloned().unwrap_or_else(|| "nobody".into());
    match act {
        Act::Start => session.start(&Inference::default(), None).is_ok(),
        Act::StartPrompt => session.start_prompt(&PromptConfig::new(Voice::Tiffany, SampleRate::Hz24000)).is_ok(),
        Act::Open(content) => session.open(content.clone()).map(|name| names.push(name)).is_ok(),
        Act::Text(back, text) => session.text(&nth(*back), text).is_ok(),
        Act::Audio(bytes) => session.audio(&vec![0; *bytes]).is_ok(),
        Act::ToolResult(back) => session.tool_result(&nth(*back), &json!("ok")).is_ok(),
        Act::Close(back) => session.close(&nth(*back)).is_ok(),
        Act::EndPrompt => session.end_prompt().is_ok(),
        Act::End => session.end().is_ok(),
        Act::ToolAsked(id) => {
            tool_asked(id).iter().for_each(|payload| session.handle(Input::Payload(payload.as_bytes())));
            true
        }
        Act::Garbage => {
            session.handle(Input::Payload(b"garbage"));
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
    }
}

/// A strict reader of what goes out, written from reference §4.2 in another shape than the machine: sets, no states.
#[derive(Default)]
struct Reference {
    prompt: Option<String>,
    open: BTreeMap<String, (String, usize)>,
    used: BTreeSet<String>,
    answered: BTreeSet<String>,
    audio_seen: bool,
    count: BTreeMap<String, usize>,
}

impl Reference {
    fn take(&mut self, payload: &[u8], asked: &BTreeSet<&str>) {
        let json: Value = serde_json::from_slice(payload).unwrap();
        let (name, body) = json["event"].as_object().unwrap().iter().next().unwrap();
        assert!(!self.seen("sessionEnd"), "{name} after sessionEnd");
        assert_eq!(name == "sessionStart", self.count.is_empty(), "{name} first");
        assert!(!self.seen("promptEnd") || name == "sessionEnd", "{name} after promptEnd");
        if let Some(prompt) = body["promptName"].as_str() {
            assert_eq!(self.prompt.get_or_insert(prompt.to_owned()), prompt);
        }
        let block = body["contentName"].as_str().unwrap_or_default();
        match name.as_str() {
            "promptStart" => assert!(!self.seen("promptStart")),
            "contentStart" => self.block(block, body, asked),
            "textInput" | "audioInput" | "toolResult" => self.data(name, block, body),
            "contentEnd" => {
                let (_, pieces) = self.open.remove(block).expect("an open block");
                assert!(pieces > 0, "an empty block was closed");
            }
            "promptEnd" => assert!(self.open.is_empty() && self.audio_seen),
            "sessionEnd" => assert_eq!(self.seen("promptStart"), self.seen("promptEnd")),
            other => assert_eq!(other, "sessionStart"),
        }
        *self.count.entry(name.clone()).or_default() += 1;
    }

    fn block(&mut self, block: &str, body: &Value, asked: &BTreeSet<&str>) {
        assert!(self.used.insert(block.to_owned()), "{block} is used twice");
        assert!(self.open.values().all(|(kind, _)| kind == "AUDIO"), "two blocks beside audio");
        let (kind, role) = (body["type"].as_str().unwrap(), body["role"].as_str().unwrap());
        assert_eq!(role == "SYSTEM", self.used.len() == 1, "the system prompt is first and once");
        match kind {
            "AUDIO" => {
                assert!(self.open.is_empty());
                self.audio_seen = true;
            }
            "TOOL" => {
                let id = body["toolResultInputConfiguration"]["toolUseId"].as_str().unwrap();
                assert!(asked.contains(id) && self.answered.insert(id.to_owned()));
            }
            _ => {
                assert!(role != "ASSISTANT" || self.audio_seen || self.seen("history"), "history begins with the user");
            }
        }
        if kind == "TEXT" && role == "USER" && !self.audio_seen {
            *self.count.entry("history".to_owned()).or_default() += 1;
        }
        self.open.insert(block.to_owned(), (kind.to_owned(), 0));
    }

    fn data(&mut self, name: &str, block: &str, body: &Value) {
        let text_open = self.open.values().any(|(kind, _)| kind == "TEXT");
        let (kind, pieces) = self.open.get_mut(block).expect("an open block");
        let of = match name {
            "textInput" => "TEXT",
            "audioInput" => "AUDIO",
            _ => "TOOL",
        };
        assert_eq!(kind, of);
        assert!(name != "audioInput" || !text_open, "audio inside a text block");
        if name == "toolResult" {
            assert_eq!(*pieces, 0, "one result");
            assert!(serde_json::from_str::<Value>(body["content"].as_str().unwrap()).unwrap().is_object());
        }
        *pieces += 1;
    }

    fn seen(&self, name: &str) -> bool {
        self.count.contains_key(name)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn what_goes_out_is_always_in_order(prefix in 0..6_usize, acts in prop::collection::vec(act(), 1..80)) {
        let opening = [Act::Start, Act::StartPrompt, Act::Open(Content::System), Act::Text(0, "Be brief."), Act::Close(0),
            Act::Open(Content::Audio { rate: SampleRate::Hz16000 })];
        let model = Catalogue::built_in().model(&ModelId::default());
        let (mut session, mut check) = (Session::with_prompt(&model, PromptName::from("p")), Check::new(&model));
        let (mut names, mut reference, mut asked, mut dead) = (Vec::new(), Reference::default(), BTreeSet::new(), false);
        for act in opening[..prefix].iter().chain(&acts) {
            let before = session.upstream().clone();
            let done = perform(&mut session, &mut names, act);
            if let Act::ToolAsked(id) = act {
                tool_asked(id).iter().for_each(|payload| check.heard(payload.as_bytes()).unwrap());
            }
            prop_assert!(done || *session.upstream() == before, "a refused {act:?} changed the state");
            while let Some(output) = session.poll() {
                prop_assert!(!dead, "{output:?} after the end");
                match output {
                    Output::Send(payload) => {
                        prop_assert!(done, "a refused {act:?} was sent");
                        reference.take(&payload, &asked);
                        let checked = check.check(&payload);
                        prop_assert!(checked.is_ok(), "{act:?}: {checked:?}");
                    }
                    Output::Heard(Heard::Ended | Heard::Failed(_)) => dead = true,
                    Output::Heard(Heard::ToolUse { .. }) => {
                        let Act::ToolAsked(id) = act else { panic!("nobody asked") };
                        prop_assert!(asked.insert(*id), "one use runs twice");
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(session.can_send_audio(), !dead && session.upstream().audio().is_some()
                && session.upstream().name() != "LiveText");
        }
    }
}

fn tool_asked(id: &str) -> [String; 3] {
    [
        json!({ "event": { "contentStart": { "contentId": "t", "type": "TOOL", "role": "TOOL" } } }),
        json!({ "event": { "toolUse": { "contentId": "t", "toolUseId": id, "toolName": "x", "content": "{}" } } }),
        json!({ "event": { "contentEnd": { "contentId": "t", "type": "TOOL", "stopReason": "TOOL_USE" } } }),
    ]
    .map(|event| event.to_string())
}
