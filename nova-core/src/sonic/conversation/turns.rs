//! Turns: what the user said and what the assistant answered, each ended exactly once.
//!
//! ```text
//!   speech starts      speech ends          answer begins          END_TURN, interruption, deadline
//!  ───────────────► UserSpeaking ───────► Waiting ───────► Answering ───────────────────────► over
//!        typed text ──────────────────────────┘ ▲ user goes on │
//!                                               └──────────────┘ (before the answer)
//! ```
//!
//! A turn is owed by one session. When that is lost, or makes room for another, a turn without an answer moves on: what
//! was said is told again.

use std::collections::VecDeque;
use std::time::Duration;

use super::io::LinkKey;
use super::tape::Position;
use crate::sonic::event::{Latency, TurnId};

/// As long as a session lives (reference §4.5): nobody speaks longer without a pause.
const LONGEST_UTTERANCE: Duration = Duration::from_secs(480);
/// The session that owes the answer has not been asked yet.
const NOT_YET: Duration = Duration::MAX;
/// Two sessions place the same beginning or end of speech not further apart than this, in samples: 0.3 s at 16 kHz.
const SAME_PLACE: Position = 4_800;

#[derive(Debug)]
pub(super) struct Turns {
    last: TurnId,
    open: VecDeque<Turn>,
    /// When anything last happened in any turn.
    progress: Duration,
    /// When anybody last had a word.
    word: Duration,
    patience: Duration,
    /// Up to where the user's audio has been answered, or given up.
    answered_to: Position,
    /// Where the user began to say what is not said to its end yet. No turn can be relied on to know: the answer to
    /// something else may have been taken for its own.
    speaking: Option<Position>,
    /// The latest beginning and end of speech that the application knows.
    told: Told,
    boundaries: Boundaries,
}

#[derive(Debug, Default)]
struct Told {
    start: Option<Position>,
    end: Option<Position>,
    /// Up to where an earlier session has heard the user.
    heard_before: Position,
}

/// Whether the service says where speech begins and ends (reference §3.2: some models do, undocumented).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundaries {
    NeverSeen,
    Seen,
}

/// Whether the application knows of something already, from the session before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Fresh,
    Known,
}

/// Which utterance an end is that of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The last that began.
    Now,
    /// One before: the user speaks again.
    Before,
}

#[derive(Debug)]
struct Turn {
    id: TurnId,
    /// The session that owes the answer.
    link: LinkKey,
    asked: Asked,
    state: TurnState,
    /// When the question was complete, as far as it is: the service answers in this order.
    asked_at: Duration,
    latency: Latency,
}

/// How a turn was begun: words that are heard are no part of one that was typed.
#[derive(Debug)]
enum Asked {
    /// From here to there in the user's audio, as far as that is known.
    Aloud {
        from: Option<Position>,
        to: Option<Position>,
    },
    InText(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TurnState {
    UserSpeaking { since: Duration, words: Words },
    Waiting { since: Duration },
    Answering { since: Option<Duration>, voice: Voice },
}

/// Whether the service has written anything down since the user began to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    None,
    Some,
}

/// Whether an answer has been heard yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Silent,
    Sounding,
}

/// What is asked again of another session.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// Turns whose audio is told again.
    pub(super) aloud: Vec<TurnId>,
    /// Turns whose text is typed again.
    pub(super) typed: Vec<(TurnId, String)>,
    /// Where the first of the utterances begins; none where nobody said.
    pub(super) from: Option<Position>,
}

impl Again {
    /// Returns every turn in it.
    pub(super) fn turns(&self) -> Vec<TurnId> {
        self.aloud.iter().copied().chain(self.typed.iter().map(|(turn, _)| *turn)).collect()
    }
}

impl Turns {
    pub(super) fn new(patience: Duration) -> Self {
        Turns {
            last: 0,
            open: VecDeque::new(),
            progress: Duration::ZERO,
            word: Duration::ZERO,
            patience,
            answered_to: 0,
            speaking: None,
            told: Told::default(),
            boundaries: Boundaries::NeverSeen,
        }
    }

