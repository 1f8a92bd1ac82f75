//! Turns while they are open, and when each began.
//!
//! No event says when a turn begins: its span is made when it has ended. Then its latency is known, and the first sound
//! and the first words were seen when they came; so their moment less what the user waited for them is the end of the
//! user's speech, as the call counts it: a question that was told again to another session counts from there. A turn
//! without an answer begins where the service noticed the end of speech, or else where it was first seen.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::ToolUseId;
use crate::sonic::event::{Latency, TurnId};
use crate::sonic::wire::Tokens;

/// Turns that are open at once; a call seldom has more than two. The end of an older one was missed.
const OPEN: usize = 16;
/// Tools of a turn that are kept until it has ended.
const TOOLS: usize = 128;

/// The turns that are open, as far as they were seen.
#[derive(Debug, Default)]
pub(super) struct Turns {
    open: BTreeMap<TurnId, Turn>,
    /// The latest that was ever seen: an older one that is not open is over.
    newest: TurnId,
    /// Whose event came last.
    current: TurnId,
    /// When the service noticed the end of an utterance that no turn has shown yet.
    speech_ended: Option<Duration>,
}

/// A turn, as far as it was seen.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// When it was asked, as far as the events say; none for one that was not seen yet.
    asked: Option<Duration>,
    text: Option<Duration>,
    sound: Option<Duration>,
    tool: Option<Duration>,
    /// When its answer was cut, and how much of it was heard.
    pub(super) cut: Option<(Duration, Duration)>,
    pub(super) tokens: Tokens,
    pub(super) tools: Vec<Done>,
}

/// A tool that came to an end.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) id: ToolUseId,
    pub(super) name: String,
    pub(super) began: Duration,
    pub(super) ended: Duration,
    pub(super) end: End,
}

/// How something ended: in a word, and whether that is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Well(&'static str),
    Badly(&'static str),
}

impl End {
    pub(super) fn word(self) -> &'static str {
        match self {
            End::Well(word) | End::Badly(word) => word,
        }
    }
}

impl Turns {
    /// Notes an event of a turn; none if the turn is over.
    pub(super) fn seen(&mut self, id: TurnId, at: Duration) -> Option<&mut Turn> {
        // Turns are counted without gaps, but a typed one is seen before an earlier one that is still being spoken.
        let unseen = (self.newest + 1).max(id.saturating_sub(OPEN as TurnId))..=id;
        self.open.extend(unseen.map(|id| (id, Turn::default())));
        self.newest = self.newest.max(id);
        // What was spoken comes before what was typed since.
        if let Some(first) = self.open.values_mut().find(|turn| turn.asked.is_none()) {
            first.asked = self.speech_ended.take();
        }
        let turn = self.open.get_mut(&id)?;
        turn.asked.get_or_insert(at);
        self.current = id;
        Some(turn)
    }

    /// Notes that the service noticed the end of speech.
    pub(super) fn speech_ended(&mut self, at: Duration) {
        match self.current() {
            // Its words came before the end of it, or the user went on.
            Some(turn) if !turn.has_answer() => turn.asked = Some(at),
            _ => self.speech_ended = Some(at),
        }
    }

    /// Returns the turn whose event came last, while it is open.
    pub(super) fn current(&mut self) -> Option<&mut Turn> {
        self.open.get_mut(&self.current)
    }

    /// Returns the number of that turn, open or not.
    pub(super) fn current_id(&self) -> TurnId {
        self.current
    }

    /// Returns a turn while it is open.
    pub(super) fn open(&mut self, id: TurnId) -> Option<&mut Turn> {
        self.open.get_mut(&id)
    }

    /// Takes out a turn that is over.
    pub(super) fn end(&mut self, id: TurnId) -> Option<Turn> {
        self.open.remove(&id)
    }

    /// Takes out the oldest turn that was seen when there are more than can be open.
    pub(super) fn missed(&mut self) -> Option<(TurnId, Turn)> {
        while self.open.len() > OPEN {
            let oldest = self.open.pop_first().filter(|(_, turn)| turn.asked.is_some());
            if oldest.is_some() {
                return oldest;
            }
        }
        None
    }

    /// Takes out any turn that was seen.
    pub(super) fn take_any(&mut self) -> Option<(TurnId, Turn)> {
        self.open.retain(|_, turn| turn.asked.is_some());
        self.open.pop_first()
    }
}

impl Turn {
    pub(super) fn text_came(&mut self, at: Duration) {
        self.text.get_or_insert(at);
    }

    pub(super) fn sound_came(&mut self, at: Duration) {
        self.sound.get_or_insert(at);
    }

    pub(super) fn tool_called(&mut self, at: Duration) {
        self.tool.get_or_insert(at);
    }

    fn has_answer(&self) -> bool {
        self.text.is_some() || self.sound.is_some()
    }

    /// Keeps a tool until the turn has ended; gives it back when it keeps too many.
    pub(super) fn keep(&mut self, tool: Done) -> Option<Done> {
        if self.tools.len() < TOOLS {
            self.tools.push(tool);
            None
        } else {
            Some(tool)
        }
    }

