//! What clients send, read field by field. A field that is not known is refused: a misspelt one would be believed to have
//! an effect.

use std::time::Duration;

use bedrock_nova::Result;
use bedrock_nova::audio::whole_samples;
use bedrock_nova::sonic::api::{Fields, ToolAnswer};
use bedrock_nova::sonic::{
    Config, Endpointing, Message, ModelId, OfferedTool, Role, SampleRate, Snapshot, ToolChoice, ToolSpec, TurnId, Voice,
};
use bytes::Bytes;
use serde_json::Value;

use crate::answer::invalid;

/// Letters of an id, more than any of ours has.
const ID: usize = 200;
const LINES: usize = 10_000;
const TOOLS: usize = 100;
const TEXT: usize = 40_000;

/// A body as it came.
#[derive(Clone, Debug)]
pub(crate) struct Body<'a> {
    pub(crate) content_type: Option<&'a str>,
    pub(crate) bytes: &'a [u8],
}

/// How a call is to be opened.
pub(crate) enum Opening {
    Anew(Box<Config>),
    From(Box<Snapshot>),
}

/// A piece of the user's voice.
pub(crate) struct Chunk {
    pub(crate) pcm: Bytes,
    pub(crate) rate: Option<SampleRate>,
}

/// How much of an answer was heard.
pub(crate) struct Played {
    pub(crate) turn: TurnId,
    pub(crate) position: Duration,
}

/// What came of a tool.
pub(crate) struct ToolResult {
    pub(crate) id: String,
    pub(crate) answer: ToolAnswer,
}

/// Reads how a call is to be opened: what the client says, and for the rest what the server says, whose own tools are
/// these.
pub(crate) fn opening(body: &Body<'_>, defaults: &Config, tools: &[&str]) -> Result<Opening> {
    let mut config = Box::new(defaults.clone());
    // Everything may be left out, the body too.
    if body.bytes.trim_ascii().is_empty() || body.bytes.trim_ascii() == b"null" {
        return Ok(Opening::Anew(config));
    }
    let mut fields = fields(body)?;
    if let Some(snapshot) = fields.object("snapshot")? {
        if !fields.is_empty() {
            return Err(fields.wrong("A snapshot brings its own settings along: send no field beside `snapshot`."));
        }
        let text = Value::Object(snapshot).to_string();
        return Ok(Opening::From(Snapshot::from_json(text.as_bytes())?.into()));
    }
    speech(&mut config, &mut fields)?;
    if let Some(offers) = fields.list("tools", TOOLS)? {
        for offer in offers {
            config.tools.push(tool(offer, tools)?);
        }
    }
    if let Some(choice) = fields.words("tool_choice", 1..=64)? {
        config.tool_choice = Some(match choice.as_str() {
            "auto" => ToolChoice::Auto,
            "any" => ToolChoice::Any,
            _ => ToolChoice::Tool(choice),
        });
    }
    if let Some(lines) = fields.list("history", LINES)? {
        config.history = lines.into_iter().map(line).collect::<Result<_>>()?;
    }
    fields.end()?;
    Ok(Opening::Anew(config))
}

/// Who speaks, and how.
fn speech(config: &mut Config, fields: &mut Fields) -> Result<()> {
    if let Some(prompt) = fields.words("system_prompt", 1..=TEXT)? {
        config.system = prompt;
    }
    if let Some(voice) = fields.words("voice", 1..=100)? {
        config.voice = Voice::from(voice);
    }
    if let Some(model) = fields.words("model", 1..=ID)? {
        config.model = ModelId::from(model);
    }
    config.inference.temperature = fields.number("temperature", 0.0..=1.0)?.or(config.inference.temperature);
    config.inference.top_p = fields.number("top_p", 0.0..=1.0)?.or(config.inference.top_p);
    let tokens = fields.whole("max_tokens", 1..=1_000_000)?.and_then(|tokens| u32::try_from(tokens).ok());
    config.inference.max_tokens = tokens.or(config.inference.max_tokens);
    config.endpointing = fields.one_of("turn_detection", &ENDPOINTING)?.or(config.endpointing);
    config.input_rate = fields.rate("input_sample_rate")?.unwrap_or(config.input_rate);
    config.output_rate = fields.rate("output_sample_rate")?.unwrap_or(config.output_rate);
    if let Some(greeting) = fields.words("greeting", 0..=10_000)? {
        config.greeting = Some(greeting);
    }
    Ok(())
}

/// How eagerly a pause is taken for the end of the user's turn.
pub(crate) const ENDPOINTING: [(&str, Endpointing); 3] =
    [("high", Endpointing::High), ("medium", Endpointing::Medium), ("low", Endpointing::Low)];

fn tool(mut fields: Fields, tools: &[&str]) -> Result<OfferedTool> {
    let name = fields.words("name", 1..=64)?;
    let name = fields.needed("name", name)?;
    if tools.contains(&name.as_str()) {
        return Err(fields.not("name", "another one: the server has a tool of that name"));
    }
    let description = fields.text("description")?;
    let schema = fields.object("input_schema")?;
    let schema = fields.needed("input_schema", schema)?;
    fields.end()?;
    Ok(ToolSpec::new(name, description, Value::Object(schema)).into())
}

