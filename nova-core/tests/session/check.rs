//! Events that somebody wrote by themselves: a good session passes, and every rule refuses, changing nothing.

use bedrock_nova::ErrorKind;
use bedrock_nova::audio::SampleRate;
use bedrock_nova::ids::ToolUseId;
use bedrock_nova::model::{Catalogue, Model, ModelId, Voice};
use bedrock_nova::sonic::session::{
    Check, Content, Endpointing, Inference, Input, Output, PromptConfig, Rule, Session, ToolChoice, ToolSpec,
};
use bedrock_nova::sonic::wire::Role;
use serde_json::{Value, json};

fn model() -> Model {
    Catalogue::built_in().model(&ModelId::from(ModelId::NOVA_2_5_SONIC))
}

fn event(name: &str, body: &Value) -> Value {
    json!({ "event": { name: body } })
}

fn start() -> Value {
    event("sessionStart", &json!({ "inferenceConfiguration": { "maxTokens": 1024, "topP": 0.9 } }))
}

fn prompt() -> Value {
    let audio = json!({ "mediaType": "audio/lpcm", "sampleRateHertz": 24000, "voiceId": "tiffany" });
    let tool = json!({ "toolSpec": { "name": "weather", "description": "Tells the weather.",
        "inputSchema": { "json": r#"{"type":"object","properties":{}}"# } } });
    let tools = json!({ "tools": [tool] });
    event(
        "promptStart",
        &json!({ "promptName": "mine", "audioOutputConfiguration": audio, "toolConfiguration": tools }),
    )
}

fn open_text(name: &str, role: &str, interactive: bool) -> Value {
    let body = json!({ "promptName": "mine", "contentName": name, "type": "TEXT", "role": role,
        "interactive": interactive, "textInputConfiguration": { "mediaType": "text/plain" } });
    event("contentStart", &body)
}

fn open_audio(name: &str) -> Value {
    let body = json!({ "promptName": "mine", "contentName": name, "type": "AUDIO", "role": "USER",
        "interactive": true, "audioInputConfiguration": { "sampleRateHertz": 16000 } });
    event("contentStart", &body)
}

fn open_tool(name: &str, id: &str) -> Value {
    let body = json!({ "promptName": "mine", "contentName": name, "type": "TOOL", "role": "TOOL",
        "toolResultInputConfiguration": { "toolUseId": id, "type": "TEXT" } });
    event("contentStart", &body)
}

fn data(event_name: &str, block: &str, content: &str) -> Value {
    event(event_name, &json!({ "promptName": "mine", "contentName": block, "content": content }))
}

fn text(block: &str) -> Value {
    data("textInput", block, "Be brief.")
}

fn audio(block: &str) -> Value {
    data("audioInput", block, "AAAAAA==")
}

fn result(block: &str) -> Value {
    data("toolResult", block, r#"{"degrees":11}"#)
}

fn close(block: &str) -> Value {
    event("contentEnd", &json!({ "promptName": "mine", "contentName": block }))
}

fn end_prompt() -> Value {
    event("promptEnd", &json!({ "promptName": "mine" }))
}

fn end() -> Value {
    event("sessionEnd", &json!({}))
}

/// A session up to its system prompt.
fn primed() -> Vec<Value> {
    vec![start(), prompt(), open_text("s", "SYSTEM", false), text("s"), close("s")]
}

/// The same with an open audio block.
fn live() -> Vec<Value> {
    [primed(), vec![open_audio("a"), audio("a")]].concat()
}

fn ended() -> Vec<Value> {
    [live(), vec![close("a"), end_prompt(), end()]].concat()
}

fn say(check: &mut Check, event: &Value) -> bedrock_nova::Result<()> {
    check.check(event.to_string().as_bytes())
}

/// A checker that has seen these events, and heard the service ask for the tool use `u-1`.
fn after(events: &[Value]) -> Check {
    let mut check = Check::new(&model());
    for event in events {
        say(&mut check, event).unwrap_or_else(|error| panic!("{event}: {error}"));
    }
    for (name, body) in [
        ("contentStart", json!({ "contentId": "t", "type": "TOOL", "role": "TOOL" })),
        ("toolUse", json!({ "contentId": "t", "toolUseId": "u-1", "toolName": "weather", "content": "{}" })),
        ("contentEnd", json!({ "contentId": "t", "type": "TOOL", "stopReason": "TOOL_USE" })),
    ] {
        check.heard(event(name, &body).to_string().as_bytes()).unwrap();
    }
    check
}

#[test]
fn a_good_session_passes() {
    let talk = vec![
        open_text("t", "USER", true),
        text("t"),
        close("t"),
        audio("a"),
        open_tool("r", "u-1"),
        audio("a"),
        result("r"),
        close("r"),
        close("a"),
        open_audio("b"),
        audio("b"),
        close("b"),
        end_prompt(),
        end(),
    ];
    let mut check = after(&live());
    for event in &talk {
        say(&mut check, event).unwrap_or_else(|error| panic!("{event}: {error}"));
    }
    assert_eq!(check.upstream().name(), "Closed");
}

#[test]
fn what_a_session_of_ours_sends_passes() {
    let mut session = Session::new(&model());
    session.start(&Inference::default(), Some(Endpointing::Low)).unwrap();
    let mut config = PromptConfig::new(Voice::Matthew, SampleRate::Hz8000);
    config.tools = vec![ToolSpec::new("weather", "Tells the weather.", json!({ "type": "object" }))];
    config.tool_choice = Some(ToolChoice::Tool("weather".to_owned()));
    session.start_prompt(&config).unwrap();
    for content in
        [Content::System, Content::SystemSpeech, Content::History(Role::User), Content::History(Role::Assistant)]
    {
        let block = session.open(content).unwrap();
        session.text(&block, &"Words. ".repeat(300)).unwrap();
        session.close(&block).unwrap();
    }
    let audio = session.open(Content::Audio { rate: SampleRate::Hz24000 }).unwrap();
    session.audio(&[0; 10_000]).unwrap();
    let mut check = Check::new(&model());
    for (name, body) in [
        ("contentStart", json!({ "contentId": "t", "type": "TOOL", "role": "TOOL" })),
        ("toolUse", json!({ "contentId": "t", "toolUseId": "u-1", "toolName": "weather", "content": "{}" })),
        ("contentEnd", json!({ "contentId": "t", "type": "TOOL", "stopReason": "TOOL_USE" })),
    ] {
        let payload = event(name, &body).to_string();
        session.handle(Input::Payload(payload.as_bytes()));
        check.heard(payload.as_bytes()).unwrap();
    }
    let answer = session.open(Content::ToolResult { tool_use_id: ToolUseId::from("u-1") }).unwrap();
    session.tool_result(&answer, &json!("dry")).unwrap();
    session.close(&answer).unwrap();
    session.close(&audio).unwrap();
    session.end_prompt().unwrap();
    session.end().unwrap();
    let mut passed = 0;
    while let Some(output) = session.poll() {
        if let Output::Send(payload) = output {
            check.check(&payload).unwrap();
            passed += 1;
        }
    }
    assert!(passed > 25, "{passed}");
    assert_eq!(check.upstream(), session.upstream());
}

/// What each rule refuses: after these events that one.
fn breach(rule: Rule) -> Option<(Vec<Value>, Value)> {
    let with = |more: &[Value]| [primed(), more.to_vec()].concat();
    let alive = |more: &[Value]| [live(), more.to_vec()].concat();
    Some(match rule {
        Rule::StartOnce => (vec![start()], start()),
        Rule::SessionFirst => (vec![], prompt()),
        Rule::PromptFirst => (vec![start()], open_audio("a")),
        Rule::PromptOnce => (vec![start(), prompt()], prompt()),
        Rule::SystemFirst => (vec![start(), prompt()], open_text("u", "USER", false)),
        Rule::SystemOnce => (primed(), open_text("again", "SYSTEM", false)),
        Rule::SpeechAfterSystem => (live(), open_text("v", "SYSTEM_SPEECH", false)),
        Rule::OneBlock => (alive(&[open_text("t", "USER", true)]), open_text("u", "USER", true)),
        Rule::UserFirst => (primed(), open_text("h", "ASSISTANT", false)),
        Rule::AudioWaits => (alive(&[open_text("t", "USER", true)]), audio("a")),
        Rule::AudioFirst => (primed(), open_text("t", "USER", true)),
        Rule::AudioOnce => (live(), open_audio("b")),
        Rule::NoSuchBlock => (live(), audio("another")),
        Rule::InnerFirst => (alive(&[open_text("t", "USER", true)]), close("a")),
        Rule::BlocksOpen => (live(), end_prompt()),
        Rule::NoAudio => (primed(), end_prompt()),
        Rule::PromptOpen => (live(), end()),
        Rule::PromptOver => (alive(&[close("a"), end_prompt()]), open_audio("b")),
        Rule::SessionOver => (ended(), audio("a")),
        Rule::Empty => (with(&[open_audio("a")]), close("a")),
        Rule::HistoryRole => (primed(), open_text("h", "TOOL", false)),
        Rule::ToolUnknown => (live(), open_tool("r", "u-2")),
        Rule::ToolOnce => (alive(&[]), open_tool("r", "u-1")),
        // Whoever has lost the stream has nothing more to check.
        Rule::StreamGone => return None,
        other => panic!("what does {other:?} refuse?"),
    })
}

#[test]
fn each_rule_refuses_and_changes_nothing() {
    for rule in Rule::ALL {
        let Some((before, refused)) = breach(rule) else { continue };
        let mut check = after(&before);
        if rule == Rule::ToolOnce {
            for event in [open_tool("first", "u-1"), result("first"), close("first")] {
                say(&mut check, &event).unwrap();
            }
        }
        let state = check.upstream().clone();
        let error = say(&mut check, &refused).expect_err(&format!("{rule:?}"));
        assert_eq!((error.kind(), error.code()), (ErrorKind::Misuse, rule.code()), "{rule:?}: {error}");
        assert!(error.message().ends_with(&format!("{}.", rule.sentence())), "{rule:?}: {error}");
        assert!(error.hint().is_some(), "{rule:?}");
        assert_eq!(check.upstream(), &state, "{rule:?}");
    }
}

#[test]
fn names_are_the_clients_and_the_data_goes_where_it_belongs() {
    let other = |event: &Value| serde_json::from_str::<Value>(&event.to_string().replace("mine", "yours")).unwrap();
    for (before, refused, code) in [
        (live(), other(&audio("a")), "prompt-name"),
        (primed(), other(&open_audio("a")), "prompt-name"),
        (live(), other(&close("a")), "prompt-name"),
        ([live(), vec![close("a")]].concat(), other(&end_prompt()), "prompt-name"),
        ([live(), vec![close("a")]].concat(), open_audio("a"), "content-name"),
        (live(), open_text("s", "USER", true), "content-name"),
        (live(), close("s"), "E-NOCONTENT"),
        (live(), text("a"), "E-NOCONTENT"),
        ([live(), vec![open_tool("r", "u-1")]].concat(), audio("r"), "E-NOCONTENT"),
        ([live(), vec![open_tool("r", "u-1")]].concat(), result("a"), "E-NOCONTENT"),
        ([live(), vec![open_tool("r", "u-1"), result("r")]].concat(), result("r"), "E-GEN"),
    ] {
        // The wish comes before the answer to it.
        let (first, rest) = before.split_at(5);
        let mut check = after(first);
        for event in rest {
            say(&mut check, event).unwrap();
        }
        let error = say(&mut check, &refused).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Misuse, code), "{refused}: {error}");
        assert!(!error.to_string().contains("yours"), "{error}");
    }
}

#[test]
fn what_is_no_event_of_a_clients_is_refused_without_repeating_it() {
    let without = |event: &Value, path: &str| {
        let mut event = event.clone();
        let (parent, field) = path.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field).unwrap();
        event
    };
    let half = data("audioInput", "a", "AAAA");
    let bare = data("toolResult", "r", "\"secret\"");
    for (refused, code) in [
        (json!("secret"), "E-PARSE"),
        (json!({ "event": {} }), "E-PARSE"),
        (json!({ "event": { "sessionEnd": {}, "promptEnd": {} } }), "E-PARSE"),
        (event("secret", &json!({})), "unknown-event"),
        (without(&audio("a"), "/event/audioInput/promptName"), "E-PARSE"),
        (data("audioInput", "a", "secret!"), "E-PARSE"),
        (half, "half-sample"),
        (without(&open_audio("b"), "/event/contentStart/role"), "E-PARSE"),
        (without(&open_audio("b"), "/event/contentStart/audioInputConfiguration"), "E-PARSE"),
        (without(&open_tool("r", "u-1"), "/event/contentStart/toolResultInputConfiguration"), "E-PARSE"),
        (bare, "E-TOOLPARSE"),
        (data("textInput", "a", &"x".repeat(1_000_000)), "too-large"),
    ] {
        let error = say(&mut after(&live()), &refused).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, code), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let mut schema = prompt();
    schema["event"]["promptStart"]["toolConfiguration"]["tools"][0]["toolSpec"]["inputSchema"]["json"] = json!({});
    let error = say(&mut after(&[start()]), &schema).unwrap_err();
    assert_eq!(error.code(), "E-PARSE", "a schema travels as text: {error}");
    let mut voice = prompt();
    voice["event"]["promptStart"]["audioOutputConfiguration"]["voiceId"] = json!("Nobody");
    let error = say(&mut after(&[start()]), &voice).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
}

#[test]
fn what_the_service_says_wrongly_is_as_if_it_had_not_come() {
    let mut check = after(&live());
    assert_eq!(check.heard(b"no event").unwrap_err().kind(), ErrorKind::Wire);
    say(&mut check, &audio("a")).unwrap();
}
