//! What a session refuses beyond the table of states, and how long text and odd results travel.

use bedrock_nova::ErrorKind;
use bedrock_nova::audio::SampleRate;
use bedrock_nova::ids::{PromptName, ToolUseId};
use bedrock_nova::model::{Catalogue, ModelId, Voice};
use bedrock_nova::sonic::session::{
    Content, Endpointing, Heard, Inference, Input, Output, PromptConfig, Session, ToolChoice, ToolSpec,
};
use bedrock_nova::sonic::wire::Role;
use serde_json::{Value, json};

fn session(model: &str) -> Session {
    Session::with_prompt(&Catalogue::built_in().model(&ModelId::from(model)), PromptName::from("p"))
}

fn started(model: &str) -> Session {
    let mut session = session(model);
    session.start(&Inference::default(), None).unwrap();
    session
}

fn primed(model: &str) -> Session {
    let mut session = started(model);
    session.start_prompt(&PromptConfig::new(Voice::Tiffany, SampleRate::Hz24000)).unwrap();
    let system = session.open(Content::System).unwrap();
    session.text(&system, "Be brief.").unwrap();
    session.close(&system).unwrap();
    while session.poll().is_some() {}
    session
}

fn live(model: &str) -> Session {
    let mut session = primed(model);
    session.open(Content::Audio { rate: SampleRate::Hz16000 }).unwrap();
    session.audio(&[0; 3_200]).unwrap();
    while session.poll().is_some() {}
    session
}

fn sent(session: &mut Session) -> Vec<Value> {
    let sends = std::iter::from_fn(|| session.poll()).filter_map(|output| match output {
        Output::Send(payload) => Some(serde_json::from_slice::<Value>(&payload).unwrap()["event"].clone()),
        _ => None,
    });
    sends.collect()
}

fn ask_tool(session: &mut Session, id: &str) -> Vec<Heard> {
    for (name, body) in [
        ("contentStart", json!({ "contentId": "t", "type": "TOOL", "role": "TOOL" })),
        ("toolUse", json!({ "contentId": "t", "toolUseId": id, "toolName": "weather", "content": "{\"a\":1}" })),
        ("contentEnd", json!({ "contentId": "t", "type": "TOOL", "stopReason": "TOOL_USE" })),
    ] {
        session.handle(Input::Payload(json!({ "event": { name: body } }).to_string().as_bytes()));
    }
    let heard = std::iter::from_fn(|| session.poll()).filter_map(|output| match output {
        Output::Heard(heard) => Some(heard),
        _ => None,
    });
    heard.collect()
}

#[test]
fn an_empty_block_cannot_be_closed() {
    let mut session = primed(ModelId::NOVA_2_5_SONIC);
    let audio = session.open(Content::Audio { rate: SampleRate::Hz16000 }).unwrap();
    session.audio(&[]).unwrap();
    let refused = session.close(&audio).unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Misuse, "E-EMPTY"));
    session.audio(&[0; 2]).unwrap();
    session.close(&audio).unwrap();
    assert_eq!(session.close(&audio).unwrap_err().code(), "E-NOCONTENT");
}

#[test]
fn long_text_goes_in_pieces_that_end_at_characters() {
    let mut session = started(ModelId::NOVA_2_5_SONIC);
    session.start_prompt(&PromptConfig::new(Voice::Tiffany, SampleRate::Hz24000)).unwrap();
    let system = session.open(Content::System).unwrap();
    let text = "äöü€".repeat(500);
    session.text(&system, &text).unwrap();
    let pieces: Vec<String> = sent(&mut session)
        .iter()
        .filter_map(|event| event["textInput"]["content"].as_str().map(str::to_owned))
        .collect();
    assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() <= 1_000), "{}", pieces.len());
    assert_eq!(pieces.concat(), text);
}

#[test]
fn a_tool_use_is_answered_exactly_once_with_an_object() {
    let mut session = live(ModelId::NOVA_2_5_SONIC);
    let answer = || Content::ToolResult { tool_use_id: ToolUseId::from("u-1") };
    assert_eq!(session.open(answer()).unwrap_err().kind(), ErrorKind::Misuse);
    assert!(ask_tool(&mut session, "u-1").iter().any(|heard| matches!(heard, Heard::ToolUse { .. })));
    let again = ask_tool(&mut session, "u-1");
    assert!(!again.iter().any(|heard| matches!(heard, Heard::ToolUse { .. })), "{again:?}");
    assert!(again.iter().any(|heard| matches!(heard, Heard::Warning(_))), "{again:?}");

    let block = session.open(answer()).unwrap();
    session.audio(&[0; 320]).unwrap();
    session.tool_result(&block, &json!(["sunny"])).unwrap();
    assert!(session.tool_result(&block, &json!({})).unwrap_err().message().contains("exactly once"));
    session.close(&block).unwrap();
    let result = sent(&mut session).iter().find_map(|event| event["toolResult"]["content"].as_str().map(str::to_owned));
    assert_eq!(result.unwrap(), "{\"result\":[\"sunny\"]}");
    assert!(session.open(answer()).unwrap_err().message().contains("exactly once"));
}

