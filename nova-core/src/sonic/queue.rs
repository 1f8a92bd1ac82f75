//! The two mailboxes between an application and its driver: events one way, signals the other.
//!
//! Both are bounded. Events wait in the call's [log](super::log), whose bounds say what leaves and leave a mark of it; the
//! call itself never waits for a reader, and a reader that does not wait costs nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;

use super::entry::Entry;
use super::event::{Event, Stamped, TurnId};
use super::log::{Log, View};
use super::readers::ReadFrom;
use super::stats::LogStats;

/// What an application says that needs no room and no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// It took audio of a turn.
    Taken { turn: TurnId, duration: Duration },
    /// Its loudspeaker is there in the answer of a turn, now.
    Played { turn: TurnId, position: Duration },
    /// It interrupts the answer.
    Interrupt,
    /// It has nothing more to say.
    Finish,
    /// Nobody reads events any more.
    ReaderGone,
}

/// Both mailboxes.
#[derive(Debug, Default)]
pub(super) struct Mail {
    board: Mutex<Board>,
    signals: Mutex<Signals>,
    signalled: Notify,
}

#[derive(Debug, Default)]
struct Signals {
    queue: VecDeque<Signal>,
    /// Whose sound was taken last.
    playing: Option<TurnId>,
}

impl Signals {
    /// Queues a signal; says whether the driver must hear of it at once. The clock of an answer starts with its first
    /// sound; that more of it was taken can wait until the driver is awake anyway.
    fn push(&mut self, signal: Signal) -> bool {
        let urgent = match signal {
            Signal::Taken { turn, .. } => self.playing.replace(turn) != Some(turn),
            _ => true,
        };
        match signal {
            Signal::Taken { turn, duration } => {
                match self.latest(|last| matches!(last, Signal::Taken { turn: at, .. } if *at == turn)) {
                    Some(Signal::Taken { duration: before, .. }) => *before += duration,
                    _ => self.queue.push_back(signal),
                }
            }
            Signal::Played { turn, position } => {
                match self.latest(|last| matches!(last, Signal::Played { turn: at, .. } if *at == turn)) {
                    Some(Signal::Played { position: before, .. }) => *before = position,
                    _ => self.queue.push_back(signal),
                }
            }
            _ if self.queue.back() == Some(&signal) => {}
            _ => self.queue.push_back(signal),
        }
        urgent
    }

    /// The latest signal of a kind, unless something else than playing came since: a driver that is behind finds one
    /// of each kind and turn, however much was played.
    fn latest(&mut self, wanted: impl Fn(&Signal) -> bool) -> Option<&mut Signal> {
        let playing = |signal: &&mut Signal| matches!(signal, Signal::Taken { .. } | Signal::Played { .. });
        self.queue.iter_mut().rev().take_while(playing).find(|signal| wanted(signal))
    }
}

/// What readers share.
#[derive(Debug, Default)]
struct Board {
    log: Log,
    /// Readers that have read everything, each with what it waits for.
    waiting: BTreeMap<ReaderId, (View, Waker)>,
    last_reader: ReaderId,
    readers: usize,
    /// What readers were told they miss.
    missed: (u64, Duration),
    /// The reader that plays what it reads.
    player: Option<ReaderId>,
    usage: Option<Arc<Entry>>,
    end: End,
}

#[derive(Debug, Default)]
enum End {
    #[default]
    Open,
    /// The last event was told; the driver still has something to do.
    Told(Arc<Entry>),
    /// Nothing more comes after the last event, if there was one.
    Closed(Option<Arc<Entry>>),
}

type ReaderId = u64;

/// A place in the log from which somebody reads.
#[derive(Debug)]
pub(super) struct Cursor {
    id: ReaderId,
    next: u64,
    view: View,
}

impl Cursor {
    /// Returns the number behind which it reads on.
    pub(super) fn position(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// Returns what it reads.
    pub(super) fn view(&self) -> View {
        self.view
    }
}

/// Whether a reader plays what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Listener,
    Player,
}

