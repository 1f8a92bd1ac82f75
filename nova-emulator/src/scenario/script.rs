//! The cursor through a scenario: which turn comes next.

use std::sync::Arc;

use super::{
    Scenario, Turn,
    built_in::{phrases, plain_words},
};

/// Hands out the turns of a scenario, each once, then what comes afterwards, for ever round.
#[derive(Debug)]
pub(crate) struct Script {
    scenario: Arc<Scenario>,
    used: Vec<bool>,
    afterwards: Vec<Turn>,
    round: usize,
}

impl Script {
    pub(crate) fn new(scenario: Arc<Scenario>) -> Self {
        let afterwards = scenario.afterwards.clone().unwrap_or_else(phrases);
        let used = vec![false; scenario.turns.len()];
        Self { scenario, used, afterwards, round: 0 }
    }

    /// The language of a turn.
    pub(crate) fn language<'a>(&'a self, turn: &'a Turn) -> &'a str {
        turn.language.as_deref().unwrap_or(&self.scenario.language)
    }

    /// The turn for something that was spoken: the next in order. `None` where the scenario wants no answer ever again.
    pub(crate) fn spoken(&mut self) -> Option<Turn> {
        match self.used.iter().position(|used| !used) {
            Some(index) => Some(self.take(index)),
            None => self.again(),
        }
    }

    /// The turn for something that was typed: the one with these words, else the next in order.
    pub(crate) fn typed(&mut self, text: &str) -> Option<Turn> {
        let words = plain_words(text);
        let wanted = |turn: &Turn| {
            turn.typed.as_deref().is_some_and(|typed| plain_words(typed) == words)
                || plain_words(&turn.heard.join(" ")) == words
        };
        let turns = self.scenario.turns.iter().zip(&self.used);
        let found = turns.enumerate().find(|(_, (turn, used))| !**used && wanted(turn)).map(|(index, _)| index);
        match found {
            Some(index) => Some(self.take(index)),
            None => self.spoken(),
        }
    }

    fn take(&mut self, index: usize) -> Turn {
        self.used[index] = true;
        self.scenario.turns[index].clone()
    }

    fn again(&mut self) -> Option<Turn> {
        let turn = self.afterwards.get(self.round % self.afterwards.len().max(1))?;
        self.round += 1;
        Some(turn.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn turns_come_in_order_or_by_what_was_typed_and_then_the_phrases_go_round() {
        let json = r#"{"version":1,"name":"x","turns":[
            {"heard":"One?","answer":["1."]}, {"heard":"Two?","typed":"second","answer":["2."]}, {"heard":"Three?","answer":["3."]}
        ],"afterwards":[{"heard":"Again?","answer":["A."]}]}"#;
        let mut script = Script::new(Arc::new(Scenario::parse(json).unwrap()));
        assert_eq!(script.typed("  SECOND!").unwrap().heard, ["Two?"]);
        assert_eq!(script.spoken().unwrap().heard, ["One?"]);
        assert_eq!(script.typed("three").unwrap().heard, ["Three?"]);
        assert_eq!(script.spoken().unwrap().heard, ["Again?"]);
        assert_eq!(script.spoken().unwrap().heard, ["Again?"]);
    }
}
