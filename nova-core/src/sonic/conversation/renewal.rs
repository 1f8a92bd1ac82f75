//! Make before break: another session is opened before the one in use is cut, and takes over when nobody minds.
//!
//! The service ends every session after eight minutes, and some that hear no speech for three (reference §4.5). From a
//! threshold on a spare is kept open up to SYSTEM. It takes over in the first quiet moment, or at the last moment
//! whatever goes on: it is told what was said so far, and again what was asked and not answered.

use std::time::Duration;

use super::audio_in::Missing;
use super::call::{Call, Phase};
use super::history::Trimmed;
use super::io::LinkKey;
use super::line::{History as LineHistory, Line, LineState, Opening};
use super::sending::{Typed, TypedBy};
use super::tape::Position;
use super::turns::{Again, Boundaries};
use crate::sonic::event::{Event, RenewReason, TurnEnd, TurnId};
use crate::sonic::limits;

/// A session that is kept ready and unused is made anew after this long: the service drops those that hear nothing,
/// and AWS's own samples count on half a minute (reference §6.5).
const SPARE_LIFE: Duration = Duration::from_secs(25);
/// Before the service cuts a silent user off: from then on a quiet moment is looked for, and taken in any case.
const SILENCE_ROOM: (Duration, Duration) = (Duration::from_secs(25), Duration::from_secs(7));
/// The same before credentials expire.
const EXPIRY_ROOM: (Duration, Duration) = (Duration::from_secs(120), Duration::from_secs(30));
/// Speech is noticed this much after it began, at worst.
const PRE_ROLL: Duration = Duration::from_millis(300);
/// In a quiet moment this much is told again: somebody may just have begun to speak.
const JUST_SAID: Duration = Duration::from_secs(1);

/// The next session, as far as it is planned.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    /// Not before this time, after a failed attempt.
    retry: Option<Duration>,
    attempts: u32,
}

/// When the session in use should make room.
#[derive(Clone, Copy, Debug)]
struct Due {
    /// From then on in a quiet moment.
    from: Duration,
    /// Then at the latest.
    at_the_latest: Duration,
    reason: RenewReason,
}

impl Call {
    /// Opens the spare, lets it take over, or makes it anew, whichever is due.
    pub(super) fn advance_renewal(&mut self) {
        let Some(due) = self.due() else { return };
        match self.lines.spare.as_ref().map(|spare| (spare.state, spare.accepted)) {
            None => {
                if due.from <= self.now && self.renewal.retry.is_none_or(|at| at <= self.now) {
                    self.open_spare();
                }
            }
            Some((LineState::Ready, accepted)) => {
                if accepted + SPARE_LIFE <= self.now {
                    self.drop_spare();
                    if due.from <= self.now {
                        self.open_spare();
                    }
                } else if due.at_the_latest <= self.now {
                    let reason = if due.reason == RenewReason::Age { RenewReason::Deadline } else { due.reason };
                    self.adopt_spare(reason);
                } else if due.from <= self.now && self.is_quiet(due) {
                    self.adopt_spare(due.reason);
                }
            }
            Some(_) => {}
        }
    }

    /// Returns when there is something to do for the next session.
    pub(super) fn renewal_wake(&self) -> Option<Duration> {
        let due = self.due()?;
        match &self.lines.spare {
            None => Some(due.from.max(self.renewal.retry.unwrap_or_default())),
            Some(Line { state: LineState::Ready, accepted, .. }) => {
                let half_way = (due.from + due.at_the_latest) / 2;
                let moments = [due.from, half_way, due.at_the_latest, *accepted + SPARE_LIFE];
                moments.into_iter().filter(|at| *at > self.now).min()
            }
            Some(_) => None,
        }
    }