fn line(mut fields: Fields) -> Result<Message> {
    let role = fields.one_of("role", &[("USER", Role::User), ("ASSISTANT", Role::Assistant)])?;
    let role = fields.needed("role", role)?;
    let text = fields.text("text")?;
    fields.end()?;
    Ok(Message { role, text })
}

/// Reads a body that names a call, and what else is in it.
pub(crate) fn for_call<T>(body: &Body<'_>, rest: impl FnOnce(&mut Fields) -> Result<T>) -> Result<(String, T)> {
    let mut fields = fields(body)?;
    let session = fields.words("session_id", 0..=ID)?;
    let session = fields.needed("session_id", session)?;
    let rest = rest(&mut fields)?;
    fields.end()?;
    Ok((session, rest))
}

/// Nothing else is in it.
#[allow(clippy::unnecessary_wraps, reason = "a reader among others")]
pub(crate) fn nothing(_: &mut Fields) -> Result<()> {
    Ok(())
}

pub(crate) fn chunk(fields: &mut Fields) -> Result<Chunk> {
    let pcm = fields.base64("audio_data")?;
    if pcm.is_empty() || whole_samples(&pcm).is_err() {
        return Err(fields.not("audio_data", "whole samples of two bytes, one or more"));
    }
    fields.one_of("format", &[("pcm", ()), ("lpcm", ())])?;
    fields.whole("channels", 1..=1)?;
    Ok(Chunk { pcm, rate: fields.rate("sample_rate")? })
}

pub(crate) fn text(fields: &mut Fields) -> Result<String> {
    let text = fields.words("text", 1..=TEXT)?;
    fields.needed("text", text)
}

pub(crate) fn played(fields: &mut Fields) -> Result<Played> {
    let turn = fields.count("turn")?;
    let position = fields.number("position_ms", 0.0..=1e9)?;
    let position = fields.needed("position_ms", position)?;
    Ok(Played { turn, position: Duration::from_secs_f64(position / 1000.0) })
}

pub(crate) fn tool_result(fields: &mut Fields) -> Result<ToolResult> {
    let id = fields.words("id", 0..=ID)?;
    let id = fields.needed("id", id)?;
    let answer = match (fields.any("result"), fields.any("error")) {
        (Some(result), None) => ToolAnswer::Result(result),
        (None, Some(Value::String(why))) => ToolAnswer::Error(why),
        (None, Some(_)) => return Err(fields.not("error", "a string")),
        _ => return Err(fields.wrong("The body needs one of the fields `result` and `error`.")),
    };
    Ok(ToolResult { id, answer })
}

