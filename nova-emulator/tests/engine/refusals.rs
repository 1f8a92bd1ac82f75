//! Refusals: the table of reference §4.2 cell by cell, the catalogue of §4.4 row by row, the limits of §4.5.

use bedrock_nova_emulator::{ExceptionKind, Scenario};
use serde_json::{Value, json};

use crate::raw::*;

/// The table of reference §4.2; `+` is accepted, a code is refused, a bare ✗ of the reference is GEN.
///
/// A `contentEnd` names a block, not a kind: for a name that is not open the answer is NOCONTENT wherever a prompt is open
/// (§2.5), also in the cells of AUDIO and TOOL that the reference leaves bare.
const TABLE: &str = "
event          I0  I1          I2        I2s         I3         I3t         I5          I5t         I5r         I6         I7
sessionStart   +   GEN         GEN       GEN         GEN        GEN         GEN         GEN         GEN         GEN        GEN
promptStart    GEN +           GEN       GEN         GEN        GEN         GEN         GEN         GEN         GEN        GEN
startSystem    GEN GEN         +         GEN         DUPSYS     DUPSYS      DUPSYS      DUPSYS      DUPSYS      DUPSYS     GEN
startSpeech    GEN GEN         NOSYS     GEN         +          GEN         GEN         GEN         GEN         GEN        GEN
startUser      GEN GEN         NOSYS     GEN         +          GEN         +           GEN         GEN         +          GEN
startAssistant GEN GEN         NOSYS     GEN         GEN        GEN         +           GEN         GEN         +          GEN
startTyped     GEN GEN         NOSYS     GEN         +          GEN         +           GEN         GEN         +          GEN
startAudio     GEN GEN         NOSYS     GEN         +          HISTLATE    GEN         GEN         GEN         +          GEN
startTool      GEN GEN         GEN       GEN         GEN        GEN         +           GEN         GEN         +          GEN
textInput      GEN GEN         NOCONTENT +           NOCONTENT  +           NOCONTENT   +           GEN         NOCONTENT  GEN
audioInput     GEN GEN         GEN       GEN         NOCONTENT  HISTLATE    +           HISTLATE    +           NOCONTENT  GEN
toolResult     GEN GEN         GEN       GEN         GEN        GEN         NOCONTENT   GEN         +           NOCONTENT  GEN
endText        GEN GEN         NOCONTENT +           NOCONTENT  +           NOCONTENT   +           NOCONTENT   NOCONTENT  GEN
endAudio       GEN GEN         NOCONTENT NOCONTENT   NOCONTENT  NOCONTENT   +           GEN         GEN         NOCONTENT  GEN
endTool        GEN GEN         NOCONTENT NOCONTENT   NOCONTENT  NOCONTENT   NOCONTENT   NOCONTENT   +           NOCONTENT  GEN
promptEnd      GEN GEN         NOAUDIO   OPENCONTENT NOAUDIO    OPENCONTENT OPENCONTENT OPENCONTENT OPENCONTENT +          GEN
sessionEnd     GEN +           OPENPROMPT OPENPROMPT OPENPROMPT OPENPROMPT  OPENPROMPT  OPENPROMPT  OPENPROMPT  OPENPROMPT +
";

#[test]
fn every_cell_of_the_table_is_as_the_reference_has_it() {
    let mut rows = TABLE.trim().lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let states = rows.next().unwrap();
    for row in rows {
        assert_eq!(row.len(), states.len(), "{}", row[0]);
        for (state, wanted) in states.iter().zip(&row).skip(1) {
            let (mut raw, call) = in_state(state);
            assert!(raw.is_alive(), "{state} cannot be reached: {}", raw.message());
            if row[0] == "endTool" && *state == "I5r" {
                raw.send(tool_result("r", "{}"));
            }
            raw.send(event(row[0], &call));
            let found = if raw.exception.is_none() { "+".to_owned() } else { code(raw.message()).to_owned() };
            assert_eq!(found, *wanted, "{} in {state}", row[0]);
        }
    }
}

