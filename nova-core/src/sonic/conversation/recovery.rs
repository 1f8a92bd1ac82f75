//! A session that is lost for a passing reason is followed by another one.
//!
//! What was asked and not answered is told again (`renewal.rs`), in the spare if there is one, else in a session that is
//! dialled anew: after a pause that grows and scatters, in the next region when this one stays sick, until the budget of
//! [`Timeouts::recover`](crate::sonic::Timeouts::recover) is used up.

use std::time::Duration;

use super::call::{Call, Phase};
use super::closing::Finishing;
use super::io::LinkKey;
use super::line::{Line, LineState, Opening};
use super::lines::Part;
use crate::error::{Error, ErrorKind};
use crate::sonic::event::{CloseReason, Event, RenewReason, TurnEnd};
use crate::sonic::failure::{self, Recovery as Class};
use crate::sonic::session;
use crate::transport::Failure;

/// The first pause between attempts; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// The same while the road is closed: nothing of ours reaches the service, so there is nothing to spare it, and
/// the user, of whose words 30 s are kept, goes on speaking.
const LONGEST_PAUSE_ON_THE_ROAD: Duration = Duration::from_secs(2);
/// A session that lasted this long was a good one: the budget begins anew.
const GOOD: Duration = Duration::from_secs(20);
/// Losses in a row after which a region counts as sick.
const SICK: u32 = 2;

#[derive(Debug)]
pub(super) struct Recovery {
    /// Attempts since the last good session.
    attempt: u32,
    /// When the first of them began.
    since: Option<Duration>,
    /// When the next one is due.
    redial: Option<Duration>,
    region: Region,
    history: Shrunk,
    chance: u64,
}

#[derive(Debug, Default)]
struct Region {
    index: usize,
    /// Losses in a row in it.
    losses: u32,
    /// Regions that were left since the last good session.
    left: usize,
}

/// Whether the history has been cut short since the last good session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shrunk {
    No,
    Yes,
}

impl Recovery {
    pub(super) fn new(seed: u64) -> Self {
        Recovery { attempt: 0, since: None, redial: None, region: Region::default(), history: Shrunk::No, chance: seed }
    }

    pub(super) fn wake(&self) -> Option<Duration> {
        self.redial
    }

    /// Returns the attempts since the last good session, given how long the one in use has lasted.
    pub(super) fn attempts(&self, lasted: Duration) -> u32 {
        if lasted >= GOOD { 0 } else { self.attempt }
    }

    pub(super) fn region(&self) -> usize {
        self.region.index
    }

    /// Notes how long a session was in use before it was lost.
    pub(super) fn lasted(&mut self, time: Duration) {
        if time >= GOOD {
            *self = Recovery {
                region: Region { index: self.region.index, ..Region::default() },
                ..Recovery::new(self.chance)
            };
        }
    }

    /// Plans the next attempt; returns its number, or none when the budget is used up.
    fn plan(&mut self, now: Duration, budget: Duration, error: &Error) -> Option<u32> {
        let since = *self.since.get_or_insert(now);
        let mut pause = self.pause(self.attempt);
        if is_of_the_road(error) {
            pause = pause.min(LONGEST_PAUSE_ON_THE_ROAD.mul_f64(0.5 + self.chance()));
        }
        self.attempt += 1;
        if now + pause > since + budget {
            return None;
        }
        self.redial = Some(now + pause);
        Some(self.attempt)
    }

    /// The pause before an attempt, scattered; none before the first.
    pub(super) fn pause(&mut self, before: u32) -> Duration {
        match before {
            0 => Duration::ZERO,
            n => (PAUSE * 2u32.saturating_pow(n - 1).min(64)).min(LONGEST_PAUSE).mul_f64(0.5 + self.chance()),
        }
    }

    /// Moves on to the next of so many regions, unless all were tried; says whether it did.
    fn next_region(&mut self, of: usize) -> bool {
        if self.region.left + 1 >= of {
            return false;
        }
        self.region = Region { index: (self.region.index + 1) % of, losses: 0, left: self.region.left + 1 };
        true
    }

