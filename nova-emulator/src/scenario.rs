//! A conversation as a script: what was heard, what is answered, which tools are called.

/// A scripted conversation.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Scenario {}

impl Scenario {
    /// Three everyday questions with short answers.
    pub fn small_talk() -> Self {
        Self::default()
    }
}
