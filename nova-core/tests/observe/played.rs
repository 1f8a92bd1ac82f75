//! A real call, played against the emulator's engine in virtual time: tools, a barge-in, a loss, typed text. Its
//! numbers and its trace are what the plan of the call and its own last events say.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::sonic::{Config, Event, SampleRate, Stamped, ToolSpec, TurnEnd};
use bedrock_nova_emulator::{Scenario, Settings, Strictness, clips};
use serde_json::json;

use crate::duet::{Act, Duet};
use crate::events::ms;
use crate::look::{attribute, numbers, origin, spans, tree};

/// How long every tool works.
const TOOL: Duration = Duration::from_millis(700);

fn question(name: &str) -> Vec<u8> {
    let clip = clips::question(name).unwrap().at(SampleRate::Hz16000.hz());
    clip.pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Asks for the weather; loses the session, and the next opening is refused once; asks again, and speaks into the
/// answer; types; finishes.
pub fn a_call_with_everything() -> Duet {
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let mut config = Config::default();
    config.tools = vec![
        ToolSpec::new("get_weather", "Tells the temperature in a city.", city.clone()).into(),
        ToolSpec::new("get_time", "Tells the hour in a city.", city).into(),
    ];
    let mut duet = Duet::with_sessions(config, |session| Settings {
        scenario: Arc::new(Scenario::tools()),
        strictness: Strictness::Strict,
        faults: if session == 2 { vec!["throttlingException@opening".parse().unwrap()] } else { Vec::new() },
        ..Settings::default()
    })
    .tool(TOOL, |_| Ok(json!({"temperature": 11})))
    .microphone(ms(1_000), &question("weather"), 32_000)
    .at(ms(9_000), Act::Lose)
    .microphone(ms(20_000), &question("time"), 32_000)
    .microphone(ms(25_500), &question("weather"), 32_000)
    .at(ms(45_000), Act::Type("That is all.".into()))
    .at(ms(60_000), Act::Finish);
    duet.run(ms(200_000));
    duet
}

fn find<T>(events: &[Stamped], wanted: impl Fn(&Stamped) -> Option<T>) -> Vec<T> {
    events.iter().filter_map(wanted).collect()
}

#[test]
fn its_numbers_are_its_own() {
    let duet = a_call_with_everything();
    let seen = numbers(&duet.events);
    let has = |line: &str| assert!(seen.contains(&line.to_owned()), "{line} is not in {seen:#?}");
    // What the plan of the call says.
    has("calls_live 0");
    has("calls_closed_total{reason=finished code=none} 1");
    has("call_duration_seconds{reason=finished} 60.000");
    has("interruptions_total 1");
    has("turns_total{end=answered} 3");
    has("turns_total{end=interrupted} 1");
    has("renewals_total{reason=recovery} 1");
    has("reconnect_attempts_total{kind=transport code=lost} 1");
    has("reconnect_attempts_total{kind=throttled code=throttlingException} 1");
    has("tool_calls_total{tool=get_weather outcome=answered} 3");
    has("tool_calls_total{tool=get_time outcome=answered} 1");
    has("tool_duration_seconds{tool=get_weather outcome=answered} 0.700 0.700 0.700");
    // What the call itself says at last.
    let used = find(&duet.events, |stamped| match stamped.event {
        Event::Usage { total, cost, .. } => Some((total, cost)),
        _ => None,
    });
    let (tokens, cost) = used.last().unwrap();
    has(&format!("tokens_total{{kind=speech direction=input}} {}", tokens.speech_in));
    has(&format!("tokens_total{{kind=text direction=input}} {}", tokens.text_in));
    has(&format!("tokens_total{{kind=speech direction=output}} {}", tokens.speech_out));
    has(&format!("tokens_total{{kind=text direction=output}} {}", tokens.text_out));
    has(&format!("cost_nanodollars_total {}", cost.unwrap().pico_dollars() / 1_000));
    let waited = find(&duet.events, |stamped| match stamped.event {
        Event::TurnEnded { latency, .. } => latency.first_audible.map(|waited| format!("{:.3}", waited.as_secs_f64())),
        _ => None,
    });
    assert_eq!(waited.len(), 4);
    has(&format!("turn_first_audible_seconds {}", waited.join(" ")));
    let away = at(&duet.events, |event| matches!(event, Event::Renewed { .. })) - ms(9_000);
    assert!(away > ms(100), "the second attempt comes after a pause");
    has(&format!("reconnect_duration_seconds {:.3}", away.as_secs_f64()));
}

fn at(events: &[Stamped], wanted: impl Fn(&Event) -> bool) -> Duration {
    events.iter().find(|stamped| wanted(&stamped.event)).unwrap().at
}

#[test]
fn its_turns_begin_where_the_user_ended() {
    let duet = a_call_with_everything();
    let spans = spans(&duet.events);
    let turns: Vec<_> = spans.iter().filter(|span| span.name.starts_with("chat")).collect();
    let ends = find(&duet.events, |stamped| match stamped.event {
        Event::TurnEnded { turn, end, latency } => Some((stamped.at, turn, end, latency)),
        _ => None,
    });
    assert_eq!(turns.len(), ends.len());
    for (span, (ended, turn, end, latency)) in turns.iter().zip(ends) {
        assert_eq!(attribute(span, "bedrock_nova.turn"), Some(turn.to_string()));
        assert_eq!(span.end_time, origin() + ended);
        let first_sound = at(&duet.events, |event| matches!(event, Event::Audio(audio) if audio.turn == turn));
        assert_eq!(span.start_time + latency.first_audio.unwrap(), origin() + first_sound, "turn {turn}");
        let noticed = duet
            .events
            .iter()
            .rev()
            .find(|stamped| stamped.at <= first_sound && matches!(stamped.event, Event::UserSpeechEnded { .. }));
        let lag = (origin() + noticed.unwrap().at).duration_since(span.start_time);
        match turn {
            4 => assert_eq!(span.start_time, origin() + ms(45_000), "typed"),
            // The emulator notices the end of speech by the silence that follows it.
            _ => assert!(lag.as_ref().is_ok_and(|lag| *lag > ms(300) && *lag < ms(2_000)), "turn {turn}: {lag:?}"),
        }
        assert_eq!(attribute(span, "bedrock_nova.turn.end").unwrap() == "interrupted", end == TurnEnd::Interrupted);
    }
}

#[test]
fn its_trace_is_a_tree() {
    let duet = a_call_with_everything();
    let tree = tree(&spans(&duet.events), &["error.type", "bedrock_nova.turn.end", "bedrock_nova.tool.outcome"]);
    // The moments are the emulator's, and looked at elsewhere.
    let number = |word: &str| word.chars().all(|c| c.is_ascii_digit() || c == '–');
    let shape = tree.iter().map(|line| line.split(' ').filter(|word| word.is_empty() || !number(word)));
    let shape: Vec<_> = shape.map(|words| words.collect::<Vec<_>>().join(" ")).collect();
    let answer = ["  · bedrock_nova.first_text", "  · bedrock_nova.first_audio", "  · bedrock_nova.first_audible"];
    let expected = [
        &["invoke_agent", "· bedrock_nova.connected", "· bedrock_nova.renewed"][..],
        &["  chat m bedrock_nova.turn.end=answered"],
        &answer,
        &["    execute_tool get_weather bedrock_nova.tool.outcome=answered"],
        &["  bedrock_nova.reconnect", "  · bedrock_nova.attempt error.type=lost"],
        &["  · bedrock_nova.attempt error.type=throttlingException"],
        &["  chat m bedrock_nova.turn.end=interrupted"],
        &answer,
        &["  · bedrock_nova.interrupted", "    execute_tool get_weather bedrock_nova.tool.outcome=answered"],
        &["  chat m bedrock_nova.turn.end=answered"],
        &answer,
        &["    execute_tool get_time bedrock_nova.tool.outcome=answered"],
        &["    execute_tool get_weather bedrock_nova.tool.outcome=answered"],
        &["  chat m bedrock_nova.turn.end=answered"],
        &answer,
    ];
    assert_eq!(shape, expected.concat());
}

#[test]
fn tokens_of_the_turns_are_those_of_the_call() {
    let duet = a_call_with_everything();
    let spans = spans(&duet.events);
    for key in ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"] {
        let count = |wanted: &str| -> u64 {
            let of = spans.iter().filter(|span| span.name.starts_with(wanted));
            of.map(|span| attribute(span, key).unwrap().parse::<u64>().unwrap()).sum()
        };
        assert!(count("chat") > 100, "{key}");
        assert_eq!(count("chat"), count("invoke_agent"), "{key}");
    }
}