    /// Goes on after a snapshot: numbers go on after the `last` one, and the user's audio counts as answered up to there.
    pub(super) fn restore(&mut self, now: Duration, last: TurnId, answered_to: Position) {
        (self.last, self.answered_to) = (last, answered_to);
        (self.progress, self.word) = (now, now);
    }

    /// Takes up a turn again that was open in a snapshot: the next session is asked what was asked in it, in words.
    pub(super) fn reopen(&mut self, now: Duration, id: TurnId, question: String) {
        let turn = Turn {
            id,
            link: LinkKey::default(),
            asked: Asked::InText(question),
            state: TurnState::Waiting { since: now },
            asked_at: NOT_YET,
            latency: Latency::default(),
        };
        self.open.push_back(turn);
    }

    /// Returns each open turn with what was typed in it, if it was, oldest first.
    pub(super) fn questions(&self) -> impl Iterator<Item = (TurnId, Option<&str>)> + '_ {
        self.open.iter().map(|turn| match &turn.asked {
            Asked::InText(text) => (turn.id, Some(text.as_str())),
            Asked::Aloud { .. } => (turn.id, None),
        })
    }

    /// Notes that something happened: the deadline of what is owed begins anew.
    pub(super) fn touch(&mut self, now: Duration) {
        self.progress = now;
    }

    /// Returns when the user or the assistant last had a word.
    pub(super) fn last_word(&self) -> Duration {
        self.word
    }

    fn word(&mut self, now: Duration) {
        self.word = now;
        self.touch(now);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Returns the turn that a session answers, or will answer next, given which turns a tool still works for.
    pub(super) fn next(&self, link: LinkKey, works: impl Fn(TurnId) -> bool) -> Option<TurnId> {
        self.next_at(link, works).map(|at| self.open[at].id)
    }

    /// Says whether a session owes any answer.
    pub(super) fn owed_by(&self, link: LinkKey) -> bool {
        self.open.iter().any(|turn| turn.link == link)
    }

    /// Returns the question that a session has dropped for a later one, if it waits for its answer.
    pub(super) fn superseded(&self, link: LinkKey) -> Option<TurnId> {
        let turn = &self.open[self.next_at(link, |_| false)?];
        let later = self.open.iter().any(|other| other.link == link && other.asked_at > turn.asked_at);
        (later && matches!(turn.state, TurnState::Waiting { .. })).then_some(turn.id)
    }

    /// An answer that has begun goes on; then comes the question that was complete first. One that a tool works for
    /// waits for the tool, and one that the user is still asking is none yet, unless the end of it was never told.
    fn next_at(&self, link: LinkKey, works: impl Fn(TurnId) -> bool) -> Option<usize> {
        let rank = |turn: &Turn| match turn.state {
            TurnState::Answering { voice: Voice::Sounding, .. } => 0,
            TurnState::UserSpeaking { .. } => 3,
            TurnState::Waiting { .. } | TurnState::Answering { .. } if works(turn.id) => 2,
            TurnState::Answering { .. } => 0,
            TurnState::Waiting { .. } => 1,
        };
        let asked = |turn: &Turn| !matches!(turn.state, TurnState::UserSpeaking { words: Words::None, .. });
        let owed = self.open.iter().enumerate().filter(|(_, turn)| turn.link == link && asked(turn));
        owed.min_by_key(|(_, turn)| (rank(turn), turn.asked_at)).map(|(at, _)| at)
    }

    /// Returns the turns that are being answered, oldest first.
    pub(super) fn answering(&self) -> impl Iterator<Item = TurnId> + '_ {
        self.open.iter().filter(|turn| matches!(turn.state, TurnState::Answering { .. })).map(|turn| turn.id)
    }

    /// Returns the turn that a session is answering.
    pub(super) fn answering_on(&self, link: LinkKey) -> Option<TurnId> {
        let answers = |turn: &&Turn| turn.link == link && matches!(turn.state, TurnState::Answering { .. });
        self.open.iter().find(answers).map(|turn| turn.id)
    }

    /// Says whether the user is speaking, as far as the service has told.
    pub(super) fn user_speaks(&self) -> bool {
        self.speaking.is_some() || self.open.iter().any(Turn::is_being_said)
    }

    /// Says whether every open turn has an answer that sounds.
    pub(super) fn all_sound(&self) -> bool {
        self.open.iter().all(Turn::sounds)
    }

    /// Returns the turn that began last.
    pub(super) fn last(&self) -> Option<TurnId> {
        Some(self.last).filter(|last| *last > 0)
    }

    /// Says whether a turn is not over yet.
    pub(super) fn is_open(&self, id: TurnId) -> bool {
        self.open.iter().any(|turn| turn.id == id)
    }

    /// Says whether any sound of a turn's answer has come.
    pub(super) fn has_sounded(&self, id: TurnId) -> bool {
        self.open.iter().any(|turn| turn.id == id && turn.sounds())
    }

    /// Says whether speech that begins there is known from the session before.
    pub(super) fn is_news(&self, at: Position) -> News {
        news(self.told.start, at, self.told.heard_before)
    }

    /// The user speaks: a new turn, or more of one that has no answer yet and is not `in_hand`: what a tool was asked
    /// for is asked.
    pub(super) fn speech_started(
        &mut self,
        now: Duration,
        link: LinkKey,
        at: Position,
        in_hand: impl Fn(TurnId) -> bool,
    ) {
        self.word(now);
        self.boundaries = Boundaries::Seen;
        let from = at.max(self.answered_to);
        self.speaking = Some(from);
        match self.aloud(link) {
            Some(turn) if turn.may_go_on() && !in_hand(turn.id) => {
                if !matches!(turn.state, TurnState::UserSpeaking { .. }) {
                    turn.state = TurnState::UserSpeaking { since: now, words: Words::None };
                }
                if let Asked::Aloud { from: first, .. } = &mut turn.asked {
                    first.get_or_insert(from);
                }
            }
            _ => {
                let asked = Asked::Aloud { from: Some(from), to: None };
                self.push(link, asked, TurnState::UserSpeaking { since: now, words: Words::None });
            }
        }
        self.told.start = self.told.start.max(Some(at));
    }

    /// The user stopped speaking some time ago.
    pub(super) fn speech_ended(
        &mut self,
        now: Duration,
        link: LinkKey,
        ago: Duration,
        at: Position,
        which: Ended,
    ) -> News {
        self.word(now);
        let began = if which == Ended::Now { self.speaking.take() } else { None };
        let ended = now.saturating_sub(ago);
        match (self.aloud(link), began) {
            // The answer to something else began meanwhile, in the turn of this utterance: it is asked none the less.
            (turn, Some(from)) if turn.as_ref().is_none_or(|turn| !turn.is_being_said()) => {
                let asked = Asked::Aloud { from: Some(from), to: Some(at) };
                self.push(link, asked, TurnState::Waiting { since: ended });
            }
            (Some(turn), _) => {
                if let Asked::Aloud { to, .. } = &mut turn.asked {
                    *to = Some(to.unwrap_or(0).max(at));
                }
                turn.asked_at = now;
                match &mut turn.state {
                    TurnState::UserSpeaking { .. } if which == Ended::Before => {}
                    state @ TurnState::UserSpeaking { .. } => *state = TurnState::Waiting { since: ended },
                    // The words were there before the end was told; the user has waited since the end all the same.
                    TurnState::Waiting { since } => *since = ended.min(*since),
                    TurnState::Answering { .. } => self.answered_to = self.answered_to.max(at),
                }
            }
            (None, _) => {}
        }
        let news = news(self.told.end, at, self.told.heard_before);
        self.told.end = self.told.end.max(Some(at));
        news
    }

    /// The user cannot speak any more: what was begun is waited for, whether or not its end is told.
    pub(super) fn speech_over(&mut self, now: Duration) {
        self.speaking = None;
        if let Some(turn) = self.open.iter_mut().find(|turn| turn.is_being_said()) {
            turn.state = TurnState::Waiting { since: now };
            // Its end is not told yet: what is asked or told before that is answered first.
            turn.asked_at = NOT_YET;
            self.touch(now);
        }
    }

    /// The service wrote down what the user said; returns the turn it belongs to.
    pub(super) fn user_said(&mut self, now: Duration, link: LinkKey, sent_to: Position) -> TurnId {
        self.word(now);
        let boundaries = self.boundaries;
        match self.aloud(link) {
            // Where speech begins and ends is told, the words tell nothing new: they may be those of the last utterance
            // while the user speaks on.
            Some(turn) if !turn.sounds() && boundaries == Boundaries::Seen => {
                if let TurnState::UserSpeaking { words, .. } = &mut turn.state {
                    *words = Words::Some;
                }
                turn.id
            }
            // Without boundary events this is the only sign of an utterance; after an answer has sounded it is the next.
            Some(turn) if !turn.sounds() => {
                if matches!(turn.state, TurnState::UserSpeaking { .. }) {
                    turn.state = TurnState::Waiting { since: now };
                }
                if let Asked::Aloud { to, .. } = &mut turn.asked {
                    *to = Some(sent_to);
                }
                turn.asked_at = now;
                turn.id
            }
            _ => {
                let asked = Asked::Aloud { from: None, to: Some(sent_to) };
                self.push(link, asked, TurnState::Waiting { since: now })
            }
        }
    }

    /// The application typed something; returns its turn.
    pub(super) fn typed(&mut self, now: Duration, link: LinkKey, text: &str) -> TurnId {
        self.word(now);
        self.push(link, Asked::InText(text.to_owned()), TurnState::Waiting { since: now })
    }

    /// The session has been asked, or told, what it needs for the answer of a turn.
    pub(super) fn asked(&mut self, now: Duration, id: TurnId) {
        self.touch(now);
        if let Some(turn) = self.open.iter_mut().find(|turn| turn.id == id) {
            turn.asked_at = now;
        }
    }

    /// A part of an answer begins: for the turn that the session answers next, if it owes any.
    pub(super) fn answer_begins(
        &mut self,
        now: Duration,
        link: LinkKey,
        sent_to: Position,
        works: impl Fn(TurnId) -> bool,
    ) -> Option<TurnId> {
        let at = self.next_at(link, works)?;
        let turn = &mut self.open[at];
        if let (TurnState::UserSpeaking { .. }, Asked::Aloud { to: None, .. }) = (turn.state, &turn.asked) {
            // No end of it was ever told: the answer is the sign.
            self.speaking = None;
        }
        let since = match turn.state {
            TurnState::Answering { since, .. } => since,
            TurnState::UserSpeaking { .. } => Some(now),
            TurnState::Waiting { since } => Some(since),
        };
        if !matches!(turn.state, TurnState::Answering { .. }) {
            turn.state = TurnState::Answering { since, voice: Voice::Silent };
            if let Asked::Aloud { to, .. } = &mut turn.asked {
                to.get_or_insert(sent_to);
            }
        }
        self.progress = now;
        Some(turn.id)
    }

    /// Nobody asked, and an answer begins: a tool's late result, or the model speaks first.
    pub(super) fn unasked(&mut self, now: Duration, link: LinkKey) -> TurnId {
        self.word(now);
        let asked = Asked::Aloud { from: None, to: Some(self.answered_to) };
        self.push(link, asked, TurnState::Answering { since: None, voice: Voice::Silent })
    }

    /// Words of an answer came.
    pub(super) fn text_came(&mut self, now: Duration, id: TurnId) {
        self.word(now);
        if let Some((turn, since)) = self.answered(id) {
            let waited = since.map(|since| now.saturating_sub(since));
            turn.latency.first_text = turn.latency.first_text.or(waited);
        }
    }

    /// Sound of an answer came.
    pub(super) fn audio_came(&mut self, now: Duration, id: TurnId) {
        self.word(now);
        let mut answered_to = self.answered_to;
        if let Some((turn, since)) = self.answered(id) {
            let waited = since.map(|since| now.saturating_sub(since));
            turn.latency.first_audio = turn.latency.first_audio.or(waited);
            turn.state = TurnState::Answering { since, voice: Voice::Sounding };
            answered_to = answered_to.max(turn.said_to());
        }
        self.answered_to = answered_to;
    }

    /// Says whether nothing of a turn's answer could be heard yet.
    pub(super) fn waits_for_sound(&self, id: TurnId) -> bool {
        self.open.iter().any(|turn| turn.id == id && turn.latency.first_audible.is_none())
    }

    /// Notes where in the sound of an answer something can be heard first.
    pub(super) fn audible_at(&mut self, id: TurnId, offset: Duration) {
        if let Some(turn) = self.open.iter_mut().find(|turn| turn.id == id) {
            turn.latency.first_audible = turn.latency.first_audio.map(|first| first + offset);
        }
    }

    fn answered(&mut self, id: TurnId) -> Option<(&mut Turn, Option<Duration>)> {
        self.open.iter_mut().find(|turn| turn.id == id).and_then(|turn| match turn.state {
            TurnState::Answering { since, .. } => Some((turn, since)),
            _ => None,
        })
    }

    /// Ends a turn; none if it is over already. What waits behind it has its whole time from now on.
    pub(super) fn end(&mut self, now: Duration, id: TurnId) -> Option<Latency> {
        self.touch(now);
        self.give_up(id)
    }

    /// Ends a turn that got no answer; what waits behind it has waited as long.
    pub(super) fn give_up(&mut self, id: TurnId) -> Option<Latency> {
        let at = self.open.iter().position(|turn| turn.id == id)?;
        let turn = self.open.remove(at)?;
        self.answered_to = self.answered_to.max(turn.said_to());
        Some(turn.latency)
    }

    /// Returns the turns that have run out of time.
    pub(super) fn overdue(&self, now: Duration) -> Vec<TurnId> {
        self.open.iter().filter(|turn| self.deadline(turn) <= now).map(|turn| turn.id).collect()
    }

    /// Returns when the next turn that is owed an answer runs out of time.
    pub(super) fn wake(&self) -> Option<Duration> {
        self.open.iter().map(|turn| self.deadline(turn)).min()
    }

    fn deadline(&self, turn: &Turn) -> Duration {
        match turn.state {
            TurnState::UserSpeaking { since, .. } => since + LONGEST_UTTERANCE,
            TurnState::Waiting { .. } | TurnState::Answering { .. } => self.progress + self.patience,
        }
    }

    /// Returns the open turns, oldest first.
    pub(super) fn ids(&self) -> Vec<TurnId> {
        self.open.iter().map(|turn| turn.id).collect()
    }

    /// Returns the open turns of a session whose answers have begun to sound.
    pub(super) fn sounding_on(&self, link: LinkKey) -> Vec<TurnId> {
        self.open.iter().filter(|turn| turn.link == link && turn.sounds()).map(|turn| turn.id).collect()
    }

    /// Gives every turn to another session, except those that `stay`; returns what it has to be asked again, which is
    /// whatever is not `in_hand`: a tool works on that, or has. The user has been heard up to a position before.
    pub(super) fn hand_over(
        &mut self,
        now: Duration,
        to: LinkKey,
        heard: Position,
        stay: impl Fn(TurnId) -> bool,
        in_hand: impl Fn(TurnId) -> bool,
    ) -> Again {
        self.touch(now);
        self.told.heard_before = heard;
        // What is told again, the next session hears begin by itself.
        let mut again = Again { from: self.speaking.take(), ..Again::default() };
        for turn in self.open.iter_mut().filter(|turn| !stay(turn.id)) {
            turn.link = to;
            turn.asked_at = NOT_YET;
            if let TurnState::Answering { since, voice: Voice::Silent } = turn.state {
                turn.state = TurnState::Waiting { since: since.unwrap_or(now) };
            }
            if in_hand(turn.id) {
                if let Asked::Aloud { to, .. } = turn.asked {
                    self.answered_to = self.answered_to.max(to.unwrap_or(heard));
                }
                continue;
            }
            match &turn.asked {
                Asked::Aloud { from, .. } => {
                    again.aloud.push(turn.id);
                    let from = from.unwrap_or(self.answered_to);
                    again.from = Some(again.from.map_or(from, |first| first.min(from)));
                }
                Asked::InText(text) => again.typed.push((turn.id, text.clone())),
            }
        }
        again
    }

    /// Returns up to where the user's audio has been answered, or given up.
    pub(super) fn answered_to(&self) -> Position {
        self.answered_to
    }

    /// Returns where the first utterance begins to which a session has answered nothing yet; what is `in_hand` is a
    /// tool's.
    pub(super) fn unanswered_from(&self, link: LinkKey, in_hand: impl Fn(TurnId) -> bool) -> Option<Position> {
        let unanswered = |turn: &&Turn| turn.link == link && !turn.sounds() && !in_hand(turn.id);
        let from = |turn: &Turn| match turn.asked {
            Asked::Aloud { from, .. } => Some(from.unwrap_or(self.answered_to)),
            Asked::InText(_) => None,
        };
        self.open.iter().filter(unanswered).filter_map(from).chain(self.speaking).min()
    }

    /// Returns up to where the user's audio has been answered, given up, or is `in_hand`.
    pub(super) fn in_hand_to(&self, in_hand: impl Fn(TurnId) -> bool) -> Position {
        let turns = self.open.iter().filter(|turn| in_hand(turn.id));
        turns.map(Turn::said_to).fold(self.answered_to, Position::max)
    }

    /// Counts the user's audio up to a position as answered: nobody will be asked it again.
    pub(super) fn settle_to(&mut self, position: Position) {
        self.answered_to = self.answered_to.max(position);
    }

    /// Says whether a turn is owed by another session than this one.
    pub(super) fn is_elsewhere(&self, id: TurnId, link: LinkKey) -> bool {
        self.open.iter().any(|turn| turn.id == id && turn.link != link)
    }

    pub(super) fn boundaries(&self) -> Boundaries {
        self.boundaries
    }

    /// The latest turn of a session that what the user says may be part of.
    fn aloud(&mut self, link: LinkKey) -> Option<&mut Turn> {
        let aloud = |turn: &&mut Turn| turn.link == link && matches!(turn.asked, Asked::Aloud { .. });
        self.open.iter_mut().rev().find(aloud)
    }

    fn push(&mut self, link: LinkKey, asked: Asked, state: TurnState) -> TurnId {
        self.last += 1;
        let latency = Latency::default();
        self.open.push_back(Turn { id: self.last, link, asked, state, asked_at: self.progress, latency });
        self.last
    }
}

impl Turn {
    /// Says whether what the user says now belongs to it.
    fn may_go_on(&self) -> bool {
        matches!(self.state, TurnState::Waiting { .. } | TurnState::UserSpeaking { .. })
    }

    /// Says whether the user is saying it.
    fn is_being_said(&self) -> bool {
        matches!(self.state, TurnState::UserSpeaking { .. })
    }

    fn sounds(&self) -> bool {
        matches!(self.state, TurnState::Answering { voice: Voice::Sounding, .. })
    }

    fn said_to(&self) -> Position {
        match self.asked {
            Asked::Aloud { to, .. } => to.unwrap_or(0),
            Asked::InText(_) => 0,
        }
    }
}

/// A place is told once, although two sessions may hear it.
fn news(told: Option<Position>, at: Position, heard_before: Position) -> News {
    let known = at < heard_before && told.is_some_and(|told| at <= told + SAME_PLACE);
    if known { News::Known } else { News::Fresh }
}
