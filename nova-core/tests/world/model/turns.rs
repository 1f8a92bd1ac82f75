//! Each turn begins, is answered or not, and ends, once and for all.

use std::collections::BTreeMap;
use std::time::Duration;

use bedrock_nova::sonic::{Event, Role, ToolUseId, TurnEnd, TurnId};

use crate::world::voice;

#[derive(Debug, Default)]
pub struct Turns {
    pub seen: BTreeMap<TurnId, Turn>,
    pub ran: BTreeMap<ToolUseId, TurnId>,
    /// Whether the user was last heard speaking, and nothing has come of it yet.
    asked: bool,
}

#[derive(Debug, Default)]
pub struct Turn {
    /// What the user said or typed, as it is shown.
    words: String,
    pub end: Option<TurnEnd>,
    pub interrupted: bool,
    pub sound: Duration,
    /// Whether another question was open at the same time: the service names no question in its answers, and drops some
    /// for later ones, so nobody outside can tell which of the two it answered.
    pub crossed: bool,
    /// Which answers of the service's sounded in it: session and turn.
    pub answers: Vec<(u32, u32)>,
}

impl Turns {
    fn cross(&mut self, begins: TurnId) {
        let mut crossed = false;
        for turn in self.seen.values_mut().filter(|turn| turn.end.is_none()) {
            turn.crossed = true;
            crossed = true;
        }
        self.seen.entry(begins).or_default().crossed = crossed;
    }

    /// The call asks by itself, too: it tells a late result, and nobody sees the question. By its number such a turn was
    /// there before a later one that is seen already, and has crossed it.
    fn shows(&mut self, id: TurnId) {
        if !self.seen.contains_key(&id) && self.seen.range(id..).next().is_some() {
            self.cross(id);
        }
    }

    /// Says whether an answer of the service's came to its end, and was certainly that to its own question.
    pub fn is_answer(&self, answer: (u32, u32)) -> bool {
        let turn = self.seen.values().find(|turn| turn.answers.contains(&answer));
        turn.is_some_and(|turn| turn.end == Some(TurnEnd::Answered) && !turn.crossed)
    }

    /// Says whether the application was told that the filter refused these words.
    pub fn was_refused(&self, words: &str) -> bool {
        self.seen.values().any(|turn| turn.end == Some(TurnEnd::Filtered) && turn.words == words)
    }

    /// Follows an event; says what is wrong with it.
    pub fn event(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::UserSpeechStarted { .. } => {
                self.asked = true;
                None
            }
            Event::Transcript(line) => {
                if line.role == Role::User && !self.seen.contains_key(&line.turn) {
                    self.cross(line.turn);
                }
                self.shows(line.turn);
                // A line may be settled after its turn is over; it begins none that is.
                let turn = self.seen.entry(line.turn).or_default();
                if line.role == Role::User {
                    turn.words.clone_from(&line.text);
                }
                (line.role == Role::User && turn.interrupted && turn.end.is_none())
                    .then(|| format!("turn {}: words after the interruption", line.turn))
            }
            Event::Audio(audio) => {
                self.shows(audio.turn);
                let turn = self.seen.entry(audio.turn).or_default();
                turn.sound += audio.duration();
                if let Some(answer) = voice::sound_label(audio.samples()).filter(|label| !turn.answers.contains(label))
                {
                    turn.answers.push(answer);
                }
                match (turn.interrupted, turn.end) {
                    (true, _) => Some(format!("turn {}: sound after the interruption", audio.turn)),
                    (_, Some(end)) => Some(format!("turn {}: sound after its end, {end:?}", audio.turn)),
                    _ => None,
                }
            }
            Event::Interrupted { turn: id, heard, .. } => {
                let turn = self.seen.entry(*id).or_default();
                let again = std::mem::replace(&mut turn.interrupted, true);
                let sound = turn.sound;
                (again || *heard > sound)
                    .then(|| format!("turn {id}: interrupted again, or {heard:?} heard of {sound:?}"))
            }
            Event::ToolCall(call) => {
                self.shows(call.turn);
                self.seen.entry(call.turn).or_default();
                None
            }
            Event::TurnEnded { turn: id, end, .. } => {
                self.asked = false;
                let turn = self.seen.entry(*id).or_default();
                let before = turn.end.replace(*end);
                if *end == TurnEnd::Answered && turn.interrupted {
                    return Some(format!("turn {id}: answered after it was interrupted"));
                }
                before.map(|before| format!("turn {id}: ended as {end:?} after {before:?}"))
            }
            _ => None,
        }
    }

    pub fn is_owed(&self) -> bool {
        self.asked || self.seen.values().any(|turn| turn.end.is_none())
    }

    pub fn verdict(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (expected, (id, turn)) in (1..).zip(&self.seen) {
            if *id != expected {
                wrong.push(format!("turn {id} stands where {expected} should"));
                break;
            }
            if turn.end.is_none() {
                wrong.push(format!("turn {id} never ended"));
            }
            // Several utterances may be one turn, and a tool may take its turn into the next session; else no answer is
            // begun in one session and ended in another.
            let sessions = turn.answers.windows(2).any(|pair| pair[0].0 != pair[1].0);
            if turn.end == Some(TurnEnd::Answered) && sessions && !self.ran.values().any(|turn| turn == id) {
                wrong.push(format!("turn {id} was answered by several sessions: {:?}", turn.answers));
            }
        }
        wrong
    }

    pub fn count(&self, end: TurnEnd) -> usize {
        self.seen.values().filter(|turn| turn.end == Some(end)).count()
    }
}
