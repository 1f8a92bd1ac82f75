//! The name of every metric, and what a recorder is told of it.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub(super) const CALLS_LIVE: &str = "bedrock_nova_calls_live";
pub(super) const CALLS_OPENED: &str = "bedrock_nova_calls_opened_total";
pub(super) const CALLS_CLOSED: &str = "bedrock_nova_calls_closed_total";
pub(super) const CALL_DURATION: &str = "bedrock_nova_call_duration_seconds";
pub(super) const CONNECT_DURATION: &str = "bedrock_nova_connect_duration_seconds";
pub(super) const TURNS: &str = "bedrock_nova_turns_total";
pub(super) const FIRST_TEXT: &str = "bedrock_nova_turn_first_text_seconds";
pub(super) const FIRST_AUDIO: &str = "bedrock_nova_turn_first_audio_seconds";
pub(super) const FIRST_AUDIBLE: &str = "bedrock_nova_turn_first_audible_seconds";
pub(super) const INTERRUPTIONS: &str = "bedrock_nova_interruptions_total";
pub(super) const TOOL_CALLS: &str = "bedrock_nova_tool_calls_total";
pub(super) const TOOL_DURATION: &str = "bedrock_nova_tool_duration_seconds";
pub(super) const TOKENS: &str = "bedrock_nova_tokens_total";
pub(super) const COST: &str = "bedrock_nova_cost_nanodollars_total";
pub(super) const RENEWALS: &str = "bedrock_nova_renewals_total";
pub(super) const RECONNECT_ATTEMPTS: &str = "bedrock_nova_reconnect_attempts_total";
pub(super) const RECONNECT_DURATION: &str = "bedrock_nova_reconnect_duration_seconds";
pub(super) const INPUT_DROPPED: &str = "bedrock_nova_input_dropped_milliseconds_total";
pub(super) const BUDGET_BOUNDS: &str = "bedrock_nova_budget_bounds_total";
pub(super) const HISTORY_TRIMS: &str = "bedrock_nova_history_trims_total";
pub(super) const GAPS: &str = "bedrock_nova_gaps_total";
pub(super) const GAP_EVENTS: &str = "bedrock_nova_gap_events_total";
pub(super) const UNKNOWN_EVENTS: &str = "bedrock_nova_unknown_events_total";
pub(super) const POOL_REFUSALS: &str = "bedrock_nova_pool_refusals_total";
pub(super) const POOL_REAPED: &str = "bedrock_nova_pool_reaped_calls_total";
pub(super) const POOL_DRAIN_DURATION: &str = "bedrock_nova_pool_drain_duration_seconds";
pub(super) const POOL_DRAIN_CUT: &str = "bedrock_nova_pool_drain_cut_calls_total";

/// Tells the recorder what each metric is and in which unit. Once, when the program begins; without it the numbers
/// are the same and nobody explains them.
pub fn describe() {
    for Described { kind, name, unit, what } in DESCRIBED {
        match kind {
            Kind::Counter => describe_counter!(name, unit, what),
            Kind::Gauge => describe_gauge!(name, unit, what),
            Kind::Histogram => describe_histogram!(name, unit, what),
        }
    }
}

/// What a recorder is told of a metric.
#[derive(Clone, Copy)]
struct Described {
    kind: Kind,
    name: &'static str,
    unit: Unit,
    what: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

const fn counts(name: &'static str, what: &'static str) -> Described {
    Described { kind: Kind::Counter, name, unit: Unit::Count, what }
}

const fn seconds(name: &'static str, what: &'static str) -> Described {
    Described { kind: Kind::Histogram, name, unit: Unit::Seconds, what }
}

const DESCRIBED: [Described; 27] = [
    Described { kind: Kind::Gauge, name: CALLS_LIVE, unit: Unit::Count, what: "Calls that are open." },
    counts(CALLS_OPENED, "Calls begun."),
    counts(CALLS_CLOSED, "Calls over, by reason and by the code of the error that ended them."),
    seconds(CALL_DURATION, "From the beginning of a call to its end."),
    seconds(CONNECT_DURATION, "From the beginning of a call until the service accepted its first session."),
    counts(TURNS, "Turns over, by how they ended."),
    seconds(FIRST_TEXT, "From the end of speech to the first word of the answer's text."),
    seconds(FIRST_AUDIO, "From the end of speech to the first piece of the answer's sound."),
    seconds(FIRST_AUDIBLE, "From the end of speech to the first sample of the answer that can be heard."),
    counts(INTERRUPTIONS, "Answers cut by the user or the application."),
    counts(TOOL_CALLS, "Tool calls over, by tool and outcome."),
    seconds(TOOL_DURATION, "From a tool call to its result, for those that ran."),
    counts(TOKENS, "Tokens used, by kind and direction."),
    counts(COST, "Cost at list prices, in billionths of a US dollar; nothing where a price is unknown."),
    counts(RENEWALS, "Calls that went on in another session, by reason."),
    counts(RECONNECT_ATTEMPTS, "Attempts at another session after a loss, by what ended the one before."),
    seconds(RECONNECT_DURATION, "From the loss of a session to the one that follows it."),
    Described {
        kind: Kind::Counter,
        name: INPUT_DROPPED,
        unit: Unit::Milliseconds,
        what: "User audio given up, by reason.",
    },
    counts(BUDGET_BOUNDS, "Bounds of budgets reached."),
    counts(HISTORY_TRIMS, "Sessions begun with less than the whole history."),
    counts(GAPS, "Times that the reader of a call was too slow."),
    counts(GAP_EVENTS, "Events that the reader of a call missed."),
    counts(UNKNOWN_EVENTS, "Events of the service's that this version does not know, or that broke its grammar."),
    counts(POOL_REFUSALS, "Calls that a pool did not take, by reason."),
    counts(POOL_REAPED, "Calls that a pool ended since nobody held them any more."),
    seconds(POOL_DRAIN_DURATION, "From the beginning of a pool's drain to the end of its last call."),
    counts(POOL_DRAIN_CUT, "Calls that the deadline of a pool's drain cut."),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the documentation.
    fn table() -> Vec<(&'static str, &'static str)> {
        let rows = include_str!("../metrics.rs").lines().filter_map(|line| line.strip_prefix("//! | `bedrock_nova_"));
        let cells = rows.map(|row| row.split('|').map(|cell| cell.trim().trim_end_matches('`')));
        cells.filter_map(|mut cells| Some((cells.next()?, cells.next()?))).collect()
    }

    #[test]
    fn the_table_of_the_documentation_is_what_is_described() {
        let described: Vec<_> = DESCRIBED
            .iter()
            .map(|Described { kind, name, .. }| {
                let kind = match kind {
                    Kind::Counter => "counter",
                    Kind::Gauge => "gauge",
                    Kind::Histogram => "histogram",
                };
                (name.trim_start_matches("bedrock_nova_"), kind)
            })
            .collect();
        assert_eq!(table(), described);
    }

    #[test]
    fn names_say_kind_and_unit() {
        for Described { kind, name, unit, .. } in DESCRIBED {
            assert_eq!(kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert_eq!(kind == Kind::Histogram, name.ends_with("_seconds"), "{name}");
            assert_eq!(unit == Unit::Milliseconds, name.contains("_milliseconds"), "{name}");
        }
    }
}
