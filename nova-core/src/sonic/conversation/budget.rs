//! How much a call may use: told of at a soft bound, ended in order at a hard one.

use std::time::Duration;

use super::call::{Call, Phase};
use super::sending::TypedBy;
use crate::model::Feature;
use crate::sonic::event::{CloseReason, Event};
use crate::usage::{BudgetLevel, BudgetMeasure, BudgetScope, Money, Usage};

/// What the application has been told.
#[derive(Debug, Default)]
pub(super) struct Spending {
    told: Vec<(BudgetScope, BudgetMeasure, BudgetLevel)>,
}

impl Spending {
    /// Goes on after a snapshot.
    pub(super) fn restored(told: Vec<(BudgetScope, BudgetMeasure, BudgetLevel)>) -> Self {
        Spending { told }
    }

    /// Returns what the application has been told.
    pub(super) fn told(&self) -> &[(BudgetScope, BudgetMeasure, BudgetLevel)] {
        &self.told
    }
}

impl Call {
    /// Returns what the call has used so far, over all of its sessions and processes.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let tokens = self.usage.total();
        Usage::new(tokens, Money::cost(tokens, self.model.prices()), self.now)
    }

    /// Holds what was used against the call's own budget.
    pub(super) fn watch_budget(&mut self) {
        for (measure, level) in self.config.budget.reached(&self.usage()) {
            self.budget_reached(BudgetScope::Call, measure, level);
        }
    }

    /// A bound was reached: it is told of once, and a hard one lets the assistant say goodbye and ends the call.
    pub(super) fn budget_reached(&mut self, scope: BudgetScope, measure: BudgetMeasure, level: BudgetLevel) {
        let reached = (scope, measure, level);
        if self.spending.told.contains(&reached) || self.is_over() {
            return;
        }
        self.spending.told.push(reached);
        self.event(Event::Budget { scope, measure, level });
        if level == BudgetLevel::Soft {
            return;
        }
        let farewell = self.config.budget.farewell.clone().filter(|_| self.model.has(Feature::InteractiveText));
        if let (Phase::Live, Some(farewell)) = (&self.phase, farewell) {
            // What else waits to be typed would be answered first, at more cost.
            self.withheld.append(&mut self.typed);
            if let Err(error) = self.text(farewell, TypedBy::Greeting) {
                tracing::debug!(code = error.code(), "the farewell was refused");
            }
        }
        self.finish(CloseReason::Budget);
    }

    /// Returns when a bound on time is reached next.
    pub(super) fn budget_wake(&self) -> Option<Duration> {
        let bounds = self.config.budget.time;
        [bounds.soft, bounds.hard].into_iter().flatten().filter(|bound| *bound > self.now).min()
    }
}
