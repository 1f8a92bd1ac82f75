//! The wire, both ways: every field of the reference §2 and §3, and bytes that are neither.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova::ErrorKind;
use bedrock_nova::audio::SampleRate;
use bedrock_nova::ids::{ContentId, ContentName, PromptName, ToolUseId};
use bedrock_nova::model::Voice;
use bedrock_nova::sonic::session::{Content, Endpointing, Inference, PromptConfig, ToolChoice, ToolSpec};
use bedrock_nova::sonic::wire::{ClientEvent, ContentType, Origin, Role, ServerEvent, Stage, Stop, Tokens};
use proptest::prelude::*;
use serde_json::{Value, json};

fn said(event: ClientEvent<'_>) -> Value {
    let json: Value = serde_json::from_slice(&event.encode()).unwrap();
    assert_eq!(json["event"].as_object().unwrap().keys().collect::<Vec<_>>(), [event.name()]);
    json["event"][event.name()].clone()
}

fn opened(start: &Content) -> Value {
    said(ClientEvent::ContentStart { prompt: &"p-1".into(), content: &"c-1".into(), start })
}

fn decode(body: &Value) -> ServerEvent {
    ServerEvent::decode(json!({ "event": body }).to_string().as_bytes()).unwrap()
}

fn at(content: &str) -> (Origin, ContentId) {
    (Origin { session: Some("s".into()), prompt: Some("p".into()), completion: Some("c".to_owned()) }, content.into())
}

#[test]
fn session_start_nests_turn_detection() {
    let inference = Inference { stop_sequences: vec!["END".to_owned()], ..Inference::default() };
    let full = ClientEvent::SessionStart { inference: &inference, turn_detection: Some(Endpointing::Medium) };
    assert_eq!(
        said(full),
        json!({ "inferenceConfiguration": { "maxTokens": 1024, "topP": 0.9, "temperature": 0.7, "stopSequences": ["END"] },
            "turnDetectionConfiguration": { "endpointingSensitivity": "MEDIUM" } })
    );
    let nothing = Inference { max_tokens: None, top_p: None, temperature: None, stop_sequences: vec![] };
    let bare = ClientEvent::SessionStart { inference: &nothing, turn_detection: None };
    assert_eq!(said(bare), json!({ "inferenceConfiguration": {} }));
}

#[test]
fn prompt_start_holds_the_schema_as_text() {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    let mut config = PromptConfig::new(Voice::Matthew, SampleRate::Hz24000);
    let audio = json!({ "mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16, "channelCount": 1,
        "voiceId": "matthew", "encoding": "base64", "audioType": "SPEECH" });
    let plain = said(ClientEvent::PromptStart { prompt: &"p-1".into(), config: &config });
    assert_eq!(
        plain,
        json!({ "promptName": "p-1", "textOutputConfiguration": { "mediaType": "text/plain" },
            "audioOutputConfiguration": audio })
    );

    config.tools = vec![ToolSpec::new("get_weather", "Tells the weather.", schema.clone())];
    config.tool_choice = Some(ToolChoice::Tool("get_weather".to_owned()));
    let tools = said(ClientEvent::PromptStart { prompt: &"p-1".into(), config: &config });
    assert_eq!(tools["toolUseOutputConfiguration"], json!({ "mediaType": "application/json" }));
    assert_eq!(tools["toolConfiguration"]["toolChoice"], json!({ "tool": { "name": "get_weather" } }));
    let spec = &tools["toolConfiguration"]["tools"][0]["toolSpec"];
    assert_eq!((&spec["name"], &spec["description"]), (&json!("get_weather"), &json!("Tells the weather.")));
    let text = spec["inputSchema"]["json"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), schema);
}