/// Brings a session into a state; the open text block is `t` (`t2` behind the opening) and has data, the tool block is `r` and has none.
fn in_state(state: &str) -> (Raw, String) {
    let mut raw = setup().scenario(Scenario::tools()).start();
    let order = ["I0", "I1", "I2", "I2s", "I3", "I3t", "I5"];
    let mut steps: Vec<Value> = vec![
        session_start(),
        prompt_start(json!({ "tools": [tool("get_weather"), tool("get_time")] })),
        text_start("t", "SYSTEM", false),
        text_input("t", "x"),
        content_end("t"),
    ];
    if state == "I3t" {
        steps[2] = text_start("s", "SYSTEM", false);
        steps[3] = text_input("s", "x");
        steps[4] = content_end("s");
        steps.extend([text_start("t", "USER", false), text_input("t", "x")]);
    }
    let taken = match order.iter().position(|name| *name == state) {
        Some(0) => 0,
        Some(1) => 1,
        Some(2) => 2,
        Some(3) => 4,
        _ => steps.len(),
    };
    steps.truncate(taken);
    steps.into_iter().for_each(|step| raw.send(step));
    if ["I5", "I5t", "I5r", "I6", "I7"].contains(&state) {
        raw.audio_start("a");
        raw.ask();
        raw.silence(600);
    }
    let call = raw.all("toolUse").first().map_or(String::new(), |call| call["toolUseId"].as_str().unwrap().to_owned());
    let more = match state {
        "I5t" => vec![text_start("t2", "USER", true), text_input("t2", "x")],
        "I5r" => vec![tool_start("r", &call)],
        "I6" => vec![content_end("a")],
        "I7" => vec![content_end("a"), prompt_end()],
        _ => Vec::new(),
    };
    more.into_iter().for_each(|step| raw.send(step));
    (raw, call)
}

fn event(name: &str, call: &str) -> Value {
    match name {
        "sessionStart" => session_start(),
        "promptStart" => {
            let mut event = prompt_start(json!({}));
            if call.is_empty() {
                return event;
            }
            event["promptStart"]["promptName"] = "p2".into();
            event
        }
        "startSystem" => text_start("n", "SYSTEM", false),
        "startSpeech" => text_start("n", "SYSTEM_SPEECH", false),
        "startUser" => text_start("n", "USER", false),
        "startAssistant" => text_start("n", "ASSISTANT", false),
        "startTyped" => text_start("n", "USER", true),
        "startAudio" => audio_start("n", 16_000),
        "startTool" => tool_start("n", call),
        "textInput" => text_input(if call.is_empty() { "t" } else { "t2" }, "x"),
        "audioInput" => audio_input("a", &[0; 160]),
        "toolResult" => tool_result("r", "{}"),
        "endText" => content_end(if call.is_empty() { "t" } else { "t2" }),
        "endAudio" => content_end("a"),
        "endTool" => content_end("r"),
        "promptEnd" => prompt_end(),
        _ => json!({ "sessionEnd": {} }),
    }
}

/// The code of a sentence, by the substrings of reference §4.4.
fn code(message: &str) -> &'static str {
    let sentences = [
        ("PARSE", "Unable to parse input chunk. Please check input format contains correct format."),
        ("GEN", "Invalid input request, please fix your input and try again."),
        ("NOSYS", "System instructions are missing"),
        ("DUPSYS", "Duplicate SYSTEM content. SYSTEM content can only be provided once per prompt"),
        ("HISTMAX", "Chat history is over max limit. Trim chat history and try again."),
        ("HISTLATE", "Chat history should be sent completely before streaming audio."),
        ("VOICE0", "Received invalid voiceId: value must not be empty"),
        ("VOICE1", "Received invalid id: 'Carlos'"),
        ("NOAUDIO", "Prompt [p] must have at least one audio content"),
        ("EMPTY", "as no content data was received"),
        ("OPENCONTENT", "All contents must be closed before ending prompt"),
        ("OPENPROMPT", " : Error(s):\nError 1 : The following prompts were not closed: [p]"),
        ("NOCONTENT", "No open content found for content name: "),
        ("TOOLPARSE", "Tool Response parsing error"),
        ("TOOLMEDIA", "Tool result media type must be one of: [text/plain]"),
        ("TOOLNAME", "#/toolConfig/tools/0/toolSpec/name: string [clock.now] does not match pattern ^[a-zA-Z0-9_-]+$"),
    ];
    assert!(message.starts_with("RequestId="), "{message}");
    sentences.iter().find(|(_, sentence)| message.contains(sentence)).unwrap_or_else(|| panic!("{message}")).0
}

