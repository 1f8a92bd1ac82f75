//! The orderly end: what is owed is delivered first, and nobody waits for ever.
//!
//! Ending the input right after a question ends the session *before* its answer (reference §1.7, V12). So a call that
//! is told to finish first sends what it was given, lets the service find the end of the utterance, waits for the
//! answers that are owed, and only then closes block, prompt and session.

use std::time::Duration;

use super::call::{Call, Phase};
use super::line::{Line, LineState};
use crate::sonic::event::CloseReason;

/// How long after the last audio an utterance may still show up: the longest documented pause is 2.0 s (reference
/// §2.1), and the service needs a moment.
const MAY_SHOW_UP: Duration = Duration::from_millis(3_000);

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finishing {
    /// Input is still being sent, or an answer is owed.
    Delivering { since: Duration },
    /// The closing events are out; the service has until then to close its side.
    Closing { until: Duration },
    /// The stream's own end is out.
    Ending { until: Duration },
}

impl Call {
    /// The application has nothing more to say.
    pub(super) fn finish(&mut self) {
        match self.phase {
            Phase::Dialing => self.over(CloseReason::Finished, None),
            Phase::Live => self.phase = Phase::Finishing(Finishing::Delivering { since: self.now }),
            Phase::Finishing(_) | Phase::Over => {}
        }
    }

    /// Goes on with the end as far as it can.
    pub(super) fn advance_closing(&mut self) {
        let Phase::Finishing(finishing) = self.phase else { return };
        match finishing {
            Finishing::Delivering { .. } => {
                if !self.has_input_left() {
                    self.turns.speech_over(self.now);
                }
                if self.is_settled() {
                    self.close_session();
                } else if self.sent_by().is_some_and(|until| until <= self.now) {
                    self.over(CloseReason::CloseTimedOut, None);
                }
            }
            Finishing::Closing { until } => {
                if until <= self.now && self.line.as_mut().is_some_and(Line::is_sent) {
                    self.send_end();
                } else if until + self.config.timeouts.close <= self.now {
                    self.over(CloseReason::CloseTimedOut, None);
                }
            }
            Finishing::Ending { until } => {
                if until <= self.now {
                    self.over(CloseReason::CloseTimedOut, None);
                }
            }
        }
    }

    /// The service says that it has nothing more to say.
    pub(super) fn completion_ended(&mut self) {
        if let Phase::Finishing(Finishing::Closing { until }) = &mut self.phase {
            *until = self.now;
        }
    }

    /// Says whether the stream's end was to be expected.
    pub(super) fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Finishing(Finishing::Closing { .. } | Finishing::Ending { .. }))
    }

    pub(super) fn closing_wake(&self) -> Option<Duration> {
        match self.phase {
            Phase::Finishing(Finishing::Delivering { .. }) => {
                [self.may_show_up_until(), self.sent_by()].into_iter().flatten().filter(|until| *until > self.now).min()
            }
            Phase::Finishing(Finishing::Closing { until }) if until <= self.now => {
                Some(until + self.config.timeouts.close)
            }
            Phase::Finishing(Finishing::Closing { until } | Finishing::Ending { until }) => Some(until),
            _ => None,
        }
    }

    /// Returns by when the link must take what still has to be sent. An answer that is owed has its own deadline.
    fn sent_by(&self) -> Option<Duration> {
        let Phase::Finishing(Finishing::Delivering { since }) = self.phase else { return None };
        let owed = !self.turns.is_empty() || !self.tools.is_empty();
        let line = self.line.as_ref().filter(|line| !owed && line.state == LineState::Live)?;
        line.stalled_since().map(|stalled| stalled.max(since) + self.config.timeouts.close)
    }

    /// Says whether everything that was handed over is sent, and everything that is owed has come.
    pub(super) fn is_settled(&self) -> bool {
        !self.has_input_left()
            && self.turns.is_empty()
            && self.tools.is_empty()
            && self.may_show_up_until().is_none_or(|until| until <= self.now)
    }

    fn may_show_up_until(&self) -> Option<Duration> {
        self.audio_in.last_spoke().map(|spoke| spoke + MAY_SHOW_UP)
    }

    fn close_session(&mut self) {
        let Some(line) = self.line.as_mut().filter(|line| line.state == LineState::Live) else {
            // Nothing is owed, and there is no session to be closed.
            return self.over(CloseReason::Finished, None);
        };
        if !self.audio_in.is_primed() {
            // An audio block that was never fed can be neither closed nor left open (reference §4.2 note 6).
            if self.sent_by().is_some_and(|until| until <= self.now) {
                self.over(CloseReason::CloseTimedOut, None);
            }
            return;
        }
        match line.close() {
            Ok(()) => {
                self.phase = Phase::Finishing(Finishing::Closing { until: self.now + self.config.timeouts.close });
            }
            Err(error) => self.bug(&error),
        }
    }

    fn send_end(&mut self) {
        self.end_stream();
        self.phase = Phase::Finishing(Finishing::Ending { until: self.now + self.config.timeouts.close });
    }
}