    /// The first reason to renew the session in use.
    fn due(&self) -> Option<Due> {
        let Phase::Live = self.phase else { return None };
        let line = self.lines.live()?;
        let life = Duration::from_secs(self.model.limits().session_seconds.into());
        let age = Due {
            from: line.accepted + life.mul_f64(self.config.renewal.from),
            at_the_latest: line.accepted + life.mul_f64(self.config.renewal.at_the_latest),
            reason: RenewReason::Age,
        };
        let user_heard = if self.turns.user_speaks() { self.now } else { line.user_heard };
        let silence = Due {
            from: user_heard + limits::SILENCE_CUT - SILENCE_ROOM.0,
            at_the_latest: user_heard + limits::SILENCE_CUT - SILENCE_ROOM.1,
            reason: RenewReason::Silence,
        };
        // Credentials that were about to expire from the beginning are not helped by another session.
        let expires = line.expires.filter(|expires| *expires > line.accepted + EXPIRY_ROOM.0 + SPARE_LIFE);
        let expiry = expires.map(|expires| Due {
            from: expires - EXPIRY_ROOM.0,
            at_the_latest: expires - EXPIRY_ROOM.1,
            reason: RenewReason::Credentials,
        });
        [age, silence].into_iter().chain(expiry).min_by_key(|due| due.from)
    }

    /// A moment is quiet when nobody speaks and nothing is owed. In the second half of the time also when the user is
    /// silent and the assistant speaks: the session that made room finishes its answer.
    fn is_quiet(&self, due: Due) -> bool {
        // One session at a time makes room.
        let ready = self.lines.leaving.is_none() && self.lines.live().is_some_and(Line::is_sent);
        let nothing_owed = self.turns.is_empty() && self.tools.is_idle();
        let assistant_speaks = self.turns.all_sound() && self.tools.is_idle();
        let second_half = (due.from + due.at_the_latest) / 2 <= self.now;
        ready && !self.turns.user_speaks() && (nothing_owed || (second_half && assistant_speaks))
    }

    fn open_spare(&mut self) {
        match self.open(Opening::Spare) {
            Ok(line) => self.lines.spare = Some(line),
            Err(error) => self.bug(&error),
        }
    }

    pub(super) fn drop_spare(&mut self) {
        if let Some(spare) = self.lines.spare.take() {
            self.drop_line(&spare);
        }
    }

    /// The spare could not be opened, or broke: another one after a pause. The session in use still works.
    pub(super) fn spare_lost(&mut self, spare: &Line) {
        if spare.state == LineState::Ready {
            self.renewal.attempts = 0;
        }
        self.renewal.attempts += 1;
        let pause = self.recovery.pause(self.renewal.attempts);
        self.renewal.retry = Some(self.now + pause);
    }

    /// Puts the spare to use.
    pub(super) fn adopt_spare(&mut self, reason: RenewReason) {
        if let Some(spare) = self.lines.spare.take() {
            self.make_room();
            self.lines.current = Some(spare);
            self.adopt(reason);
        }
    }

    /// The session in use takes nothing more. It still finishes the answer that sounds.
    fn make_room(&mut self) {
        let Some(mut old) = self.lines.current.take() else { return };
        self.recovery.lasted(self.now.saturating_sub(old.accepted));
        if let Some(older) = self.lines.leaving.take() {
            for turn in self.turns.sounding_on(older.key) {
                self.end_turn(turn, TurnEnd::Lost);
            }
            self.drop_line(&older);
        }
        old.state = LineState::Leaving;
        self.take_back(old.typing.take());
        self.lines.leaving = Some(old);
    }

