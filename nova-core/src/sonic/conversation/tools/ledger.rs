//! Which calls are owed a result, and which results are owed an answer.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;

use crate::ids::ToolUseId;
use crate::sonic::contract::{Contract, Filler, OnInterrupt};
use crate::sonic::conversation::io::LinkKey;
use crate::sonic::event::{ToolCall, ToolOutcome, TurnId};
use crate::sonic::snapshot::Run;

/// Ids that are remembered, so that no two calls have the same one. A day's call has some hundreds.
const IDS: usize = 1_024;
/// Results that are remembered until they are answered; then the oldest is forgotten. A model that calls so often without
/// a word goes round in circles.
const TOLD: usize = 32;

#[derive(Default)]
pub(in crate::sonic::conversation) struct Tools {
    /// In the order in which they were asked; at most `TOOLS_AT_ONCE`.
    pending: Vec<Pending>,
    /// Results that were told, and that no answer has followed yet; at most `TOLD`.
    told: Vec<Told>,
    /// When a session was last told a result.
    pub(super) told_at: Duration,
    ids: VecDeque<ToolUseId>,
}

/// A call that is owed a result.
pub(super) struct Pending {
    /// With the id that the application knows it by.
    pub(super) call: ToolCall,
    pub(super) contract: Contract,
    /// Who waits for the result: one session, or two that were told the same wish; nobody, if it was detached.
    pub(super) askers: Vec<Asker>,
    pub(super) since: Duration,
    pub(super) until: Duration,
    pub(super) place: Place,
}

/// A session that waits for a result, and the id by which it knows the call.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) link: LinkKey,
    pub(super) id: ToolUseId,
}

/// How far a call has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// As many of its tool run as may run at once.
    Waiting,
    /// It must not run twice, and runs once this revision of the call's snapshot is kept.
    Unwritten {
        revision: u64,
    },
    Running,
}

/// A result that was told, and that another session is told again if this one is lost before it answers.
pub(super) struct Told {
    pub(super) call: ToolCall,
    pub(super) contract: Contract,
    /// The sessions that asked for it.
    pub(super) asked_on: Vec<LinkKey>,
    /// The session that was told last.
    pub(super) link: LinkKey,
    pub(super) result: Value,
    /// The result in words, for a session that does not know the id of the call.
    pub(super) text: String,
    pub(super) outcome: ToolOutcome,
    answer: Answer,
}

/// Whether a part of an answer has begun since the result was told; what began before is no answer to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Owed,
    Begun,
}

impl Tools {
    // ---- asked

    /// Returns the id by which the application knows a call: the service's, unless another call has had it.
    pub(super) fn own_id(&mut self, id: &ToolUseId) -> ToolUseId {
        let is_taken = |id: &ToolUseId| self.ids.contains(id) || self.pending.iter().any(|one| one.call.id == *id);
        let mut own = id.clone();
        let mut times = 2;
        while is_taken(&own) {
            own = ToolUseId::from(format!("{id}.{times}"));
            times += 1;
        }
        self.ids.push_back(own.clone());
        if self.ids.len() > IDS {
            self.ids.pop_front();
        }
        own
    }

