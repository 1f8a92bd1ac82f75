//! A simulated application: it records, plays in real time, and runs tools that take their time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bedrock_nova::sonic::conversation::{AudioPolicy, Call, Input};
use bedrock_nova::sonic::{Audio, ToolCall, ToolUseId, TurnId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::voice::{self, PER_MS};

/// A live source hands over what it has recorded every 20 ms.
const PIECE_MS: u64 = 20;

/// Something that the user says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Span {
    Voice(u64),
    /// Nothing is handed over meanwhile, so that everything that is handed over can be told apart.
    Pause(u64),
}

/// Where the user's voice comes from.
#[derive(Debug, Default)]
pub struct Microphone {
    plan: VecDeque<Planned>,
    free: Duration,
    /// What the last planned piece leaves behind it.
    last: Follows,
    /// Samples of voice that the call took; the next one's number.
    pub handed: u64,
    /// Pieces that the call had no room for, and said so.
    pub refused: u64,
    /// Where the voice last began after a pause.
    began: u64,
    /// What was said since then when the microphone was stopped in the middle of it.
    pub cut_off: Option<(u64, u64)>,
}

#[derive(Debug)]
struct Planned {
    at: Duration,
    samples: u64,
    policy: AudioPolicy,
    follows: Follows,
}

/// What a piece of voice comes after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Follows {
    #[default]
    Silence,
    Voice,
}

impl Microphone {
    /// Plans an utterance; it begins when the one before is over.
    pub fn say(&mut self, now: Duration, spans: &[Span], policy: AudioPolicy) {
        let mut at = self.free.max(now);
        let mut follows = if self.free < now { Follows::Silence } else { self.last };
        for span in spans {
            match (*span, policy) {
                (Span::Pause(ms), _) => {
                    at += Duration::from_millis(ms);
                    follows = Follows::Silence;
                }
                (Span::Voice(ms), AudioPolicy::Wait) => {
                    self.plan.push_back(Planned { at, samples: ms * PER_MS, policy, follows });
                    // A file is handed over at once and goes out in real time; a little longer where the road is bad.
                    at += Duration::from_millis(ms + 1_500);
                    follows = Follows::Silence;
                }
                (Span::Voice(ms), AudioPolicy::Live) => {
                    for from in (0..ms).step_by(PIECE_MS as usize) {
                        let piece = PIECE_MS.min(ms - from);
                        at += Duration::from_millis(piece);
                        self.plan.push_back(Planned { at, samples: piece * PER_MS, policy, follows });
                        follows = Follows::Voice;
                    }
                }
            }
        }
        self.free = at;
        self.last = follows;
    }

    pub fn is_speaking(&self, now: Duration) -> bool {
        self.free > now
    }

    pub fn stop(&mut self) {
        if self.plan.front().is_some_and(|next| next.follows == Follows::Voice) {
            self.cut_off = Some((self.began, self.handed));
        }
        self.plan.clear();
    }

    pub fn wake(&self, now: Duration) -> Option<Duration> {
        // What waits for room is tried again after whatever happens next.
        self.plan.front().map(|planned| planned.at).filter(|at| *at > now)
    }

    /// Hands over what is due; none when nothing is, or nothing more is taken.
    pub fn hand_over(&mut self, now: Duration, call: &mut Call) -> bool {
        let Some(front) = self.plan.front_mut().filter(|planned| planned.at <= now) else { return false };
        let room = call.audio_room() as u64 / 2;
        let samples = match front.policy {
            AudioPolicy::Wait => front.samples.min(room),
            AudioPolicy::Live => front.samples,
        };
        if samples == 0 {
            return false;
        }
        if std::mem::replace(&mut front.follows, Follows::Voice) == Follows::Silence {
            self.began = self.handed;
        }
        let pcm = voice::speech(self.handed, samples);
        match call.handle(now, Input::Audio { pcm, policy: front.policy, at: front.at }) {
            Ok(()) => self.handed += samples,
            Err(refused) => {
                assert_eq!(refused.code(), "audio-waiting", "audio was refused: {refused}");
                self.refused += 1;
            }
        }
        front.samples -= samples;
        if front.samples == 0 {
            self.plan.pop_front();
        }
        true
    }
}

/// Takes audio as it plays it, in real time.
#[derive(Debug, Default)]
pub struct Player {
    queue: VecDeque<(TurnId, Duration)>,
    free: Duration,
}

impl Player {
    pub fn queue(&mut self, audio: &Audio) {
        self.queue.push_back((audio.turn, audio.duration()));
    }

    pub fn flush(&mut self, turn: TurnId) {
        self.queue.retain(|(other, _)| *other != turn);
    }

    pub fn is_playing(&self, now: Duration) -> bool {
        self.free > now
    }

    pub fn wake(&self) -> Option<Duration> {
        self.queue.front().map(|_| self.free)
    }

    pub fn take(&mut self, now: Duration) -> Option<Input> {
        let (turn, duration) = self.queue.front().copied().filter(|_| self.free <= now)?;
        self.queue.pop_front();
        self.free = now + duration;
        Some(Input::Taken { turn, duration })
    }
}

/// How a tool comes to its end; one that never does has no time.
pub type Work = (Option<Duration>, Result<Value, String>);

/// Runs tools.
pub struct Workshop {
    under_way: BTreeMap<ToolUseId, Work>,
    /// Every call that was run, in order.
    pub ran: Vec<ToolCall>,
    work: Box<dyn FnMut(&ToolCall) -> Work>,
}

impl Workshop {
    pub fn new(work: impl FnMut(&ToolCall) -> Work + 'static) -> Self {
        Workshop { under_way: BTreeMap::new(), ran: Vec::new(), work: Box::new(work) }
    }

    pub fn run(&mut self, now: Duration, call: ToolCall) {
        let (time, result) = (self.work)(&call);
        self.under_way.insert(call.id.clone(), (time.map(|time| now + time), result));
        self.ran.push(call);
    }

    pub fn cancel(&mut self, id: &ToolUseId) {
        self.under_way.remove(id);
    }

    pub fn wake(&self) -> Option<Duration> {
        self.under_way.values().filter_map(|(at, _)| *at).min()
    }

    pub fn done(&mut self, now: Duration) -> Option<Input> {
        let due = |(_, (at, _)): &(&ToolUseId, &Work)| at.is_some_and(|at| at <= now);
        let id = self.under_way.iter().find(due).map(|(id, _)| id.clone())?;
        let (id, (_, result)) = self.under_way.remove_entry(&id)?;
        Some(Input::ToolDone { id, result })
    }
}