    /// Puts the current line, which was accepted, to use.
    pub(super) fn adopt(&mut self, reason: RenewReason) {
        let Some(key) = self.lines.current_key() else { return };
        let again = self.hand_turns_over(key);
        let from = self.replay_from(again.from, self.turns.answered_to(), reason);
        let rewound = self.audio_in.rewind(from, Missing::after(again.from));
        self.audio_in.begin_block(self.now);
        self.tell_tools_again(key);
        // Those among them that still wait to be typed again wait once.
        self.typed.retain(|typed| !matches!(typed.by, TypedBy::User(Some(_))));
        for (turn, text) in again.typed.iter().rev() {
            self.typed.push_front(Typed { text: text.clone(), by: TypedBy::User(Some(*turn)) });
        }
        let history = self.transcripts.shaped(&self.model, &again.turns());
        let first_turn = self.turns.ids().first().copied().or_else(|| self.turns.last().map(|last| last + 1));
        let Some(line) = &mut self.lines.current else { return };
        line.first_turn = first_turn.unwrap_or_default();
        let told = std::mem::replace(&mut line.history, LineHistory::Told);
        let adopted = match told {
            LineHistory::Told => line.adopt(self.now, &self.config, &[]),
            LineHistory::Untold => line.adopt(self.now, &self.config, &history.messages),
        };
        let request_id = line.request_id.clone();
        if let Err(error) = adopted {
            return self.bug(&error);
        }
        if told == LineHistory::Untold {
            self.told_trimmed(history.trimmed);
        }
        self.renewal = Renewal::default();
        self.sessions += 1;
        self.event(match self.sessions {
            1 => Event::Connected { request_id },
            session => Event::Renewed { session, request_id, reason, replayed: rewound.replayed, lost: rewound.lost },
        });
    }

    /// Every turn without a sounding answer is the new session's from now on.
    fn hand_turns_over(&mut self, to: LinkKey) -> Again {
        let leaving = self.lines.leaving.as_ref().map(|line| line.key);
        let sounding = leaving.map(|leaving| self.turns.sounding_on(leaving)).unwrap_or_default();
        let stay = |turn: TurnId| sounding.contains(&turn) && !self.tools.in_hand(turn);
        let in_hand = |turn: TurnId| self.tools.in_hand(turn);
        let again = self.turns.hand_over(self.now, to, self.audio_in.sent_to(), stay, in_hand);
        for turn in &again.aloud {
            self.transcripts.begin_again(*turn);
        }
        self.settle_what_is_over();
        self.blocks.retain(|block| Some(block.link) == leaving);
        again
    }

    /// Settles the lines of turns that are over, before the next session is told of them.
    pub(super) fn settle_what_is_over(&mut self) {
        let settled = self.transcripts.settle_all_but(&self.turns.ids());
        self.settled(settled);
    }

    /// Returns the turns that a session dialled now will be asked again.
    pub(super) fn turns_to_ask_again(&self) -> Vec<TurnId> {
        self.turns.ids().into_iter().filter(|turn| !self.tools.in_hand(*turn)).collect()
    }

    /// Nothing that was said so far is told again, but what a tool has in hand.
    pub(super) fn refuse_what_was_said(&mut self, link: LinkKey) {
        let in_hand = |turn: TurnId| self.tools.in_hand(turn);
        let unanswered = self.turns.unanswered_from(link, in_hand);
        let from = self.replay_from(unanswered, self.turns.in_hand_to(in_hand), RenewReason::Recovery);
        self.audio_in.refuse(from, Missing::after(unanswered));
        self.turns.settle_to(self.audio_in.sent_to());
    }

    /// From where on the user's audio is told again: `unanswered` is where the first utterance begins without an answer.
    fn replay_from(&self, unanswered: Option<Position>, answered: Position, reason: RenewReason) -> Position {
        let samples = |time: Duration| self.config.input_rate.samples(time) as Position;
        let from = match (unanswered, reason, self.turns.boundaries()) {
            (Some(from), ..) => from.saturating_sub(samples(PRE_ROLL)),
            // The lost session may have heard the last words without saying so; and without its word for where speech
            // begins, everything since the last answer may be some.
            (None, RenewReason::Recovery | RenewReason::Resumed, _) | (None, _, Boundaries::NeverSeen) => 0,
            (None, ..) => self.audio_in.sent_to().saturating_sub(samples(JUST_SAID)),
        };
        from.max(answered)
    }

    pub(super) fn told_trimmed(&mut self, trimmed: Trimmed) {
        let Trimmed { lines, bytes } = trimmed;
        if bytes > 0 {
            self.event(Event::HistoryTrimmed { lines, bytes });
        }
    }
}
