//! What happened in a call, kept by its number for whoever reads it.
//!
//! A log is a row of places, one for each event, and every reader is a number: the place it reads next. An event that
//! had to leave gives its place to a mark of what it was, so that a reader is told of exactly what it misses, and at
//! exactly the place where it is missing. Sound that an interruption made void leaves no such mark: nobody misses it.
//!
//! The log of a call with a single reader forgets what that has read. A shared one keeps sound for a minute after it was
//! heard, so that who lost a connection can have it again. Sound that nobody has heard yet has no age: a file that is
//! handed over at once is answered faster than anybody listens, and whoever reads afterwards shall have the answers. Of
//! that, two minutes wait, in either log. Eight megabytes are kept in all. When room is needed, sound that was heard goes
//! first, then the oldest sound, then the oldest words. Words may have a quarter of the room and no more: old ones must
//! not push out what is being said.
//!
//! The JSON of events has a room of its own, since it can be made again: no event leaves for it.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::entry::{Entry, Ledger};
use super::event::{Audio, Event, Stamped, TurnId};
use super::stats::LogStats;

/// Sound that waits to be heard: twice as long as what anybody is said to ask in one breath.
const UNHEARD: Duration = Duration::from_secs(120);
/// How long sound stays in a shared log after it was heard; a longer pause is no pause any more.
const HEARD: Duration = Duration::from_secs(60);
/// Events of any kind that wait for a single reader.
const WAITING: usize = 8_192;
/// What a shared log takes: [`UNHEARD`] at 24 kHz is 5.5 MiB, the rest is for [`WORDS`] and for what events are made of.
const ROOM: usize = 8 << 20;
/// What all but sound may take of that.
const WORDS: usize = ROOM / 4;
/// JSON that is kept beside it: half a minute of sound. Readers that keep up want the newest, once each.
const ENCODED: usize = 2 << 20;
/// Places, marks included: an hour of speech. Who reads from further back is told by the numbers alone what is missing.
const PLACES: usize = 65_536;

/// The events of a call.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Place `at` is that of the event `first + at`.
    places: VecDeque<Place>,
    /// Events that are further back than the first place.
    behind: u64,
    /// Number of the first event that this process told; 0 before.
    begins: u64,
    keeps: Keeps,
    /// The events that are here, as they leave.
    leaving: BTreeSet<(Rank, u64)>,
    /// What was heard, in that order, and when.
    heard: VecDeque<(Duration, u64)>,
    /// Sound that is here and that nobody has heard.
    unheard: Duration,
    sound_bytes: usize,
    word_bytes: usize,
    encoded: Ledger,
    /// Events before this number keep no JSON.
    plain: u64,
    now: Duration,
}

/// What a log keeps of what it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Keeps {
    /// What its one reader has not read.
    #[default]
    Unread,
    /// What was read, too, as long as there is room and it is not too long ago.
    Shared,
}

/// The place of an event in a log.
#[derive(Debug)]
enum Place {
    Here(Arc<Entry>),
    Left(Left),
    /// Sound of an answer that was cut: it would be wrong to hear it, and is not missed.
    Void,
}

/// What an event was that had to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Sound(Duration),
    Line,
    Other,
}

/// The order of leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Heard,
    Sound,
    Words,
}

/// Which events a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// All of them.
    Everything,
    /// Sound, and what stops it.
    Audio,
    /// The lines of the transcript.
    Transcripts,
    /// None: only the end of the call.
    End,
}

impl Log {
    /// Returns the number of the event that comes next.
    pub(super) fn end(&self) -> u64 {
        self.first() + self.places.len() as u64
    }

    /// Returns the number of the oldest event that is here, or of the next one if none is.
    pub(super) fn oldest(&self) -> u64 {
        let at = self.places.iter().position(|place| matches!(place, Place::Here(_)));
        self.first() + at.unwrap_or(self.places.len()) as u64
    }

    /// Returns what is here, as far as the log itself knows.
    pub(super) fn stats(&self) -> LogStats {
        LogStats {
            events: self.leaving.len(),
            unheard: self.unheard,
            unheard_bound: UNHEARD,
            bytes: self.size(),
            json_bytes: self.encoded.load(Ordering::Relaxed),
            ..LogStats::default()
        }
    }

    /// Puts an event at the end. Events are numbered without gaps, so that a place is a matter of subtraction.
    pub(super) fn push(&mut self, event: Stamped) -> Arc<Entry> {
        if self.begins == 0 {
            // Of a call that is resumed, the numbers before are another process's.
            (self.begins, self.behind) = (event.seq, event.seq - 1);
        }
        debug_assert_eq!(event.seq, self.end(), "events are numbered without gaps");
        let seq = self.end();
        self.now = event.at;
        let entry = Arc::new(Entry::new(event, &self.encoded));
        let rank = if let Event::Audio(audio) = &entry.event {
            self.unheard += audio.duration();
            self.sound_bytes += entry.weight();
            Rank::Sound
        } else {
            self.word_bytes += entry.weight();
            Rank::Words
        };
        self.leaving.insert((rank, seq));
        self.places.push_back(Place::Here(Arc::clone(&entry)));
        self.keep_bounds();
        entry
    }