    /// Returns when it began, given what the user waited for and when it ended.
    pub(super) fn began(&self, latency: &Latency, ended: Duration) -> Duration {
        let before = |came: Option<Duration>, waited: Option<Duration>| Some(came?.saturating_sub(waited?));
        // Of an answer whose first sound was missed, a later one was seen: the earlier of the two is right.
        let answered = [before(self.text, latency.first_text), before(self.sound, latency.first_audio)];
        let asked = answered.into_iter().flatten().min().or(self.asked);
        // The model may call a tool, or begin to answer, while the user still speaks.
        let seen = [asked, self.text, self.sound, self.tool];
        seen.into_iter().flatten().min().unwrap_or(ended).min(ended)
    }

    /// Returns when words, sound and something to hear came first: where they were seen, or else where the user's
    /// waiting says.
    pub(super) fn came(&self, latency: &Latency, began: Duration) -> [Option<Duration>; 3] {
        let came = |seen: Option<Duration>, waited: Option<Duration>| seen.or(waited.map(|waited| began + waited));
        let sound = came(self.sound, latency.first_audio);
        let silence = || Some(latency.first_audible?.saturating_sub(latency.first_audio?));
        let audible = sound.and_then(|sound| Some(sound + silence()?));
        [came(self.text, latency.first_text), sound, audible]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn waited(text: u64, sound: u64) -> Latency {
        Latency { first_text: Some(ms(text)), first_audio: Some(ms(sound)), first_audible: None }
    }

    #[test]
    fn an_answer_says_when_its_question_ended() {
        let mut turns = Turns::default();
        turns.speech_ended(ms(1_500));
        turns.seen(1, ms(1_600)).unwrap();
        turns.seen(1, ms(1_900)).unwrap().text_came(ms(1_900));
        turns.seen(1, ms(2_000)).unwrap().sound_came(ms(2_000));
        let turn = turns.end(1).unwrap();
        assert_eq!(turn.began(&waited(800, 900), ms(5_000)), ms(1_100), "the service took 400 ms to notice");
        assert_eq!(turn.began(&Latency::default(), ms(5_000)), ms(1_500), "where the end of speech was noticed");
        assert!(turns.seen(1, ms(9_000)).is_none(), "it is over, whatever is still told of it");
    }

    #[test]
    fn a_first_sound_that_was_missed_moves_nothing() {
        let mut turns = Turns::default();
        turns.seen(1, ms(1_900)).unwrap().text_came(ms(1_900));
        turns.seen(1, ms(3_000)).unwrap().sound_came(ms(3_000));
        assert_eq!(turns.end(1).unwrap().began(&waited(800, 900), ms(5_000)), ms(1_100));
    }

    #[test]
    fn words_before_the_end_of_speech_are_no_beginning() {
        let mut turns = Turns::default();
        turns.seen(1, ms(700)).unwrap();
        turns.speech_ended(ms(1_500));
        assert_eq!(turns.end(1).unwrap().began(&Latency::default(), ms(5_000)), ms(1_500));
    }

    #[test]
    fn a_typed_turn_does_not_end_the_one_that_is_still_spoken() {
        let mut turns = Turns::default();
        turns.seen(2, ms(100)).unwrap();
        assert_eq!(turns.seen(1, ms(200)).unwrap().asked, Some(ms(200)));
    }

    #[test]
    fn an_end_of_speech_is_the_spoken_turns_and_not_that_of_one_typed_since() {
        let mut turns = Turns::default();
        turns.speech_ended(ms(100));
        turns.seen(2, ms(300)).unwrap();
        assert_eq!(turns.end(2).unwrap().asked, Some(ms(300)));
        assert_eq!(turns.seen(1, ms(900)).unwrap().asked, Some(ms(100)));
    }

    #[test]
    fn nothing_of_a_turn_is_before_it() {
        let mut turns = Turns::default();
        turns.seen(1, ms(700)).unwrap().tool_called(ms(900));
        turns.speech_ended(ms(1_500));
        let turn = turns.end(1).unwrap();
        assert_eq!(turn.began(&Latency::default(), ms(5_000)), ms(900));
    }

    #[test]
    fn moments_are_where_they_were_seen() {
        let mut turns = Turns::default();
        turns.seen(1, ms(1_000)).unwrap().sound_came(ms(3_000));
        let latency = Latency { first_audible: Some(ms(950)), ..waited(800, 900) };
        let came = turns.end(1).unwrap().came(&latency, ms(1_000));
        assert_eq!(came, [Some(ms(1_800)), Some(ms(3_000)), Some(ms(3_050))]);
    }

    #[test]
    fn turns_whose_end_was_missed_do_not_add_up() {
        let mut turns = Turns::default();
        for id in 1..=1_000 {
            turns.seen(id, ms(id)).unwrap();
            while turns.missed().is_some() {}
        }
        turns.seen(1_000_000, ms(1_001)).unwrap();
        while turns.missed().is_some() {}
        assert_eq!(turns.open.len(), OPEN);
        assert!(turns.open(1_000_000).is_some());
    }
}
