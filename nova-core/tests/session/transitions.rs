//! Every upstream state × every command, and every downstream state × every input, is decided; the decisions are the
//! tables of `docs/transitions.md`. `BEDROCK_NOVA_BLESS=1` writes them anew.

use std::fmt::Write as _;

use bedrock_nova::audio::SampleRate;
use bedrock_nova::ids::{ContentName, PromptName, ToolUseId};
use bedrock_nova::model::{Catalogue, ModelId, Voice};
use bedrock_nova::sonic::session::{
    Content, Downstream, Heard, Inference, Input, Move, Output, PromptConfig, Rule, Session, Upstream,
};
use bedrock_nova::sonic::wire::{Role, ServerEvent};
use bedrock_nova::transport::Failure;
use bedrock_nova::{ErrorKind, Result};
use serde_json::{Value, json};

#[test]
fn every_cell_is_decided_and_documented() {
    let tables = format!("{UPSTREAM}{}\n{}\n{DOWNSTREAM}{}", upstream_table(), rules(), downstream_table());
    println!("{tables}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/transitions.md");
    if std::env::var_os("BEDROCK_NOVA_BLESS").is_some() {
        std::fs::write(path, &tables).unwrap();
    }
    let documented = std::fs::read_to_string(path).unwrap();
    assert!(documented == tables, "docs/transitions.md differs; run with BEDROCK_NOVA_BLESS=1 and read the difference");
}

#[test]
fn a_refusal_changes_nothing_and_says_what_is_allowed() {
    for name in Upstream::NAMES {
        for attempt in Move::ALL {
            let mut session = session_in(name);
            if session.upstream().allows(attempt).is_ok() || session.failure().is_some() {
                continue;
            }
            let before = session.upstream().clone();
            let error = try_move(&mut session, attempt).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Misuse, "{attempt:?} in {name}");
            assert!(error.message().contains(name), "{error}");
            for allowed in session.upstream().allowed() {
                assert!(error.hint().unwrap().contains(allowed.name()), "{error}");
            }
            assert_eq!(*session.upstream(), before);
            assert_eq!(session.poll(), None, "{attempt:?} in {name} sent something");
        }
    }
}

#[test]
fn the_table_of_the_code_and_the_machine_agree() {
    for name in Upstream::NAMES {
        for attempt in Move::ALL {
            let mut session = session_in(name);
            let promised = session.upstream().allows(attempt).is_ok();
            let done = try_move(&mut session, attempt);
            assert_eq!(promised, done.is_ok(), "{attempt:?} in {name}: {done:?}");
            assert_eq!(promised, sends(&mut session) > 0, "{attempt:?} in {name}");
        }
    }
}

const UPSTREAM: &str = "\n# What may be sent\n\nRows are commands, columns are states; a cell holds the next state, \
    or the rule that refuses it as `Misuse`.\n\n";
const DOWNSTREAM: &str = "\n# What may be heard\n\nRows are inputs, columns are states; a cell holds what is heard, \
    then the next state.\n`⚠` is a warning: the service broke its grammar. `·` is nothing.\n\n";

fn upstream_table() -> String {
    let mut table = header("", &Upstream::NAMES);
    for attempt in Move::ALL {
        write!(table, "| `{}` |", attempt.name()).unwrap();
        for name in Upstream::NAMES {
            let mut session = session_in(name);
            let rule = session.upstream().allows(attempt);
            match (try_move(&mut session, attempt), rule) {
                (Ok(()), Ok(())) => write!(table, " **{}** |", session.upstream().name()).unwrap(),
                (Err(error), Err(rule)) if error.code() == rule.code() => write!(table, " {rule:?} |").unwrap(),
                (done, rule) => panic!("{attempt:?} in {name}: the table says {rule:?}, the machine {done:?}"),
            }
        }
        table.push('\n');
    }
    table
}

