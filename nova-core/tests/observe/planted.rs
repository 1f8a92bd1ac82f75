//! No words: whatever an event holds of what was said, typed, asked of a tool or told by the service stays out of
//! labels and attributes.

use std::time::Duration;

use bedrock_nova::sonic::observe::CallMetrics;
use bedrock_nova::sonic::{CloseReason, DropReason, Event, RenewReason, ReviewOutcome, ToolOutcome, TurnEnd, Unsent};
use bedrock_nova::usage::{BudgetLevel, BudgetMeasure, BudgetScope};
use bedrock_nova::{Error, ErrorKind};

use crate::events::*;
use crate::look::{Traces, model, recorded, spans};

/// Every kind of event, each with words in every place that takes any.
fn planted() -> Vec<bedrock_nova::sonic::Stamped> {
    let error = || {
        Error::new(ErrorKind::Invalid, "The service answered: planted words.")
            .with_code("planted-code")
            .with_hint("planted words")
            .with_cause(std::io::Error::other("planted words"))
    };
    let mut unsent = Unsent::default();
    unsent.texts = vec!["planted words".into()];
    let (scope, measure, level) = (BudgetScope::Call, BudgetMeasure::Cost, BudgetLevel::Soft);
    stamped([
        (100, connected()),
        (200, Event::UserSpeechStarted { offset: Duration::ZERO }),
        (300, speech_ended()),
        (400, user(1)),
        (500, assistant(1)),
        (600, audio(1)),
        (700, tool_call(1, "a", "get_weather")),
        (800, tool_done("a", "get_weather", ToolOutcome::Failed)),
        (810, tool_done("b", "planted_words", ToolOutcome::UnknownTool)),
        (900, interrupted(1, 300)),
        (900, turn_ended(1, TurnEnd::Interrupted, [100, 200, 300])),
        (1_000, usage([1, 2, 3, 4], Some(5_000))),
        (1_100, Event::Budget { scope, measure, level }),
        (1_200, Event::Reconnecting { reason: error(), attempt: 1 }),
        (1_300, renewed(2, RenewReason::Recovery, 400)),
        (1_400, Event::Reviewed { turn: 1, outcome: ReviewOutcome::Replaced }),
        (1_500, Event::UserIdle { silent: ms(1_000) }),
        (1_600, Event::HistoryTrimmed { lines: 1, bytes: 13 }),
        (1_700, Event::InputDropped { duration: ms(100), why: DropReason::Stale }),
        (1_800, Event::Gap { events: 1, audio: ms(20) }),
        (1_900, Event::Unknown { name: "plantedEvent".into(), body: "planted words".into() }),
        (2_000, Event::Closed { reason: CloseReason::Failed, error: Some(error()), unsent }),
    ])
}

/// Says whether a text holds planted words. The code of an error is one of few, and told in traces.
fn leaks(text: &str) -> bool {
    text.replace("planted-code", "").to_lowercase().contains("planted")
}

#[test]
fn no_attribute_holds_words() {
    let spans = spans(&planted());
    assert_eq!(spans.len(), 5, "the call, a turn, two tools and a loss");
    let told = format!("{spans:#?}");
    assert!(told.contains("execute_tool get_weather") && told.contains("planted-code"), "it looks at what it should");
    assert!(!leaks(&told), "{told}");
}

#[test]
fn no_label_holds_words() {
    recorded(|snapshots| {
        let mut call = CallMetrics::opened(&model());
        planted().iter().for_each(|event| call.observe(event));
        drop(call);
        let told = format!("{:?}", snapshots.snapshot());
        assert!(told.contains("get_weather"), "it looks at what it should");
        assert!(!told.contains("planted"), "{told}");
    });
}

#[test]
fn observers_hold_no_words_that_their_debug_output_could_show() {
    let mut call = CallMetrics::opened(&model());
    let traces = Traces::new();
    let mut spans = traces.call();
    for event in planted() {
        call.observe(&event);
        spans.observe(&event);
        assert!(!leaks(&format!("{call:?} {spans:?}")), "after {event:?}");
    }
}
