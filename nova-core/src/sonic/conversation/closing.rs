//! The orderly end of a session, and of the call: what is owed is delivered first, and nobody waits for ever.
//!
//! Ending the input right after a question ends the session *before* its answer (reference §1.7, V12). So a call that
//! is told to finish first sends what it was given, lets the service find the end of the utterance, waits for the
//! answers that are owed, and only then closes block, prompt and session. A session that has made room for the next one
//! goes the same way by itself.

use std::time::Duration;

use super::call::{Call, Phase};
use super::io::{LinkKey, Output};
use super::line::{Line, LineState};
use super::lines::Part;
use crate::sonic::event::CloseReason;

/// How long after the last audio an utterance may still show up: the longest documented pause is 2.0 s (reference
/// §2.1), and the service needs a moment.
const MAY_SHOW_UP: Duration = Duration::from_millis(3_000);

/// The application, or the call itself, has said that it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finishing {
    pub(super) since: Duration,
    /// What the call will have ended for.
    pub(super) reason: CloseReason,
}

/// What the end of a session has come to.
enum Step {
    Waits,
    SendEnd,
    TimedOut,
}

impl Call {
    /// There is nothing more to say.
    pub(super) fn finish(&mut self, reason: CloseReason) {
        match self.phase {
            Phase::Dialing => self.over(reason, None),
            Phase::Live => {
                self.drop_spare();
                self.phase = Phase::Finishing(Finishing { since: self.now, reason });
            }
            Phase::Finishing(_) | Phase::Over => {}
        }
    }

    /// Goes on with every end that is under way as far as it can.
    pub(super) fn advance_closing(&mut self) {
        self.advance_leaving();
        let Phase::Finishing(_) = self.phase else { return };
        match self.lines.current.as_ref().map(|line| line.state) {
            Some(LineState::Closing { .. } | LineState::Ending { .. }) => self.advance_end(Part::Current),
            _ => self.deliver(),
        }
    }

    /// The session that made room is closed once it owes nothing.
    fn advance_leaving(&mut self) {
        let Some(line) = &mut self.lines.leaving else { return };
        if line.state != LineState::Leaving {
            return self.advance_end(Part::Leaving);
        }
        if self.turns.owed_by(line.key) {
            return;
        }
        let closed = if line.has_audio() { line.close(self.now + self.config.timeouts.close).is_ok() } else { false };
        if !closed {
            self.forget_leaving();
        }
    }

    fn deliver(&mut self) {
        // Not before the texts are typed: an aside among them waits for the user to be silent.
        if self.audio_in.is_empty() {
            self.turns.speech_over(self.now);
        }
        if self.is_settled() {
            self.close_session();
        } else if self.sent_by().is_some_and(|until| until <= self.now) {
            self.over(CloseReason::CloseTimedOut, None);
        }
    }

    fn advance_end(&mut self, part: Part) {
        let timeout = self.config.timeouts.close;
        let slot = match part {
            Part::Leaving => &mut self.lines.leaving,
            Part::Current | Part::Spare => &mut self.lines.current,
        };
        let Some(line) = slot else { return };
        match line.step(self.now, timeout) {
            Step::Waits => {}
            Step::SendEnd => {
                line.state = LineState::Ending { until: self.now + timeout };
                let link = line.key;
                self.outputs.push_back(Output::Finish { link });
            }
            Step::TimedOut if part == Part::Leaving => self.forget_leaving(),
            Step::TimedOut => self.over(CloseReason::CloseTimedOut, None),
        }
    }

    /// Drops the session that made room: what it owed is delivered, and how it ends is nobody's concern.
    fn forget_leaving(&mut self) {
        if let Some(line) = self.lines.leaving.take() {
            self.drop_line(&line);
        }
    }

    /// The service says that it has nothing more to say.
    pub(super) fn completion_ended(&mut self, link: LinkKey) {
        let now = self.now;
        if let Some(Line { state: LineState::Closing { until }, .. }) = self.lines.get_mut(link) {
            *until = now;
        }
    }

    /// The service ended a stream: as it should, or not.
    pub(super) fn stream_ended(&mut self, link: LinkKey) {
        let state = self.lines.get_mut(link).map(|line| line.state);
        match (self.lines.part(link), state) {
            (Some(Part::Current), Some(LineState::Closing { .. } | LineState::Ending { .. })) => {
                self.over(self.finish_reason(), None);
            }
            _ => self.peer_ended(link),
        }
    }

    /// Returns what the call ends for when its end is in order.
    pub(super) fn finish_reason(&self) -> CloseReason {
        match self.phase {
            Phase::Finishing(Finishing { reason, .. }) => reason,
            _ => CloseReason::Finished,
        }
    }

    pub(super) fn closing_wake(&self) -> Option<Duration> {
        let ends = [&self.lines.leaving, &self.lines.current].into_iter().flatten();
        let ends = ends.filter_map(|line| line.end_wake(self.now, self.config.timeouts.close));
        let delivering = match self.phase {
            Phase::Finishing(_) => [self.may_show_up_until(), self.sent_by()],
            _ => [None, None],
        };
        delivering.into_iter().flatten().filter(|until| *until > self.now).chain(ends).min()
    }

    /// Returns by when the link must take what still has to be sent. An answer that is owed has its own deadline.
    fn sent_by(&self) -> Option<Duration> {
        let Phase::Finishing(Finishing { since, .. }) = self.phase else { return None };
        let owed = !self.turns.is_empty() || !self.tools.is_empty();
        let line = self.lines.live().filter(|_| !owed)?;
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
        let until = self.now + self.config.timeouts.close;
        let Some(line) = self.lines.live_mut() else {
            // Nothing is owed, and there is no session to be closed.
            return self.over(self.finish_reason(), None);
        };
        if !self.audio_in.is_primed() {
            // An audio block that was never fed can be neither closed nor left open (reference §4.2 note 6).
            if self.sent_by().is_some_and(|until| until <= self.now) {
                self.over(CloseReason::CloseTimedOut, None);
            }
            return;
        }
        if let Err(error) = line.close(until) {
            self.bug(&error);
        }
    }
}

impl Line {
    /// What the end of this session has come to. After the closing events the service has its time, and then the link
    /// as much again to take them.
    fn step(&self, now: Duration, timeout: Duration) -> Step {
        match self.state {
            LineState::Closing { until } if until <= now && self.is_sent() => Step::SendEnd,
            LineState::Closing { until } if until + timeout <= now => Step::TimedOut,
            LineState::Ending { until } if until <= now => Step::TimedOut,
            _ => Step::Waits,
        }
    }

    fn end_wake(&self, now: Duration, timeout: Duration) -> Option<Duration> {
        match self.state {
            LineState::Closing { until } if until <= now => Some(until + timeout),
            LineState::Closing { until } | LineState::Ending { until } => Some(until),
            _ => None,
        }
    }
}
