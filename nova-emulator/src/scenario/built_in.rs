//! The scenarios that are shipped, and the small phrases that follow any script.

use super::{Scenario, Step, Turn};

impl Scenario {
    /// Three everyday questions with short answers.
    pub fn small_talk() -> Self {
        shipped(include_str!("../../scenarios/small_talk.json"))
    }

    /// Questions that need tools: `get_weather` and `get_time`.
    pub fn tools() -> Self {
        shipped(include_str!("../../scenarios/tools.json"))
    }

    /// One answer of many sentences, to be interrupted.
    pub fn long_answer() -> Self {
        shipped(include_str!("../../scenarios/long_answer.json"))
    }

    /// Hears everything and never answers.
    pub fn silence() -> Self {
        shipped(include_str!("../../scenarios/silence.json"))
    }

    /// A conversation in German.
    pub fn german() -> Self {
        shipped(include_str!("../../scenarios/german.json"))
    }

    /// The names of the shipped scenarios, as [`named`](Self::named) takes them.
    pub const SHIPPED: [&'static str; 5] = ["small_talk", "tools", "long_answer", "silence", "german"];

    /// Finds a shipped scenario by name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "small_talk" => Self::small_talk(),
            "tools" => Self::tools(),
            "long_answer" => Self::long_answer(),
            "silence" => Self::silence(),
            "german" => Self::german(),
            _ => return None,
        })
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self::small_talk()
    }
}

/// What is heard and said when a script is used up, so that every turn of the user is answered once.
pub(super) fn phrases() -> Vec<Turn> {
    PHRASES.iter().map(|(heard, answer)| turn(heard, answer)).collect()
}

/// The words of a sentence, without case and punctuation.
pub(super) fn plain_words(text: &str) -> Vec<String> {
    let letters = |word: &str| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    text.split_whitespace().map(letters).filter(|word: &String| !word.is_empty()).collect()
}

fn turn(heard: &str, answer: &str) -> Turn {
    Turn { heard: vec![heard.to_owned()], answer: vec![Step::Say(answer.to_owned())], ..Turn::default() }
}

/// A shipped file that cannot be read would be our own mistake; a test reads them all, so the empty script is never seen.
fn shipped(json: &str) -> Scenario {
    Scenario::parse(json).unwrap_or_else(|_| Scenario {
        version: 1,
        name: "empty".to_owned(),
        about: String::new(),
        language: "en-US".to_owned(),
        turns: Vec::new(),
        afterwards: None,
        faults: Vec::new(),
        switches: std::collections::BTreeMap::new(),
    })
}

const PHRASES: [(&str, &str); 3] = [
    ("And what else?", "My script ends here, but I am still listening."),
    ("Please go on.", "I can only repeat that my script is over."),
    ("Are you there?", "Yes, I am still here."),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn every_shipped_scenario_is_readable_and_called_as_it_is_named() {
        for name in Scenario::SHIPPED {
            let scenario = Scenario::named(name).unwrap();
            assert_eq!(scenario.name, name);
            assert!(!scenario.turns.is_empty());
        }
    }
}
