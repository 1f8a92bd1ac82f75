//! Counters, gauges and histograms of calls, through the [`metrics`](https://docs.rs/metrics) facade.
//!
//! | metric | kind | labels | what |
//! |---|---|---|---|
//! | `bedrock_nova_calls_live` | gauge | `model` | calls that are open |
//! | `bedrock_nova_calls_opened_total` | counter | `model` | calls begun |
//! | `bedrock_nova_calls_closed_total` | counter | `model` `reason` `code` | calls over; `reason` is a [`CloseReason`] or `dropped`, `code` the error's, or `none` |
//! | `bedrock_nova_call_duration_seconds` | histogram | `model` `reason` | from beginning to end |
//! | `bedrock_nova_connect_duration_seconds` | histogram | `model` | from the beginning until the service accepted the first session |
//! | `bedrock_nova_turns_total` | counter | `model` `end` | turns over; `end` is a [`TurnEnd`](crate::sonic::TurnEnd) |
//! | `bedrock_nova_turn_first_text_seconds` | histogram | `model` | from the end of speech to the first word of the answer |
//! | `bedrock_nova_turn_first_audio_seconds` | histogram | `model` | from the end of speech to the first piece of sound |
//! | `bedrock_nova_turn_first_audible_seconds` | histogram | `model` | from the end of speech to the first sample that can be heard |
//! | `bedrock_nova_interruptions_total` | counter | `model` | answers cut by the user or the application |
//! | `bedrock_nova_tool_calls_total` | counter | `model` `tool` `outcome` | tool calls over; `tool` is one on offer or `unknown` |
//! | `bedrock_nova_tool_duration_seconds` | histogram | `model` `tool` `outcome` | from the call to its result, for those that ran |
//! | `bedrock_nova_tokens_total` | counter | `model` `kind` `direction` | tokens; `kind` is `speech` or `text`, `direction` `input` or `output` |
//! | `bedrock_nova_cost_nanodollars_total` | counter | `model` | cost at list prices, in 10⁻⁹ US dollars; nothing where a price is unknown |
//! | `bedrock_nova_renewals_total` | counter | `model` `reason` | calls that went on in another session |
//! | `bedrock_nova_reconnect_attempts_total` | counter | `model` `kind` `code` | attempts at another session after a loss, by what ended the one before |
//! | `bedrock_nova_reconnect_duration_seconds` | histogram | `model` | time away: from a loss to the session that follows it |
//! | `bedrock_nova_input_dropped_milliseconds_total` | counter | `model` `reason` | user audio given up; `reason` is a [`DropReason`](crate::sonic::DropReason), or `renewal` for what was too old to be told again |
//! | `bedrock_nova_budget_bounds_total` | counter | `model` `scope` `measure` `level` | bounds of budgets reached |
//! | `bedrock_nova_history_trims_total` | counter | `model` | sessions begun with less than the whole history |
//! | `bedrock_nova_gaps_total` | counter | `model` | times that the reader was too slow |
//! | `bedrock_nova_gap_events_total` | counter | `model` | events that it missed; what they told is in no other metric |
//! | `bedrock_nova_unknown_events_total` | counter | `model` | events of the service's that this version does not know, or that broke its grammar |
//! | `bedrock_nova_pool_refusals_total` | counter | `reason` | calls that a pool did not take |
//! | `bedrock_nova_pool_reaped_calls_total` | counter | | calls that a pool ended since nobody held them any more |
//! | `bedrock_nova_pool_drain_duration_seconds` | histogram | | from the beginning of a drain to the end of the last call |
//! | `bedrock_nova_pool_drain_cut_calls_total` | counter | | calls that a drain's deadline cut |
//!
//! Words in labels are spelled as in the JSON of events. The facade counts in whole numbers: so money is counted in
//! nano-dollars, of which every list price is a multiple, and dropped audio in milliseconds. A `code` is one of this
//! library's own table of failures; any other is `other`, since the service may invent some.

mod described;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Gauge, Label, SharedString, counter, gauge, histogram};

pub use self::described::describe;
use self::described::*;
use super::at_work::AtWork;
use super::words;
use crate::error::Error;
use crate::ids::ToolUseId;
use crate::model::ModelId;
use crate::sonic::event::{CloseReason, Event, Latency, RenewReason, Stamped, ToolOutcome};
use crate::sonic::wire::Tokens;
use crate::usage::Money;

