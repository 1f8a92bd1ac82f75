//! Traces: every span with its times, its parent and what the conventions ask for.

use bedrock_nova::ErrorKind;
use bedrock_nova::ids::CallId;
use bedrock_nova::sonic::observe::CallSpans;
use bedrock_nova::sonic::{CloseReason, DropReason, Event, RenewReason, Stamped, ToolOutcome, TurnEnd};
use bedrock_nova::usage::{BudgetLevel, BudgetMeasure, BudgetScope};
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, global};

use crate::events::*;
use crate::look::{Traces, attribute, model, origin, spans, tree};

fn drawn(events: &[Stamped]) -> Vec<String> {
    tree(&spans(events), &[])
}

#[test]
fn a_call_is_a_tree_of_turns_and_tools() {
    let events = stamped([
        (300, connected()),
        (1_500, speech_ended()),
        (1_600, user(1)),
        (1_700, tool_call(1, "a", "get_weather")),
        (2_400, tool_done("a", "get_weather", ToolOutcome::Answered)),
        (2_900, assistant(1)),
        (3_000, audio(1)),
        (3_200, audio(1)),
        (4_000, turn_ended(1, TurnEnd::Answered, [1_700, 1_800, 1_850])),
        (6_000, user(2)),
        (6_500, assistant(2)),
        (6_500, audio(2)),
        (7_000, interrupted(2, 300)),
        (7_000, turn_ended(2, TurnEnd::Interrupted, [500, 500, 520])),
        (9_000, closed(CloseReason::Finished, None)),
    ]);
    let expected = [
        "invoke_agent 0–9000",
        "· bedrock_nova.connected 300",
        // The service said so at 1500, but the answer tells that the user had ended at 1200.
        "  chat m 1200–4000",
        "  · bedrock_nova.first_text 2900",
        "  · bedrock_nova.first_audio 3000",
        "  · bedrock_nova.first_audible 3050",
        "    execute_tool get_weather 1700–2400",
        "  chat m 6000–7000",
        "  · bedrock_nova.first_text 6500",
        "  · bedrock_nova.first_audio 6500",
        "  · bedrock_nova.first_audible 6520",
        "  · bedrock_nova.interrupted 7000",
    ];
    assert_eq!(drawn(&events), expected);
}

#[test]
fn spans_say_what_the_conventions_ask_for() {
    let events = stamped([
        (1_600, user(1)),
        (1_700, tool_call(1, "a", "get_weather")),
        (2_400, tool_done("a", "get_weather", ToolOutcome::Answered)),
        (2_900, assistant(1)),
        (3_000, usage([36, 80, 0, 13], Some(171_000_000))),
        (4_000, turn_ended(1, TurnEnd::Answered, [1_700, 1_800, 1_850])),
        (9_000, closed(CloseReason::Finished, None)),
    ]);
    let spans = spans(&events);
    let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let expect = |name: &str, kind: SpanKind, expected: &[(&str, &str)]| {
        let span = find(name);
        assert_eq!(span.span_kind, kind, "{name}");
        for (key, value) in expected {
            assert_eq!(attribute(span, key).as_deref(), Some(*value), "{name}: {key}");
        }
        assert_eq!(attribute(span, "error.type"), None, "{name}");
        assert_eq!(attribute(span, "gen_ai.conversation.id").as_deref(), Some("c-1"), "{name}");
    };
    let call = [
        ("gen_ai.operation.name", "invoke_agent"),
        ("gen_ai.provider.name", "aws.bedrock"),
        ("gen_ai.request.model", "m"),
        ("gen_ai.usage.input_tokens", "116"),
        ("gen_ai.usage.output_tokens", "13"),
        ("bedrock_nova.cost.dollars", "0.000171"),
        ("bedrock_nova.close.reason", "finished"),
    ];
    expect("invoke_agent", SpanKind::Internal, &call);
    let turn = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "aws.bedrock"),
        ("gen_ai.request.model", "m"),
        ("gen_ai.output.type", "speech"),
        ("gen_ai.response.time_to_first_chunk", "1.7"),
        ("gen_ai.usage.input_tokens", "116"),
        ("gen_ai.usage.output_tokens", "13"),
        ("bedrock_nova.turn", "1"),
        ("bedrock_nova.turn.end", "answered"),
    ];
    expect("chat m", SpanKind::Client, &turn);
    let tool = [
        ("gen_ai.operation.name", "execute_tool"),
        ("gen_ai.tool.name", "get_weather"),
        ("gen_ai.tool.call.id", "a"),
        ("gen_ai.tool.type", "function"),
        ("bedrock_nova.tool.outcome", "answered"),
    ];
    expect("execute_tool get_weather", SpanKind::Internal, &tool);
}

