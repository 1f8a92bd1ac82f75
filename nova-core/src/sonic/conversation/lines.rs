//! The links of a call: the one in use, the one that is kept ready, and the one that makes room.

use std::time::Duration;

use super::io::LinkKey;
use super::line::{Line, LineState};

/// At most three links, each with a part of its own.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Takes what the user says, or is being opened for that.
    pub(super) current: Option<Line>,
    /// Opens, or waits to take over.
    pub(super) spare: Option<Line>,
    /// Has handed over: it finishes its answer, then closes.
    pub(super) leaving: Option<Line>,
}

/// What a link is to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Current,
    Spare,
    Leaving,
}

impl Lines {
    /// Returns what a link is to the call; none if it is nothing any more.
    pub(super) fn part(&self, link: LinkKey) -> Option<Part> {
        let is = |line: &Option<Line>| line.as_ref().is_some_and(|line| line.key == link);
        if is(&self.current) {
            Some(Part::Current)
        } else if is(&self.spare) {
            Some(Part::Spare)
        } else {
            is(&self.leaving).then_some(Part::Leaving)
        }
    }

    pub(super) fn get_mut(&mut self, link: LinkKey) -> Option<&mut Line> {
        self.all_mut().find(|line| line.key == link)
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        [&mut self.leaving, &mut self.current, &mut self.spare].into_iter().flatten()
    }

    /// Returns the line that takes what the user says.
    pub(super) fn live(&self) -> Option<&Line> {
        self.current.as_ref().filter(|line| line.state == LineState::Live)
    }

    pub(super) fn live_mut(&mut self) -> Option<&mut Line> {
        self.current.as_mut().filter(|line| line.state == LineState::Live)
    }

    /// Returns the line in use, if it has been accepted.
    pub(super) fn in_use(&self) -> Option<&Line> {
        self.current.as_ref().filter(|line| !line.is_idle())
    }

    /// Returns the spare, if it could take over now.
    pub(super) fn ready(&self) -> Option<&Line> {
        self.spare.as_ref().filter(|line| line.state == LineState::Ready)
    }

    /// Returns the link that input goes to, or will.
    pub(super) fn current_key(&self) -> Option<LinkKey> {
        self.current.as_ref().map(|line| line.key)
    }

    /// Returns the links that were not accepted in time.
    pub(super) fn refused_by_silence(&self, now: Duration) -> Vec<LinkKey> {
        let lines = [&self.current, &self.spare].into_iter().flatten();
        let late = |line: &&Line| matches!(line.state, LineState::Opening { until } if until <= now);
        lines.filter(late).map(|line| line.key).collect()
    }

    /// Returns when the next opening is too late.
    pub(super) fn opening_wake(&self) -> Option<Duration> {
        let lines = [&self.current, &self.spare].into_iter().flatten();
        let until = |line: &Line| match line.state {
            LineState::Opening { until } => Some(until),
            _ => None,
        };
        lines.filter_map(until).min()
    }

    /// Takes a line out.
    pub(super) fn take(&mut self, link: LinkKey) -> Option<Line> {
        [&mut self.leaving, &mut self.current, &mut self.spare]
            .into_iter()
            .find_map(|slot| slot.take_if(|line| line.key == link))
    }
}
