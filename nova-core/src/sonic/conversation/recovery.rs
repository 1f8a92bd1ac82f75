//! A session that is lost for a passing reason is followed by another one.
//!
//! This is the plain form: the old session is gone before the new one opens, and what the user said meanwhile and
//! was not answered is reported, not replayed.

use std::time::Duration;

use super::call::{Call, Phase};
use super::io::LinkKey;
use crate::error::{Error, ErrorKind};
use crate::sonic::event::{CloseReason, Event, TurnEnd};
use crate::sonic::failure::{self, Recovery as Class};
use crate::sonic::session;
use crate::transport::Failure;

/// Attempts in a row before a call gives up.
const ATTEMPTS: u32 = 4;
/// The first pause between attempts; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// A session that lasted this long was a good one: the count of attempts begins anew.
const GOOD: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct Recovery {
    attempt: u32,
    accepted: Option<Duration>,
    redial: Option<Duration>,
    chance: u64,
}

impl Recovery {
    pub(super) fn new(seed: u64) -> Self {
        Recovery { attempt: 0, accepted: None, redial: None, chance: seed }
    }

    pub(super) fn accepted(&mut self, now: Duration) {
        self.accepted = Some(now);
        self.redial = None;
    }

    pub(super) fn wake(&self) -> Option<Duration> {
        self.redial
    }

    /// Plans the next attempt; returns its number, or none when enough is enough.
    fn plan(&mut self, now: Duration) -> Option<u32> {
        if self.accepted.take().is_some_and(|at| now.saturating_sub(at) >= GOOD) {
            self.attempt = 0;
        }
        self.attempt += 1;
        if self.attempt > ATTEMPTS {
            return None;
        }
        let pause = match self.attempt {
            1 => Duration::ZERO,
            n => PAUSE * 2u32.pow(n - 2),
        };
        self.redial = Some(now + pause.mul_f64(0.5 + self.chance()));
        Some(self.attempt)
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

impl Call {
    /// The peer ended a stream in order.
    pub(super) fn ended(&mut self, link: LinkKey) {
        self.hear(link, session::Input::Ended);
    }

    /// A stream could not be opened, or broke.
    pub(super) fn failed(&mut self, link: LinkKey, failure: &Failure) {
        self.hear(link, session::Input::Failed(failure.clone()));
    }

    pub(super) fn peer_ended(&mut self) {
        if self.is_ending() {
            return self.over(CloseReason::Finished, None);
        }
        let error = Error::new(ErrorKind::Transport, "The service ended the stream without being asked.")
            .with_code("peer-ended");
        self.lost(error, Class::Reconnect, CloseReason::PeerEnded);
    }

    pub(super) fn line_failed(&mut self, error: Error) {
        if self.is_ending() {
            // Everything owed was delivered; how the stream ends is not worth failing for, but worth telling.
            return self.over(CloseReason::Finished, Some(error));
        }
        let class = failure::recovery(&error);
        self.lost(error, class, CloseReason::Failed);
    }

    pub(super) fn not_accepted_in_time(&mut self) {
        let seconds = self.config.timeouts.connect.as_secs();
        let error =
            Error::new(ErrorKind::Timeout, format!("The service did not accept the stream within {seconds} s."))
                .with_code("connect-timeout")
                .with_hint(
                    "Check the endpoint, the region and the network; a proxy that buffers requests causes this too.",
                );
        self.lost(error, Class::Reconnect, CloseReason::Failed);
    }

    pub(super) fn redial_if_due(&mut self) {
        if self.recovery.redial.is_some_and(|at| at <= self.now) {
            self.recovery.redial = None;
            if let Err(error) = self.dial() {
                self.bug(&error);
            }
        }
    }

    fn lost(&mut self, error: Error, class: Class, reason: CloseReason) {
        if let Phase::Finishing(_) = self.phase
            && !self.has_input_left()
            && self.tools.is_empty()
        {
            // Another session could deliver nothing more.
            let reason = if self.is_settled() { CloseReason::Finished } else { reason };
            return self.over(reason, Some(error));
        }
        let adapted = error.code() == failure::INVALID_REQUEST && self.adapt_audio_to_tools();
        let class = if adapted { Class::Reconnect } else { class };
        let attempt = match (&self.phase, class) {
            // The first session is the caller's to retry: connect() says what is wrong at once.
            (Phase::Dialing, _) | (_, Class::Permanent | Class::ShrinkHistory) => None,
            _ => self.recovery.plan(self.now),
        };
        let Some(attempt) = attempt else { return self.over(reason, Some(error)) };
        self.hang_up();
        self.turns.reopen();
        for turn in self.turns.ids() {
            // A tool still works on this one: its result is told to the next session, which then answers.
            if !self.tools.holds(turn) {
                self.end_turn(turn, TurnEnd::Lost);
            }
        }
        let settled = self.transcripts.settle(None);
        self.settled(settled);
        self.event(Event::Reconnecting { reason: error, attempt });
    }
}
