//! What the call itself says to the model between answers: a tool's late result, a filler.
//!
//! A typed text that comes while an answer is given, or about to be, cuts it short (reference §6.1), and one position of
//! the service marks even the answer before it as interrupted (§6.4). So an aside waits until nobody speaks, nothing is
//! owed, and what was said has been played. Each of these has an end: an answer its deadline, a sound its length.

use std::time::Duration;

use super::call::Call;
use super::io::LinkKey;
use super::sending::TypedBy;
use crate::sonic::event::TurnId;
use crate::sonic::session::{BlockKind, Heard, Stage, Stop};

impl Call {
    /// Says whether the call may say something by itself now, in a turn of which a tool is in charge.
    pub(super) fn may_say_aside(&self, turn: TurnId) -> bool {
        let asked = |other: &TurnId| *other != turn && !self.tools.holds(*other);
        let leaving = self.lines.leaving.as_ref().is_some_and(|line| self.turns.owed_by(line.key));
        !leaving
            && !self.turns.user_speaks()
            && !self.turns.ids().iter().any(asked)
            && self.speaks_until().is_none_or(|until| until <= self.now)
            && self.plays_until().is_none_or(|until| until <= self.now)
    }

    /// Returns when an aside that waits may be said at the latest, as far as time alone decides it.
    pub(super) fn aside_wake(&self) -> Option<Duration> {
        let waits = self.typed.iter().any(|typed| matches!(typed.by, TypedBy::Aside(_)));
        let moments = [self.speaks_until(), self.plays_until()].into_iter().flatten();
        moments.filter(|until| waits && *until > self.now).min()
    }

    /// Follows on each link whether the service speaks, or is about to. The turns do not say it: a turn may wait for a
    /// tool, or have come from another session.
    pub(super) fn follow_speech(&mut self, link: LinkKey, heard: &Heard) {
        let now = self.now;
        let Some(line) = self.lines.get_mut(link) else { return };
        match heard {
            Heard::UserSpeechEnded { .. }
            | Heard::Audio { .. }
            | Heard::BlockEnded { kind: BlockKind::UserText, .. }
            | Heard::BlockStarted {
                kind: BlockKind::AssistantText(Stage::Speculative) | BlockKind::AssistantAudio { .. },
                ..
            } => line.speaks = Some(now),
            Heard::ToolUse { .. }
            | Heard::CompletionEnded
            | Heard::BlockEnded {
                kind: BlockKind::AssistantText(Stage::Speculative) | BlockKind::AssistantAudio { .. },
                stop: Stop::EndTurn,
                ..
            } => line.speaks = None,
            _ => {}
        }
    }

    /// Until when the session in use is taken to speak, or to be about to, if it gives no further sign.
    fn speaks_until(&self) -> Option<Duration> {
        let last_sign = self.lines.live().and_then(|line| line.speaks)?;
        Some(last_sign + self.config.timeouts.answer)
    }

    /// Until when an answer is played. Sound that nobody takes is waited for no longer than an answer would be.
    fn plays_until(&self) -> Option<Duration> {
        let untaken = self.playback.is_playing(self.now).then(|| self.turns.last_word() + self.config.timeouts.answer);
        self.playback.plays_until().filter(|until| *until > self.now).or(untaken)
    }
}