    /// Returns what a reader reads next, and moves it on. Nothing: it has read everything.
    pub(super) fn read(&self, next: &mut u64, view: View) -> Option<Arc<Entry>> {
        *next = self.begins.max(*next);
        let mut missing = Missing::until(next, self.first(), view);
        while let Some(place) = self.place(*next) {
            match place {
                Place::Here(entry) if view.wants(&entry.event) => {
                    return match missing.told(*next - 1, entry.at) {
                        Some(gap) => Some(gap),
                        None => {
                            *next += 1;
                            Some(Arc::clone(entry))
                        }
                    };
                }
                Place::Left(left) => missing.add(*left, view),
                Place::Here(_) | Place::Void => {}
            }
            *next += 1;
        }
        missing.told(*next - 1, self.now)
    }

    /// Notes that an event was taken to be played; returns its sound if that had not been noted.
    pub(super) fn take(&mut self, seq: u64) -> Option<(TurnId, Duration)> {
        if !self.leaving.remove(&(Rank::Sound, seq)) {
            return None;
        }
        self.leaving.insert((Rank::Heard, seq));
        self.heard.push_back((self.now, seq));
        let taken = self.audio(seq).map(|audio| (audio.turn, audio.duration()));
        self.unheard = self.unheard.saturating_sub(taken.map_or(Duration::ZERO, |(_, duration)| duration));
        taken
    }

    /// Notes that an answer was played up to a position, with every piece that begins before it; returns the sound of
    /// which that is news.
    pub(super) fn take_up_to(&mut self, turn: TurnId, position: Duration) -> Duration {
        let sounds = self
            .ranked(Rank::Sound)
            .filter(|seq| self.audio(*seq).is_some_and(|audio| audio.turn == turn && audio.offset < position));
        let sounds: Vec<u64> = sounds.collect();
        sounds.into_iter().filter_map(|seq| self.take(seq)).map(|(_, duration)| duration).sum()
    }

    /// Throws away the sound of an answer that was cut.
    pub(super) fn flush(&mut self, turn: TurnId) {
        let both =
            [Rank::Heard, Rank::Sound].into_iter().flat_map(|rank| self.ranked(rank).map(move |seq| (rank, seq)));
        let void: Vec<_> = both.filter(|(_, seq)| self.audio(*seq).is_some_and(|audio| audio.turn == turn)).collect();
        for at in void {
            self.leave(at, |_| Place::Void);
        }
    }

    /// Forgets what is before a number, if the log keeps only what is unread.
    pub(super) fn read_to(&mut self, next: u64) {
        while self.keeps == Keeps::Unread && self.first() < next && self.forget_first() {}
    }

    /// Keeps from now on also what was read.
    pub(super) fn share(&mut self) {
        self.keeps = Keeps::Shared;
        self.keep_bounds();
    }

    /// Lets go what the bounds do not allow.
    pub(super) fn keep_bounds(&mut self) {
        while self.unheard > UNHEARD && self.leave_first(Rank::Sound) {}
        match self.keeps {
            Keeps::Unread => while self.leaving.len() > WAITING && self.leave_next() {},
            Keeps::Shared => {
                self.leave_what_was_heard_before(self.now.saturating_sub(HEARD));
                while self.word_bytes + self.mark_bytes() > WORDS && self.leave_first(Rank::Words) {}
                while self.size() > ROOM && self.leave_next() {}
            }
        }
        while self.places.len() > PLACES && self.forget_first() {}
        self.keep_json_in_bounds();
    }

    fn leave_what_was_heard_before(&mut self, horizon: Duration) {
        while let Some((_, seq)) = self.heard.pop_front_if(|(at, _)| *at < horizon) {
            self.leave_for_room((Rank::Heard, seq));
        }
    }

    /// Gives up the oldest JSON. Its events stay, and are written anew for each who still asks.
    fn keep_json_in_bounds(&mut self) {
        self.plain = self.plain.max(self.first());
        while self.encoded.load(Ordering::Relaxed) > ENCODED && self.plain < self.end() {
            if let Some(entry) = self.here(self.plain) {
                entry.release();
            }
            self.plain += 1;
        }
    }

    fn first(&self) -> u64 {
        self.behind + 1
    }

    fn index(&self, seq: u64) -> Option<usize> {
        usize::try_from(seq.checked_sub(self.first())?).ok()
    }

    fn place(&self, seq: u64) -> Option<&Place> {
        self.places.get(self.index(seq)?)
    }

