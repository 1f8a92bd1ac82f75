//! What must hold after every single output, whatever the script: it panics where it does not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bedrock_nova::sonic::conversation::{LinkKey, Output};
use bedrock_nova::sonic::{CloseReason, Event, Snapshot, TurnId};
use bytes::Bytes;
use serde_json::Value;

/// Outputs at one moment; more than this is a loop that goes round without end.
const OUTPUTS_AT_ONCE: usize = 4_000;

#[derive(Default)]
pub struct Referee {
    seq: u64,
    closed: bool,
    opened_turns: BTreeSet<TurnId>,
    ended_turns: BTreeSet<TurnId>,
    lines: BTreeMap<(TurnId, String), u64>,
    credit: BTreeSet<LinkKey>,
    wires: BTreeMap<LinkKey, Wire>,
    /// Calls that run, and those that are done; each has an id of its own, whatever the service calls it.
    running: BTreeSet<String>,
    done: BTreeSet<String>,
    moment: Duration,
    outputs: usize,
}

/// The order of our own events on one link, as far as it is easily said (reference §4.2).
#[derive(Default)]
struct Wire {
    open: BTreeMap<String, (String, usize)>,
    used: BTreeSet<String>,
    results: BTreeSet<String>,
    over: bool,
}

impl Referee {
    /// A referee who takes over: what ended before stays ended.
    pub fn after(snapshot: &Snapshot) -> Self {
        let open: Vec<_> = snapshot.open.iter().map(|open| open.turn).collect();
        Referee {
            ended_turns: (1..=snapshot.turns).filter(|turn| !open.contains(turn)).collect(),
            ..Referee::default()
        }
    }

    pub fn ready(&mut self, link: LinkKey) {
        self.credit.insert(link);
    }

    pub fn output(&mut self, now: Duration, output: &Output) {
        self.count(now);
        assert!(!self.closed || matches!(output, Output::Wait { .. }), "after Closed came {output:?}");
        match output {
            Output::Send { link, payload } => {
                assert!(self.credit.remove(link), "{link} did not ask for a payload");
                self.wire(*link, payload);
            }
            Output::Open { link, opening, .. } => {
                for payload in opening {
                    self.wire(*link, payload);
                }
            }
            Output::Event(stamped) => {
                assert!(self.seq == 0 || stamped.seq == self.seq + 1, "the count has a gap");
                self.seq = stamped.seq;
                assert_eq!(stamped.at, now);
                self.event(&stamped.event);
            }
            Output::Wait { until } => {
                assert!(until.is_none_or(|until| until > now), "wants to be woken at {until:?}, and it is {now:?}");
            }
            _ => {}
        }
    }

    fn count(&mut self, now: Duration) {
        if self.moment != now {
            (self.moment, self.outputs) = (now, 0);
        }
        self.outputs += 1;
        assert!(self.outputs < OUTPUTS_AT_ONCE, "goes round and round at {now:?}");
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Transcript(line) => {
                assert!(line.turn > 0);
                self.opened_turns.insert(line.turn);
                let item = *self.lines.entry((line.turn, format!("{:?}", line.role))).or_insert(line.item);
                assert_eq!(item, line.item, "a second item for turn {} of {:?}", line.turn, line.role);
                assert!(!line.text.contains("interrupted"), "the control text was shown: {}", line.text);
            }
            Event::Audio(audio) => {
                self.opened_turns.insert(audio.turn);
                assert!(!self.ended_turns.contains(&audio.turn), "sound of turn {} after its end", audio.turn);
            }
            Event::ToolCall(call) => {
                assert!(call.turn > 0, "turns count from 1");
                assert!(!self.done.contains(call.id.as_str()), "{} runs after its end", call.id);
                assert!(self.running.insert(call.id.to_string()), "{} runs twice", call.id);
            }
            Event::ToolDone { id, .. } => {
                self.running.remove(id.as_str());
                assert!(self.done.insert(id.to_string()), "{id} is done twice");
            }
            Event::TurnEnded { turn, .. } => {
                assert!(self.ended_turns.insert(*turn), "turn {turn} ended twice");
            }
            Event::Closed { reason: CloseReason::Parked, .. } => self.closed = true,
            Event::Closed { .. } => {
                self.closed = true;
                let left: Vec<_> = self.opened_turns.difference(&self.ended_turns).collect();
                assert!(left.is_empty(), "closed with turns {left:?} never ended");
                assert!(self.running.is_empty(), "closed with tools {:?} never done", self.running);
            }
            _ => {}
        }
    }

    fn wire(&mut self, link: LinkKey, payload: &Bytes) {
        let wire = self.wires.entry(link).or_default();
        assert!(!wire.over, "something after sessionEnd on {link}");
        let value: Value = serde_json::from_slice(payload).unwrap();
        let (name, body) = value["event"].as_object().unwrap().iter().next().unwrap();
        let block = body["contentName"].as_str().unwrap_or_default().to_owned();
        match name.as_str() {
            "contentStart" => {
                assert!(wire.used.insert(block.clone()), "block {block} is used twice");
                let kind = body["type"].as_str().unwrap().to_owned();
                if let Some(id) = body["toolResultInputConfiguration"]["toolUseId"].as_str() {
                    assert!(wire.results.insert(id.to_owned()), "a second result for {id}");
                }
                wire.open.insert(block, (kind, 0));
            }
            "audioInput" | "textInput" | "toolResult" => {
                if name == "audioInput" {
                    assert!(!wire.open.values().any(|(kind, _)| kind == "TEXT"), "audio inside a text block: HISTLATE");
                }
                wire.open.get_mut(&block).expect("data for a block that is open").1 += 1;
            }
            "contentEnd" => {
                let (_, fed) = wire.open.remove(&block).expect("the end of a block that is open");
                assert!(fed > 0, "the end of an empty block: EMPTY");
            }
            "promptEnd" => assert!(wire.open.is_empty(), "promptEnd with open blocks: OPENCONTENT"),
            "sessionEnd" => wire.over = true,
            _ => {}
        }
    }
}
