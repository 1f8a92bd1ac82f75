//! What each owner has used in the period.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::settings::{OwnerBudget, Settings};
use super::{Inner, State};
use crate::ids::{CallId, Owner};
use crate::sonic::wire::Tokens;
use crate::usage::{BudgetLevel, BudgetMeasure, Money, Usage};

/// One account for each owner who has had a call in the period.
#[derive(Default)]
pub(super) struct Accounts {
    accounts: BTreeMap<Owner, Account>,
}

struct Account {
    since: Instant,
    /// What was used by calls that are over, and by the others in what is booked.
    tokens: Tokens,
    /// None once something of unknown price was used.
    cost: Option<Money>,
    time: Duration,
    live: BTreeMap<CallId, Live>,
}

/// A call whose time goes on.
struct Live {
    /// Up to when its time is booked.
    booked: Instant,
    /// What it had cost at its last count.
    cost: Option<Money>,
}

impl Account {
    fn new(now: Instant) -> Self {
        let (tokens, time) = (Tokens::default(), Duration::ZERO);
        Account { since: now, tokens, cost: Some(Money::default()), time, live: BTreeMap::new() }
    }

    fn usage(&self, now: Instant) -> Usage {
        let going_on: Duration = self.live.values().map(|live| now.duration_since(live.booked)).sum();
        Usage::new(self.tokens, self.cost, self.time + going_on)
    }

    /// Books the time of the live calls up to now.
    fn book(&mut self, now: Instant) {
        for live in self.live.values_mut() {
            self.time += now.duration_since(live.booked);
            live.booked = now;
        }
    }
}

impl Accounts {
    /// Notes that a call begins, which has cost so much before.
    pub(super) fn begin(&mut self, now: Instant, owner: &Owner, id: &CallId, cost: Option<Money>) {
        let account = self.accounts.entry(owner.clone()).or_insert_with(|| Account::new(now));
        account.live.insert(id.clone(), Live { booked: now, cost });
    }

    /// Notes what a call has used since its last count, and what all of it has cost.
    pub(super) fn book(&mut self, owner: &Owner, id: &CallId, delta: Tokens, cost: Option<Money>) {
        let Some(account) = self.accounts.get_mut(owner) else { return };
        account.tokens += delta;
        let Some(live) = account.live.get_mut(id) else { return };
        let before = std::mem::replace(&mut live.cost, cost);
        account.cost = match (account.cost, before, cost) {
            (Some(sum), Some(before), Some(cost)) => Some(sum + cost.since(before)),
            _ => None,
        };
    }

    /// Notes that a call is over.
    pub(super) fn end(&mut self, now: Instant, owner: &Owner, id: &CallId) {
        let Some(account) = self.accounts.get_mut(owner) else { return };
        if let Some(live) = account.live.remove(id) {
            account.time += now.duration_since(live.booked);
        }
    }

    /// Begins a new period for those whose period is over; an owner without calls is forgotten.
    pub(super) fn turn_over(&mut self, now: Instant, per: Duration) {
        self.accounts.retain(|_, account| {
            if now.duration_since(account.since) < per {
                return true;
            }
            account.book(now);
            let live = std::mem::take(&mut account.live);
            let known = live.values().all(|live| live.cost.is_some());
            *account = Account { live, ..Account::new(now) };
            if !known {
                account.cost = None;
            }
            !account.live.is_empty()
        });
    }

    pub(super) fn usage(&self, now: Instant, owner: &Owner) -> Option<Usage> {
        self.accounts.get(owner).map(|account| account.usage(now))
    }

    fn owners(&self) -> impl Iterator<Item = &Owner> {
        self.accounts.keys()
    }
}

impl State {
    /// Says whether an owner has nothing left in this period.
    pub(super) fn is_spent(&self, settings: &Settings, owner: &Owner) -> bool {
        self.reached(settings, owner).iter().any(|(_, level)| *level == BudgetLevel::Hard)
    }

    fn reached(&self, settings: &Settings, owner: &Owner) -> Vec<(BudgetMeasure, BudgetLevel)> {
        let Some(OwnerBudget { budget, .. }) = &settings.owner_budget else { return Vec::new() };
        let usage = self.accounts.usage(super::slots::now(), owner);
        usage.map(|usage| budget.reached(&usage).collect()).unwrap_or_default()
    }
}

impl Inner {
    /// Tells an owner's calls which bounds of the budget are reached; each of them tells of it once.
    pub(super) async fn check_budget(&self, owner: &Owner) {
        let (reached, calls) = {
            let state = self.lock();
            let reached = state.reached(&self.settings, owner);
            let calls = if reached.is_empty() { Vec::new() } else { state.slots.live_of(owner) };
            (reached, calls)
        };
        for call in calls {
            for (measure, level) in &reached {
                // A call that is over needs no ending.
                let _ = call.owner_budget(*measure, *level).await;
            }
        }
    }

    /// Begins new periods, and looks at every owner's time.
    pub(super) async fn check_budgets(&self) {
        let Some(OwnerBudget { per, .. }) = &self.settings.owner_budget else { return };
        let owners: Vec<Owner> = {
            let mut state = self.lock();
            state.accounts.turn_over(super::slots::now(), *per);
            state.accounts.owners().cloned().collect()
        };
        for owner in owners {
            self.check_budget(&owner).await;
        }
    }
}