    fn size(&self) -> usize {
        self.sound_bytes + self.word_bytes + self.mark_bytes()
    }

    fn mark_bytes(&self) -> usize {
        self.places.len() * size_of::<Place>()
    }

    fn ranked(&self, rank: Rank) -> impl Iterator<Item = u64> + '_ {
        self.leaving.range((rank, 0)..=(rank, u64::MAX)).map(|(_, seq)| *seq)
    }

    fn here(&self, seq: u64) -> Option<&Entry> {
        match self.place(seq)? {
            Place::Here(entry) => Some(entry),
            Place::Left(_) | Place::Void => None,
        }
    }

    fn audio(&self, seq: u64) -> Option<&Audio> {
        match &self.here(seq)?.event {
            Event::Audio(audio) => Some(audio),
            _ => None,
        }
    }

    fn leave_first(&mut self, rank: Rank) -> bool {
        let seq = self.ranked(rank).next();
        seq.is_some_and(|seq| self.leave_for_room((rank, seq)))
    }

    fn leave_next(&mut self) -> bool {
        self.leaving.first().copied().is_some_and(|at| self.leave_for_room(at))
    }

    /// Lets an event go, unless it has only just come: that one is always told.
    fn leave_for_room(&mut self, at: (Rank, u64)) -> bool {
        let old = at.1 + 1 < self.end();
        if old {
            self.leave(at, |event| Place::Left(Left::from(event)));
        }
        old
    }

    fn leave(&mut self, at: (Rank, u64), mark: impl Fn(&Event) -> Place) {
        self.leaving.remove(&at);
        let Some(place) = self.index(at.1).and_then(|index| self.places.get_mut(index)) else { return };
        let Place::Here(entry) = &*place else { return };
        let entry = Arc::clone(entry);
        *place = mark(&entry.event);
        self.uncount(&entry, at.0);
    }

    /// Drops the first place with what is there.
    fn forget_first(&mut self) -> bool {
        let Some(place) = self.places.pop_front() else { return false };
        self.behind += 1;
        if let Place::Here(entry) = place {
            for rank in [Rank::Heard, Rank::Sound, Rank::Words] {
                if self.leaving.remove(&(rank, self.behind)) {
                    self.uncount(&entry, rank);
                }
            }
        }
        // A single reader hears in order, so this one queue forgets with it.
        self.heard.pop_front_if(|(_, seq)| *seq <= self.behind);
        true
    }

    fn uncount(&mut self, entry: &Entry, rank: Rank) {
        entry.release();
        match rank {
            Rank::Words => self.word_bytes -= entry.weight(),
            Rank::Sound | Rank::Heard => self.sound_bytes -= entry.weight(),
        }
        if let (Rank::Sound, Event::Audio(audio)) = (rank, &entry.event) {
            self.unheard = self.unheard.saturating_sub(audio.duration());
        }
    }
}

impl From<&Event> for Left {
    fn from(event: &Event) -> Self {
        match event {
            Event::Audio(audio) => Left::Sound(audio.duration()),
            Event::Transcript(_) => Left::Line,
            _ => Left::Other,
        }
    }
}

impl View {
    /// Says whether a reader wants an event.
    pub(super) fn wants(self, event: &Event) -> bool {
        match self {
            View::Everything => true,
            View::Audio => matches!(event, Event::Audio(_) | Event::Interrupted { .. } | Event::Closed { .. }),
            View::Transcripts => matches!(event, Event::Transcript(_)),
            View::End => false,
        }
    }

    /// Says whether a reader would have wanted what left.
    fn misses(self, left: Left) -> bool {
        match self {
            View::Everything => true,
            View::Audio => matches!(left, Left::Sound(_)),
            View::Transcripts => left == Left::Line,
            View::End => false,
        }
    }
}

/// What a reader does not find any more between two events.
#[derive(Debug, Default)]
struct Missing {
    events: u64,
    audio: Duration,
}

impl Missing {
    /// Moves a reader to the first place; what is further back is known by its number alone.
    fn until(next: &mut u64, first: u64, view: View) -> Self {
        let events = first.saturating_sub(*next);
        *next = first.max(*next);
        Missing { events: if view == View::End { 0 } else { events }, audio: Duration::ZERO }
    }

    fn add(&mut self, left: Left, view: View) {
        if view.misses(left) {
            self.events += 1;
            self.audio += if let Left::Sound(duration) = left { duration } else { Duration::ZERO };
        }
    }

    /// Makes the gap in which events up to `seq` are missing: who goes on after that number goes on rightly.
    fn told(&self, seq: u64, at: Duration) -> Option<Arc<Entry>> {
        let event = Event::Gap { events: self.events, audio: self.audio };
        (self.events > 0).then(|| Arc::new(Entry::passing(Stamped { seq, at, event })))
    }
}
