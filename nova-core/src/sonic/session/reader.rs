//! Reads the service's events against its own grammar (reference §3.3, §4.3). A breach is a warning, never an error,
//! and what came is used all the same.

use bytes::Bytes;
use serde_json::Value;

use super::Heard;
use crate::audio::SampleRate;
use crate::error::Error;
use crate::ids::ContentId;
use crate::sonic::state::{BlockKind, Call, Downstream, HeardBlock};
use crate::sonic::wire::{ContentType, Role, ServerEvent, Stage, Stop};

/// The downstream half.
pub(super) struct Reader {
    state: Downstream,
    /// The rate that the prompt asked for, for audio that does not name its own.
    rate: SampleRate,
    heard: Vec<Heard>,
}

impl Default for Reader {
    fn default() -> Self {
        Reader { state: Downstream::Silent, rate: SampleRate::Hz24000, heard: Vec::new() }
    }
}

impl Reader {
    pub(super) fn state(&self) -> &Downstream {
        &self.state
    }

    pub(super) fn expect_rate(&mut self, rate: SampleRate) {
        self.rate = rate;
    }

    pub(super) fn end(&mut self) {
        self.state = Downstream::Ended;
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.state = Downstream::Failed(error);
    }

    /// Takes one event and returns what it means, in order.
    pub(super) fn read(&mut self, event: ServerEvent) -> Vec<Heard> {
        match event {
            ServerEvent::CompletionStart { .. } => self.completion_start(),
            ServerEvent::ContentStart { content, kind, role, stage, rate, .. } => {
                let kind = self.block_kind(&kind, role, stage, rate);
                self.block_start(content, kind);
            }
            ServerEvent::TextOutput { content, text, .. } => self.text(content, text),
            ServerEvent::AudioOutput { content, pcm, .. } => self.audio(content, pcm),
            ServerEvent::ToolUse { content, id, name, arguments, .. } => {
                self.tool_use(&content, Call { id, name, arguments });
            }
            ServerEvent::ContentEnd { content, kind, stop, .. } => self.block_end(&content, &kind, stop),
            ServerEvent::CompletionEnd { .. } => self.completion_end(),
            ServerEvent::UserSpeechStart { offset, .. } => self.hear(Heard::UserSpeechStarted { offset }),
            ServerEvent::UserSpeechEnd { offset, detected, .. } => {
                self.hear(Heard::UserSpeechEnded { offset, detected });
            }
            ServerEvent::Usage { report, .. } => self.hear(Heard::Usage(report)),
            ServerEvent::Unknown { name, body } => self.unknown(name, body),
        }
        std::mem::take(&mut self.heard)
    }

    fn hear(&mut self, heard: Heard) {
        self.heard.push(heard);
    }

    fn warn(&mut self, sentence: impl Into<String>) {
        self.heard.push(Heard::Warning(sentence.into()));
    }

    fn completion_start(&mut self) {
        match &self.state {
            Downstream::Silent => self.state = Downstream::Idle,
            Downstream::Completed => {
                self.warn("A second completion started.");
                self.state = Downstream::Idle;
            }
            Downstream::Idle | Downstream::InBlock(_) => self.warn("A completion started inside a completion."),
            Downstream::Ended | Downstream::Failed(_) => return,
        }
        self.hear(Heard::CompletionStarted);
    }

    fn completion_end(&mut self) {
        match &mut self.state {
            Downstream::Idle => {}
            Downstream::Silent => self.warn("A completion ended that never started."),
            Downstream::Completed => self.warn("A completion ended twice."),
            Downstream::InBlock(blocks) => {
                let open = std::mem::take(blocks);
                self.warn("The completion ended inside a block.");
                for block in open {
                    self.finish(block, Stop::Other("completionEnd".to_owned()));
                }
            }
            Downstream::Ended | Downstream::Failed(_) => return,
        }
        self.state = Downstream::Completed;
        self.hear(Heard::CompletionEnded);
    }

    fn block_start(&mut self, id: ContentId, kind: BlockKind) {
        let mut open = match std::mem::replace(&mut self.state, Downstream::Idle) {
            Downstream::Idle => Vec::new(),
            Downstream::InBlock(open) => {
                self.warn("A block started inside a block.");
                open
            }
            Downstream::Silent => {
                self.warn("A block started before the completion.");
                Vec::new()
            }
            Downstream::Completed => {
                self.warn("A block started after the completion.");
                Vec::new()
            }
            over @ (Downstream::Ended | Downstream::Failed(_)) => {
                self.state = over;
                return;
            }
        };
        if let Some(position) = open.iter().position(|block| block.id == id) {
            self.warn("A block started that is open already.");
            let earlier = open.remove(position);
            self.finish(earlier, Stop::Other(String::new()));
        }
        open.push(HeardBlock::new(id.clone(), kind));
        self.state = Downstream::InBlock(open);
        self.hear(Heard::BlockStarted { id, kind });
    }

