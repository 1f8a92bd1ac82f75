//! A function that looks at each sentence of an answer before anybody hears it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::conversation::Verdict;
use super::event::TurnId;
use crate::transport::BoxFuture;

type Look = Arc<dyn Fn(Sentence) -> BoxFuture<Verdict> + Send + Sync>;

/// A sentence of an answer that nobody has seen or heard yet.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sentence {
    /// The turn it is part of.
    pub turn: TurnId,
    /// Its words.
    pub text: String,
}

impl fmt::Debug for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sentence(turn {}, {} bytes)", self.turn, self.text.len())
    }
}

/// The function, with its future's type forgotten.
#[derive(Clone)]
pub(super) struct Reviewer(Look);

impl Reviewer {
    pub(super) fn new<F, R>(look: F) -> Self
    where
        F: Fn(Sentence) -> R + Send + Sync + 'static,
        R: Future<Output = Verdict> + Send + 'static,
    {
        Reviewer(Arc::new(move |sentence| Box::pin(look(sentence))))
    }

    pub(super) fn look(&self, turn: TurnId, text: String) -> BoxFuture<Verdict> {
        (self.0)(Sentence { turn, text })
    }
}

impl fmt::Debug for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reviewer").finish_non_exhaustive()
    }
}