/// The code with which a session that is prepared like this refuses this event.
fn refused(prepare: impl FnOnce(&mut Raw), event: Value) -> String {
    let mut raw = setup().start();
    prepare(&mut raw);
    assert!(raw.is_alive(), "{}", raw.message());
    raw.send(event);
    let Some(exception) = &raw.exception else { return "+".to_owned() };
    assert_eq!(exception.kind, ExceptionKind::Validation);
    code(&exception.message).to_owned()
}

fn with(mut event: Value, change: impl FnOnce(&mut Value)) -> Value {
    let body = event.as_object_mut().unwrap().values_mut().next().unwrap();
    change(body);
    event
}

fn live(raw: &mut Raw) {
    raw.open();
    raw.audio_start("a");
}

#[test]
fn json_that_cannot_be_read_is_not_parsed() {
    for payload in ["", "{", "[]", "null", "\"x\"", "{}", "{\"event\":7}", "{\"event\":{\"sessionStart\":{}}", "\u{0}"]
    {
        let mut raw = setup().start();
        raw.raw(payload.as_bytes());
        assert_eq!(code(raw.message()), "PARSE", "{payload:?}");
    }
    let mut raw = setup().start();
    raw.raw(&[0xFF, 0xFE]);
    assert_eq!(code(raw.message()), "PARSE");
    let mut raw = setup().live();
    raw.raw(&vec![b' '; 1_000_001]);
    assert_eq!(code(raw.message()), "GEN", "over the limit of a chunk");
}

#[test]
fn session_start_has_its_shape() {
    let change = |pointer: &str, value: Value| {
        with(session_start(), |body| {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(parent).unwrap()[name] = value;
        })
    };
    for (pointer, value, wanted) in [
        ("/endpointingSensitivity", json!("HIGH"), "GEN"),
        ("/turnDetectionConfiguration", json!({ "endpointingSensitivity": "HIGH" }), "+"),
        ("/turnDetectionConfiguration", json!({ "endpointingSensitivity": "high" }), "GEN"),
        ("/turnDetectionConfiguration", json!({ "pause": 1 }), "GEN"),
        ("/inferenceConfiguration/topP", json!(1.5), "GEN"),
        ("/inferenceConfiguration/temperature", json!("warm"), "GEN"),
        ("/inferenceConfiguration/maxTokens", json!(0), "GEN"),
        ("/inferenceConfiguration/stopSequences", json!(["x"]), "+"),
        ("/inferenceConfiguration/topK", json!(1), "GEN"),
        ("/inferenceConfiguration", json!(null), "GEN"),
    ] {
        assert_eq!(refused(|_| {}, change(pointer, value.clone())), wanted, "{pointer} {value}");
    }
}

#[test]
fn the_first_model_ignores_what_it_does_not_know() {
    let mut raw = setup().model(V1).start();
    raw.send(with(session_start(), |body| body["endpointingSensitivity"] = "HIGH".into()));
    assert!(raw.is_alive());
}

#[test]
fn siblings_of_the_event_are_ignored() {
    let mut raw = setup().strict().start();
    let mut event = session_start();
    event["turnDetectionConfiguration"] = json!({ "endpointingSensitivity": "LOW" });
    raw.send(event);
    assert!(raw.is_alive() && raw.engine.breaches().is_empty());
    let mut event = prompt_start(json!({}));
    event["sessionEnd"] = json!({});
    raw.send(event);
    assert_eq!(code(raw.message()), "GEN", "two events in one payload");
}