    fn block_kind(&mut self, kind: &ContentType, role: Role, stage: Option<Stage>, hz: Option<u32>) -> BlockKind {
        match (kind, role) {
            (ContentType::Text, Role::User) => BlockKind::UserText,
            (ContentType::Text, Role::Assistant) => BlockKind::AssistantText(stage.unwrap_or_else(|| {
                // Whoever leaves the stage out has one text per sentence, and it comes before the sound.
                self.warn("A text of the assistant's came without its stage; it is taken as announced.");
                Stage::Speculative
            })),
            (ContentType::Audio, _) => BlockKind::AssistantAudio { rate: self.audio_rate(hz) },
            (ContentType::Tool, _) => BlockKind::ToolUse,
            _ => BlockKind::Other,
        }
    }

    fn audio_rate(&mut self, hz: Option<u32>) -> SampleRate {
        let Some(hz) = hz else { return self.rate };
        SampleRate::try_from(hz).unwrap_or_else(|_| {
            self.warn(format!("Audio came at {hz} Hz; it is taken as {}.", self.rate));
            self.rate
        })
    }

    fn text(&mut self, id: ContentId, text: String) {
        let kind = self.open_block(&id).map(|block| block.kind);
        if kind.is_none() {
            self.warn("Text came for a block that is not open.");
        }
        let kind = kind.unwrap_or(BlockKind::Other);
        if kind != BlockKind::UserText && is_interruption(&text) {
            return self.hear(Heard::Interrupted);
        }
        if let Some(block) = self.open_block(&id) {
            block.text.push_str(&text);
        }
        self.hear(Heard::Text { id, kind, text });
    }

    fn audio(&mut self, id: ContentId, pcm: Bytes) {
        let pcm = match self.open_block(&id) {
            Some(block) if block.joiner.is_whole() && pcm.len().is_multiple_of(crate::audio::SAMPLE_BYTES) => pcm,
            Some(block) => block.joiner.join(pcm.to_vec()).into(),
            None => {
                self.warn("Audio came for a block that is not open.");
                pcm.slice(..pcm.len() / crate::audio::SAMPLE_BYTES * crate::audio::SAMPLE_BYTES)
            }
        };
        if !pcm.is_empty() {
            self.hear(Heard::Audio { id, pcm });
        }
    }

    fn tool_use(&mut self, id: &ContentId, call: Call) {
        match self.open_block(id) {
            Some(block) => block.calls.push(call),
            None => {
                self.warn("A tool use came for a block that is not open.");
                self.hear(call.into());
            }
        }
    }

    fn block_end(&mut self, id: &ContentId, kind: &ContentType, stop: Stop) {
        let Some(block) = self.take_block(id) else {
            return self.warn("A block ended that is not open.");
        };
        if !same_type(block.kind, kind) {
            self.warn("A block ended as another type than it started.");
        }
        self.finish(block, stop);
    }

    fn finish(&mut self, block: HeardBlock, stop: Stop) {
        if !block.joiner.is_whole() {
            self.warn("A block of audio ended inside a sample.");
        }
        for call in block.calls {
            self.hear(call.into());
        }
        self.hear(Heard::BlockEnded { id: block.id, kind: block.kind, text: block.text, stop });
    }

    fn unknown(&mut self, name: String, body: Value) {
        if ServerEvent::is_known(&name) {
            self.warn(format!("The body of a {name} could not be read."));
        }
        self.hear(Heard::Unknown { name, body });
    }

    fn open_block(&mut self, id: &ContentId) -> Option<&mut HeardBlock> {
        match &mut self.state {
            Downstream::InBlock(open) => open.iter_mut().find(|block| block.id == *id),
            _ => None,
        }
    }

    fn take_block(&mut self, id: &ContentId) -> Option<HeardBlock> {
        let Downstream::InBlock(open) = &mut self.state else { return None };
        let block = open.remove(open.iter().position(|block| block.id == *id)?);
        if open.is_empty() {
            self.state = Downstream::Idle;
        }
        Some(block)
    }
}

impl From<Call> for Heard {
    fn from(call: Call) -> Self {
        Heard::ToolUse { id: call.id, name: call.name, arguments: call.arguments }
    }
}

/// The control text `{ "interrupted" : true }`, in any spacing (reference §6.1).
pub(crate) fn is_interruption(text: &str) -> bool {
    text.trim_start().starts_with('{')
        && serde_json::from_str::<Value>(text).is_ok_and(|json| json.get("interrupted") == Some(&Value::Bool(true)))
}

fn same_type(kind: BlockKind, wire: &ContentType) -> bool {
    match kind {
        BlockKind::UserText | BlockKind::AssistantText(_) => *wire == ContentType::Text,
        BlockKind::AssistantAudio { .. } => *wire == ContentType::Audio,
        BlockKind::ToolUse => *wire == ContentType::Tool,
        BlockKind::Other => true,
    }
}