/// Explains the rules, those too that depend on more than the state.
fn rules() -> String {
    let mut table = header("rule", &["code", "meaning"]);
    for rule in Rule::ALL {
        writeln!(table, "| {rule:?} | `{}` | {} |", rule.code(), rule.sentence()).unwrap();
    }
    table
}

fn downstream_table() -> String {
    let mut table = header("", &Downstream::NAMES);
    for (label, payload) in inputs() {
        write!(table, "| {label} |").unwrap();
        for name in Downstream::NAMES {
            let mut session = session_hearing(name);
            give(&mut session, &payload);
            let heard: Vec<&str> = std::iter::from_fn(|| session.poll()).filter_map(shorthand).collect();
            let heard = if heard.is_empty() { "·".to_owned() } else { heard.join(" ") };
            write!(table, " {heard} → {} |", session.downstream().name()).unwrap();
        }
        table.push('\n');
    }
    table
}

fn header(corner: &str, columns: &[&str]) -> String {
    format!("| {corner} | {} |\n|---|{}\n", columns.join(" | "), "---|".repeat(columns.len()))
}

fn shorthand(output: Output) -> Option<&'static str> {
    match output {
        Output::Heard(Heard::Warning(_)) => Some("⚠"),
        Output::Heard(heard) => Some(heard.name()),
        _ => None,
    }
}

/// Brings a fresh session into an upstream state; a state without a recipe fails the test.
fn session_in(name: &str) -> Session {
    let mut session = fresh();
    for step in recipe(name) {
        perform(&mut session, step).unwrap();
    }
    assert_eq!(session.upstream().name(), name);
    while session.poll().is_some() {}
    session
}

fn recipe(name: &str) -> Vec<Step> {
    use Step::{Do, PeerEnds, ToolAsked};
    let primed = [Move::Start, Move::StartPrompt, Move::OpenSystem, Move::Text, Move::CloseText].map(Do);
    let live = [&primed[..], &[Do(Move::OpenAudio), Do(Move::Audio), ToolAsked]].concat();
    let after = [&live[..], &[Do(Move::CloseAudio)]].concat();
    let text = [Do(Move::OpenUserText), Do(Move::Text)];
    match name {
        "Connected" => vec![],
        "Started" => primed[..1].to_vec(),
        "Prompted" => primed[..2].to_vec(),
        "SystemOpen" => primed[..4].to_vec(),
        "PrimedSystem" => primed.to_vec(),
        "PrimedSpeech" => [&primed[..], &[Do(Move::OpenSystemSpeech), Do(Move::Text), Do(Move::CloseText)]].concat(),
        "PrimedHistory" => [&primed[..], &[Do(Move::OpenHistoryUser), Do(Move::Text), Do(Move::CloseText)]].concat(),
        "PrimingText" => [&primed[..], &[Do(Move::OpenHistoryUser), Do(Move::Text)]].concat(),
        "Live" => live,
        "LiveText" => [&live[..], &text[..]].concat(),
        "LiveTool" => [&live[..], &[Do(Move::OpenTool)]].concat(),
        "AudioClosed" => after,
        "ClosedText" => [&after[..], &text[..]].concat(),
        "ClosedTool" => [&after[..], &[Do(Move::OpenTool)]].concat(),
        "PromptClosed" => [&after[..], &[Do(Move::EndPrompt)]].concat(),
        "Closed" => [&after[..], &[Do(Move::EndPrompt), Do(Move::End)]].concat(),
        "Cut" => [&live[..], &[PeerEnds]].concat(),
        unknown => panic!("nobody has decided how to reach state {unknown}"),
    }
}

#[derive(Clone, Copy)]
enum Step {
    Do(Move),
    ToolAsked,
    PeerEnds,
}