#[test]
fn the_last_tokens_of_an_answer_are_its_own_although_they_are_counted_behind_it() {
    let events = stamped([
        (500, usage([5, 5, 0, 0], None)),
        (1_000, user(1)),
        (1_000, usage([40, 85, 0, 0], None)),
        (2_000, turn_ended(1, TurnEnd::Answered, [500, 500, 500])),
        (2_000, usage([40, 85, 42, 20], None)),
        (3_000, user(2)),
        (3_100, usage([70, 90, 42, 20], None)),
        (4_000, turn_ended(2, TurnEnd::Answered, [500, 500, 500])),
        (4_000, usage([70, 90, 60, 30], None)),
        (9_000, closed(CloseReason::Finished, None)),
    ]);
    let counts = ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"];
    let spans: Vec<_> = tree(&spans(&events), &counts).into_iter().filter(|line| !line.contains('·')).collect();
    let expected = [
        "invoke_agent 0–9000 gen_ai.usage.input_tokens=160 gen_ai.usage.output_tokens=90",
        "  chat m 1000–2000 gen_ai.usage.input_tokens=115 gen_ai.usage.output_tokens=62",
        "  chat m 3000–4000 gen_ai.usage.input_tokens=35 gen_ai.usage.output_tokens=28",
    ];
    assert_eq!(spans, expected);
}

#[test]
fn a_turn_is_handed_on_when_the_next_one_is_seen() {
    let traces = Traces::new();
    let mut call = traces.call();
    let ended = || traces.ended().len();
    for event in stamped([(1_000, user(1)), (2_000, turn_ended(1, TurnEnd::Answered, [500, 500, 500]))]) {
        call.observe(&event);
    }
    assert_eq!(ended(), 0);
    // The final text of an answer comes late.
    for (event, handed_on) in stamped([(2_500, assistant(1)), (3_000, user(2))]).iter().zip([0, 1]) {
        call.observe(event);
        assert_eq!(ended(), handed_on);
    }
}

#[test]
fn a_tool_that_outlives_its_turn_is_still_under_it() {
    let events = stamped([
        (1_000, user(1)),
        (1_500, tool_call(1, "a", "get_weather")),
        (2_000, turn_ended(1, TurnEnd::Interrupted, [0, 0, 0])),
        (2_500, user(2)),
        (5_000, tool_done("a", "get_weather", ToolOutcome::Answered)),
        (6_000, turn_ended(2, TurnEnd::Answered, [0, 0, 0])),
        (9_000, closed(CloseReason::Finished, None)),
    ]);
    let expected =
        ["invoke_agent 0–9000", "  chat m 1000–2000", "    execute_tool get_weather 1500–5000", "  chat m 2500–6000"];
    assert_eq!(drawn(&events), expected);
}

#[test]
fn what_ended_badly_says_so_in_a_word() {
    let events = stamped([
        (1_000, user(1)),
        (1_500, tool_call(1, "a", "get_weather")),
        (2_000, tool_done("a", "get_weather", ToolOutcome::TimedOut)),
        (2_100, tool_done("b", "planted_name", ToolOutcome::UnknownTool)),
        (2_200, tool_call(1, "c", "get_time")),
        (2_300, tool_done("c", "get_time", ToolOutcome::Cancelled)),
        (9_000, turn_ended(1, TurnEnd::NoAnswer, [0, 0, 0])),
        (9_500, closed(CloseReason::Failed, Some(error(ErrorKind::Unavailable, "E-531")))),
    ]);
    let expected = [
        "invoke_agent 0–9500 failed error.type=E-531",
        "  chat m 1000–9000 failed error.type=noAnswer",
        "    execute_tool get_weather 1500–2000 failed error.type=timedOut",
        "    execute_tool unknown 2100–2100 failed error.type=unknownTool",
        "    execute_tool get_time 2200–2300",
    ];
    assert_eq!(tree(&spans(&events), &["error.type"]), expected);
}

#[test]
fn a_loss_is_a_span_of_its_own_and_no_error_of_the_call() {
    let events = stamped([
        (5_000, reconnecting(1, ErrorKind::Transport, "lost")),
        (5_400, reconnecting(2, ErrorKind::Throttled, "throttlingException")),
        (6_500, renewed(2, RenewReason::Recovery, 1_200)),
        (9_000, closed(CloseReason::Finished, None)),
    ]);
    let expected = [
        "invoke_agent 0–9000",
        "· bedrock_nova.renewed 6500 bedrock_nova.reason=recovery bedrock_nova.lost.seconds=1.2 aws.request_id=r-2",
        "  bedrock_nova.reconnect 5000–6500 bedrock_nova.attempts=2",
        "  · bedrock_nova.attempt 5000 error.type=lost",
        "  · bedrock_nova.attempt 5400 error.type=throttlingException",
    ];
    let look_for =
        ["error.type", "aws.request_id", "bedrock_nova.reason", "bedrock_nova.lost.seconds", "bedrock_nova.attempts"];
    assert_eq!(tree(&spans(&events), &look_for), expected);
}

#[test]
fn a_loss_that_nothing_follows_fails_with_the_call() {
    let events = stamped([
        (5_000, reconnecting(1, ErrorKind::Transport, "lost")),
        (9_000, closed(CloseReason::Failed, Some(error(ErrorKind::Transport, "unreachable")))),
    ]);
    let expected = [
        "invoke_agent 0–9000 failed error.type=unreachable",
        "  bedrock_nova.reconnect 5000–9000 failed error.type=unreachable",
        "  · bedrock_nova.attempt 5000 error.type=lost",
    ];
    assert_eq!(tree(&spans(&events), &["error.type"]), expected);
}