/// Counts a call that a pool did not take. `why` is one of the pool's few reasons.
pub fn refused(why: &'static str) {
    counter!(POOL_REFUSALS, "reason" => why).increment(1);
}

/// Counts a call that a pool ended, since nobody held it any more.
pub fn reaped() {
    counter!(POOL_REAPED).increment(1);
}

/// Counts a drain that is over: how long it took, and how many calls its deadline cut.
pub fn drained(took: Duration, cut: u64) {
    histogram!(POOL_DRAIN_DURATION).record(took);
    counter!(POOL_DRAIN_CUT).increment(cut);
}

/// The numbers of one call: made when it is opened, shown every event, dropped with it.
///
/// A call that is dropped without [`Event::Closed`] counts as closed, for the reason `dropped`, as long as it was seen.
#[derive(Debug)]
#[must_use = "the call counts as dropped with it"]
pub struct CallMetrics {
    model: SharedString,
    /// Taken once: the call is counted out of the recorder that it was counted into.
    live: Gauge,
    state: State,
    /// Time since the call began, as of the last event.
    last: Duration,
    tokens: Tokens,
    cost: Money,
    /// User audio given up so far, by reason.
    dropped: BTreeMap<&'static str, Duration>,
    /// Since when the call has no session, after a loss.
    away: Option<Duration>,
    /// Tools that run, and since when.
    tools: AtWork<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Over,
}

impl CallMetrics {
    /// Counts a call that begins now.
    pub fn opened(model: &ModelId) -> Self {
        // Shared, and not a string of its own: every label of every event is a clone of it.
        let model = SharedString::from_shared(Arc::from(model.as_str()));
        counter!(CALLS_OPENED, "model" => model.clone()).increment(1);
        let live = gauge!(CALLS_LIVE, "model" => model.clone());
        live.increment(1.0);
        CallMetrics {
            model,
            live,
            state: State::Open,
            last: Duration::ZERO,
            tokens: Tokens::default(),
            cost: Money::default(),
            dropped: BTreeMap::new(),
            away: None,
            tools: AtWork::default(),
        }
    }

    /// Takes in the call's next event; after [`Event::Closed`] nothing counts any more.
    pub fn observe(&mut self, stamped: &Stamped) {
        if self.state == State::Over {
            return;
        }
        self.last = self.last.max(stamped.at);
        match &stamped.event {
            Event::Connected { .. } => self.connected(),
            Event::Interrupted { .. } => self.count(INTERRUPTIONS, []),
            Event::ToolCall(call) => {
                // Of one whose end was missed nobody knows how long it took.
                let _ = self.tools.begin(call.id.clone(), self.last);
            }
            Event::ToolDone { id, name, outcome } => self.tool_done(id, name, *outcome),
            Event::TurnEnded { end, latency, .. } => {
                self.count(TURNS, [label("end", words::turn_end(*end))]);
                self.waited(latency);
            }
            Event::Usage { total, cost, .. } => self.used(*total, *cost),
            Event::Budget { scope, measure, level } => {
                let scope = label("scope", words::scope(*scope));
                let measure = label("measure", words::measure(*measure));
                self.count(BUDGET_BOUNDS, [scope, measure, label("level", words::level(*level))]);
            }
            Event::Reconnecting { reason, .. } => self.lost(reason),
            Event::Renewed { reason, lost, .. } => self.renewed(*reason, *lost),
            Event::HistoryTrimmed { .. } => self.count(HISTORY_TRIMS, []),
            Event::InputDropped { duration, why } => self.input_dropped(words::dropped(*why), *duration),
            Event::Gap { events, .. } => {
                self.count(GAPS, []);
                counter!(GAP_EVENTS, self.labels([])).increment(*events);
            }
            Event::Unknown { .. } => self.count(UNKNOWN_EVENTS, []),
            Event::Closed { reason, error, .. } => self.closed(*reason, error.as_ref()),
            Event::UserSpeechStarted { .. }
            | Event::UserSpeechEnded { .. }
            | Event::Transcript(_)
            | Event::Audio(_)
            | Event::Reviewed { .. }
            | Event::UserIdle { .. } => {}
        }
    }

    fn connected(&mut self) {
        // Another region may have been tried before: the caller waited for all of it.
        self.away = None;
        histogram!(CONNECT_DURATION, self.labels([])).record(self.last);
    }

