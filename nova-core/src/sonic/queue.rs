//! The two mailboxes between an application and its driver: events one way, signals the other.
//!
//! Both are bounded. Events wait for a slow reader up to a bound, then the oldest sound goes first and a
//! [`Event::Gap`] says so; the call itself never waits for its reader.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;

use super::event::{Event, Stamped, TurnId};

/// Sound that waits for a slow reader; a longer pause is no pause any more.
const AUDIO_BOUND: Duration = Duration::from_secs(60);
/// Events of any kind that wait for a slow reader.
const EVENT_BOUND: usize = 8_192;

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
    events: Mutex<Waiting>,
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

#[derive(Debug, Default)]
struct Waiting {
    queue: VecDeque<Stamped>,
    audio: Duration,
    lost: Option<Lost>,
    end: End,
    reader: Option<Waker>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Open,
    Closed,
}

#[derive(Debug)]
struct Lost {
    events: u64,
    audio: Duration,
    last: (u64, Duration),
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

    /// Leaves an event for the application.
    pub(super) fn push(&self, event: Stamped) {
        let mut waiting = lock(&self.events);
        waiting.audio += sound(&event);
        waiting.queue.push_back(event);
        waiting.keep_bounds();
        waiting.wake();
    }

    /// Throws away sound of a turn that the application has not taken.
    pub(super) fn flush(&self, turn: TurnId) {
        let mut waiting = lock(&self.events);
        waiting.queue.retain(|event| !matches!(&event.event, Event::Audio(audio) if audio.turn == turn));
        waiting.audio = waiting.queue.iter().map(sound).sum();
    }

    /// There will be no more events.
    pub(super) fn close(&self) {
        let mut waiting = lock(&self.events);
        waiting.end = End::Closed;
        waiting.wake();
    }

    /// Takes the next event; `None` after the last one.
    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Stamped>> {
        let mut waiting = lock(&self.events);
        match waiting.pop() {
            Some(event) => {
                drop(waiting);
                if let Event::Audio(audio) = &event.event {
                    self.signal(Signal::Taken { turn: audio.turn, duration: audio.duration() });
                }
                Poll::Ready(Some(event))
            }
            None if waiting.end == End::Closed => Poll::Ready(None),
            None => {
                waiting.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Waiting {
    fn pop(&mut self) -> Option<Stamped> {
        if let Some(lost) = self.lost.take() {
            let (seq, at) = lost.last;
            return Some(Stamped { seq, at, event: Event::Gap { events: lost.events, audio: lost.audio } });
        }
        let event = self.queue.pop_front()?;
        self.audio = self.audio.saturating_sub(sound(&event));
        Some(event)
    }

    fn keep_bounds(&mut self) {
        while self.audio > AUDIO_BOUND {
            let Some(at) = self.queue.iter().position(|event| matches!(event.event, Event::Audio(_))) else { break };
            self.lose(at);
        }
        while self.queue.len() > EVENT_BOUND {
            self.lose(0);
        }
    }

    fn lose(&mut self, at: usize) {
        let Some(event) = self.queue.remove(at) else { return };
        self.audio = self.audio.saturating_sub(sound(&event));
        let lost = self.lost.get_or_insert(Lost { events: 0, audio: Duration::ZERO, last: (0, Duration::ZERO) });
        lost.events += 1;
        lost.audio += sound(&event);
        lost.last = (event.seq, event.at);
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

fn sound(event: &Stamped) -> Duration {
    match &event.event {
        Event::Audio(audio) => audio.duration(),
        _ => Duration::ZERO,
    }
}

/// A poisoned lock only means that some reader panicked; the queue itself is whole after every statement above.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
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
