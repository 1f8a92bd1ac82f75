//! The voice of the recorded clips.

use std::sync::Arc;

use super::{Voice, clips, numbers::spoken_words};

/// Speaks what was recorded: a whole sentence, or one that can be joined from recorded pieces.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recorded;

impl Voice for Recorded {
    fn speak(&self, sentence: &str, _language: &str, rate: u32) -> Option<Arc<[i16]>> {
        clips::sentence(sentence, rate).or_else(|| join(sentence, rate))
    }
}

fn join(sentence: &str, rate: u32) -> Option<Arc<[i16]>> {
    let words = spoken_words(sentence);
    let mut rest = words.as_slice();
    let mut sound = Vec::new();
    while !rest.is_empty() {
        let (clip, covered) = clips::words(rest, rate)?;
        sound.extend_from_slice(&clip);
        rest = rest.get(covered.max(1)..)?;
    }
    (!sound.is_empty()).then(|| sound.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;
    use crate::scenario::{Scenario, Step, fill};

    /// Every sentence that a shipped scenario can say, with this number in its quotations.
    fn sentences(steps: &[Step], number: i64, into: &mut Vec<String>) {
        let results = [("any".to_owned(), json!({"temperature": number, "hour": number}))];
        for step in steps {
            match step {
                Step::Say(sentence) => into.push(fill(sentence, &results).unwrap()),
                Step::AfterResults { then, otherwise } => {
                    sentences(then, number, into);
                    sentences(otherwise, number, into);
                }
                Step::Call { .. } | Step::Pause(_) => {}
            }
        }
    }

    #[test]
    fn shipped_scenarios_never_need_the_tone() {
        for name in Scenario::SHIPPED {
            let scenario = Scenario::named(name).unwrap();
            let mut wanted = Vec::new();
            for turn in scenario.turns.iter().chain(scenario.afterwards.iter().flatten()) {
                (-99..100).for_each(|number| sentences(&turn.answer, number, &mut wanted));
            }
            for sentence in wanted {
                assert!(Recorded.speak(&sentence, "en-US", 8000).is_some(), "{name}: {sentence} was never recorded");
            }
        }
        for sentence in ["Yes, I am still here.", "My script ends here, but I am still listening."] {
            assert!(Recorded.speak(sentence, "en-US", 24000).is_some());
        }
        assert!(Recorded.speak("Never recorded.", "en-US", 8000).is_none());
    }
}