#[test]
fn every_content_has_its_shape() {
    let text = |role: &str, interactive: bool| {
        json!({ "promptName": "p-1", "contentName": "c-1", "type": "TEXT", "interactive": interactive, "role": role,
            "textInputConfiguration": { "mediaType": "text/plain" } })
    };
    assert_eq!(opened(&Content::System), text("SYSTEM", false));
    assert_eq!(opened(&Content::SystemSpeech), text("SYSTEM_SPEECH", false));
    assert_eq!(opened(&Content::History(Role::User)), text("USER", false));
    assert_eq!(opened(&Content::History(Role::Assistant)), text("ASSISTANT", false));
    assert_eq!(opened(&Content::UserText), text("USER", true));
    assert_eq!(
        opened(&Content::Audio { rate: SampleRate::Hz8000 }),
        json!({ "promptName": "p-1", "contentName": "c-1", "type": "AUDIO", "interactive": true, "role": "USER",
            "audioInputConfiguration": { "mediaType": "audio/lpcm", "sampleRateHertz": 8000, "sampleSizeBits": 16,
            "channelCount": 1, "audioType": "SPEECH", "encoding": "base64" } })
    );
    assert_eq!(
        opened(&Content::ToolResult { tool_use_id: ToolUseId::from("u-1") }),
        json!({ "promptName": "p-1", "contentName": "c-1", "type": "TOOL", "interactive": false, "role": "TOOL",
            "toolResultInputConfiguration": { "toolUseId": "u-1", "type": "TEXT",
            "textInputConfiguration": { "mediaType": "text/plain" } } })
    );
}