impl Mail {
    /// Leaves a signal for the driver; sound that was taken is added up.
    pub(super) fn signal(&self, signal: Signal) {
        let urgent = lock(&self.signals).push(signal);
        if urgent {
            self.signalled.notify_one();
        }
    }

    /// Waits until a signal may be there.
    pub(super) async fn signalled(&self) {
        self.signalled.notified().await;
    }

    /// Takes the next signal.
    pub(super) fn take_signal(&self) -> Option<Signal> {
        lock(&self.signals).queue.pop_front()
    }

    /// Tells an event.
    pub(super) fn push(&self, event: Stamped) {
        let mut board = lock(&self.board);
        let waiting = board.tell(event);
        drop(board);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Throws away sound of a turn that was cut.
    pub(super) fn flush(&self, turn: TurnId) {
        lock(&self.board).log.flush(turn);
    }

    /// There will be no more events.
    pub(super) fn close(&self) {
        let mut board = lock(&self.board);
        let last = match std::mem::take(&mut board.end) {
            End::Open => None,
            End::Told(last) => Some(last),
            End::Closed(last) => last,
        };
        board.end = End::Closed(last);
        let waiting = std::mem::take(&mut board.waiting);
        drop(board);
        waiting.into_values().for_each(|(_, waker)| waker.wake());
    }

    /// Keeps events from now on also after they were read; nobody plays them until a player is there.
    pub(super) fn share(&self) {
        let mut board = lock(&self.board);
        board.player = None;
        // The one who read alone becomes the common source of all.
        board.readers = 0;
        board.log.share();
    }

    /// Begins to read.
    pub(super) fn read(&self, from: ReadFrom, view: View, part: Part) -> Cursor {
        let mut board = lock(&self.board);
        board.last_reader += 1;
        board.readers += 1;
        let id = board.last_reader;
        if part == Part::Player {
            board.player = Some(id);
        }
        let next = match from {
            ReadFrom::Oldest => board.log.oldest(),
            ReadFrom::Now => board.log.end(),
            // Of a number that was never told nothing is known: who has that waits for what comes.
            ReadFrom::After(seq) => seq.saturating_add(1).min(board.log.end()),
        };
        Cursor { id, next, view }
    }

    /// A reader is gone.
    pub(super) fn leave(&self, cursor: &Cursor) {
        let mut board = lock(&self.board);
        board.waiting.remove(&cursor.id);
        board.readers -= 1;
        board.player.take_if(|player| *player == cursor.id);
    }

    /// Reads the next event; `None` after the last one. What the player reads of sound is taken, each piece once.
    pub(super) fn poll_next(&self, cursor: &mut Cursor, cx: &mut Context<'_>) -> Poll<Option<Arc<Entry>>> {
        let mut board = lock(&self.board);
        let (next, taken) = board.next(cursor);
        if next.is_none() && !matches!(board.end, End::Closed(_)) {
            board.waiting.insert(cursor.id, (cursor.view, cx.waker().clone()));
            return Poll::Pending;
        }
        drop(board);
        if let Some((turn, duration)) = taken {
            self.signal(Signal::Taken { turn, duration });
        }
        Poll::Ready(next)
    }

    /// Reads the next event if it is there.
    pub(super) fn try_next(&self, cursor: &mut Cursor) -> Option<Arc<Entry>> {
        let (next, taken) = lock(&self.board).next(cursor);
        if let Some((turn, duration)) = taken {
            self.signal(Signal::Taken { turn, duration });
        }
        next
    }

    /// Notes where the loudspeaker is in an answer. Where nobody is the player, what was played was taken: there is no
    /// other sign of it. Where somebody is, the player's taking is the truth, and a word beyond it is bent to it.
    pub(super) fn played(&self, turn: TurnId, position: Duration) {
        let mut board = lock(&self.board);
        let taken = match board.player {
            Some(_) => Duration::ZERO,
            None => board.log.take_up_to(turn, position),
        };
        drop(board);
        if !taken.is_zero() {
            self.signal(Signal::Taken { turn, duration: taken });
        }
        self.signal(Signal::Played { turn, position });
    }

    /// Returns the last event, once nothing more comes.
    pub(super) fn last(&self) -> Option<Arc<Entry>> {
        match &lock(&self.board).end {
            End::Closed(last) => last.clone(),
            End::Open | End::Told(_) => None,
        }
    }

    /// Returns what waits to be read, and what was missed.
    pub(super) fn stats(&self) -> LogStats {
        let board = lock(&self.board);
        let (missed, missed_sound) = board.missed;
        LogStats { readers: board.readers, missed, missed_sound, ..board.log.stats() }
    }

    /// Returns the latest count of what the call has used.
    pub(super) fn usage(&self) -> Option<Arc<Entry>> {
        lock(&self.board).usage.clone()
    }
}

impl Board {
    /// Keeps an event; returns who waits for it.
    fn tell(&mut self, event: Stamped) -> Vec<Waker> {
        let entry = self.log.push(event);
        let wake = self.waiting.extract_if(.., |_, (view, _)| view.wants(&entry.event));
        let wake = wake.map(|(_, (_, waker))| waker).collect();
        match &entry.event {
            Event::Usage { .. } => self.usage = Some(entry),
            Event::Closed { .. } => self.end = End::Told(entry),
            _ => {}
        }
        wake
    }