    /// A number in 0..1 (splitmix64): good enough to scatter pauses, and the same in every replay.
    fn chance(&mut self) -> f64 {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// What the loss of the session in use means.
struct Loss {
    error: Error,
    class: Class,
    /// Why the call is over, if nothing can be done.
    reason: CloseReason,
    /// Whether the session had been accepted.
    had: Had,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Had {
    Begun,
    /// It was never accepted: the road or the region is to blame.
    Not,
}

impl Call {
    /// The peer ended a stream in order.
    pub(super) fn ended(&mut self, link: LinkKey) {
        self.hear(link, session::Input::Ended);
    }

    /// A stream could not be opened, or broke.
    pub(super) fn failed(&mut self, link: LinkKey, failure: &Failure) {
        self.hear(link, session::Input::Failed(failure.clone()));
    }

    pub(super) fn peer_ended(&mut self, link: LinkKey) {
        let error = Error::new(ErrorKind::Transport, "The service ended the stream without being asked.")
            .with_code("peer-ended");
        self.lost(link, error, Class::Reconnect, CloseReason::PeerEnded);
    }

    pub(super) fn line_failed(&mut self, link: LinkKey, error: Error) {
        let class = failure::recovery(&error);
        self.lost(link, error, class, CloseReason::Failed);
    }

    pub(super) fn not_accepted_in_time(&mut self, link: LinkKey) {
        let seconds = self.config.timeouts.connect.as_secs();
        let error =
            Error::new(ErrorKind::Timeout, format!("The service did not accept the stream within {seconds} s."))
                .with_code("connect-timeout")
                .with_hint(
                    "Check the endpoint, the region and the network; a proxy that buffers requests causes this too.",
                );
        self.lost(link, error, Class::Reconnect, CloseReason::Failed);
    }

    pub(super) fn redial_if_due(&mut self) {
        if self.recovery.redial.is_some_and(|at| at <= self.now) {
            self.recovery.redial = None;
            self.dial();
        }
    }

    /// Opens a session that is put to use as soon as it is accepted.
    pub(super) fn dial(&mut self) {
        let unanswered = self.turns_to_ask_again();
        self.settle_what_is_over();
        let history = self.transcripts.shaped(&self.model, &unanswered);
        self.told_trimmed(history.trimmed);
        match self.open(Opening::Whole(&history.messages)) {
            Ok(line) => self.lines.current = Some(line),
            Err(error) => self.bug(&error),
        }
    }

    fn lost(&mut self, link: LinkKey, error: Error, class: Class, reason: CloseReason) {
        let Some(part) = self.lines.part(link) else { return };
        let Some(mut line) = self.lines.take(link) else { return };
        self.take_back(line.typing.take());
        self.drop_line(&line);
        match part {
            Part::Spare => self.spare_lost(&line),
            Part::Leaving => {
                // Whatever it had begun to say ends here; all else moved on long ago.
                for turn in self.turns.sounding_on(link) {
                    self.end_turn(turn, TurnEnd::Lost);
                }
            }
            Part::Current => {
                let had = if line.is_idle() { Had::Not } else { Had::Begun };
                self.current_lost(&line, Loss { error, class, reason, had });
            }
        }
    }

    fn current_lost(&mut self, line: &Line, loss: Loss) {
        if matches!(line.state, LineState::Closing { .. } | LineState::Ending { .. }) {
            // Everything owed was delivered. How the stream ends is not worth failing for, but a failure worth telling.
            let told = (loss.reason == CloseReason::Failed).then_some(loss.error);
            return self.over(self.finish_reason(), told);
        }
        if let Phase::Finishing(Finishing { reason, .. }) = self.phase
            && !self.has_input_left()
            && self.tools.is_empty()
        {
            // Another session could deliver nothing more.
            let reason = if self.is_settled() { reason } else { loss.reason };
            return self.over(reason, Some(loss.error));
        }
        if loss.had == Had::Begun {
            self.recovery.lasted(self.now.saturating_sub(line.accepted));
        }
        match self.can_recover(&loss) {
            Verdict::Over => self.over(loss.reason, Some(loss.error)),
            Verdict::GoOn(unanswered) => self.go_on(line.key, loss.error, unanswered),
        }
    }

    /// Decides whether another session can do better.
    fn can_recover(&mut self, loss: &Loss) -> Verdict {
        if loss.class == Class::ShrinkHistory {
            return self.with_less_history(loss);
        }
        let regions = self.config.regions.len();
        if loss.had == Had::Not {
            let elsewhere = is_of_the_region(&loss.error) && self.recovery.next_region(regions);
            // The first session is the caller's to retry: connect() says what is wrong at once. Of a call that is
            // resumed it is not the first.
            let first = matches!(self.phase, Phase::Dialing) && self.sessions == 0;
            return match (elsewhere, first, loss.class) {
                (true, ..) | (false, false, Class::Reconnect) => Verdict::GoOn(Unanswered::AskAgain),
                _ => Verdict::Over,
            };
        }
        self.recovery.region.losses += 1;
        if self.recovery.region.losses >= SICK {
            self.recovery.next_region(regions);
        }
        match loss.class {
            Class::Reconnect => Verdict::GoOn(Unanswered::AskAgain),
            _ if loss.error.code() == failure::INVALID_REQUEST && self.adapt_audio_to_tools() => {
                Verdict::GoOn(Unanswered::AskAgain)
            }
            _ => Verdict::Over,
        }
    }

    /// The service does not take the history: half of it is tried, once.
    fn with_less_history(&mut self, loss: &Loss) -> Verdict {
        if self.recovery.history == Shrunk::Yes {
            return Verdict::Over;
        }
        self.recovery.history = Shrunk::Yes;
        self.transcripts.shrink();
        match (loss.error.kind(), loss.had) {
            // To say once more what the filter took offence at would lead nowhere.
            (ErrorKind::Filtered, Had::Begun) => Verdict::GoOn(Unanswered::GiveUp),
            // A session that was never in use was told the history and nothing else.
            _ => Verdict::GoOn(Unanswered::AskAgain),
        }
    }

    /// The session that had these turns is gone: goes on with the spare, or dials.
    fn go_on(&mut self, link: LinkKey, error: Error, unanswered: Unanswered) {
        if unanswered == Unanswered::GiveUp {
            self.refuse_what_was_said(link);
        }
        for turn in self.turns.ids() {
            // A tool still works on this one, or has: its result is told to the next session, which then answers.
            if self.tools.in_hand(turn) || self.turns.is_elsewhere(turn, link) {
                continue;
            }
            if unanswered == Unanswered::GiveUp {
                self.transcripts.refuse(turn);
                self.end_turn(turn, TurnEnd::Filtered);
            } else if self.turns.has_sounded(turn) {
                self.end_turn(turn, TurnEnd::Lost);
            }
        }
        if self.lines.ready().is_some() {
            // Nobody waits: the application hears of it when it is done.
            return self.adopt_spare(RenewReason::Recovery);
        }
        self.drop_spare();
        match self.recovery.plan(self.now, self.config.timeouts.recover, &error) {
            Some(attempt) => self.event(Event::Reconnecting { reason: error, attempt }),
            None => self.over(CloseReason::Failed, Some(error)),
        }
    }
}

enum Verdict {
    GoOn(Unanswered),
    Over,
}

/// What becomes of what was asked and not answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unanswered {
    AskAgain,
    GiveUp,
}

/// Says whether the service never heard of the attempt.
fn is_of_the_road(error: &Error) -> bool {
    matches!(error.code(), "unreachable" | "connect-timeout")
}

/// Says whether another region might do better: this one is not ours to use, cannot be reached, or has too much to do.
fn is_of_the_region(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Denied | ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Throttled
    ) || error.code() == "E-MODEL"
        || error.code() == "resourceNotFoundException"
}