fn perform(session: &mut Session, step: Step) -> Result<()> {
    match step {
        Step::Do(attempt) => return try_move(session, attempt),
        Step::ToolAsked => {
            for payload in [
                completion_start(),
                content_start("tool", "TOOL", "TOOL"),
                tool_use("tool"),
                content_end("tool", "TOOL", "TOOL_USE"),
            ] {
                give(session, &Given::Payload(payload));
            }
        }
        Step::PeerEnds => session.handle(Input::Ended),
    }
    Ok(())
}

/// Attempts a command; blocks that the state does not have get a name that nobody opened. A tool block is fed before it
/// is closed, so that the cell shows the order and not the emptiness.
fn try_move(session: &mut Session, attempt: Move) -> Result<()> {
    let nobody = ContentName::from("nobody");
    let block = session.upstream().block().cloned();
    let of = |wanted: Move| {
        let fitting = session.upstream().allows(wanted).is_ok();
        block.clone().filter(|_| fitting).unwrap_or_else(|| nobody.clone())
    };
    match attempt {
        Move::Start => session.start(&Inference::default(), None),
        Move::StartPrompt => session.start_prompt(&PromptConfig::new(Voice::Tiffany, SampleRate::Hz24000)),
        Move::OpenSystem => session.open(Content::System).map(drop),
        Move::OpenSystemSpeech => session.open(Content::SystemSpeech).map(drop),
        Move::OpenHistoryUser => session.open(Content::History(Role::User)).map(drop),
        Move::OpenHistoryAssistant => session.open(Content::History(Role::Assistant)).map(drop),
        Move::OpenUserText => session.open(Content::UserText).map(drop),
        Move::OpenAudio => session.open(Content::Audio { rate: SampleRate::Hz16000 }).map(drop),
        Move::OpenTool => session.open(Content::ToolResult { tool_use_id: ToolUseId::from("u-1") }).map(drop),
        Move::Text => session.text(&of(Move::Text), "hello"),
        Move::Audio => session.audio(&[0; 640]),
        Move::ToolResult => session.tool_result(&of(Move::ToolResult), &json!({ "ok": true })),
        Move::CloseText => session.close(&of(Move::CloseText)),
        Move::CloseAudio => {
            let audio = session.open_audio().cloned();
            // Without an audio block the same refusal comes for any name.
            session.close(&audio.unwrap_or(nobody))
        }
        Move::CloseTool => {
            let block = of(Move::CloseTool);
            if session.upstream().allows(Move::ToolResult).is_ok() {
                session.tool_result(&block, &json!({}))?;
            }
            session.close(&block)
        }
        Move::EndPrompt => session.end_prompt(),
        Move::End => session.end(),
        undecided => panic!("nobody has decided how to attempt {undecided:?}"),
    }
}

/// Brings a live session into a downstream state; a state without a recipe fails the test.
fn session_hearing(name: &str) -> Session {
    let mut session = session_in("Live");
    session = match name {
        "Silent" => {
            let mut silent = fresh();
            silent.start(&Inference::default(), None).unwrap();
            silent
        }
        _ => session,
    };
    let given = match name {
        "Silent" | "Idle" => vec![],
        "InBlock" => vec![Given::Payload(content_start("k", "TEXT", "ASSISTANT"))],
        "Completed" => vec![Given::Payload(event("completionEnd", &json!({ "stopReason": "END_TURN" })))],
        "Ended" => vec![Given::Ended],
        "Failed" => vec![Given::Failed],
        unknown => panic!("nobody has decided how to reach state {unknown}"),
    };
    for one in given {
        give(&mut session, &one);
    }
    while session.poll().is_some() {}
    assert_eq!(session.downstream().name(), name);
    session
}

enum Given {
    Payload(Vec<u8>),
    Ended,
    Failed,
}

fn give(session: &mut Session, given: &Given) {
    session.handle(match given {
        Given::Payload(payload) => Input::Payload(payload),
        Given::Ended => Input::Ended,
        Given::Failed => Input::Failed(Failure::lost("cable cut")),
    });
}