    fn tool_done(&mut self, id: &ToolUseId, name: &str, outcome: ToolOutcome) {
        let tool = Label::new("tool", words::tool(name, outcome).to_owned());
        let labels = self.labels([tool, label("outcome", words::outcome(outcome))]);
        if let Some(since) = self.tools.end(id) {
            histogram!(TOOL_DURATION, labels.clone()).record(self.last.saturating_sub(since));
        }
        counter!(TOOL_CALLS, labels).increment(1);
    }

    fn waited(&self, latency: &Latency) {
        let Latency { first_text, first_audio, first_audible } = *latency;
        for (name, waited) in [(FIRST_TEXT, first_text), (FIRST_AUDIO, first_audio), (FIRST_AUDIBLE, first_audible)] {
            if let Some(waited) = waited {
                histogram!(name, self.labels([])).record(waited);
            }
        }
    }

    /// Totals are compared, and not deltas summed: those of an event that was lost are in the next one.
    fn used(&mut self, total: Tokens, cost: Option<Money>) {
        let Tokens { speech_in, text_in, speech_out, text_out } = total.since(self.tokens);
        self.tokens = total;
        let counts = [
            ("speech", "input", speech_in),
            ("text", "input", text_in),
            ("speech", "output", speech_out),
            ("text", "output", text_out),
        ];
        for (kind, direction, count) in counts.into_iter().filter(|(_, _, count)| *count > 0) {
            counter!(TOKENS, self.labels([label("kind", kind), label("direction", direction)])).increment(count);
        }
        if let Some(cost) = cost {
            let more = grown(self.cost.pico_dollars(), cost.pico_dollars(), PICO_IN_A_NANO);
            counter!(COST, self.labels([])).increment(more);
            self.cost = cost;
        }
    }

    fn lost(&mut self, reason: &Error) {
        self.away.get_or_insert(self.last);
        let kind = label("kind", reason.kind().as_str());
        self.count(RECONNECT_ATTEMPTS, [kind, label("code", words::code(reason))]);
    }

    fn renewed(&mut self, reason: RenewReason, lost: Duration) {
        self.count(RENEWALS, [label("reason", words::renewed(reason))]);
        if let Some(since) = self.away.take() {
            histogram!(RECONNECT_DURATION, self.labels([])).record(self.last.saturating_sub(since));
        }
        if !lost.is_zero() {
            self.input_dropped("renewal", lost);
        }
    }

    fn input_dropped(&mut self, why: &'static str, duration: Duration) {
        let before = self.dropped.get(why).copied().unwrap_or_default();
        let after = before.saturating_add(duration);
        self.dropped.insert(why, after);
        let more = grown(before.as_nanos(), after.as_nanos(), NANOS_IN_A_MILLI);
        counter!(INPUT_DROPPED, self.labels([label("reason", why)])).increment(more);
    }

    fn closed(&mut self, reason: CloseReason, error: Option<&Error>) {
        self.over(words::closed(reason), error.map_or(NO_CODE, words::code));
    }

    fn over(&mut self, reason: &'static str, code: &'static str) {
        self.state = State::Over;
        self.live.decrement(1.0);
        self.count(CALLS_CLOSED, [label("reason", reason), label("code", code)]);
        histogram!(CALL_DURATION, self.labels([label("reason", reason)])).record(self.last);
    }

    fn count<const N: usize>(&self, name: &'static str, more: [Label; N]) {
        counter!(name, self.labels(more)).increment(1);
    }

    fn labels<const N: usize>(&self, more: [Label; N]) -> Vec<Label> {
        std::iter::once(Label::new("model", self.model.clone())).chain(more).collect()
    }
}

impl Drop for CallMetrics {
    fn drop(&mut self) {
        if self.state == State::Open {
            self.over(words::DROPPED, NO_CODE);
        }
    }
}

fn label(key: &'static str, word: &'static str) -> Label {
    Label::from_static_parts(key, word)
}

/// Says how many whole units a sum has grown by: what is left of one is counted when it is whole.
fn grown(before: u128, after: u128, unit: u128) -> u64 {
    u64::try_from((after / unit).saturating_sub(before / unit)).unwrap_or(u64::MAX)
}

const PICO_IN_A_NANO: u128 = 1_000;
const NANOS_IN_A_MILLI: u128 = 1_000_000;
const NO_CODE: &str = "none";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_unit_is_counted_when_it_is_whole() {
        let steps = [0, 400, 900, 1_300, 3_999, 4_000];
        let grown: Vec<_> = steps.windows(2).map(|pair| grown(pair[0], pair[1], 1_000)).collect();
        assert_eq!(grown, [0, 0, 1, 2, 1]);
    }
}
