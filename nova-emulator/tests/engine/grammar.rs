//! An independent check of every output event against the grammar of reference §3.3.

use std::collections::BTreeSet;

use bedrock_nova_emulator::{
    Switches,
    switches::{BargeInOrder, CompletionScope, CompletionStart},
};
use serde_json::Value;

/// Follows the events of one session and fails on the first that is out of order.
pub struct Grammar {
    scope: CompletionScope,
    start: CompletionStart,
    nested: bool,
    completion: Option<String>,
    completions: u32,
    closed: bool,
    open: Vec<Block>,
    used: BTreeSet<String>,
    tokens: [u64; 4],
}

struct Block {
    id: String,
    kind: String,
    stage: String,
    role: String,
    data: u32,
}

impl Grammar {
    pub fn new(switches: &Switches) -> Self {
        Self {
            scope: switches.completion_scope,
            start: switches.completion_start,
            nested: switches.barge_in_order == BargeInOrder::SignalFirst,
            completion: None,
            completions: 0,
            closed: false,
            open: Vec::new(),
            used: BTreeSet::new(),
            tokens: [0; 4],
        }
    }

    pub fn check(&mut self, event: &Value) {
        let event = event.as_object().expect("an object under `event`");
        assert_eq!(event.len(), 1, "one name in an envelope");
        let (name, body) = event.iter().next().unwrap();
        if name == "experimentalEvent" {
            return;
        }
        for label in ["sessionId", "promptName"] {
            assert!(body[label].as_str().is_some_and(|text| !text.is_empty()), "{name} without {label}");
        }
        match name.as_str() {
            "completionStart" => self.completion_start(body),
            "completionEnd" => self.completion_end(body),
            "usageEvent" => self.usage(body),
            "userSpeechStart" => assert!(body["inputAudioOffsetMs"].is_u64()),
            "userSpeechEnd" => {
                assert!(body["inputAudioDetectionOffsetMs"].as_u64() >= body["inputAudioOffsetMs"].as_u64());
            }
            "contentStart" => self.content_start(body),
            "textOutput" | "audioOutput" | "toolUse" => self.data(name, body),
            "contentEnd" => self.content_end(body),
            other => panic!("{other} is no event of the grammar"),
        }
    }

    fn completion_start(&mut self, body: &Value) {
        self.completions += 1;
        assert!(self.scope == CompletionScope::Turn || self.completions == 1, "a second completionStart");
        assert!(self.open.is_empty(), "completionStart inside a block");
        self.closed = false;
        self.completion = Some(text(body, "completionId"));
    }

    fn completion_end(&mut self, body: &Value) {
        assert!(self.open.is_empty(), "completionEnd inside a block");
        assert_eq!(self.completion.take(), Some(text(body, "completionId")));
        self.closed = true;
    }

    fn usage(&mut self, body: &Value) {
        let counters = |share: &str| {
            let share = &body["details"][share];
            [("input", "speechTokens"), ("input", "textTokens"), ("output", "speechTokens"), ("output", "textTokens")]
                .map(|(side, kind)| share[side][kind].as_u64().expect("a counter"))
        };
        let (delta, total) = (counters("delta"), counters("total"));
        for index in 0..4 {
            assert_eq!(self.tokens[index] + delta[index], total[index], "totals are the sum of the deltas");
        }
        self.tokens = total;
        assert_eq!(body["totalInputTokens"], total[0] + total[1]);
        assert_eq!(body["totalOutputTokens"], total[2] + total[3]);
        assert_eq!(body["totalTokens"], total.iter().sum::<u64>());
    }

    fn content_start(&mut self, body: &Value) {
        let id = text(body, "contentId");
        assert!(self.used.insert(id.clone()), "a contentId used twice");
        let (kind, role) = (text(body, "type"), text(body, "role"));
        let fields =
            body["additionalModelFields"].as_str().map(|fields| serde_json::from_str::<Value>(fields).unwrap());
        let stage = fields.map_or(String::new(), |fields| text(&fields, "generationStage"));
        match (kind.as_str(), role.as_str(), stage.as_str()) {
            ("TEXT", "USER", "FINAL") => assert!(body["textOutputConfiguration"].is_object()),
            ("TEXT", "ASSISTANT", "SPECULATIVE" | "FINAL") | ("TOOL", "TOOL", "") => self.in_completion(body),
            ("AUDIO", "ASSISTANT", "") => {
                self.in_completion(body);
                assert_eq!(body["audioOutputConfiguration"]["sampleSizeBits"], 16);
            }
            other => panic!("no block {other:?}"),
        }
        let may_nest = self.nested && stage == "FINAL" && self.open.iter().all(|block| block.kind == "AUDIO");
        assert!(self.open.is_empty() || may_nest, "a block inside a block");
        self.open.push(Block { id, kind, stage, role, data: 0 });
    }

    /// Where the switch puts completionStart behind the first transcript, only that transcript may precede it.
    fn in_completion(&self, body: &Value) {
        assert!(!self.closed || self.scope == CompletionScope::Turn, "a block behind completionEnd");
        assert_eq!(
            self.completion,
            Some(text(body, "completionId")),
            "a block outside the completion, {:?}",
            self.start
        );
    }

    fn data(&mut self, name: &str, body: &Value) {
        let block = self.open.last_mut().expect("data inside a block");
        assert_eq!(block.id, text(body, "contentId"), "data for another block");
        assert_eq!(block.role, text(body, "role"));
        let kind = match name {
            "textOutput" => "TEXT",
            "audioOutput" => "AUDIO",
            _ => "TOOL",
        };
        assert_eq!(block.kind, kind);
        assert!(body["content"].as_str().is_some_and(|content| !content.is_empty()));
        block.data += 1;
        assert!(kind != "TOOL" || block.data == 1, "one toolUse in a block");
    }

    fn content_end(&mut self, body: &Value) {
        let block = self.open.pop().expect("the end of a block");
        assert_eq!((&block.id, &block.kind), (&text(body, "contentId"), &text(body, "type")));
        let stop = text(body, "stopReason");
        let allowed: &[&str] = match (block.kind.as_str(), block.role.as_str(), block.stage.as_str()) {
            ("TEXT", "USER", _) | (_, _, "SPECULATIVE") => &["PARTIAL_TURN"],
            ("TEXT", ..) | ("AUDIO", ..) => &["PARTIAL_TURN", "END_TURN", "INTERRUPTED"],
            _ => &["TOOL_USE"],
        };
        assert!(allowed.contains(&stop.as_str()), "{} {} ends {stop}", block.kind, block.stage);
        // An interruption may come before the first piece of audio.
        assert!(block.data > 0 || (block.kind == "AUDIO"), "an empty block");
    }
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned()
}