/// Every event the wire knows, where it matters for the open block `k` and for another one, then all that is no event.
fn inputs() -> Vec<(String, Given)> {
    let mut inputs = Vec::new();
    for name in ServerEvent::KNOWN {
        let cases: Vec<(&str, Vec<u8>)> = match name {
            "completionStart" => vec![("", completion_start())],
            "completionEnd" => vec![("", event(name, &json!({ "stopReason": "END_TURN" })))],
            "contentStart" => vec![
                ("text", content_start("n", "TEXT", "ASSISTANT")),
                ("audio", content_start("n", "AUDIO", "ASSISTANT")),
                ("same id", content_start("k", "TEXT", "ASSISTANT")),
            ],
            "textOutput" => vec![
                ("open block", text("k", "hello")),
                ("other block", text("n", "hello")),
                ("interrupted", text("k", "{ \"interrupted\" : true }")),
            ],
            "audioOutput" => {
                let audio = |id: &str| event(name, &json!({ "contentId": id, "content": "AAAAAA==" }));
                vec![("open block", audio("k")), ("other block", audio("n"))]
            }
            "toolUse" => vec![("open block", tool_use_as("k", "u-2")), ("other block", tool_use_as("n", "u-2"))],
            "contentEnd" => vec![
                ("open block", content_end("k", "TEXT", "END_TURN")),
                ("wrong type", content_end("k", "AUDIO", "END_TURN")),
                ("other block", content_end("n", "TEXT", "END_TURN")),
            ],
            "userSpeechStart" | "userSpeechEnd" => vec![("", event(name, &json!({ "inputAudioOffsetMs": 1920 })))],
            "usageEvent" => vec![("", event(name, &json!({ "details": {} })))],
            undecided => panic!("nobody has decided how to try {undecided}"),
        };
        let label = |case: &str| if case.is_empty() { format!("`{name}`") } else { format!("`{name}`, {case}") };
        inputs.extend(cases.into_iter().map(|(case, payload)| (label(case), Given::Payload(payload))));
    }
    inputs.push(("unknown event".to_owned(), Given::Payload(event("somethingNew", &json!({})))));
    inputs.push(("known event, unreadable body".to_owned(), Given::Payload(event("textOutput", &json!([])))));
    inputs.push(("no event".to_owned(), Given::Payload(b"hello".to_vec())));
    inputs.push(("end of the stream".to_owned(), Given::Ended));
    inputs.push(("failure of the stream".to_owned(), Given::Failed));
    inputs
}

fn fresh() -> Session {
    Session::with_prompt(&Catalogue::built_in().model(&ModelId::default()), PromptName::from("p"))
}

fn sends(session: &mut Session) -> usize {
    std::iter::from_fn(|| session.poll()).filter(|output| matches!(output, Output::Send(_))).count()
}

fn event(name: &str, body: &Value) -> Vec<u8> {
    json!({ "event": { name: body } }).to_string().into_bytes()
}

fn completion_start() -> Vec<u8> {
    event("completionStart", &json!({ "completionId": "c" }))
}

fn content_start(id: &str, kind: &str, role: &str) -> Vec<u8> {
    let stage = "{\"generationStage\":\"SPECULATIVE\"}";
    event("contentStart", &json!({ "contentId": id, "type": kind, "role": role, "additionalModelFields": stage }))
}

fn text(id: &str, content: &str) -> Vec<u8> {
    event("textOutput", &json!({ "contentId": id, "content": content, "role": "ASSISTANT" }))
}

fn tool_use(id: &str) -> Vec<u8> {
    tool_use_as(id, "u-1")
}

fn tool_use_as(id: &str, tool_use_id: &str) -> Vec<u8> {
    event("toolUse", &json!({ "contentId": id, "toolUseId": tool_use_id, "toolName": "weather", "content": "{}" }))
}

fn content_end(id: &str, kind: &str, stop: &str) -> Vec<u8> {
    event("contentEnd", &json!({ "contentId": id, "type": kind, "stopReason": stop }))
}
