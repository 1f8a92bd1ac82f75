//! The model can be trusted to notice: whatever is changed in what a healthy call puts out, it says what is wrong.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova::sonic::conversation::{AudioPolicy, Output};
use bedrock_nova::sonic::{Config, Event, Stamped, ToolSpec, TurnEnd};
use bytes::Bytes;
use serde_json::json;

use crate::world::app::{Span, Workshop};
use crate::world::service::Welcome;
use crate::world::user::{Act, Script};
use crate::world::{Meddler, World, scenes, voice};

/// Questions and texts, a tool, an interruption, a lost session.
fn eventful() -> World {
    let at = |seconds, act| (Duration::from_secs(seconds), act);
    let question = || Act::Say(vec![Span::Voice(2_000)], AudioPolicy::Live);
    let user = Script::new([
        at(2, question()),
        // Into the long answer.
        at(6, question()),
        at(20, Act::Type("Tell me more.".to_owned())),
        at(32, question()),
        at(45, question()),
        at(60, Act::Finish),
    ]);
    let mut config = Config::default();
    config.input_rate = voice::RATE;
    config.output_rate = voice::RATE;
    config.tools = vec![ToolSpec::new("look_up", "Looks something up.", json!({"type": "object"})).into()];
    let workshop = Workshop::new(|_| (Some(Duration::from_millis(500)), Ok(json!({ "found": true }))));
    World::new(config, 1, user, workshop, |link, _| {
        let mut settings = scenes::eventful(link.0);
        if link.0 == 1 {
            settings.faults.push("drop-tcp@after:43s".parse().unwrap());
        }
        Welcome::Session(Box::new(settings))
    })
}

#[test]
fn nothing_is_wrong_with_a_call_that_nobody_meddles_with() {
    let mut world = eventful();
    world.run(Duration::from_secs(200));
    assert_eq!(world.verdict(), [""; 0]);
    assert!(world.model.turns.count(TurnEnd::Interrupted) > 0 && !world.workshop.ran.is_empty());
    assert!(
        world.service.sessions.len() > 1 && !world.service.sessions.values().last().unwrap().wire.history.is_empty()
    );
}

#[test]
fn whatever_is_changed_is_noticed() {
    for (what, words, meddler) in meddlers() {
        let mut world = eventful().meddled(meddler);
        // A world may also refuse at once what a link would not carry.
        let run = std::panic::AssertUnwindSafe(|| world.run(Duration::from_secs(200)).verdict());
        let wrong = match std::panic::catch_unwind(run) {
            Ok(wrong) => wrong.join("\n"),
            Err(panic) => *panic.downcast::<String>().unwrap(),
        };
        assert!(wrong.contains(words), "{what}: expected {words:?}, noticed {wrong:?}");
    }
}

