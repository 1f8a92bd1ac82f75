//! What the service heard of a microphone, over all sessions of a call.

use std::collections::HashMap;
use std::time::Duration;

use bedrock_nova_emulator::server::SessionReport;

use crate::microphone::RATE;

/// So many samples in a row say where in the microphone's sound they are.
const WORD: usize = 16;
/// The words that are looked for: one for every 10 ms.
const GRID: usize = 160;

/// The user's side of a call, put together from what its sessions heard.
pub(crate) struct Heard {
    /// Sample for sample as the microphone gave it; zero, which it never gives, where no session heard it.
    pub(crate) pcm: Vec<i16>,
    /// How much was told to more than one session.
    pub(crate) told_twice: Duration,
    /// The longest silence that the call put between the user's words.
    pub(crate) longest_pause: Duration,
}

/// A stretch of the microphone's sound in a session's.
struct Stretch {
    /// Where in the session it begins and ends.
    at: usize,
    end: usize,
    /// Where in the microphone's sound it begins.
    from: usize,
}

impl Heard {
    /// Puts the sessions of a call together.
    ///
    /// # Panics
    /// A session heard something in another order than it was said, or twice, or something that nobody said.
    pub(crate) fn of(microphone: &[i16], sessions: &[SessionReport]) -> Self {
        let places: HashMap<&[i16], usize> = (0..microphone.len().saturating_sub(WORD))
            .step_by(GRID)
            .map(|place| (&microphone[place..place + WORD], place))
            .collect();
        let mut heard =
            Heard { pcm: vec![0; microphone.len()], told_twice: Duration::ZERO, longest_pause: Duration::ZERO };
        for session in sessions {
            let bytes = &session.ledger.audio_in;
            assert_eq!(bytes.len() as u64, 2 * session.ledger.audio_samples_in, "the ledger kept everything");
            let sound: Vec<i16> = bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
            heard.add(session.number, microphone, &sound, &places);
        }
        heard
    }

    /// Returns the longest stretch of the microphone's sound that is missing or altered.
    pub(crate) fn longest_hole(microphone: &[i16], heard: &[i16]) -> Duration {
        assert_eq!(microphone.len(), heard.len());
        let (mut longest, mut hole) = (0, 0);
        for (said, heard) in microphone.iter().zip(heard) {
            hole = if said == heard { 0 } else { hole + 1 };
            longest = longest.max(hole);
        }
        RATE.duration(longest)
    }

    fn add(&mut self, session: u64, microphone: &[i16], sound: &[i16], places: &HashMap<&[i16], usize>) {
        let (mut done, mut reached, mut twice) = (0, None, 0);
        while let Some(stretch) = next(microphone, sound, done, places) {
            let Stretch { at, end, from } = stretch;
            assert!(sound[done..at].iter().all(|sample| *sample == 0), "session {session} heard what nobody said");
            let to = from + (end - at);
            if let Some(reached) = reached {
                assert!(reached <= from, "session {session} heard {from} behind {reached}");
                self.longest_pause = self.longest_pause.max(RATE.duration(at - done));
            }
            twice += self.pcm[from..to].iter().filter(|sample| **sample != 0).count();
            self.pcm[from..to].copy_from_slice(&sound[at..end]);
            (done, reached) = (end, Some(to));
        }
        assert!(sound[done..].iter().all(|sample| *sample == 0), "session {session} heard what nobody said");
        self.told_twice += RATE.duration(twice);
    }
}

/// Finds the next stretch of the microphone's sound, as long as it is.
fn next(microphone: &[i16], sound: &[i16], done: usize, places: &HashMap<&[i16], usize>) -> Option<Stretch> {
    let (found, place) = (done..sound.len().saturating_sub(WORD - 1))
        .find_map(|at| places.get(&sound[at..at + WORD]).map(|place| (at, *place)))?;
    let same = |(one, other): &(&i16, &i16)| one == other;
    let before = sound[done..found].iter().rev().zip(microphone[..place].iter().rev()).take_while(same).count();
    let behind = sound[found..].iter().zip(&microphone[place..]).take_while(same).count();
    Some(Stretch { at: found - before, end: found + behind, from: place - before })
}
