#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::audio::SampleRate;
use crate::sonic::event::{CloseReason, Transcript, TranscriptStage, Unsent};
use crate::sonic::wire::Role;

/// Writes a log, and what came of every number.
#[derive(Default)]
struct Writer {
    log: Log,
    at: Duration,
    /// The sound of each event, or none; and whether it was made void.
    told: Vec<(Option<(TurnId, Duration)>, bool)>,
    delivered: Duration,
}

impl Writer {
    fn shared() -> Self {
        let mut writer = Writer::default();
        writer.log.share();
        writer
    }

    fn event(&mut self, event: Event) -> u64 {
        let sound = match &event {
            Event::Audio(audio) => Some((audio.turn, audio.duration())),
            _ => None,
        };
        let seq = self.told.len() as u64 + 1;
        self.told.push((sound, false));
        self.log.push(Stamped { seq, at: self.at, event });
        seq
    }

    fn audio(&mut self, turn: TurnId, millis: u64) -> u64 {
        let rate = SampleRate::Hz24000;
        let pcm = Bytes::from(vec![0; rate.bytes(ms(millis))]);
        let offset = self.delivered;
        self.delivered += ms(millis);
        self.event(Event::Audio(Audio { turn, pcm, rate, offset }))
    }

    fn line(&mut self, letters: usize) -> u64 {
        let (text, stage) = ("x".repeat(letters), TranscriptStage::Final);
        self.event(Event::Transcript(Transcript { item: 1, turn: 1, role: Role::User, text, stage, cut: None }))
    }

    fn idle(&mut self) -> u64 {
        self.event(Event::UserIdle { silent: ms(1) })
    }

    fn flush(&mut self, turn: TurnId) {
        let here: Vec<u64> = (1..self.log.end()).filter(|seq| self.log.here(*seq).is_some()).collect();
        self.log.flush(turn);
        for seq in here.into_iter().filter(|seq| self.log.here(*seq).is_none()) {
            self.told[seq as usize - 1].1 = true;
        }
    }