/// What is changed, by what words it is noticed, and the change.
fn meddlers() -> Vec<(&'static str, &'static str, Meddler)> {
    let is_speech = |output: &Output| matches!(output, Output::Send { payload, .. } if is_speech(payload));
    let event = |wanted: fn(&Event) -> bool| move |output: &Output| matches!(output, Output::Event(stamped) if wanted(&stamped.event));
    let turn_ended = event(|event| matches!(event, Event::TurnEnded { .. }));
    let tool_done = event(|event| matches!(event, Event::ToolDone { .. }));
    let interrupted = event(|event| matches!(event, Event::Interrupted { .. }));
    let usage = event(|event| matches!(event, Event::Usage { .. }));
    let any = |_: &Output| true;
    let run_tool = |output: &Output| matches!(output, Output::RunTool(_));
    let opening = |output: &Output| matches!(output, Output::Open { opening, .. } if opening.len() > 6);
    vec![
        (
            "speech that is not sent",
            "were never sent",
            Box::new(nth(3, is_speech, |output| vec![replaced(output, silence)])),
        ),
        ("speech that is sent twice", "sent again", Box::new(swapped(3, is_speech, Swap::Twice))),
        (
            "speech that is told backwards",
            "samples were sent that nobody said",
            Box::new(nth(3, is_speech, |output| vec![replaced(output, backwards)])),
        ),
        ("speech out of order", "out of order", Box::new(swapped(3, is_speech, Swap::Late))),
        ("a link that gets nothing more", "got nothing for", Box::new(nth(1, is_speech, |_| Vec::new()))),
        ("a text that is another", "was never typed", Box::new(all(any, |output| vec![replaced(output, reworded)]))),
        ("an event too few", "stands where", Box::new(nth(2, usage, |_| Vec::new()))),
        ("a wrong count of tokens", "by its own count", Box::new(all(usage, |output| vec![recounted(output)]))),
        (
            "a turn that ends twice",
            "ended as",
            Box::new(renumbered(nth(1, turn_ended, |output| vec![output.clone(), output]))),
        ),
        ("a turn that never ends", "never ended", Box::new(renumbered(nth(1, turn_ended, |_| Vec::new())))),
        (
            "an interruption that is told too soon",
            "sound after the interruption",
            Box::new(renumbered(early(interrupted))),
        ),
        (
            "an interruption told twice",
            "interrupted again",
            Box::new(renumbered(nth(1, interrupted, |output| vec![output.clone(), output]))),
        ),
        (
            "a tool that is run twice",
            "was run twice",
            Box::new(nth(1, run_tool, |output| vec![output.clone(), output])),
        ),
        (
            "a tool that is done twice",
            "ended twice",
            Box::new(renumbered(nth(1, tool_done, |output| vec![output.clone(), output]))),
        ),
        ("a tool that is never done", "never came to an end", Box::new(renumbered(nth(1, tool_done, |_| Vec::new())))),
        (
            "a payload that nobody asked for",
            "asked for",
            Box::new(nth(3, is_speech, |output| vec![output.clone(), output])),
        ),
        ("a result that is sent twice", "was answered twice", Box::new(one_id())),
        (
            "a history without the user",
            "does not begin with the user",
            Box::new(all(opening, |output| vec![without_the_user(output)])),
        ),
        ("a wait without a deadline", "nobody waits", Box::new(some_waits(|_| None))),
        (
            "a wait that is too long",
            "is the most",
            Box::new(some_waits(|until| until.map(|until| until + Duration::from_secs(500)))),
        ),
        (
            "something after the end",
            "after the last",
            Box::new(nth(1, event(|event| matches!(event, Event::Closed { .. })), |output| {
                vec![output.clone(), output]
            })),
        ),
    ]
}

/// Changes the nth output of a kind.
fn nth(
    nth: u32,
    wanted: impl Fn(&Output) -> bool,
    mut change: impl FnMut(Output) -> Vec<Output>,
) -> impl FnMut(Output) -> Vec<Output> {
    let mut seen = 0;
    move |output| {
        seen += u32::from(wanted(&output));
        if seen == nth && wanted(&output) { change(output) } else { vec![output] }
    }
}

/// Changes some waits in a row: one that another input follows at once is none.
fn some_waits(mut change: impl FnMut(Option<Duration>) -> Option<Duration>) -> impl FnMut(Output) -> Vec<Output> {
    let mut seen = 0;
    move |output| match output {
        Output::Wait { until } => {
            seen += 1;
            vec![Output::Wait { until: if (400..405).contains(&seen) { change(until) } else { until } }]
        }
        other => vec![other],
    }
}

/// Changes every output of a kind.
fn all(
    wanted: impl Fn(&Output) -> bool,
    mut change: impl FnMut(Output) -> Vec<Output>,
) -> impl FnMut(Output) -> Vec<Output> {
    move |output| if wanted(&output) { change(output) } else { vec![output] }
}

/// What becomes of a payload that is kept for later.
#[derive(Clone, Copy, PartialEq)]
enum Swap {
    /// It goes out now too.
    Twice,
    /// Silence of the same length goes out now.
    Late,
}

/// Puts the nth output of a kind in the place of a later one.
fn swapped(nth: u32, wanted: impl Fn(&Output) -> bool, swap: Swap) -> impl FnMut(Output) -> Vec<Output> {
    let mut kept: Option<Bytes> = None;
    let mut seen = 0;
    move |output| {
        let here = wanted(&output);
        seen += u32::from(here);
        match output {
            Output::Send { link, payload } if here && seen == nth => {
                let now = if swap == Swap::Twice { payload.clone() } else { silence(&payload) };
                kept = Some(payload);
                vec![Output::Send { link, payload: now }]
            }
            Output::Send { link, payload } if here && seen == nth + 2 => {
                vec![Output::Send { link, payload: kept.take().unwrap_or(payload) }]
            }
            output => vec![output],
        }
    }
}

