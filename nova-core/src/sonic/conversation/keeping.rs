//! When a call asks for its snapshot to be kept, and what waits for that.
//!
//! Kept is what another process would need: after every change of turns, lines and tools, and once a second while an
//! answer is being heard. A tool that must not run twice runs only once it stands in a snapshot that is kept: if this
//! process dies then, the next one knows that it may have run.

use std::time::Duration;

use super::call::Call;
use super::io::Output;
use crate::sonic::config::Snapshots;
use crate::sonic::event::{Event, TranscriptStage};

/// How often what was heard of an answer is kept while it plays.
const WHILE_HEARD: Duration = Duration::from_secs(1);

/// How far keeping has come. Revisions count from 1.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// The last that was asked for.
    asked: u64,
    /// When.
    at: Duration,
    /// The last that is kept.
    kept: u64,
    news: News,
}

/// Whether a snapshot would say something that the last one did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum News {
    #[default]
    None,
    /// More of an answer is heard from moment to moment.
    Heard,
    Some,
}

impl Keeping {
    /// Returns the revision that will hold what happens now.
    pub(super) fn next(&mut self) -> u64 {
        self.news = News::Some;
        self.asked + 1
    }
}

impl Call {
    /// Notes an event that another process would have to know of.
    pub(super) fn note_for_keeping(&mut self, event: &Event) {
        if is_milestone(event) {
            self.keeping.news = News::Some;
        }
    }

    /// Asks for a snapshot when there is something new in it.
    pub(super) fn advance_keeping(&mut self) {
        if self.config.snapshots == Snapshots::OnDemand || self.is_over() {
            return;
        }
        let moves = if self.playback.is_playing(self.now) { News::Heard } else { News::None };
        if self.keeping.news == News::None {
            self.keeping.news = moves;
        }
        let due = match self.keeping.news {
            News::None => false,
            News::Heard => self.keeping.at + WHILE_HEARD <= self.now,
            News::Some => true,
        };
        if due {
            self.keeping.asked += 1;
            self.keeping.at = self.now;
            self.keeping.news = moves;
            self.outputs.push_back(Output::Save { revision: self.keeping.asked });
        }
    }

    pub(super) fn keeping_wake(&self) -> Option<Duration> {
        (self.keeping.news == News::Heard).then(|| self.keeping.at + WHILE_HEARD)
    }

    /// A snapshot is kept: what waited for it goes on.
    pub(super) fn saved(&mut self, revision: u64) {
        self.keeping.kept = self.keeping.kept.max(revision.min(self.keeping.asked));
        self.run_written_tools();
    }

    /// Returns the last revision that is kept.
    pub(super) fn kept(&self) -> u64 {
        self.keeping.kept
    }
}

/// Says whether an event changes what another process would have to know. Sound does not: what is heard of it is kept by
/// the clock.
fn is_milestone(event: &Event) -> bool {
    match event {
        Event::Transcript(line) => line.stage == TranscriptStage::Final,
        Event::Connected { .. }
        | Event::Interrupted { .. }
        | Event::ToolCall(_)
        | Event::ToolDone { .. }
        | Event::TurnEnded { .. }
        | Event::Usage { .. }
        | Event::Budget { .. }
        | Event::Renewed { .. }
        | Event::Reviewed { .. }
        | Event::HistoryTrimmed { .. } => true,
        Event::UserSpeechStarted { .. }
        | Event::UserSpeechEnded { .. }
        | Event::Audio(_)
        | Event::Reconnecting { .. }
        | Event::UserIdle { .. }
        | Event::InputDropped { .. }
        | Event::Gap { .. }
        | Event::Unknown { .. }
        // What is over needs no keeping.
        | Event::Closed { .. } => false,
    }
}
