//! Hours of talk by chance against the emulator's engine: turns that cross, tools that never come back, sessions that
//! are renewed and lost. Every turn and every tool has its span, where its events say; the numbers are theirs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

use bedrock_nova::sonic::conversation::Output;
use bedrock_nova::sonic::{Config, Event, Latency, Stamped, ToolSpec, TurnId};
use opentelemetry_sdk::trace::SpanData;
use serde_json::json;

use crate::look::{attribute, numbers, origin, spans};
use crate::torn::assert_whole;
use crate::world::app::{Work, Workshop};
use crate::world::chance::Chance;
use crate::world::service::Welcome;
use crate::world::user::Caller;
use crate::world::{World, scenes, voice};

const HOUR: Duration = Duration::from_secs(3_600);

/// What goes wrong in a session, and when.
const TROUBLE: [&str; 5] = [
    "throttlingException@opening",
    "drop-tcp@event:audioOutput:9",
    "531@event:userSpeechEnd:2",
    "internalServerException@after:90s",
    "end@after:200s",
];

/// Returns everything that happens in two hours of talk.
fn hours() -> &'static [Stamped] {
    static HOURS: OnceLock<Vec<Stamped>> = OnceLock::new();
    HOURS.get_or_init(|| talk(8))
}

fn talk(seed: u64) -> Vec<Stamped> {
    let mut config = Config::default();
    config.input_rate = voice::RATE;
    config.output_rate = voice::RATE;
    config.idle.hang_up = 3 * HOUR;
    config.tools = vec![ToolSpec::new("look_up", "Looks something up.", json!({"type": "object"})).into()];
    let mut work = Chance::new(seed + 1);
    let workshop = Workshop::new(move |_| -> Work {
        let time = Duration::from_millis(work.within(1, 12_000));
        (work.percent(90).then_some(time), Ok(json!({ "found": true })))
    });
    let mut road = Chance::new(seed + 2);
    let welcome = move |link: bedrock_nova::sonic::conversation::LinkKey, _| {
        let mut settings = scenes::strict(link.0, &mut road);
        if link.0 > 1 && road.percent(60) {
            settings.faults.push(road.pick(&TROUBLE).parse().unwrap());
        }
        Welcome::Session(Box::new(settings))
    };
    let events = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&events);
    let mut world =
        World::new(config, seed, Caller::new(seed, 2 * HOUR, 88), workshop, welcome).meddled(move |output| {
            if let Output::Event(event) = &output {
                seen.borrow_mut().push(event.clone());
            }
            vec![output]
        });
    world.run(3 * HOUR);
    assert!(world.call.is_over(), "the call did not end");
    drop(world);
    Rc::try_unwrap(events).unwrap().into_inner()
}

fn named<'a>(spans: &'a [SpanData], name: &str) -> Vec<&'a SpanData> {
    spans.iter().filter(|span| span.name.starts_with(name)).collect()
}

fn parent<'a>(spans: &'a [SpanData], span: &SpanData) -> &'a SpanData {
    spans.iter().find(|parent| parent.span_context.span_id() == span.parent_span_id).unwrap()
}

fn ends(events: &[Stamped]) -> impl Iterator<Item = (Duration, TurnId, Latency)> + '_ {
    events.iter().filter_map(|stamped| match stamped.event {
        Event::TurnEnded { turn, latency, .. } => Some((stamped.at, turn, latency)),
        _ => None,
    })
}

/// Says how many events are of a kind.
fn count(events: &[Stamped], wanted: impl Fn(&Event) -> bool) -> usize {
    events.iter().filter(|stamped| wanted(&stamped.event)).count()
}