    /// Reads on, and checks every gap against what was told.
    fn read_on(&self, next: &mut u64) -> Vec<u64> {
        let mut seen = Vec::new();
        let mut after = *next - 1;
        while let Some(entry) = self.log.read(next, View::Everything) {
            assert!(entry.seq > after, "numbers go up: {} after {after}", entry.seq);
            let gone = &self.told[after as usize..(entry.seq - 1) as usize];
            let missed = |gone: &[(Option<(TurnId, Duration)>, bool)]| {
                let missed = gone.iter().filter(|(_, void)| !void);
                let sound: Duration = missed.clone().filter_map(|(sound, _)| sound.map(|(_, duration)| duration)).sum();
                (missed.count() as u64, sound)
            };
            match &entry.event {
                Event::Gap { events, audio } => {
                    let upto = &self.told[after as usize..entry.seq as usize];
                    assert_eq!((*events, *audio), missed(upto), "after {after} up to {}", entry.seq);
                }
                _ => {
                    assert_eq!(missed(gone).0, 0, "no gap was told between {after} and {}", entry.seq);
                    seen.push(entry.seq);
                }
            }
            after = entry.seq;
        }
        assert_eq!(*next, self.log.end());
        seen
    }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn gaps(log: &Log, mut next: u64, view: View) -> Vec<(u64, u64, u128)> {
    let mut gaps = Vec::new();
    while let Some(entry) = log.read(&mut next, view) {
        if let Event::Gap { events, audio } = entry.event {
            gaps.push((entry.seq, events, audio.as_millis()));
        }
    }
    gaps
}

#[test]
fn an_event_is_read_once_and_again_by_whoever_comes_back() {
    let mut writer = Writer::shared();
    for _ in 0..3 {
        writer.line(1);
        writer.audio(1, 80);
    }
    let mut next = 1;
    assert_eq!(writer.read_on(&mut next), [1, 2, 3, 4, 5, 6]);
    assert!(writer.log.read(&mut next, View::Everything).is_none());
    writer.idle();
    assert_eq!(writer.read_on(&mut next), [7]);
    assert_eq!(writer.read_on(&mut 4), [4, 5, 6, 7]);
}

#[test]
fn a_single_readers_log_forgets_what_was_read() {
    let mut writer = Writer::default();
    writer.audio(1, 80);
    writer.line(10);
    let mut next = 1;
    while writer.log.read(&mut next, View::Everything).is_some() {
        writer.log.read_to(next);
    }
    assert_eq!((writer.log.places.len(), writer.log.word_bytes, writer.log.unheard), (0, 0, ms(0)));
    assert_eq!((writer.log.oldest(), writer.log.heard.len()), (3, 0));
}

#[test]
fn a_single_reader_that_waits_loses_the_oldest_sound_then_the_oldest_words_and_is_told() {
    let mut writer = Writer::default();
    writer.line(1);
    for _ in 0..130 {
        writer.audio(1, 1_000);
    }
    writer.line(1);
    assert_eq!(gaps(&writer.log, 1, View::Everything), [(11, 10, 10_000)], "at its place, behind the first line");
    let mut writer = Writer::default();
    for _ in 0..WAITING + 3 {
        writer.idle();
    }
    assert_eq!(gaps(&writer.log, 1, View::Everything), [(3, 3, 0)]);
}

#[test]
fn what_was_heard_stays_a_minute_and_words_longer() {
    let mut writer = Writer::shared();
    writer.line(5);
    writer.audio(1, 80);
    writer.audio(1, 80);
    writer.at = ms(30_000);
    writer.line(5);
    assert!(writer.log.take(3).is_some() && writer.log.take(2).is_some());
    writer.at = ms(90_000);
    writer.line(5);
    assert_eq!(writer.read_on(&mut 1), [1, 2, 3, 4, 5], "a minute is not over");
    writer.at = ms(90_001);
    writer.line(5);
    assert_eq!(writer.read_on(&mut 1), [1, 4, 5, 6]);
    assert_eq!(gaps(&writer.log, 1, View::Everything), [(3, 2, 160)]);
    assert_eq!(gaps(&writer.log, 3, View::Everything), [(3, 1, 80)], "who had the first piece misses the second alone");
    assert_eq!(gaps(&writer.log, 4, View::Everything), []);
    assert!(writer.log.heard.is_empty());
}

/// A minute of question is handed over at once, and its answers, as long again, are read when all of it is over.
#[test]
fn a_file_and_its_answers_are_read_afterwards_without_loss() {
    let mut writer = Writer::shared();
    for answer in 1..=6 {
        writer.at += ms(10_000);
        writer.line(400);
        for _ in 0..250 {
            writer.audio(answer, 80);
            writer.idle();
        }
        writer.line(4_000);
    }
    writer.at += ms(3_600_000);
    let last = writer.line(1);
    let mut readers = [1, 1];
    let mut read = |next: &mut u64| {
        let mut seen = 0;
        while let Some(entry) = writer.log.read(next, View::Everything) {
            assert!(!matches!(entry.event, Event::Gap { .. }), "{:?}", entry.event);
            assert!(!entry.json().is_empty() && !entry.sse().is_empty());
            writer.log.take(entry.seq);
            writer.log.keep_bounds();
            assert!(writer.log.encoded.load(Ordering::Relaxed) <= ENCODED);
            seen += 1;
        }
        seen
    };
    assert_eq!(readers.each_mut().map(&mut read), [last, last], "whoever comes second finds it, too");
}

#[test]
fn of_sound_that_nobody_hears_two_minutes_wait() {
    let mut writer = Writer::shared();
    for _ in 0..121 {
        writer.audio(1, 1_000);
    }
    assert_eq!(gaps(&writer.log, 1, View::Everything), [(1, 1, 1_000)]);
    for seq in 2..=11 {
        assert!(writer.log.take(seq).is_some());
    }
    for _ in 0..10 {
        writer.audio(1, 1_000);
    }
    assert_eq!(gaps(&writer.log, 1, View::Everything), [(1, 1, 1_000)], "what was heard does not wait");
}

#[test]
fn what_was_heard_leaves_first_then_the_oldest_sound_and_words_last() {
    let mut writer = Writer::shared();
    let line = writer.line(5);
    for _ in 0..20 {
        writer.line(WORDS / 24);
    }
    let pieces: Vec<u64> = (0..4_000).map(|_| writer.audio(1, 20)).collect();
    // Not the oldest: a player that came late, or one of two answers that come at once.
    for seq in &pieces[200..210] {
        assert!(writer.log.take(*seq).is_some());
    }
    let before = writer.log.size();
    let mut gone = Vec::new();
    while gone.len() < 12 {
        writer.audio(1, 20);
        gone = pieces.iter().copied().filter(|seq| writer.log.here(*seq).is_none()).collect();
        assert!(writer.log.size() <= ROOM);
    }
    assert!(before <= ROOM, "nothing had to go before");
    let heard = pieces[200..210].iter().chain(&pieces[..2]).copied().collect::<BTreeSet<u64>>();
    assert_eq!(gone.into_iter().collect::<BTreeSet<u64>>(), heard);
    assert!(writer.log.here(line).is_some());
}

#[test]
fn old_words_do_not_push_out_new_sound() {
    let mut writer = Writer::shared();
    for _ in 0..100 {
        writer.line(100_000);
    }
    assert!(writer.log.word_bytes <= WORDS);
    for _ in 0..120 {
        writer.audio(1, 1_000);
    }
    assert_eq!(gaps(&writer.log, 101, View::Everything), [], "all of the sound is there");
    assert!(writer.log.size() <= ROOM);
}

#[test]
fn json_is_made_once_and_given_back_when_there_is_too_much_of_it() {
    let mut writer = Writer::shared();
    for _ in 0..60 {
        writer.audio(1, 1_000);
    }
    let plain = writer.log.size();
    let (mut next, mut held) = (1, Vec::new());
    while let Some(entry) = writer.log.read(&mut next, View::Everything) {
        assert_eq!(entry.json(), entry.json());
        assert_eq!(entry.json().as_ptr(), entry.json().as_ptr(), "made once");
        held.push(entry);
    }
    let encoded = |writer: &Writer| writer.log.encoded.load(Ordering::Relaxed);
    assert!(encoded(&writer) > 60 * 64_000, "{}", encoded(&writer));
    writer.log.keep_bounds();
    assert!(encoded(&writer) <= ENCODED && encoded(&writer) > ENCODED / 2, "{}", encoded(&writer));
    assert_eq!((writer.log.size(), writer.read_on(&mut 1).len()), (plain, 60), "no event has to go for it");
    let twice = [held[0].json(), held[0].json()];
    assert_ne!(twice[0].as_ptr(), twice[1].as_ptr(), "the oldest is made anew for each who asks");
    assert_eq!(held[59].json().as_ptr(), held[59].json().as_ptr(), "the newest is still there");
    writer.flush(1);
    assert_eq!((encoded(&writer), writer.log.sound_bytes), (0, 0));
    assert!(!held[59].json().is_empty() && !held[59].sse().is_empty(), "who has it still reads it");
    assert_eq!(encoded(&writer), 0, "but that is no matter of the log any more");
}

#[test]
fn void_sound_is_gone_for_everybody_and_no_gap() {
    let mut writer = Writer::shared();
    for turn in [1, 2, 1] {
        writer.audio(turn, 80);
    }
    assert!(writer.log.take(1).is_some());
    writer.flush(1);
    writer.line(1);
    assert_eq!(writer.read_on(&mut 1), [2, 4]);
    assert_eq!(gaps(&writer.log, 1, View::Everything), []);
    assert_eq!(writer.log.take(3), None, "nobody takes it any more");
}

#[test]
fn a_piece_is_taken_once_by_whichever_way() {
    let mut writer = Writer::shared();
    for _ in 0..5 {
        writer.audio(1, 100);
    }
    writer.audio(2, 100);
    assert_eq!(writer.log.take_up_to(1, ms(200)), ms(200), "two pieces begin before");
    assert_eq!(writer.log.take_up_to(1, ms(201)), ms(100), "the one that is being played is taken whole");
    assert_eq!(writer.log.take(3), None);
    assert_eq!(writer.log.take(4), Some((1, ms(100))));
    assert_eq!(writer.log.take(4), None);
    assert_eq!(writer.log.take_up_to(1, ms(9_000)), ms(100));
}

#[test]
fn views_have_their_own_events_and_miss_their_own() {
    let mut writer = Writer::shared();
    writer.line(1);
    let piece = writer.audio(1, 80);
    assert!(writer.log.take(piece).is_some());
    writer.idle();
    writer.event(Event::Interrupted { turn: 1, heard: ms(0), error: ms(0) });
    writer.line(1);
    writer.at = ms(61_000);
    writer.audio(2, 80);
    let (error, unsent) = (None, Unsent::default());
    writer.event(Event::Closed { reason: CloseReason::Finished, error, unsent });
    let seen = |view: View| {
        let mut next = 1;
        let mut seen = Vec::new();
        while let Some(entry) = writer.log.read(&mut next, view) {
            seen.push(if matches!(entry.event, Event::Gap { .. }) { 0 } else { entry.seq });
        }
        seen
    };
    assert_eq!(seen(View::Audio), [0, 4, 6, 7]);
    assert_eq!(seen(View::Transcripts), [1, 5]);
    assert!(seen(View::End).is_empty());
    assert_eq!(gaps(&writer.log, 1, View::Audio), [(3, 1, 80)]);
}

#[test]
fn there_is_an_end_to_the_marks() {
    let mut writer = Writer::shared();
    writer.log.behind = 0;
    for n in 0..PLACES as u64 + 500 {
        writer.at = ms(n * 100);
        writer.audio(1, 1);
    }
    assert_eq!(writer.log.places.len(), PLACES);
    let first = gaps(&writer.log, 1, View::Everything)[0];
    assert_eq!(first.1, first.0, "what is too far back is counted by its numbers");
    assert!(size_of::<Place>() <= 16, "a mark is small: {}", size_of::<Place>());
}

#[test]
fn the_newest_event_is_told_however_big_it_is() {
    let mut writer = Writer::shared();
    writer.idle();
    writer.line(ROOM);
    assert_eq!(writer.read_on(&mut 2), [2]);
    writer.idle();
    assert_eq!(gaps(&writer.log, 2, View::Everything), [(2, 1, 0)]);
}

#[derive(Clone, Debug)]
enum Step {
    Audio {
        turn: TurnId,
        millis: u64,
    },
    Line {
        letters: usize,
    },
    Flush {
        turn: TurnId,
    },
    Take {
        back: u64,
    },
    Pass {
        millis: u64,
    },
    /// A reader goes on.
    Read {
        reader: usize,
    },
    /// A reader goes, and comes back with the number that it saw last.
    Return {
        reader: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..4_u64, 1..3_000_u64).prop_map(|(turn, millis)| Step::Audio { turn, millis }),
        4 => (0..60_000_usize).prop_map(|letters| Step::Line { letters }),
        1 => (1..4_u64).prop_map(|turn| Step::Flush { turn }),
        2 => (1..20_u64).prop_map(|back| Step::Take { back }),
        3 => (1..9_000_u64).prop_map(|millis| Step::Pass { millis }),
        3 => (0..4_usize).prop_map(|reader| Step::Read { reader }),
        2 => (0..4_usize).prop_map(|reader| Step::Return { reader }),
    ]
}

