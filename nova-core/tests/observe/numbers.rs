//! Numbers: each from its event, right however a call ends, and with few labels.

use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::observe::{CallMetrics, metrics as numbers_of};
use bedrock_nova::sonic::{CloseReason, DropReason, Event, RenewReason, ToolOutcome, TurnEnd};
use bedrock_nova::usage::{BudgetLevel, BudgetMeasure, BudgetScope};
use metrics_util::debugging::DebugValue;

use crate::events::*;
use crate::look::{lines, model, numbers, recorded};

/// The lines of some metrics.
fn only(lines: &[String], names: &[&str]) -> Vec<String> {
    lines.iter().filter(|line| names.iter().any(|name| line.starts_with(name))).cloned().collect()
}

#[test]
fn an_open_call_is_live() {
    recorded(|snapshots| {
        let call = CallMetrics::opened(&model());
        let other = CallMetrics::opened(&model());
        assert_eq!(lines(snapshots), ["calls_opened_total 2", "calls_live 2"]);
        drop((call, other));
    });
}

#[test]
fn a_call_is_counted_out_once() {
    let over = closed(CloseReason::Finished, None);
    let seen = numbers(&stamped([(300, connected()), (9_000, over.clone()), (9_999, over), (9_999, connected())]));
    let expected = [
        "calls_opened_total 1",
        "calls_live 0",
        "connect_duration_seconds 0.300",
        "calls_closed_total{reason=finished code=none} 1",
        "call_duration_seconds{reason=finished} 9.000",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_call_that_is_dropped_is_over_where_it_was_last_seen() {
    let expected = [
        "calls_opened_total 1",
        "calls_live 0",
        "connect_duration_seconds 0.300",
        "calls_closed_total{reason=dropped code=none} 1",
        "call_duration_seconds{reason=dropped} 4.000",
    ];
    assert_eq!(numbers(&stamped([(300, connected()), (4_000, user(1))])), expected);
    assert_eq!(
        numbers(&[])[2..],
        ["calls_closed_total{reason=dropped code=none} 1", "call_duration_seconds{reason=dropped} 0.000"]
    );
}

#[test]
fn a_failed_call_names_the_code_if_it_is_ours() {
    for (code, told) in [("E-531", "E-531"), ("lost", "lost"), ("plantedException", "other")] {
        let failed = closed(CloseReason::Failed, Some(error(ErrorKind::Unavailable, code)));
        let expected = format!("calls_closed_total{{reason=failed code={told}}} 1");
        assert_eq!(only(&numbers(&stamped([(500, failed)])), &["calls_closed"]), [expected]);
    }
}

#[test]
fn turns_are_counted_by_end_and_timed_as_far_as_they_came() {
    let seen = numbers(&stamped([
        (5_000, turn_ended(1, TurnEnd::Answered, [800, 900, 950])),
        (7_000, interrupted(2, 400)),
        (7_000, turn_ended(2, TurnEnd::Interrupted, [600, 700, 0])),
        (9_000, turn_ended(3, TurnEnd::NoAnswer, [0, 0, 0])),
        (9_900, turn_ended(4, TurnEnd::Answered, [0, 0, 0])),
    ]));
    let expected = [
        "turns_total{end=answered} 2",
        "turn_first_text_seconds 0.800 0.600",
        "turn_first_audio_seconds 0.900 0.700",
        "turn_first_audible_seconds 0.950",
        "interruptions_total 1",
        "turns_total{end=interrupted} 1",
        "turns_total{end=noAnswer} 1",
    ];
    assert_eq!(only(&seen, &["turn", "interruptions"]), expected);
}

#[test]
fn tools_are_timed_if_they_ran_and_named_if_they_are_on_offer() {
    let seen = numbers(&stamped([
        (1_000, tool_call(1, "a", "get_weather")),
        (1_100, tool_call(1, "b", "get_weather")),
        (1_700, tool_done("a", "get_weather", ToolOutcome::Answered)),
        (1_800, tool_done("c", "planted_name", ToolOutcome::UnknownTool)),
        (1_900, tool_done("d", "get_time", ToolOutcome::BadArguments)),
        (6_100, tool_done("b", "get_weather", ToolOutcome::TimedOut)),
    ]));
    let expected = [
        "tool_duration_seconds{tool=get_weather outcome=answered} 0.700",
        "tool_calls_total{tool=get_weather outcome=answered} 1",
        "tool_calls_total{tool=unknown outcome=unknownTool} 1",
        "tool_calls_total{tool=get_time outcome=badArguments} 1",
        "tool_duration_seconds{tool=get_weather outcome=timedOut} 5.000",
        "tool_calls_total{tool=get_weather outcome=timedOut} 1",
    ];
    assert_eq!(only(&seen, &["tool"]), expected);
}

#[test]
fn tokens_and_money_come_from_totals_whatever_was_missed_between() {
    let seen = numbers(&stamped([
        (1_000, usage([36, 80, 0, 0], Some(134_400_000))),
        (1_100, usage([36, 80, 0, 4], Some(145_400_900))),
        // Many counts were missed here.
        (9_000, usage([151, 206, 306, 67], Some(4_377_231_000))),
    ]));
    let expected = [
        "tokens_total{kind=speech direction=input} 151",
        "tokens_total{kind=text direction=input} 206",
        "cost_nanodollars_total 4377231",
        "tokens_total{kind=text direction=output} 67",
        "tokens_total{kind=speech direction=output} 306",
    ];
    assert_eq!(only(&seen, &["tokens", "cost"]), expected);
    let unpriced = numbers(&stamped([(1_000, usage([36, 80, 0, 0], None))]));
    assert_eq!(only(&unpriced, &["cost"]), [""; 0], "an unknown price is not zero");
}

#[test]
fn time_away_is_from_the_first_loss_to_the_session_that_follows() {
    let seen = numbers(&stamped([
        (300, connected()),
        (5_000, reconnecting(1, ErrorKind::Transport, "lost")),
        (5_400, reconnecting(2, ErrorKind::Throttled, "throttlingException")),
        (6_500, renewed(2, RenewReason::Recovery, 0)),
        (365_000, renewed(3, RenewReason::Age, 0)),
        (500_000, reconnecting(1, ErrorKind::Transport, "lost")),
        (501_000, closed(CloseReason::Failed, Some(error(ErrorKind::Transport, "lost")))),
    ]));
    let expected = [
        "reconnect_attempts_total{kind=transport code=lost} 2",
        "reconnect_attempts_total{kind=throttled code=throttlingException} 1",
        "renewals_total{reason=recovery} 1",
        "reconnect_duration_seconds 1.500",
        "renewals_total{reason=age} 1",
    ];
    assert_eq!(only(&seen, &["reconnect", "renewals"]), expected);
}

#[test]
fn a_first_session_that_took_two_regions_is_no_time_away() {
    let seen = numbers(&stamped([
        (4_000, reconnecting(1, ErrorKind::Timeout, "connect-timeout")),
        (4_300, connected()),
        (9_000, renewed(2, RenewReason::Age, 0)),
    ]));
    assert_eq!(only(&seen, &["connect_duration"]), ["connect_duration_seconds 4.300"]);
    assert_eq!(only(&seen, &["reconnect_duration"]), [""; 0]);
}

#[test]
fn what_was_lost_is_counted_by_reason_down_to_the_millisecond() {
    let dropped = |micros: u64, why| Event::InputDropped { duration: Duration::from_micros(micros), why };
    let seen = numbers(&stamped([
        (1_000, dropped(30_600, DropReason::Stale)),
        (2_000, dropped(30_600, DropReason::Stale)),
        (3_000, dropped(2_000, DropReason::HalfDuplex)),
        (4_000, renewed(2, RenewReason::Recovery, 1_200)),
        (5_000, Event::Gap { events: 7, audio: ms(560) }),
        (6_000, Event::HistoryTrimmed { lines: 3, bytes: 90 }),
        (7_000, Event::Unknown { name: "plantedEvent".into(), body: "planted words".into() }),
    ]));
    let expected = [
        "input_dropped_milliseconds_total{reason=stale} 61",
        "input_dropped_milliseconds_total{reason=halfDuplex} 2",
        "input_dropped_milliseconds_total{reason=renewal} 1200",
        "gaps_total 1",
        "gap_events_total 7",
        "history_trims_total 1",
        "unknown_events_total 1",
    ];
    assert_eq!(only(&seen, &["input", "gap", "history", "unknown"]), expected);
}

#[test]
fn bounds_of_budgets_are_counted() {
    let (scope, measure) = (BudgetScope::Owner, BudgetMeasure::Cost);
    let soft = Event::Budget { scope, measure, level: BudgetLevel::Soft };
    let hard = Event::Budget { scope: BudgetScope::Call, measure, level: BudgetLevel::Hard };
    let expected = [
        "budget_bounds_total{scope=owner measure=cost level=soft} 1",
        "budget_bounds_total{scope=call measure=cost level=hard} 1",
    ];
    assert_eq!(only(&numbers(&stamped([(1_000, soft), (2_000, hard)])), &["budget"]), expected);
}

#[test]
fn a_pool_counts_what_no_call_tells() {
    recorded(|snapshots| {
        numbers_of::refused("full");
        numbers_of::refused("full");
        numbers_of::reaped();
        numbers_of::drained(Duration::from_secs(12), 3);
        let expected = [
            "pool_refusals_total{reason=full} 2",
            "pool_reaped_calls_total 1",
            "pool_drain_duration_seconds 12.000",
            "pool_drain_cut_calls_total 3",
        ];
        assert_eq!(lines(snapshots), expected);
    });
}

#[test]
fn every_metric_is_described_with_its_unit() {
    recorded(|snapshots| {
        numbers_of::describe();
        let mut call = CallMetrics::opened(&model());
        stamped([(1_000, usage([1, 1, 1, 1], Some(9_000))), (2_000, turn_ended(1, TurnEnd::Answered, [1, 2, 3]))])
            .iter()
            .for_each(|event| call.observe(event));
        drop(call);
        for (key, unit, what, value) in snapshots.snapshot().into_vec() {
            let name = key.key().name();
            let seconds = matches!(value, DebugValue::Histogram(_));
            assert_eq!(unit, Some(if seconds { metrics::Unit::Seconds } else { metrics::Unit::Count }), "{name}");
            assert!(what.is_some_and(|what| what.ends_with('.')), "{name}");
            assert!(key.key().labels().any(|label| label.key() == "model"), "{name}");
        }
    });
}

#[test]
fn a_call_is_counted_out_of_the_recorder_that_it_was_counted_into() {
    recorded(|snapshots| {
        let call = CallMetrics::opened(&model());
        recorded(|_| drop(call));
        assert_eq!(lines(snapshots), ["calls_opened_total 1", "calls_live 0"]);
    });
}
