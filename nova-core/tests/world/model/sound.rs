//! Where every sample of the user's voice went: to one session, to a second one that was told again, or into a report.

use std::collections::BTreeMap;
use std::time::Duration;

use bedrock_nova::sonic::CloseReason;
use bedrock_nova::sonic::conversation::LinkKey;

use crate::world::World;
use crate::world::service::{Asked, Session};
use crate::world::voice::PER_MS;

/// A stretch of the user's samples, from and to.
type Stretch = (u64, u64);

/// Less than two frames of the service's ear are no speech to it.
const CLICK: u64 = 64 * PER_MS;
/// What is told again at most, as the call promises.
const REPLAYED_AT_MOST: Duration = Duration::from_secs(15);

/// The account of the user's voice.
#[derive(Debug, Default)]
pub struct Sound {
    pub handed: u64,
    /// Never sent to any session.
    pub unsent: u64,
    /// Sent, and part of no utterance that any session heard to its end.
    pub unheard: Vec<Stretch>,
    /// Sent to a second session, by session.
    pub again: BTreeMap<LinkKey, u64>,
    pub dropped: u64,
    pub lost: u64,
    pub replayed: u64,
    pub invented: u64,
    /// Stretches of each utterance, with the session and the turn that heard it.
    heard: Vec<(LinkKey, u32, Vec<Stretch>)>,
    disorder: Vec<LinkKey>,
}

impl Sound {
    pub fn of(world: &World) -> Self {
        let mut account = Sound { handed: world.microphone.handed, ..Sound::default() };
        let (mut sent, mut heard) = (Stretches::default(), Stretches::default());
        for (link, session) in &world.service.sessions {
            account.invented += session.listener.invented;
            let runs = &session.listener.runs;
            if runs.windows(2).any(|pair| pair[0].from + pair[0].len > pair[1].from) {
                account.disorder.push(*link);
            }
            let before = sent.total();
            let mut samples = 0;
            for run in runs {
                samples += run.len;
                sent.add((run.from, run.from + run.len));
            }
            let again = samples - (sent.total() - before);
            if again > 0 {
                account.again.insert(*link, again);
            }
            for (turn, stretches) in utterances(session) {
                stretches.iter().for_each(|stretch| heard.add(*stretch));
                account.heard.push((*link, turn, stretches));
            }
        }
        account.unsent = account.handed - sent.total();
        account.unheard = sent.without(&heard);
        if let Some(closed) = world.model.closed.as_ref().filter(|closed| closed.reason == CloseReason::Failed) {
            // What a call that failed was still trying to have heard ends with it.
            let trying = closed.at.saturating_sub(world.model.timeouts.recover);
            let last = world.service.sessions.values().filter(|session| session.gone.is_none_or(|gone| gone >= trying));
            let runs: Vec<_> = last.flat_map(|session| &session.listener.runs).collect();
            account.unheard.retain(|(from, to)| runs.iter().all(|run| run.from >= *to || run.from + run.len <= *from));
        }
        if let Some((began, cut)) = world.microphone.cut_off.filter(|(began, cut)| cut - began < CLICK) {
            // The call was finished when the user had hardly opened the mouth: nobody hears a word in that.
            let last = account.unheard.iter_mut().filter(|(_, to)| *to == cut);
            last.for_each(|(from, to)| *to = began.max(*from));
            account.unheard.retain(|(from, to)| from < to);
        }
        let model = &world.model;
        let of_reason = |why: u8| model.dropped.get(&why).copied().unwrap_or_default();
        let closed = model.closed.as_ref().map(|closed| closed.unsent).unwrap_or_default();
        account.dropped = samples(of_reason(0) + of_reason(1).max(closed));
        account.lost = samples(model.renewals.iter().map(|renewal| renewal.lost).sum());
        account.replayed = samples(model.renewals.iter().map(|renewal| renewal.replayed).sum());
        account
    }