proptest! {
    /// Whatever happens, every reader has every event once, or is told of it in one gap at its place, or it is void.
    #[test]
    fn every_reader_knows_of_every_event(steps in prop::collection::vec(step(), 1..300)) {
        let mut writer = Writer::shared();
        let mut readers: [(u64, BTreeSet<u64>); 4] = std::array::from_fn(|_| (1, BTreeSet::new()));
        for step in steps {
            match step {
                Step::Audio { turn, millis } => drop(writer.audio(turn, millis)),
                Step::Line { letters } => drop(writer.line(letters)),
                Step::Flush { turn } => writer.flush(turn),
                Step::Take { back } => drop(writer.log.take(writer.log.end().saturating_sub(back))),
                Step::Pass { millis } => writer.at += ms(millis),
                Step::Read { reader } => {
                    let (next, seen) = &mut readers[reader];
                    for seq in writer.read_on(next) {
                        prop_assert!(seen.insert(seq), "{} came twice", seq);
                    }
                }
                Step::Return { reader } => {
                    let (next, seen) = &mut readers[reader];
                    // Somewhere in the middle of what it has seen, or at its beginning.
                    let first = writer.log.read(next, View::Everything);
                    if let Some(entry) = first {
                        let is_gap = matches!(entry.event, Event::Gap { .. });
                        prop_assert!(is_gap || seen.insert(entry.seq));
                        *next = entry.seq + 1;
                    }
                }
            }
            prop_assert!(writer.log.size() <= ROOM || writer.log.leaving.len() == 1);
            let words: usize = (1..writer.log.end()).filter_map(|seq| writer.log.here(seq)).map(Entry::weight).sum();
            prop_assert_eq!(words, writer.log.word_bytes + writer.log.sound_bytes);
            let unheard: Duration =
                writer.log.ranked(Rank::Sound).filter_map(|seq| writer.log.audio(seq)).map(Audio::duration).sum();
            prop_assert_eq!(unheard, writer.log.unheard);
            prop_assert!(unheard <= UNHEARD || writer.log.leaving.len() == 1);
        }
    }
}