    fn next(&mut self, cursor: &mut Cursor) -> (Option<Arc<Entry>>, Option<(TurnId, Duration)>) {
        let next = self.log.read(&mut cursor.next, cursor.view);
        let taken = next.as_ref().filter(|_| self.player == Some(cursor.id)).and_then(|entry| self.log.take(entry.seq));
        if let Some(Event::Gap { events, audio }) = next.as_ref().map(|entry| &entry.event) {
            self.missed.0 += events;
            self.missed.1 += *audio;
        }
        self.log.read_to(cursor.next);
        // JSON that was made since needs room too.
        self.log.keep_bounds();
        (next, taken)
    }
}

/// A poisoned lock only means that some reader panicked; the queue itself is whole after every statement above.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_push_wakes_those_who_wait_for_it_and_nobody_else() {
        let mail = Mail::default();
        mail.share();
        let counts: [Arc<Count>; 4] = std::array::from_fn(|_| Arc::default());
        let views = [View::Everything, View::Transcripts, View::End, View::Everything];
        let mut cursors = views.map(|view| mail.read(ReadFrom::Oldest, view, Part::Listener));
        // The last one does not read.
        for (cursor, count) in cursors.iter_mut().zip(&counts).take(3) {
            let waker = Waker::from(Arc::clone(count));
            assert!(mail.poll_next(cursor, &mut Context::from_waker(&waker)).is_pending());
        }
        let woken = || counts.each_ref().map(|count| count.0.load(Ordering::Relaxed));
        mail.push(Stamped { seq: 1, at: ms(0), event: Event::UserIdle { silent: ms(1) } });
        assert_eq!(woken(), [1, 0, 0, 0]);
        mail.push(Stamped { seq: 2, at: ms(0), event: Event::UserIdle { silent: ms(1) } });
        assert_eq!(woken(), [1, 0, 0, 0], "who was woken and does not read is not woken again");
        mail.leave(&cursors[1]);
        mail.close();
        assert_eq!(woken(), [1, 0, 1, 0], "who is gone is not woken");
    }

    #[test]
    fn playing_takes_no_more_room_than_its_last_word() {
        let mut signals = Signals::default();
        for n in 1..=100 {
            signals.push(Signal::Taken { turn: 1, duration: ms(10) });
            signals.push(Signal::Played { turn: 1, position: ms(n) });
        }
        let played = Signal::Played { turn: 1, position: ms(100) };
        assert_eq!(signals.queue, [Signal::Taken { turn: 1, duration: ms(1_000) }, played]);
        signals.push(Signal::Interrupt);
        signals.push(Signal::Interrupt);
        let later = Signal::Taken { turn: 1, duration: ms(10) };
        signals.push(later);
        assert_eq!(signals.queue.len(), 4, "what is taken after an interruption is not taken before it");
        assert_eq!(signals.queue.back(), Some(&later));
    }
}