    pub(in crate::sonic::conversation) fn count(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn take_on(&mut self, pending: Pending) {
        self.pending.push(pending);
    }

    /// Adds a session to those that wait for a call, unless it does already; says whether there is such a call.
    pub(super) fn join_pending(
        &mut self,
        asker: &Asker,
        same: impl Fn(&ToolCall) -> bool,
        gone: impl Fn(LinkKey) -> bool,
    ) -> bool {
        let asked_here = |pending: &Pending| pending.askers.iter().any(|other| other.link == asker.link);
        let Some(pending) = self.pending.iter_mut().find(|pending| same(&pending.call) && !asked_here(pending)) else {
            return false;
        };
        pending.askers.retain(|other| !gone(other.link));
        pending.askers.push(asker.clone());
        true
    }

    /// Takes out a result that this session has not asked for.
    pub(super) fn take_told(&mut self, link: LinkKey, same: impl Fn(&ToolCall) -> bool) -> Option<Told> {
        let at = self.told.iter().position(|told| same(&told.call) && !told.asked_on.contains(&link))?;
        Some(self.told.remove(at))
    }

    /// Gives the next call that may run its place.
    pub(super) fn next(&mut self) -> Option<&mut Pending> {
        let runs = |name: &str| {
            let of_this = |one: &&Pending| one.place != Place::Waiting && one.call.name == name;
            self.pending.iter().filter(of_this).count()
        };
        let next = |one: &Pending| one.place == Place::Waiting && runs(&one.call.name) < one.contract.at_once;
        let at = self.pending.iter().position(next)?;
        self.pending.get_mut(at)
    }

    /// Returns the next call that waited for a revision that is kept now.
    pub(super) fn next_written(&mut self, kept: u64) -> Option<&mut Pending> {
        let written = |one: &&mut Pending| matches!(one.place, Place::Unwritten { revision } if revision <= kept);
        self.pending.iter_mut().find(written)
    }

    /// Returns every call that is under way, in the order in which they were asked.
    pub(in crate::sonic::conversation) fn pending(&self) -> impl Iterator<Item = (&ToolCall, Run)> {
        self.pending.iter().map(|one| match one.place {
            Place::Waiting => (&one.call, Run::NotYet),
            Place::Unwritten { .. } | Place::Running => (&one.call, Run::Unknown),
        })
    }

    /// Returns every result that was told and not answered yet.
    pub(in crate::sonic::conversation) fn told(&self) -> impl Iterator<Item = (&ToolCall, &Value, ToolOutcome)> {
        self.told.iter().map(|told| (&told.call, &told.result, told.outcome))
    }

    /// Keeps an id from being given again.
    pub(in crate::sonic::conversation) fn reserve(&mut self, id: ToolUseId) {
        self.ids.push_back(id);
    }

    // ---- over

    /// Ends a call that runs; none if nobody waits for it any more.
    pub(super) fn finish(&mut self, id: &ToolUseId) -> Option<Pending> {
        let runs = |pending: &Pending| pending.call.id == *id && pending.place == Place::Running;
        let at = self.pending.iter().position(runs)?;
        Some(self.pending.remove(at))
    }

    /// Ends a call whose time is over.
    pub(super) fn expire(&mut self, now: Duration) -> Option<Pending> {
        let at = self.pending.iter().position(|pending| pending.until <= now)?;
        Some(self.pending.remove(at))
    }

    /// Ends a call that has this policy.
    pub(super) fn take(&mut self, policy: OnInterrupt) -> Option<Pending> {
        let at = self.pending.iter().position(|pending| pending.contract.on_interrupt == policy)?;
        Some(self.pending.remove(at))
    }

    /// Lets the calls go on unwaited for that are made so; returns who waited for them.
    pub(super) fn detach(&mut self) -> Vec<(TurnId, Vec<Asker>)> {
        let waited_for =
            |one: &&mut Pending| one.contract.on_interrupt == OnInterrupt::Detach && !one.askers.is_empty();
        let detached = self.pending.iter_mut().filter(waited_for);
        detached.map(|pending| (pending.call.turn, std::mem::take(&mut pending.askers))).collect()
    }

    /// Ends any call.
    pub(super) fn take_any(&mut self) -> Option<Pending> {
        (!self.pending.is_empty()).then(|| self.pending.remove(0))
    }

    pub(super) fn wake(&self) -> Option<Duration> {
        self.pending.iter().map(|pending| pending.until).min()
    }

    // ---- what waits for what

    /// Says whether no call is under way.
    pub(in crate::sonic::conversation) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Says whether no session waits for a result.
    pub(in crate::sonic::conversation) fn is_idle(&self) -> bool {
        self.awaited().next().is_none()
    }

    /// Says whether a session waits for a tool.
    pub(in crate::sonic::conversation) fn holds_link(&self, link: LinkKey) -> bool {
        self.pending.iter().any(|pending| pending.askers.iter().any(|asker| asker.link == link))
    }

    /// Says whether a turn waits for a tool.
    pub(in crate::sonic::conversation) fn holds(&self, turn: TurnId) -> bool {
        self.awaited().any(|pending| pending.call.turn == turn)
    }

    /// Says whether a turn is a tool's to answer: it runs, or its result has not been answered yet. What the user said
    /// in it is not asked again, or the tool would run twice.
    pub(in crate::sonic::conversation) fn in_hand(&self, turn: TurnId) -> bool {
        self.holds(turn) || self.told.iter().any(|told| told.call.turn == turn)
    }

    /// Says whether an answer to a result has still to begin: what ends before was none.
    pub(in crate::sonic::conversation) fn owes_answer(&self, turn: TurnId) -> bool {
        self.told.iter().any(|told| told.call.turn == turn && told.answer == Answer::Owed)
    }

    /// Notes that a part of an answer begins: while a tool works it only fills in, afterwards it answers the results.
    pub(in crate::sonic::conversation) fn answer_begins(&mut self, turn: TurnId) {
        if !self.holds(turn) {
            let of_this = |told: &&mut Told| told.call.turn == turn;
            self.told.iter_mut().filter(of_this).for_each(|told| told.answer = Answer::Begun);
        }
    }

    /// Notes that an answer sounds: the results that it answers have done their work.
    pub(in crate::sonic::conversation) fn sounds(&mut self, turn: TurnId) {
        self.told.retain(|told| told.call.turn != turn || told.answer == Answer::Owed);
    }

    /// Notes that a turn is over: no answer to its results is waited for any more.
    pub(in crate::sonic::conversation) fn answered(&mut self, turn: TurnId) {
        self.told.retain(|told| told.call.turn != turn);
    }

    fn awaited(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(|pending| !pending.askers.is_empty())
    }

    // ---- told

    /// Notes that a session was told a result, or will be in words.
    pub(super) fn tell(&mut self, told: Told) {
        if self.told.len() == TOLD {
            self.told.remove(0);
        }
        self.told.push(told);
    }

    /// Counts the results that other sessions were told as told to this one, and returns them.
    pub(super) fn told_elsewhere(&mut self, link: LinkKey) -> impl Iterator<Item = &Told> {
        self.told.iter_mut().filter(move |told| told.link != link).map(move |told| {
            told.is_told_to(link);
            let told: &Told = told;
            told
        })
    }

    /// Drops the results that other sessions were told; returns their turns.
    pub(super) fn forget_told_elsewhere(&mut self, link: LinkKey) -> Vec<TurnId> {
        self.told.extract_if(.., |told| told.link != link).map(|told| told.call.turn).collect()
    }

    // ---- fillers

    /// Returns the first call that is meant.
    pub(super) fn find(&self, meant: impl Fn(&Pending) -> bool) -> Option<&Pending> {
        self.pending.iter().find(|pending| meant(pending))
    }

    /// Takes the filler of the first call that is meant.
    pub(super) fn take_filler(&mut self, meant: impl Fn(&Pending) -> bool) -> Option<Filler> {
        self.pending.iter_mut().find(|pending| meant(pending)).and_then(|pending| pending.contract.filler.take())
    }

    /// Returns when the next filler will be due.
    pub(super) fn filler_wake(
        &self,
        now: Duration,
        link: LinkKey,
        last_word: Duration,
        quiet_since: Duration,
    ) -> Option<Duration> {
        let due = self.pending.iter().filter_map(|pending| pending.filler_due(link, last_word, quiet_since));
        due.filter(|due| *due > now).min()
    }
}

impl Pending {
    pub(super) fn new(call: ToolCall, contract: Contract, asker: Asker, since: Duration, until: Duration) -> Self {
        Pending { call, contract, askers: vec![asker], since, until, place: Place::Waiting }
    }

    /// Returns when the filler is due; none if there is none, or if somebody has had a word since the call.
    pub(super) fn filler_due(&self, link: LinkKey, last_word: Duration, quiet_since: Duration) -> Option<Duration> {
        let asked_here = self.askers.iter().any(|asker| asker.link == link);
        let silent = self.place == Place::Running && last_word <= self.since;
        let filler = self.contract.filler.as_ref().filter(|_| asked_here && silent)?;
        Some(self.since.max(quiet_since) + filler.after)
    }
}

impl Told {
    pub(super) fn new(
        call: ToolCall,
        contract: Contract,
        asked_on: Vec<LinkKey>,
        link: LinkKey,
        result: Value,
        text: String,
        outcome: ToolOutcome,
    ) -> Self {
        Told { call, contract, asked_on, link, result, text, outcome, answer: Answer::Owed }
    }

    /// Another session has it now, and owes the answer.
    pub(super) fn is_told_to(&mut self, link: LinkKey) {
        self.link = link;
        self.answer = Answer::Owed;
    }
}