#[test]
fn data_and_endings_have_their_shapes() {
    let (prompt, content) = (&PromptName::from("p-1"), &ContentName::from("c-1"));
    let data = |text: &str| json!({ "promptName": "p-1", "contentName": "c-1", "content": text });
    assert_eq!(said(ClientEvent::TextInput { prompt, content, text: "\"Hi\"\n" }), data("\"Hi\"\n"));
    assert_eq!(said(ClientEvent::ToolResult { prompt, content, json: "{\"a\":1}" }), data("{\"a\":1}"));
    assert_eq!(said(ClientEvent::AudioInput { prompt, content, pcm: &[0, 1, 2, 3] }), data("AAECAw=="));
    assert_eq!(said(ClientEvent::ContentEnd { prompt, content }), json!({ "promptName": "p-1", "contentName": "c-1" }));
    assert_eq!(said(ClientEvent::PromptEnd { prompt }), json!({ "promptName": "p-1" }));
    // The byte vector of reference §1.9.
    assert_eq!(&ClientEvent::SessionEnd.encode()[..], br#"{"event":{"sessionEnd":{}}}"#);
}

#[test]
fn what_was_said_stays_out_of_debug() {
    let secret = "plantedSecret";
    let heard = decode(&json!({ "textOutput": { "contentId": "k", "content": secret } }));
    let text = ClientEvent::TextInput { prompt: &"p".into(), content: &"c".into(), text: secret };
    assert!(!format!("{heard:?} {text:?}").contains(secret));
    let broken = ServerEvent::decode(format!("{{\"event\":{{\"textOutput\":\"{secret}").as_bytes()).unwrap_err();
    assert!(!format!("{broken:?} {broken}").contains(secret));
}

#[test]
fn every_event_of_the_service_is_read() {
    let origin = json!({ "sessionId": "s", "promptName": "p", "completionId": "c" });
    let with = |name: &str, fields: Value| {
        let mut body = origin.clone();
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        decode(&json!({ name: body }))
    };
    let (origin, content) = at("k1");
    assert_eq!(with("completionStart", json!({})), ServerEvent::CompletionStart { origin: origin.clone() });
    assert_eq!(
        with(
            "contentStart",
            json!({ "contentId": "k1", "type": "TEXT", "role": "ASSISTANT",
            "additionalModelFields": "{\"generationStage\":\"SPECULATIVE\"}",
            "textOutputConfiguration": { "mediaType": "text/plain" } })
        ),
        ServerEvent::ContentStart {
            origin: origin.clone(),
            content: content.clone(),
            kind: ContentType::Text,
            role: Role::Assistant,
            stage: Some(Stage::Speculative),
            rate: None
        }
    );
    assert_eq!(
        with(
            "contentStart",
            json!({ "contentId": "k1", "type": "AUDIO", "role": "ASSISTANT",
            "audioOutputConfiguration": { "mediaType": "audio/lpcm", "sampleRateHertz": 24000 } })
        ),
        ServerEvent::ContentStart {
            origin: origin.clone(),
            content: content.clone(),
            kind: ContentType::Audio,
            role: Role::Assistant,
            stage: None,
            rate: Some(24_000)
        }
    );
    assert_eq!(
        with("textOutput", json!({ "contentId": "k1", "content": "what's \"up\"\n\n", "role": "USER" })),
        ServerEvent::TextOutput {
            origin: origin.clone(),
            content: content.clone(),
            text: "what's \"up\"\n\n".to_owned()
        }
    );
    assert_eq!(
        with("audioOutput", json!({ "contentId": "k1", "content": "AAECAw==", "role": "ASSISTANT" })),
        ServerEvent::AudioOutput { origin: origin.clone(), content: content.clone(), pcm: vec![0, 1, 2, 3].into() }
    );
    assert_eq!(
        with("contentEnd", json!({ "contentId": "k1", "type": "TEXT", "stopReason": "PARTIAL_TURN" })),
        ServerEvent::ContentEnd { origin: origin.clone(), content, kind: ContentType::Text, stop: Stop::PartialTurn }
    );
    assert_eq!(
        with("completionEnd", json!({ "stopReason": "END_TURN" })),
        ServerEvent::CompletionEnd { origin: origin.clone(), stop: Stop::EndTurn }
    );
    assert_eq!(
        with("userSpeechStart", json!({ "inputAudioOffsetMs": 0 })),
        ServerEvent::UserSpeechStart { origin: origin.clone(), offset: Duration::ZERO }
    );
    assert_eq!(
        with("userSpeechEnd", json!({ "inputAudioOffsetMs": 1920, "inputAudioDetectionOffsetMs": 2400 })),
        ServerEvent::UserSpeechEnd {
            origin,
            offset: Duration::from_millis(1920),
            detected: Duration::from_millis(2400)
        }
    );
}

#[test]
fn usage_counts_total_and_delta_apart() {
    let event = decode(&json!({ "usageEvent": { "details": {
        "delta": { "input": { "speechTokens": 1, "textTokens": 2 }, "output": { "speechTokens": 3, "textTokens": 4 } },
        "total": { "input": { "speechTokens": 10, "textTokens": 20 }, "output": { "speechTokens": 30, "textTokens": 40 } } },
        "totalInputTokens": 30, "totalOutputTokens": 70, "totalTokens": 100 } }));
    let ServerEvent::Usage { report, .. } = event else { panic!("{event:?}") };
    assert_eq!(report.delta, Tokens { speech_in: 1, text_in: 2, speech_out: 3, text_out: 4 });
    assert_eq!(report.total, Tokens { speech_in: 10, text_in: 20, speech_out: 30, text_out: 40 });
}

#[test]
fn tool_arguments_are_freed_of_their_strings() {
    let city = json!({ "city": "Oslo" });
    let once = city.to_string();
    let twice = Value::from(once.clone()).to_string();
    for fields in
        [json!({ "content": once }), json!({ "content": twice }), json!({ "content": city }), json!({ "input": once })]
    {
        let mut body = json!({ "contentId": "k2", "toolName": "get_weather", "toolUseId": "u-1", "role": "TOOL" });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let event = decode(&json!({ "toolUse": body }));
        let ServerEvent::ToolUse { id, name, arguments, .. } = event else { panic!("{event:?}") };
        assert_eq!((id.as_str(), name.as_str(), arguments), ("u-1", "get_weather", city.clone()));
    }
}

#[test]
fn the_unknown_is_kept_and_the_odd_is_read() {
    assert_eq!(
        decode(&json!({ "weatherReport": { "rain": [1, 2] } })),
        ServerEvent::Unknown { name: "weatherReport".to_owned(), body: json!({ "rain": [1, 2] }) }
    );
    let unreadable = decode(&json!({ "textOutput": { "content": 5 } }));
    assert_eq!(unreadable, ServerEvent::Unknown { name: "textOutput".to_owned(), body: json!({ "content": 5 }) });
    let siblings = br#"{"p":"abc","event":{"extra":1,"completionStart":{"completionId":null,"new":{}}},"more":[]}"#;
    assert_eq!(ServerEvent::decode(siblings).unwrap(), ServerEvent::CompletionStart { origin: Origin::default() });
    let escaped = br#"{"event":{"audioOutput":{"contentId":"k","content":"\/\/8="}}}"#;
    let event = ServerEvent::decode(escaped).unwrap();
    let ServerEvent::AudioOutput { pcm, .. } = event else { panic!("{event:?}") };
    assert_eq!(pcm[..], [0xff, 0xff]);
    let stage =
        decode(&json!({ "contentStart": { "type": "VIDEO", "role": "DOG", "additionalModelFields": "no json" } }));
    let ServerEvent::ContentStart { kind, role, stage, .. } = stage else { panic!("{stage:?}") };
    assert_eq!((kind, role, stage), (ContentType::Other("VIDEO".to_owned()), Role::Other, None));
}

#[test]
fn what_is_no_event_is_a_wire_error() {
    let nested = "[".repeat(100_000);
    for payload in [
        "",
        "{}",
        "[]",
        "null",
        "{\"event\":{}}",
        "{\"event\":5}",
        "{\"event\":{\"a\":1}",
        "\u{0}",
        &nested,
        "{\"event\":{\"audioOutput\":{\"content\":\"!\"}}}",
        "{\"event\":{\"audioOutput\":{\"content\":7}}}",
    ] {
        let error = ServerEvent::decode(payload.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Wire, "{payload:.60}");
    }
    assert_eq!(ServerEvent::decode(&[0xff, 0xfe]).unwrap_err().kind(), ErrorKind::Wire);
}

proptest! {
    #[test]
    fn no_bytes_panic_the_reader(bytes: Vec<u8>) {
        let _ = ServerEvent::decode(&bytes);
    }

    #[test]
    fn no_body_panics_the_reader(name in prop::sample::select(&ServerEvent::KNOWN), field in "[a-zA-Z]{1,12}", value in json_value()) {
        for key in [field.as_str(), "content", "contentId", "type", "role", "stopReason", "additionalModelFields", "details",
            "inputAudioOffsetMs", "toolUseId", "audioOutputConfiguration"] {
            let payload = json!({ "event": { name: { key: value.clone() } } }).to_string();
            match ServerEvent::decode(payload.as_bytes()) {
                Ok(event) => prop_assert_eq!(event.name(), name),
                Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Wire),
            }
        }
    }

    #[test]
    fn audio_input_is_the_json_of_its_fields(prompt: String, content: String, pcm: Vec<u8>) {
        let (prompt_name, content_name) = (&PromptName::from(prompt.as_str()), &ContentName::from(content.as_str()));
        let body = said(ClientEvent::AudioInput { prompt: prompt_name, content: content_name, pcm: &pcm });
        prop_assert_eq!(body, json!({ "promptName": prompt, "contentName": content, "content": STANDARD.encode(&pcm) }));
    }

    #[test]
    fn text_input_is_the_json_of_its_fields(text: String) {
        let body = said(ClientEvent::TextInput { prompt: &"p".into(), content: &"c".into(), text: &text });
        prop_assert_eq!(body, json!({ "promptName": "p", "contentName": "c", "content": text }));
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z]{1,8}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}