fn fields(body: &Body<'_>) -> Result<Fields> {
    let none = || invalid("request", "The body must be a JSON object, sent with `Content-Type: application/json`.");
    if !body.content_type.is_some_and(is_json) {
        return Err(none());
    }
    match serde_json::from_slice(body.bytes) {
        Ok(Value::Object(object)) => Ok(Fields::new("the body", "request", object)),
        Ok(_) => Err(none()),
        Err(cause) => {
            let sentence = format!("The body is no JSON: line {}, column {}.", cause.line(), cause.column());
            Err(invalid("request", sentence).with_cause(cause))
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn body(text: &str) -> Body<'_> {
        Body { content_type: Some("application/json; charset=utf-8"), bytes: text.as_bytes() }
    }

    fn opened(text: &str) -> Config {
        let Opening::Anew(config) = opening(&body(text), &Config::default(), &[]).unwrap() else {
            unreachable!("no snapshot was sent")
        };
        *config
    }

    #[test]
    fn what_a_client_says_goes_before_what_the_server_says() {
        let mut defaults = Config::default();
        defaults.system = "You are a server's.".to_owned();
        defaults.inference.top_p = Some(0.25);
        let said =
            r#"{"temperature":0,"voice":"matthew","turn_detection":"low","input_sample_rate":8000,"greeting":null}"#;
        let Opening::Anew(config) = opening(&body(said), &defaults, &[]).unwrap() else { unreachable!() };
        assert_eq!((config.system.as_str(), config.voice), ("You are a server's.", Voice::Matthew));
        assert_eq!((config.inference.temperature, config.inference.top_p), (Some(0.0), Some(0.25)));
        assert_eq!((config.endpointing, config.input_rate), (Some(Endpointing::Low), SampleRate::Hz8000));
        assert_eq!(config.greeting, None);
    }

    #[test]
    fn history_and_tools_are_lists_of_objects() {
        let config = opened(
            r#"{"history":[{"role":"USER","text":"I am Ann."},{"role":"ASSISTANT","text":"Hello Ann."}],
                "tools":[{"name":"look","description":"Looks.","input_schema":{"type":"object"}}],"tool_choice":"look"}"#,
        );
        assert_eq!(config.history, [Message::user("I am Ann."), Message::assistant("Hello Ann.")]);
        assert_eq!(config.tools[0].spec.name, "look");
        assert_eq!(config.tool_choice, Some(ToolChoice::Tool("look".to_owned())));
    }

    #[test]
    fn a_body_may_be_left_out() {
        for nothing in ["", " ", "null", "{}"] {
            assert!(opened(nothing) == Config::default(), "{nothing:?}");
        }
        let without_type = Body { content_type: None, bytes: b"" };
        assert!(opening(&without_type, &Config::default(), &[]).is_ok());
    }

    #[test]
    fn each_complaint_about_an_opening_names_its_field() {
        for (said, sentence) in [
            (r#"{"temperature":2}"#, "The field `temperature` of the body must be a number from 0 to 1."),
            (r#"{"voice":""}"#, "The field `voice` of the body must be a string of 1 to 100 letters."),
            (r#"{"max_tokens":1.5}"#, "The field `max_tokens` of the body must be a whole number from 1 to 1000000."),
            (
                r#"{"turn_detection":1}"#,
                r#"The field `turn_detection` of the body must be "high" or "medium" or "low"."#,
            ),
            (
                r#"{"history":[{"role":"USER","text":"a"},{"role":"TOOL","text":"a"}]}"#,
                "The field `role` of `history[1]` must be \"USER\" or \"ASSISTANT\".",
            ),
            (
                r#"{"history":[1]}"#,
                "The field `history` of the body must be a list of JSON objects, and number 0 is none.",
            ),
            (r#"{"tools":[{"name":"look"}]}"#, "`tools[0]` needs the field `description`."),
            (
                r#"{"tools":[{"name":"clock","description":"","input_schema":{}}]}"#,
                "The field `name` of `tools[0]` must be another one: the server has a tool of that name.",
            ),
            (r#"{"snapshot":5}"#, "The field `snapshot` of the body must be a JSON object."),
            (
                r#"{"snapshot":{},"voice":"a"}"#,
                "A snapshot brings its own settings along: send no field beside `snapshot`.",
            ),
            ("[]", "The body must be a JSON object, sent with `Content-Type: application/json`."),
            ("{", "The body is no JSON: line 1, column 1."),
        ] {
            let refused = opening(&body(said), &Config::default(), &["clock"]).err().unwrap();
            assert_eq!((refused.message(), refused.code()), (sentence, "request"), "{said}");
        }
        let unknown = opening(&body(r#"{"sytem_prompt":"a"}"#), &Config::default(), &[]).err().unwrap();
        assert!(
            unknown.message().starts_with(r#"The body has no field "sytem_prompt": it has snapshot, "#),
            "{unknown}"
        );
    }

    #[test]
    fn each_complaint_about_what_is_said_names_its_field() {
        let refusal = |text: &str, read: fn(&mut Fields) -> Result<()>| {
            for_call(&body(text), read).err().map(|error| error.message().to_owned()).unwrap_or_default()
        };
        let audio = |fields: &mut Fields| chunk(fields).map(drop);
        assert_eq!(refusal("{}", nothing), "The body needs the field `session_id`.");
        assert_eq!(
            refusal(r#"{"session_id":"a","now":1}"#, nothing),
            r#"The body has no field "now": it has session_id."#
        );
        for (audio_data, what) in [
            (r#""?""#, "base64 with its padding"),
            (r#""AA==""#, "whole samples of two bytes, one or more"),
            (r#""""#, "whole samples of two bytes, one or more"),
            ("5", "a string"),
        ] {
            let said = format!(r#"{{"session_id":"a","audio_data":{audio_data}}}"#);
            assert_eq!(refusal(&said, audio), format!("The field `audio_data` of the body must be {what}."));
        }
        let stereo = r#"{"session_id":"a","audio_data":"AAA=","channels":2}"#;
        assert_eq!(refusal(stereo, audio), "The field `channels` of the body must be 1.");
        let both = |fields: &mut Fields| tool_result(fields).map(drop);
        let said = r#"{"session_id":"a","id":"b","result":1,"error":"c"}"#;
        assert_eq!(refusal(said, both), "The body needs one of the fields `result` and `error`.");
        let heard = |fields: &mut Fields| played(fields).map(drop);
        let said = r#"{"session_id":"a","turn":1,"position_ms":-1}"#;
        assert_eq!(refusal(said, heard), "The field `position_ms` of the body must be a number from 0 to 1000000000.");
    }

    #[test]
    fn a_body_of_another_type_is_none() {
        for (content_type, taken) in [
            (None, false),
            (Some("text/plain"), false),
            (Some("application/json"), true),
            (Some("Application/JSON;charset=utf-8"), true),
            (Some("application/merge-patch+json"), true),
        ] {
            let body = Body { content_type, bytes: br#"{"session_id":"a"}"# };
            assert_eq!(for_call(&body, nothing).is_ok(), taken, "{content_type:?}");
        }
    }
}