#[test]
fn every_turn_has_its_span_where_its_events_say() {
    let events = hours();
    assert_whole(events, "hours");
    let spans = spans(events);
    let turns = named(&spans, "chat");
    assert_eq!(turns.len(), ends(events).count());
    assert!(turns.len() > 60, "only {} turns", turns.len());
    let mut answered = 0;
    for (ended, turn, latency) in ends(events) {
        let of = |span: &&&SpanData| attribute(span, "bedrock_nova.turn") == Some(turn.to_string());
        let span = turns.iter().find(of).unwrap();
        assert_eq!(span.end_time, origin() + ended, "turn {turn}");
        let inside = |event: &opentelemetry::trace::Event| (span.start_time..=span.end_time).contains(&event.timestamp);
        assert!(span.events.iter().all(inside), "turn {turn}: {span:?}");
        let sound = events.iter().find(|stamped| matches!(&stamped.event, Event::Audio(audio) if audio.turn == turn));
        if let (Some(sound), Some(waited)) = (sound, latency.first_audio) {
            answered += 1;
            assert!(span.start_time + waited <= origin() + sound.at, "turn {turn} begins too late");
            assert!(span.start_time <= origin() + sound.at, "turn {turn}");
        }
    }
    assert!(answered > 40, "only {answered} answers");
}

#[test]
fn every_tool_has_its_span_under_the_turn_that_called_it() {
    let events = hours();
    assert_whole(events, "hours");
    let spans = spans(events);
    let tools = named(&spans, "execute_tool");
    assert_eq!(tools.len(), count(events, |event| matches!(event, Event::ToolDone { .. })));
    assert!(tools.len() > 10, "only {} tools", tools.len());
    for stamped in events {
        let Event::ToolCall(call) = &stamped.event else { continue };
        let of = |span: &&&SpanData| attribute(span, "gen_ai.tool.call.id") == Some(call.id.to_string());
        let span = tools.iter().find(of).unwrap();
        assert_eq!(span.start_time, origin() + stamped.at, "{}", call.id);
        let turn = parent(&spans, span);
        assert!(turn.start_time <= span.start_time, "{} is before its turn", call.id);
        assert_eq!(attribute(turn, "bedrock_nova.turn"), Some(call.turn.to_string()), "{}", call.id);
    }
}

#[test]
fn its_numbers_are_those_of_its_events() {
    let events = hours();
    let lines = numbers(events);
    let told = |name: &str| -> u64 {
        let values = lines.iter().filter(|line| line.starts_with(name)).map(|line| line.rsplit(' ').next().unwrap());
        values.map(|value| value.parse::<u64>().unwrap()).sum()
    };
    let expect = |name: &str, wanted: fn(&Event) -> bool| {
        assert_eq!(told(name), count(events, wanted) as u64, "{name}");
        assert!(told(name) > 0, "{name}: nothing of it happened");
    };
    expect("turns_total", |event| matches!(event, Event::TurnEnded { .. }));
    expect("tool_calls_total", |event| matches!(event, Event::ToolDone { .. }));
    expect("interruptions_total", |event| matches!(event, Event::Interrupted { .. }));
    expect("renewals_total", |event| matches!(event, Event::Renewed { .. }));
    expect("reconnect_attempts_total", |event| matches!(event, Event::Reconnecting { .. }));
    let last = events.iter().rev().find_map(|stamped| match &stamped.event {
        Event::Usage { total, cost, .. } => Some((*total, *cost)),
        _ => None,
    });
    let (tokens, cost) = last.unwrap();
    assert_eq!(told("tokens_total"), tokens.speech_in + tokens.text_in + tokens.speech_out + tokens.text_out);
    assert_eq!(u128::from(told("cost_nanodollars_total")), cost.unwrap().pico_dollars() / 1_000);
}

#[test]
fn hardly_a_token_is_no_turns() {
    let spans = spans(hours());
    for key in ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"] {
        let count = |name: &str| -> u64 {
            named(&spans, name).iter().filter_map(|span| attribute(span, key)?.parse::<u64>().ok()).sum()
        };
        let (turns, call) = (count("chat"), count("invoke_agent"));
        assert!(turns <= call && turns * 100 >= call * 99, "{key}: {turns} of {call}");
    }
}
