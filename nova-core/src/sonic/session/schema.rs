//! Making a JSON Schema plain enough for the service.

use serde_json::{Map, Value};

/// Drops the keywords that reports say are refused with `E-GEN`: `title`, `default`, `additionalProperties`, `anyOf`
/// (reference §2.2). Of an `anyOf` the first alternative that is not `null` stays; properties of such names stay too.
#[must_use]
pub fn plain_schema(schema: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let mut plain = Map::new();
    for (keyword, value) in fields {
        match keyword.as_str() {
            "title" | "default" | "additionalProperties" => {}
            "anyOf" => merge_first(&mut plain, value),
            "properties" | "$defs" | "definitions" => drop(plain.insert(keyword.clone(), plain_members(value))),
            "items" => drop(plain.insert(keyword.clone(), plain_schema(value))),
            _ => drop(plain.insert(keyword.clone(), value.clone())),
        }
    }
    Value::Object(plain)
}

fn merge_first(into: &mut Map<String, Value>, alternatives: &Value) {
    let is_null = |one: &&Value| one.get("type").and_then(Value::as_str) == Some("null");
    let first = alternatives.as_array().and_then(|all| all.iter().find(|one| !is_null(one)));
    if let Some(Value::Object(fields)) = first.map(plain_schema) {
        into.extend(fields);
    }
}

/// The members of `properties` are named by the application: their names are no keywords.
fn plain_members(members: &Value) -> Value {
    match members {
        Value::Object(fields) => fields.iter().map(|(name, schema)| (name.clone(), plain_schema(schema))).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keywords_go_and_properties_stay() {
        let generated = json!({ "type": "object", "title": "Args", "additionalProperties": false, "properties": {
            "title": { "anyOf": [{ "type": "null" }, { "type": "string", "title": "Title" }], "default": null },
            "days": { "type": "array", "items": { "type": "integer", "title": "Day" } },
        }, "required": ["days"] });
        let plain = json!({ "type": "object", "properties": {
            "title": { "type": "string" },
            "days": { "type": "array", "items": { "type": "integer" } },
        }, "required": ["days"] });
        assert_eq!(plain_schema(&generated), plain);
    }
}
