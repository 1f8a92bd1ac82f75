//! A real call, torn: dropped after every event, and with any event missing. Whatever is left of it, it is counted out,
//! every span ends, and none ends before it begins.

use bedrock_nova::sonic::{Event, Stamped};

use crate::look::{numbers, origin, spans};
use crate::played::a_call_with_everything;

#[track_caller]
pub fn assert_whole(events: &[Stamped], what: &str) {
    let lines = numbers(events);
    assert!(lines.contains(&"calls_live 0".to_owned()), "{what}: {lines:#?}");
    let closed: Vec<_> = lines.iter().filter(|line| line.starts_with("calls_closed")).collect();
    assert!(closed.len() == 1 && closed[0].ends_with(" 1"), "{what}: {closed:?}");

    let spans = spans(events);
    let last = events.last().map(|event| event.at).unwrap_or_default();
    let roots: Vec<_> = spans.iter().filter(|span| span.name == "invoke_agent").collect();
    assert_eq!(roots.len(), 1, "{what}");
    for span in &spans {
        assert!(origin() <= span.start_time && span.start_time <= span.end_time, "{what}: {span:?}");
        assert!(span.end_time <= origin() + last, "{what}: {span:?}");
        let parent = spans.iter().find(|parent| parent.span_context.span_id() == span.parent_span_id);
        assert!(parent.is_some() || span.name == "invoke_agent", "{what}: an orphan {span:?}");
    }
    let turns = spans.iter().filter(|span| span.name.starts_with("chat")).count();
    let ended = events.iter().filter(|event| matches!(event.event, Event::TurnEnded { .. })).count();
    assert!(turns >= ended, "{what}: {turns} spans for {ended} turns that ended");
    let tools = spans.iter().filter(|span| span.name.starts_with("execute_tool")).count();
    let done = events.iter().filter(|event| matches!(event.event, Event::ToolDone { .. })).count();
    assert!(tools >= done, "{what}: {tools} spans for {done} tools");
}

/// The call without most of its sound: that has the same event forty times in a row.
fn short() -> Vec<Stamped> {
    let mut events = a_call_with_everything().events;
    let mut pieces = 0;
    events.retain(|stamped| {
        pieces = if matches!(stamped.event, Event::Audio(_)) { pieces + 1 } else { 0 };
        pieces < 3
    });
    events
}

#[test]
fn a_call_may_be_dropped_after_any_event() {
    let events = short();
    for length in 0..=events.len() {
        assert_whole(&events[..length], &format!("after {length} events"));
    }
}

#[test]
fn any_event_may_be_missing() {
    let events = short();
    for missing in 0..events.len() {
        let mut torn = events.clone();
        let gone = torn.remove(missing);
        assert_whole(&torn, &format!("without {gone:?}"));
    }
}

#[test]
fn every_kind_of_event_may_be_missing() {
    let events = short();
    let kind = |stamped: &Stamped| std::mem::discriminant(&stamped.event);
    for missing in &events {
        let torn: Vec<_> = events.iter().filter(|stamped| kind(stamped) != kind(missing)).cloned().collect();
        assert_whole(&torn, &format!("without any like {:?}", missing.event));
    }
}
