//! A simulated user: what is said, when, and how it goes on with what is heard.

use std::collections::VecDeque;
use std::time::Duration;

use bedrock_nova::sonic::Event;
use bedrock_nova::sonic::conversation::AudioPolicy;
use serde::{Deserialize, Serialize};

use super::app::Span;
use super::chance::Chance;

/// What the user, or the application for the user, does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    Say(Vec<Span>, AudioPolicy),
    Type(String),
    Interrupt,
    Finish,
}

pub trait User {
    fn wake(&self) -> Option<Duration>;
    fn acts(&mut self, now: Duration) -> Vec<Act>;
    fn hears(&mut self, now: Duration, event: &Event);
}

/// Does what is written, when it is written.
#[derive(Debug, Default)]
pub struct Script(pub VecDeque<(Duration, Act)>);

impl Script {
    pub fn new(acts: impl IntoIterator<Item = (Duration, Act)>) -> Self {
        let mut acts: Vec<_> = acts.into_iter().collect();
        acts.sort_by_key(|(at, _)| *at);
        Script(acts.into())
    }
}

impl User for Script {
    fn wake(&self) -> Option<Duration> {
        self.0.front().map(|(at, _)| *at)
    }

    fn acts(&mut self, now: Duration) -> Vec<Act> {
        std::iter::from_fn(|| self.0.pop_front_if(|(at, _)| *at <= now)).map(|(_, act)| act).collect()
    }

    fn hears(&mut self, _: Duration, _: &Event) {}
}

/// Talks all day: questions, monologues, typed texts, silences, long holds, and now and then into an answer.
#[derive(Debug)]
pub struct Caller {
    chance: Chance,
    next: Duration,
    until: Duration,
    /// Something that comes of what was heard.
    reaction: Option<(Duration, Act)>,
    /// Turns into which the user spoke already.
    spoke_into: u64,
    texts: u64,
    mean_gap: u64,
}

impl Caller {
    /// Talks until then, with so many seconds between two acts as a rule, and hangs up.
    pub fn new(seed: u64, until: Duration, mean_gap: u64) -> Self {
        let chance = Chance::new(seed);
        Caller { chance, next: Duration::from_secs(1), until, reaction: None, spoke_into: 0, texts: 0, mean_gap }
    }

    fn act(&mut self) -> Act {
        match self.chance.within(0, 100) {
            0..60 => Act::Say(self.question(), self.policy()),
            60..68 => Act::Say(self.hesitation(), AudioPolicy::Live),
            68..73 => Act::Say(self.monologue(3, 8), AudioPolicy::Live),
            // Across whatever comes: longer than a session has from its first thought of the next one to its last.
            73..75 => Act::Say(self.monologue(35, 60), AudioPolicy::Live),
            75..98 => Act::Type(self.text()),
            _ => Act::Interrupt,
        }
    }

    fn policy(&mut self) -> AudioPolicy {
        if self.chance.percent(15) { AudioPolicy::Wait } else { AudioPolicy::Live }
    }

    fn question(&mut self) -> Vec<Span> {
        vec![Span::Voice(self.chance.within(400, 5_000))]
    }

    /// A pause within an utterance, shorter or longer than the service waits.
    fn hesitation(&mut self) -> Vec<Span> {
        let (before, after) = (self.chance.within(400, 3_000), self.chance.within(400, 3_000));
        vec![Span::Voice(before), Span::Pause(self.chance.within(100, 1_500)), Span::Voice(after)]
    }

    fn monologue(&mut self, from: u64, to: u64) -> Vec<Span> {
        let mut spans = Vec::new();
        for _ in 0..self.chance.within(from, to) {
            spans.extend([Span::Voice(self.chance.within(1_500, 4_500)), Span::Pause(self.chance.within(50, 250))]);
        }
        spans
    }

    /// No two are the same; some are long, so that the history grows over the model's limit.
    fn text(&mut self) -> String {
        self.texts += 1;
        let words = if self.chance.percent(25) { self.chance.within(200, 1_500) } else { 5 };
        format!("t{} {}", self.texts, "words ".repeat(words as usize))
    }

    fn gap(&mut self, now: Duration) -> Duration {
        // Every fourth hour is a busy one.
        let mean_gap = if (now.as_secs() / 3600).is_multiple_of(4) { self.mean_gap / 2 } else { self.mean_gap };
        let seconds = match self.chance.within(0, 100) {
            // A hold.
            0..2 => self.chance.within(300, 900),
            2..10 => self.chance.within(60, 200),
            10..25 => self.chance.within(0, 4),
            _ => self.chance.within(mean_gap / 2, mean_gap * 3 / 2),
        };
        Duration::from_millis(seconds * 1_000 + self.chance.within(0, 1_000))
    }
}

impl User for Caller {
    fn wake(&self) -> Option<Duration> {
        self.reaction.as_ref().map(|(at, _)| *at).into_iter().chain([self.next]).min()
    }

    fn acts(&mut self, now: Duration) -> Vec<Act> {
        let mut acts: Vec<Act> = self.reaction.take_if(|(at, _)| *at <= now).map(|(_, act)| act).into_iter().collect();
        if self.next <= now {
            if now >= self.until {
                self.next = Duration::MAX;
                acts.push(Act::Finish);
            } else {
                acts.push(self.act());
                self.next = now + self.gap(now);
            }
        }
        acts
    }

    fn hears(&mut self, now: Duration, event: &Event) {
        let Event::Audio(audio) = event else { return };
        if self.spoke_into < audio.turn {
            self.spoke_into = audio.turn;
            if self.reaction.is_none() && self.chance.percent(12) {
                let act =
                    if self.chance.percent(25) { Act::Interrupt } else { Act::Say(self.question(), AudioPolicy::Live) };
                self.reaction = Some((now + Duration::from_millis(self.chance.within(100, 2_500)), act));
            }
        }
    }
}