    pub fn verdict(&self, world: &World) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.invented > 0 {
            wrong.push(format!("{} samples were sent that nobody said", self.invented));
        }
        if self.unsent != self.dropped {
            wrong.push(format!("{} samples were never sent, and {} reported as dropped", self.unsent, self.dropped));
        }
        for link in &self.disorder {
            wrong.push(format!("{link}: the user's voice was sent out of order"));
        }
        for (link, again) in &self.again {
            let told = world.model.renewals.iter().find(|renewal| renewal.link == *link);
            let told = told.map_or(0, |renewal| samples(renewal.replayed));
            if *again > told {
                wrong.push(format!("{link}: {again} samples were sent again, and {told} reported as replayed"));
            }
        }
        for renewal in world.model.renewals.iter().filter(|renewal| renewal.replayed > REPLAYED_AT_MOST) {
            wrong.push(format!("{}: {:?} were replayed", renewal.link, renewal.replayed));
        }
        let scraps = world.model.drops * CLICK;
        if self.unheard() > self.lost + scraps && super::RENEWS {
            let sent_to = |stretch: &Stretch| {
                let all = world.service.sessions.values();
                let theirs = all.filter(|session| {
                    session.listener.runs.iter().any(|run| run.from <= stretch.0 && stretch.0 < run.from + run.len)
                });
                theirs.map(|session| session.link.0).collect::<Vec<_>>()
            };
            let first: Vec<_> = self.unheard.iter().take(5).map(|stretch| (stretch, sent_to(stretch))).collect();
            wrong.push(format!(
                "{} samples were sent to sessions that did not hear them out, {} reported as lost; first {first:?}",
                self.unheard(),
                self.lost
            ));
        }
        wrong.extend(self.answered_twice(world));
        wrong
    }

    pub fn unheard(&self) -> u64 {
        self.unheard.iter().map(|(from, to)| to - from).sum()
    }

    /// A question that two sessions heard has one answer.
    fn answered_twice(&self, world: &World) -> Vec<String> {
        let answered: Vec<_> =
            self.heard.iter().filter(|(link, turn, _)| world.model.turns.is_answer((link.0, *turn))).collect();
        let mut wrong = Vec::new();
        for (n, (link, turn, stretches)) in answered.iter().enumerate() {
            for (other, again, others) in answered.iter().skip(n + 1).filter(|(other, ..)| other != link) {
                if stretches.iter().any(|a| others.iter().any(|b| a.0 < b.1 && b.0 < a.1)) {
                    wrong.push(format!("one question was answered as {link}'s turn {turn} and as {other}'s {again}"));
                }
            }
        }
        wrong
    }
}

/// The user's samples in each utterance of a session.
fn utterances(session: &Session) -> Vec<(u32, Vec<Stretch>)> {
    let aloud = (1..).zip(&session.turns).filter_map(|(turn, asked)| match asked {
        Asked::Aloud(start, end) => Some((turn, start * PER_MS, end * PER_MS)),
        Asked::InText(_) => None,
    });
    aloud
        .map(|(turn, start, end)| {
            let runs = session.listener.runs.iter().filter(|run| run.at < end && run.at + run.len > start);
            let cut = |run: &crate::world::voice::Run| {
                let (from, to) = (run.at.max(start), (run.at + run.len).min(end));
                (run.from + from - run.at, run.from + to - run.at)
            };
            (turn, runs.map(cut).collect())
        })
        .collect()
}

fn samples(time: Duration) -> u64 {
    (time.as_nanos() * u128::from(PER_MS) / 1_000_000) as u64
}

/// A set of samples, as stretches that do not touch.
#[derive(Debug, Default)]
struct Stretches(BTreeMap<u64, u64>);

impl Stretches {
    fn add(&mut self, (mut from, mut to): Stretch) {
        let touching: Vec<u64> =
            self.0.range(..=to).rev().take_while(|(_, end)| **end >= from).map(|(start, _)| *start).collect();
        for start in touching {
            let end = self.0.remove(&start).unwrap_or(start);
            from = from.min(start);
            to = to.max(end);
        }
        self.0.insert(from, to);
    }

    /// The parts of these that are not in others.
    fn without(&self, others: &Stretches) -> Vec<Stretch> {
        let mut left = Vec::new();
        for (&from, &to) in &self.0 {
            let mut at = from;
            for (&start, &end) in others.0.range(..to).filter(|(_, end)| **end > from) {
                if start > at {
                    left.push((at, start));
                }
                at = at.max(end);
            }
            if at < to {
                left.push((at, to));
            }
        }
        left
    }

    fn total(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from).sum()
    }
}