#[test]
fn the_call_notes_what_has_no_length() {
    let (scope, measure, level) = (BudgetScope::Call, BudgetMeasure::Time, BudgetLevel::Hard);
    let events = stamped([
        (1_000, Event::InputDropped { duration: ms(500), why: DropReason::Stale }),
        (2_000, Event::Budget { scope, measure, level }),
        (3_000, Event::HistoryTrimmed { lines: 3, bytes: 90 }),
        (4_000, Event::Gap { events: 7, audio: ms(0) }),
        (5_000, interrupted(9, 400)),
        (6_000, closed(CloseReason::Budget, None)),
    ]);
    let expected = [
        "invoke_agent 0–6000",
        "· bedrock_nova.input_dropped 1000 bedrock_nova.reason=stale bedrock_nova.duration.seconds=0.5",
        "· bedrock_nova.budget 2000 bedrock_nova.budget.measure=time bedrock_nova.budget.level=hard",
        "· bedrock_nova.history_trimmed 3000 bedrock_nova.lines=3",
        "· bedrock_nova.gap 4000 bedrock_nova.events=7",
    ];
    let look_for = [
        "bedrock_nova.reason",
        "bedrock_nova.duration.seconds",
        "bedrock_nova.budget.measure",
        "bedrock_nova.budget.level",
        "bedrock_nova.lines",
        "bedrock_nova.events",
    ];
    assert_eq!(tree(&spans(&events), &look_for)[..5], expected);
}

#[test]
fn an_answer_that_was_given_and_is_cut_while_it_plays_is_the_calls_to_note() {
    let events = stamped([
        (1_000, user(1)),
        (2_000, turn_ended(1, TurnEnd::Answered, [500, 500, 500])),
        (2_700, interrupted(1, 700)),
        (4_000, closed(CloseReason::Finished, None)),
    ]);
    let expected = [
        "invoke_agent 0–4000",
        "· bedrock_nova.interrupted 2700 bedrock_nova.turn=1 bedrock_nova.heard.seconds=0.7",
        "  chat m 1000–2000 bedrock_nova.turn=1",
    ];
    let drawn = tree(&spans(&events), &["bedrock_nova.turn", "bedrock_nova.heard.seconds"]);
    assert_eq!(drawn.into_iter().filter(|line| !line.contains("first")).collect::<Vec<_>>(), expected);
}

#[test]
fn a_dropped_call_ends_whatever_is_open() {
    let events = stamped([
        (1_000, user(1)),
        (1_500, tool_call(1, "a", "get_weather")),
        (1_800, tool_call(0, "b", "get_time")),
        (2_000, reconnecting(1, ErrorKind::Transport, "lost")),
        (2_500, assistant(1)),
    ]);
    let expected = [
        "invoke_agent 0–2500 bedrock_nova.close.reason=dropped",
        "  chat m 1000–2500 bedrock_nova.turn.end=dropped",
        "  · bedrock_nova.first_text 2500",
        "    execute_tool get_weather 1500–2500 bedrock_nova.tool.outcome=dropped",
        "  execute_tool get_time 1800–2500 bedrock_nova.tool.outcome=dropped",
        "  bedrock_nova.reconnect 2000–2500",
        "  · bedrock_nova.attempt 2000",
    ];
    let look_for = ["bedrock_nova.close.reason", "bedrock_nova.turn.end", "bedrock_nova.tool.outcome"];
    assert_eq!(tree(&spans(&events), &look_for), expected);
}

#[test]
fn a_call_is_under_whatever_is_current_where_it_begins() {
    let traces = Traces::new();
    let request = traces.tracer().start("request");
    let _current = Context::current_with_span(request).attach();
    let mut call = traces.call();
    call.observe(&stamped([(1_000, user(1))])[0]);
    drop(call);
    let parent = Context::current().span().span_context().clone();
    let spans = traces.ended();
    let call = spans.iter().find(|span| span.name == "invoke_agent").unwrap();
    assert_eq!(call.parent_span_id, parent.span_id());
    assert!(spans.iter().all(|span| span.span_context.trace_id() == parent.trace_id()));
}

#[test]
fn the_global_tracer_is_asked_by_our_name() {
    let traces = Traces::new();
    global::set_tracer_provider(traces.provider());
    drop(CallSpans::new(&CallId::from("c-1"), &model(), origin()));
    let spans = traces.ended();
    let scope = &spans[0].instrumentation_scope;
    assert_eq!((scope.name(), scope.version()), ("bedrock-nova", Some(env!("CARGO_PKG_VERSION"))));
    assert_eq!(scope.schema_url(), Some("https://opentelemetry.io/schemas/1.41.0"));
}

#[test]
fn observers_go_wherever_a_call_goes() {
    fn is_portable<T: Send + Sync + 'static>() {}
    is_portable::<CallSpans>();
    is_portable::<bedrock_nova::sonic::observe::CallMetrics>();
}