#[test]
fn prompt_start_has_its_shape() {
    let voice =
        |voice: Value| with(prompt_start(json!({})), |body| body["audioOutputConfiguration"]["voiceId"] = voice);
    let tools = |tools: Value| prompt_start(tools);
    let spec = |change: fn(&mut Value)| {
        let mut tool = tool("look");
        change(&mut tool["toolSpec"]);
        prompt_start(json!({ "tools": [tool] }))
    };
    let audio =
        |name: &str, value: Value| with(prompt_start(json!({})), |body| body["audioOutputConfiguration"][name] = value);
    for (event, wanted) in [
        (voice(json!("Carlos")), "VOICE1"),
        (voice(json!("")), "VOICE0"),
        (
            with(prompt_start(json!({})), |body| {
                body["audioOutputConfiguration"].as_object_mut().unwrap().remove("voiceId");
            }),
            "VOICE0",
        ),
        (audio("sampleRateHertz", json!(44_100)), "GEN"),
        (audio("sampleRateHertz", json!(8000)), "+"),
        (audio("sampleSizeBits", json!(8)), "GEN"),
        (audio("encoding", json!("hex")), "GEN"),
        (audio("volume", json!(1)), "GEN"),
        (with(prompt_start(json!({})), |body| body["extra"] = 1.into()), "GEN"),
        (
            with(prompt_start(json!({})), |body| {
                body.as_object_mut().unwrap().remove("toolUseOutputConfiguration");
            }),
            "+",
        ),
        (tools(json!({ "tools": [] })), "+"),
        (tools(json!({ "tools": [tool("a-B_9")], "toolChoice": { "auto": {} } })), "+"),
        (tools(json!({ "tools": [tool("a")], "toolChoice": { "tool": { "name": "a" } } })), "+"),
        (tools(json!({ "tools": [tool("a")], "toolChoice": { "none": {} } })), "GEN"),
        (tools(json!({ "tools": [tool("a")], "toolChoice": {} })), "GEN"),
        (tools(json!({ "tools": [tool("clock.now")] })), "TOOLNAME"),
        (spec(|spec| spec["inputSchema"]["json"] = json!({ "type": "object" })), "PARSE"),
        (spec(|spec| spec["inputSchema"]["json"] = "{".into()), "PARSE"),
        (spec(|spec| spec["strict"] = true.into()), "GEN"),
    ] {
        assert_eq!(refused(Raw::session_start, event.clone()), wanted, "{event}");
    }
}

#[test]
fn voices_differ_by_generation() {
    for (model, voice, taken) in
        [(V1, "greta", true), (V2, "greta", false), (V25, "tina", true), (V1, "tina", false), (V2, "kiara", true)]
    {
        let mut raw = setup().model(model).start();
        raw.session_start();
        raw.send(with(prompt_start(json!({})), |body| body["audioOutputConfiguration"]["voiceId"] = voice.into()));
        assert_eq!(raw.is_alive(), taken, "{voice} on {model}");
    }
}

#[test]
fn content_start_has_its_shape() {
    let prompted = |raw: &mut Raw| {
        raw.session_start();
        raw.prompt_start();
    };
    let text = |name: &str, value: Value| with(text_start("t", "SYSTEM", false), |body| body[name] = value);
    for (event, wanted) in [
        (text("interactive", json!(true)), "+"),
        (text("interactive", json!("no")), "GEN"),
        (text("role", json!("ROBOT")), "GEN"),
        (text("type", json!("VIDEO")), "GEN"),
        (text("promptName", json!("q")), "GEN"),
        (text("language", json!("de")), "GEN"),
        (text("textInputConfiguration", json!({ "mediaType": "text/html" })), "GEN"),
        (text("audioInputConfiguration", json!({})), "GEN"),
    ] {
        assert_eq!(refused(prompted, event.clone()), wanted, "{event}");
    }
    assert_eq!(refused(Raw::open, with(audio_start("a", 16_000), |body| body["role"] = "SYSTEM".into())), "GEN");
    assert_eq!(refused(Raw::open, audio_start("a", 22_050)), "GEN");
}

#[test]
fn an_assistant_cannot_begin_the_history_but_may_follow() {
    assert_eq!(refused(Raw::open, text_start("h", "ASSISTANT", false)), "GEN");
    let follow = |raw: &mut Raw| {
        raw.open();
        raw.text_block("USER", false, "hi");
    };
    assert_eq!(refused(follow, text_start("h", "ASSISTANT", true)), "+");
}

#[test]
fn data_and_ends_name_an_open_block() {
    assert_eq!(refused(live, audio_input("other", &[0; 160])), "NOCONTENT");
    assert_eq!(refused(live, content_end("other")), "NOCONTENT");
    assert_eq!(refused(live, with(audio_input("a", &[]), |body| body["content"] = "***".into())), "GEN");
    assert_eq!(refused(live, with(audio_input("a", &[]), |body| body["role"] = "USER".into())), "+");
    assert_eq!(refused(live, with(audio_input("a", &[]), |body| body["volume"] = 1.into())), "GEN");
    let closed_twice = |raw: &mut Raw| {
        live(raw);
        raw.silence(32);
        raw.send(content_end("a"));
    };
    assert_eq!(refused(closed_twice, content_end("a")), "NOCONTENT");
    let empty = |raw: &mut Raw| {
        live(raw);
        raw.send(text_start("t", "USER", true));
    };
    assert_eq!(refused(empty, content_end("t")), "EMPTY");
}