/// Answers every tool call by the id of the first.
fn one_id() -> impl FnMut(Output) -> Vec<Output> {
    let mut first: Option<String> = None;
    move |output| match &output {
        Output::RunTool(call) => {
            first.get_or_insert(call.id.to_string());
            vec![output]
        }
        Output::Send { link, payload } if holds(payload, "toolUseId") => {
            let mut event: serde_json::Value = serde_json::from_slice(payload).unwrap();
            let id = &mut event["event"]["contentStart"]["toolResultInputConfiguration"]["toolUseId"];
            *id = first.clone().into();
            vec![Output::Send { link: *link, payload: event.to_string().into() }]
        }
        _ => vec![output],
    }
}

/// Counts the events anew.
fn renumbered(mut meddler: impl FnMut(Output) -> Vec<Output>) -> impl FnMut(Output) -> Vec<Output> {
    let mut seq = 0;
    move |output| {
        let mut outputs = meddler(output);
        for output in &mut outputs {
            if let Output::Event(stamped) = output {
                seq += 1;
                stamped.seq = seq;
            }
        }
        outputs
    }
}

/// Tells of an interruption at the first sound of the answer, and of nothing where it belongs.
fn early(interrupted: impl Fn(&Output) -> bool) -> impl FnMut(Output) -> Vec<Output> {
    let mut told = false;
    move |output| match &output {
        Output::Event(Stamped { event: Event::Audio(audio), at, .. }) if !told => {
            told = true;
            let event = Event::Interrupted { turn: audio.turn, heard: Duration::ZERO, error: Duration::ZERO };
            vec![Output::Event(Stamped { seq: 0, at: *at, event }), output]
        }
        _ if interrupted(&output) => Vec::new(),
        _ => vec![output],
    }
}

fn replaced(output: Output, change: impl Fn(&Bytes) -> Bytes) -> Output {
    match output {
        Output::Send { link, payload } => Output::Send { link, payload: change(&payload) },
        other => other,
    }
}

fn recounted(output: Output) -> Output {
    match output {
        Output::Event(Stamped { seq, at, event: Event::Usage { mut total, delta, cost } }) => {
            total.speech_in += 1;
            Output::Event(Stamped { seq, at, event: Event::Usage { total, delta, cost } })
        }
        other => other,
    }
}

/// Leaves the first message of the history out: its start, its text and its end.
fn without_the_user(output: Output) -> Output {
    match output {
        Output::Open { link, target, mut opening } => {
            if let Some(first) = opening.iter().position(|payload| holds(payload, "\"USER\"")) {
                opening.drain(first..first + 3);
            }
            Output::Open { link, target, opening }
        }
        other => other,
    }
}

fn holds(payload: &Bytes, words: &str) -> bool {
    std::str::from_utf8(payload).is_ok_and(|text| text.contains(words))
}

fn is_speech(payload: &Bytes) -> bool {
    holds(payload, "{\"audioInput\":") && pcm(payload).iter().any(|byte| *byte != 0)
}

fn pcm(payload: &Bytes) -> Vec<u8> {
    let event: serde_json::Value = serde_json::from_slice(payload).unwrap();
    STANDARD.decode(event["event"]["audioInput"]["content"].as_str().unwrap()).unwrap()
}

fn with_pcm(payload: &Bytes, pcm: &[u8]) -> Bytes {
    let text = std::str::from_utf8(payload).unwrap();
    let (before, _) = text.split_once("\"content\":\"").unwrap();
    format!("{before}\"content\":\"{}\"}}}}}}", STANDARD.encode(pcm)).into()
}

fn reworded(payload: &Bytes) -> Bytes {
    let text = std::str::from_utf8(payload).unwrap();
    text.replace("Tell me more", "Tell me less").into()
}

fn silence(payload: &Bytes) -> Bytes {
    with_pcm(payload, &vec![0; pcm(payload).len()])
}

fn backwards(payload: &Bytes) -> Bytes {
    let mut pcm = pcm(payload);
    pcm.reverse();
    with_pcm(payload, &pcm)
}
