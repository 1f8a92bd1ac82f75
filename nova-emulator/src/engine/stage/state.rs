//! What the stage holds.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;

use crate::{
    engine::{
        answers::Answers,
        events::Labels,
        ids::Ids,
        outlet::Outlet,
        plan::{Await, Cue, Place, plan},
    },
    judge::Prompt,
    ledger::Tokens,
    scenario::{Script, Step},
    speech::Voice,
    switches::{Switches, Toggle},
};

/// How the model behaves, whatever is said.
pub(in crate::engine) struct Manner {
    pub(in crate::engine) switches: Switches,
    /// Whether it sends `userSpeechStart` and `userSpeechEnd`.
    pub(in crate::engine) boundaries: Toggle,
    pub(in crate::engine) voice: Arc<dyn Voice>,
    /// How many times faster than real time it speaks.
    pub(in crate::engine) pace: f64,
    pub(in crate::engine) final_delay: Duration,
}

/// Plays the model.
pub(in crate::engine) struct Stage {
    pub(super) manner: Manner,
    /// The wall time from one piece of audio to the next.
    pub(super) piece_time: Duration,
    pub(super) script: Script,
    pub(super) ids: Ids,
    pub(super) labels: Labels,
    pub(super) prompt: Option<Prompt>,
    pub(super) completion: Completion,
    pub(super) cues: VecDeque<Cue>,
    /// When the first cue, or the next piece of audio, is due.
    pub(super) due: Duration,
    pub(super) speaking: Option<Speaking>,
    pub(super) answers: Answers,
    /// When owed FINAL texts come, if they come by themselves.
    pub(super) finals_due: Option<Duration>,
    pub(super) waiting: Vec<Await>,
    pub(super) results: BTreeMap<String, Value>,
    /// Calls that went out and were not told to the judge yet.
    pub(super) calls: Vec<String>,
    pub(super) last: Last,
    pub(super) closing: Closing,
    pub(super) unbilled: Tokens,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completion {
    Unborn,
    Open,
    Closed,
}

/// What the last thing in the conversation was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    User,
    Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    Open,
    PromptEnded,
}

/// The AUDIO block under way.
pub(super) struct Speaking {
    pub(super) id: String,
    pub(super) pcm: Arc<[i16]>,
    pub(super) at: usize,
    pub(super) place: Place,
}

impl Stage {
    pub(in crate::engine) fn new(manner: Manner, script: Script, mut ids: Ids) -> Self {
        let labels = Labels { session: ids.next(), ..Labels::default() };
        Self {
            piece_time: PIECE.div_f64(manner.pace),
            manner,
            script,
            ids,
            labels,
            prompt: None,
            completion: Completion::Unborn,
            cues: VecDeque::new(),
            due: Duration::ZERO,
            speaking: None,
            answers: Answers::default(),
            finals_due: None,
            waiting: Vec::new(),
            results: BTreeMap::new(),
            calls: Vec::new(),
            last: Last::User,
            closing: Closing::Open,
            unbilled: Tokens::default(),
        }
    }

    /// Whether an answer is being made: spoken, or planned and not yet sent.
    pub(super) fn is_emitting(&self) -> bool {
        let answer = |cue: &Cue| matches!(cue, Cue::Say(_) | Cue::Call(_) | Cue::Await(_));
        self.speaking.is_some() || self.cues.iter().any(answer)
    }

    /// Whether nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.speaking.is_none() && self.cues.is_empty() && self.waiting.is_empty()
    }

    /// Puts a cue behind the others; the time of an empty queue begins now.
    pub(super) fn queue(&mut self, now: Duration, cue: Cue) {
        if self.cues.is_empty() && self.speaking.is_none() {
            self.due = now;
        }
        self.cues.push_back(cue);
    }

    /// Plans the steps of an answer behind what is already queued.
    pub(super) fn queue_answer(&mut self, now: Duration, steps: &[Step], language: &str) {
        let tools = self.prompt.as_ref().map(|prompt| prompt.tools.clone()).unwrap_or_default();
        for cue in plan(steps, language, &tools, &mut self.ids) {
            self.queue(now, cue);
        }
    }

    /// The rate of the answers.
    pub(super) fn rate(&self) -> u32 {
        self.prompt.as_ref().map_or(24_000, |prompt| prompt.rate)
    }

    /// When something is due.
    pub(in crate::engine) fn wake(&self) -> Option<Duration> {
        let busy = self.speaking.is_some() || !self.cues.is_empty();
        let finals = self.finals_due.filter(|_| self.speaking.is_none());
        [busy.then_some(self.due), finals].into_iter().flatten().min()
    }

    /// The calls that went out since the last time.
    pub(in crate::engine) fn take_calls(&mut self) -> Vec<String> {
        std::mem::take(&mut self.calls)
    }

    /// Sends the account as it stands.
    pub(in crate::engine) fn usage(&mut self, out: &mut Outlet) {
        self.bill(Tokens::default(), out);
    }
}

/// One piece of audio (reference §3.1: 80 ms).
pub(super) const PIECE: Duration = Duration::from_millis(80);
