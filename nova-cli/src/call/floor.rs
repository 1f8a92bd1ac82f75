//! Who has the floor: when the next recording may begin. Pure; every question carries the time.

use std::time::Duration;

use bedrock_nova::sonic::{Event, Role, Stamped, TurnEnd};

/// How long a service may take to notice that anything was said at all.
const NOTICE: Duration = Duration::from_secs(15);
/// How long an answer that is owed may stand still. The library ends such a turn itself, sooner.
const PATIENCE: Duration = Duration::from_secs(40);
/// When a recording was answered before its end, how long to wait whether its last words are answered too.
const AFTERTHOUGHT: Duration = Duration::from_secs(3);
/// What people leave between an answer and the next question.
const BREATH: Duration = Duration::from_millis(300);

/// The floor of one recording, from its first sample to the end of its answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Floor {
    spoken: Option<Duration>,
    owed: Option<Duration>,
    ended: Option<(Duration, TurnEnd)>,
}

/// What became of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was answered, or its answer was cut by the recording itself.
    Answered,
    /// The turn ended without an answer.
    NoAnswer,
    /// Nobody noticed that anything was said.
    Unnoticed,
}

impl Floor {
    /// Notes that the last sample of the recording went out.
    pub(crate) fn spoken(&mut self, now: Duration) {
        self.spoken = Some(now);
    }

    /// Takes an event of the call.
    pub(crate) fn hear(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::UserSpeechStarted { .. } => self.owed = Some(stamped.at),
            Event::Transcript(line) if line.role == Role::User => self.owed = Some(stamped.at),
            Event::TurnEnded { end, .. } => {
                self.owed = None;
                self.ended = Some((stamped.at, *end));
            }
            // A session that is lost answers nothing while the next one opens.
            Event::Transcript(_)
            | Event::Audio(_)
            | Event::ToolCall(_)
            | Event::ToolDone { .. }
            | Event::UserSpeechEnded { .. }
            | Event::Reconnecting { .. }
            | Event::Connected { .. } => {
                if let Some(owed) = &mut self.owed {
                    *owed = stamped.at;
                }
            }
            _ => {}
        }
    }

    /// Says whether the recording is done with, given when the loudspeaker falls silent.
    pub(crate) fn outcome(&self, now: Duration, silent_at: Duration) -> Option<Outcome> {
        let spoken = self.spoken?;
        match (self.owed, self.ended) {
            (Some(owed), _) => (now >= owed.max(spoken) + PATIENCE).then_some(Outcome::NoAnswer),
            (None, Some((at, _))) if now < silent_at.max(at) + BREATH => None,
            (None, Some((at, _))) if at < spoken && now < spoken + AFTERTHOUGHT => None,
            (None, Some((_, TurnEnd::Answered | TurnEnd::Interrupted))) => Some(Outcome::Answered),
            (None, Some(_)) => Some(Outcome::NoAnswer),
            (None, None) => (now >= spoken + NOTICE).then_some(Outcome::Unnoticed),
        }
    }
}

#[cfg(test)]
mod tests {
    use bedrock_nova::sonic::{Latency, Transcript, TranscriptStage};

    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn event(at: u64, event: Event) -> Stamped {
        Stamped { seq: at, at: S(at), event }
    }

    fn heard(at: u64) -> Stamped {
        let line = Transcript {
            item: 1,
            turn: 1,
            role: Role::User,
            text: "hello".to_owned(),
            stage: TranscriptStage::Final,
            cut: None,
        };
        event(at, Event::Transcript(line))
    }

    fn ended(at: u64, end: TurnEnd) -> Stamped {
        event(at, Event::TurnEnded { turn: 1, end, latency: Latency::default() })
    }

    #[test]
    fn the_next_recording_waits_until_the_answer_has_sounded() {
        let mut floor = Floor::default();
        floor.hear(&event(0, Event::UserSpeechStarted { offset: S(0) }));
        floor.spoken(S(2));
        floor.hear(&heard(3));
        assert_eq!(floor.outcome(S(4), S(9)), None);
        floor.hear(&ended(5, TurnEnd::Answered));
        assert_eq!(floor.outcome(S(8), S(9)), None, "the loudspeaker still plays");
        assert_eq!(floor.outcome(S(10), S(9)), Some(Outcome::Answered));
    }

    #[test]
    fn an_answer_in_a_pause_is_not_the_last_word() {
        let mut floor = Floor::default();
        floor.hear(&heard(1));
        floor.hear(&ended(2, TurnEnd::Answered));
        floor.spoken(S(5));
        assert_eq!(floor.outcome(S(6), S(3)), None);
        floor.hear(&heard(7));
        assert_eq!(floor.outcome(S(9), S(3)), None, "another answer is owed");
        floor.hear(&ended(10, TurnEnd::Answered));
        assert_eq!(floor.outcome(S(11), S(10)), Some(Outcome::Answered));
    }

    #[test]
    fn nothing_waits_for_ever() {
        let mut floor = Floor::default();
        floor.spoken(S(2));
        assert_eq!(floor.outcome(S(16), S(0)), None);
        assert_eq!(floor.outcome(S(17), S(0)), Some(Outcome::Unnoticed));
        floor.hear(&heard(17));
        assert_eq!(floor.outcome(S(50), S(0)), None);
        assert_eq!(floor.outcome(S(57), S(0)), Some(Outcome::NoAnswer));
        floor.hear(&ended(57, TurnEnd::NoAnswer));
        assert_eq!(floor.outcome(S(58), S(0)), Some(Outcome::NoAnswer));
    }
}
