//! Arguments and results, brought into the shapes that tools and sessions take.

use serde_json::{Map, Value, json};

use crate::sonic::event::ToolOutcome;
use crate::sonic::limits;

/// Bytes of one event that are left for a result: the rest is the names of event, prompt and block.
const ROOM: usize = limits::EVENT_BYTES - 1_000;
/// An escape takes at most this many bytes for one: `\\u0000`.
const ESCAPE: usize = 7;

/// Makes arguments into a JSON object; layers of JSON inside strings are off already. Some models write nothing for no
/// arguments.
///
/// # Errors
/// A sentence for the model, when they are something else than an object.
pub(super) fn as_arguments(arguments: Value) -> Result<Value, String> {
    match arguments {
        object @ Value::Object(_) => Ok(object),
        Value::Null => Ok(Value::Object(Map::new())),
        Value::String(text) if text.trim().is_empty() => Ok(Value::Object(Map::new())),
        _ => Err("the arguments are no JSON object; call the tool again with one".to_owned()),
    }
}

/// Makes a result into what the service takes: a JSON object (reference §2.4).
pub(super) fn as_object(result: Result<Value, String>) -> Value {
    match result {
        Ok(value @ Value::Object(_)) => value,
        Ok(value) => json!({ "result": value }),
        Err(reason) => json!({ "error": reason }),
    }
}

/// Returns a result with its beginning alone, and a sentence that says so; none if the whole is short enough.
pub(super) fn cut(result: &Value, limit: Option<usize>) -> Option<Value> {
    let limit = limit.unwrap_or(ROOM);
    let text = result.to_string();
    if fits(&text, limit) {
        return None;
    }
    let note = format!("the result is too long ({} bytes); this is its beginning", text.len());
    // A result that is one text is cut as that text, any other as its JSON.
    let whole = only_text(result).unwrap_or(&text);
    let mut keep = limit.min(whole.len());
    loop {
        let beginning = &whole[..whole.floor_char_boundary(keep)];
        let short = json!({ "truncated": note, "beginning": beginning });
        let text = short.to_string();
        if keep == 0 || fits(&text, limit) {
            return Some(short);
        }
        let over = text.len().max(escaped(&text) * limit / ROOM.max(limit));
        keep = (keep * limit / over.max(1)).min(keep - keep.div_ceil(64));
    }
}

/// How a call ended whose result was cut.
pub(super) fn shortened(outcome: ToolOutcome) -> ToolOutcome {
    if outcome == ToolOutcome::Answered { ToolOutcome::Shortened } else { outcome }
}

/// A result as a session is told it that never asked.
pub(super) fn in_words(name: &str, result: &Value) -> String {
    format!("(Result of a tool: {})", json!({ "tool": name, "result": result }))
}

/// Says whether a text is within a limit, and within an event, where it stands as a string inside JSON.
fn fits(text: &str, limit: usize) -> bool {
    text.len() <= limit && (text.len() <= ROOM / ESCAPE || escaped(text) <= ROOM)
}

fn escaped(text: &str) -> usize {
    Value::from(text).to_string().len()
}

fn only_text(result: &Value) -> Option<&str> {
    let fields = result.as_object().filter(|fields| fields.len() == 1)?;
    fields.values().next()?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_result_keeps_as_much_of_its_beginning_as_fits() {
        let words = "Grüße aus Oslo, \"heute\" scheint die Sonne.\n".repeat(30_000);
        let list: Vec<Value> = (0..200_000).map(|n| json!({ "n": n })).collect();
        for (result, limits) in [
            (json!({ "result": words }), [Some(300), Some(5_000), None]),
            (json!({ "result": list }), [Some(300), Some(50_000), None]),
            (json!({ "text": "\u{1}".repeat(900_000) }), [Some(256), Some(40_000), None]),
        ] {
            for limit in limits {
                let short = cut(&result, limit).expect("it is too long");
                let text = short.to_string();
                assert!(fits(&text, limit.unwrap_or(ROOM)), "{limit:?}: {} bytes", text.len());
                let room = limit.unwrap_or(ROOM).min(ROOM);
                assert!(text.len().max(escaped(&text) * room / ROOM) * 10 > room * 3, "{limit:?}: {}", text.len());
                assert!(short["truncated"].is_string());
                assert_eq!(cut(&short, limit), None);
            }
        }
        let short = cut(&json!({ "result": words }), Some(300)).expect("it is too long");
        assert!(short["beginning"].as_str().is_some_and(|text| text.starts_with("Grüße aus Oslo, \"heute\"")));
        assert_eq!(cut(&json!({ "sky": "blue" }), Some(300)), None);
    }

    #[test]
    fn no_arguments_are_an_empty_object_and_a_list_is_none() {
        for nothing in [Value::Null, json!(""), json!(" \n"), json!({})] {
            assert_eq!(as_arguments(nothing), Ok(json!({})));
        }
        for wrong in [json!([1]), json!(3), json!(true), json!("Oslo")] {
            assert!(as_arguments(wrong).is_err());
        }
    }
}