#[test]
fn the_first_model_refuses_what_it_does_not_take() {
    let v1 = ModelId::NOVA_SONIC;
    let refused = session(v1).start(&Inference::default(), Some(Endpointing::High)).unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Invalid, "unsupported"));
    assert!(refused.hint().unwrap().contains(ModelId::NOVA_2_5_SONIC), "{refused}");
    assert_eq!(primed(v1).open(Content::SystemSpeech).unwrap_err().code(), "unsupported");
    assert_eq!(live(v1).open(Content::UserText).unwrap_err().code(), "unsupported");
    live(ModelId::NOVA_2_SONIC).open(Content::UserText).unwrap();
}

#[test]
fn values_out_of_range_are_invalid_and_name_the_range() {
    let wrong = |change: fn(&mut Inference)| {
        let mut inference = Inference::default();
        change(&mut inference);
        session(ModelId::NOVA_2_5_SONIC).start(&inference, None).unwrap_err()
    };
    for error in [
        wrong(|it| it.temperature = Some(1.1)),
        wrong(|it| it.top_p = Some(f64::NAN)),
        wrong(|it| it.max_tokens = Some(0)),
        wrong(|it| it.max_tokens = Some(64_001)),
    ] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "inference"));
        assert!(error.message().contains(" to "), "{error}");
    }
}

#[test]
fn tools_are_checked_before_they_are_sent() {
    let schema = json!({ "type": "object" });
    let refused = |tools: Vec<ToolSpec>, tool_choice| {
        let mut prompt = PromptConfig::new(Voice::Tiffany, SampleRate::Hz24000);
        (prompt.tools, prompt.tool_choice) = (tools, tool_choice);
        let mut session = started(ModelId::NOVA_2_5_SONIC);
        session.start_prompt(&prompt).unwrap_err().code().to_owned()
    };
    let good = ToolSpec::new("get_weather", "Tells the weather.", schema.clone());
    assert_eq!(refused(vec![ToolSpec::new("clock.now", "Tells the time.", schema.clone())], None), "E-TOOLNAME");
    assert_eq!(refused(vec![ToolSpec::new("clock", "Tells the time.", json!("{}"))], None), "E-PARSE");
    assert_eq!(refused(vec![good.clone(), good.clone()], None), "tools");
    assert_eq!(refused(vec![good], Some(ToolChoice::Tool("clock".to_owned()))), "tools");
    assert_eq!(refused(vec![], Some(ToolChoice::Any)), "tools");
    let huge = json!({ "type": "object", "description": "x".repeat(1_000_000) });
    assert_eq!(refused(vec![ToolSpec::new("huge", "Is huge.", huge)], None), "too-large");
}

#[test]
fn history_is_bounded_by_message_and_in_all_but_context_is_not_history() {
    let mut session = primed(ModelId::NOVA_2_5_SONIC);
    let message = "x".repeat(50_000);
    for _ in 0..4 {
        let block = session.open(Content::History(Role::User)).unwrap();
        session.text(&block, &message).unwrap();
        assert_eq!(session.text(&block, "x").unwrap_err().code(), "E-HISTMAX");
        session.close(&block).unwrap();
    }
    let block = session.open(Content::History(Role::User)).unwrap();
    assert_eq!(session.text(&block, "x").unwrap_err().code(), "E-HISTMAX");
    let mut session = live(ModelId::NOVA_2_5_SONIC);
    let block = session.open(Content::History(Role::User)).unwrap();
    session.text(&block, &"x".repeat(60_000)).unwrap();
}

#[test]
fn a_dead_session_keeps_saying_why() {
    let mut session = live(ModelId::NOVA_2_5_SONIC);
    session.handle(Input::Payload(b"no event"));
    let first = session.failure().unwrap().clone();
    assert_eq!(first.kind(), ErrorKind::Wire);
    assert_eq!(session.audio(&[0; 2]).unwrap_err(), first);
    assert_eq!(session.end().unwrap_err(), first);
}