#[test]
fn tool_results_are_json_objects_in_a_text_block_and_come_once() {
    let called = || {
        let mut raw = setup().scenario(Scenario::tools()).start();
        raw.open_with_tools();
        raw.ask();
        raw.silence(600);
        let id = raw.all("toolUse")[0]["toolUseId"].as_str().unwrap().to_owned();
        (raw, id)
    };
    for content in ["ok", "\"ok\"", "[1]", "7", "null", ""] {
        let (mut raw, id) = called();
        raw.send(tool_start("r", &id));
        raw.send(tool_result("r", content));
        assert_eq!(code(raw.message()), "TOOLPARSE", "{content:?}");
    }
    let (mut raw, id) = called();
    raw.send(tool_start("r", &id));
    raw.send(json!({ "toolResult": { "promptName": "p", "contentName": "r", "content": { "a": 1 } } }));
    assert_eq!(code(raw.message()), "TOOLPARSE");
    let changed = |name: &str, value: &str| {
        let (mut raw, id) = called();
        raw.send(with(tool_start("r", &id), |body| match name {
            "role" => body["role"] = value.into(),
            "type" => body["toolResultInputConfiguration"]["type"] = value.into(),
            _ => body["toolResultInputConfiguration"]["textInputConfiguration"]["mediaType"] = value.into(),
        }));
        code(raw.message())
    };
    assert_eq!(changed("role", "USER"), "TOOLPARSE");
    assert_eq!(changed("type", "JSON"), "TOOLPARSE");
    assert_eq!(changed("mediaType", "application/json"), "TOOLMEDIA");
    let (mut raw, id) = called();
    raw.tool_result(&id, "{}");
    assert!(raw.is_alive());
    raw.tool_result(&id, "{}");
    assert_eq!(code(raw.message()), "GEN", "a second result");
}

#[test]
fn history_has_its_size() {
    let fill = |raw: &mut Raw, size: usize, count: usize| {
        for _ in 0..count {
            if raw.is_alive() {
                raw.text_block("USER", false, &"x".repeat(size));
            }
        }
        if raw.is_alive() { "+" } else { code(raw.message()) }
    };
    for (model, switch, size, count, wanted) in [
        (V2, "by-model", 50 * 1024, 4, "+"),
        (V2, "by-model", 50 * 1024 + 1, 1, "HISTMAX"),
        (V2, "by-model", 50 * 1024, 5, "HISTMAX"),
        (V2, "40kb", 1024, 40, "+"),
        (V2, "40kb", 1024, 41, "HISTMAX"),
        (V2, "40kb", 1025, 1, "HISTMAX"),
        (V1, "by-model", 1024, 41, "HISTMAX"),
        (V1, "200kb", 50 * 1024, 4, "+"),
    ] {
        let mut raw = setup().model(model).switch(&format!("history-limit={switch}")).start();
        raw.open();
        assert_eq!(fill(&mut raw, size, count), wanted, "{model} {switch} {count} × {size}");
    }
}

#[test]
fn models_that_are_not_there_are_refused_at_once() {
    for model in ["us.amazon.nova-2-sonic-v1:0", "amazon.nova-pro-v1:0", ""] {
        let raw = setup().model(model).start();
        assert_eq!(raw.exception.as_ref().unwrap().kind, ExceptionKind::Validation);
        assert_eq!((raw.accepted_at, raw.engine.wake()), (None, None));
    }
    assert!(setup().model(V1).start().is_alive());
    let raw = setup().model(V1).switch("model-v1=retired").start();
    assert_eq!(raw.exception.unwrap().kind, ExceptionKind::ResourceNotFound);
    assert!(setup().model(V25).switch("model-v1=retired").start().is_alive());
}

#[test]
fn nothing_follows_a_refusal() {
    let mut raw = setup().live();
    raw.send(content_end("x"));
    let events = raw.events.len();
    raw.ask();
    raw.end_input();
    raw.pass(1_000_000);
    assert_eq!((raw.events.len(), raw.ended), (events, None));
}
