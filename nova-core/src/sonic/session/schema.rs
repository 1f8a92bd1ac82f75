//! JSON Schemas that the service takes: finding what it refuses, and making a schema plain enough.

use serde_json::{Map, Value};

/// Keywords that reports say are refused with `E-GEN` (reference §2.2).
const REFUSED: [&str; 4] = ["title", "default", "additionalProperties", "anyOf"];
/// Keywords whose value holds schemas under names of the application's own: the names are no keywords.
const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Keywords whose value is data and no schema.
const DATA: [&str; 4] = ["enum", "const", "examples", "required"];

/// Drops the keywords that reports say are refused with `E-GEN`: `title`, `default`, `additionalProperties`, `anyOf`
/// (reference §2.2). Of an `anyOf` the first alternative that is not `null` stays; properties of such names stay too.
#[must_use]
pub fn plain_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => plain_object(fields),
        Value::Array(schemas) => schemas.iter().map(plain_schema).collect(),
        other => other.clone(),
    }
}

/// Returns the JSON path of the first keyword that the service is said to refuse.
pub(super) fn first_refused(schema: &Value) -> Option<String> {
    find(schema, "$")
}

fn plain_object(fields: &Map<String, Value>) -> Value {
    let mut plain = Map::new();
    for (keyword, value) in fields {
        match keyword.as_str() {
            "anyOf" => merge_first(&mut plain, value),
            refused if REFUSED.contains(&refused) => {}
            data if DATA.contains(&data) => drop(plain.insert(keyword.clone(), value.clone())),
            named if NAMED.contains(&named) => drop(plain.insert(keyword.clone(), plain_members(value))),
            _ => drop(plain.insert(keyword.clone(), plain_schema(value))),
        }
    }
    Value::Object(plain)
}

/// What stands beside an `anyOf` is kept; the alternative only adds to it.
fn merge_first(into: &mut Map<String, Value>, alternatives: &Value) {
    let is_null = |one: &&Value| one.get("type").and_then(Value::as_str) == Some("null");
    let first = alternatives.as_array().and_then(|all| all.iter().find(|one| !is_null(one)));
    if let Some(Value::Object(fields)) = first.map(plain_schema) {
        for (keyword, value) in fields {
            into.entry(keyword).or_insert(value);
        }
    }
}

/// The members of `properties` are named by the application: their names are no keywords.
fn plain_members(members: &Value) -> Value {
    match members {
        Value::Object(fields) => fields.iter().map(|(name, schema)| (name.clone(), plain_schema(schema))).collect(),
        other => other.clone(),
    }
}

fn find(schema: &Value, path: &str) -> Option<String> {
    match schema {
        Value::Object(fields) => fields.iter().find_map(|(keyword, value)| {
            let here = step(path, keyword);
            match keyword.as_str() {
                refused if REFUSED.contains(&refused) => Some(here),
                data if DATA.contains(&data) => None,
                named if NAMED.contains(&named) => {
                    value.as_object()?.iter().find_map(|(name, schema)| find(schema, &step(&here, name)))
                }
                _ => find(value, &here),
            }
        }),
        Value::Array(schemas) => {
            schemas.iter().enumerate().find_map(|(at, schema)| find(schema, &format!("{path}[{at}]")))
        }
        _ => None,
    }
}

fn step(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if plain { format!("{path}.{name}") } else { format!("{path}[{name:?}]") }
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
        assert_eq!(first_refused(&plain), None);
    }

    #[test]
    fn what_is_refused_is_found_wherever_a_schema_stands_and_mended() {
        let object = |inner: Value| json!({ "type": "object", "properties": { "a": inner } });
        let cases = [
            (json!({ "type": "object", "title": "Args" }), "$.title"),
            (object(json!({ "type": "string", "default": "x" })), "$.properties.a.default"),
            (object(json!({ "items": { "anyOf": [{ "type": "string" }] } })), "$.properties.a.items.anyOf"),
            (object(json!({ "oneOf": [{}, { "title": "B" }] })), "$.properties.a.oneOf[1].title"),
            (object(json!({ "not": { "additionalProperties": {} } })), "$.properties.a.not.additionalProperties"),
            (object(json!({ "if": { "then": { "title": "C" } } })), "$.properties.a.if.then.title"),
            (json!({ "$defs": { "my day": { "title": "Day" } } }), r#"$.$defs["my day"].title"#),
        ];
        for (schema, path) in cases {
            assert_eq!(first_refused(&schema).as_deref(), Some(path));
            assert_eq!(first_refused(&plain_schema(&schema)), None, "{schema}");
        }
    }

    #[test]
    fn names_data_and_unknown_keywords_pass() {
        let schema = json!({ "type": "object", "x-mine": 3, "properties": {
            "default": { "const": { "title": 1 } }, "anyOf": { "enum": [{ "default": 1 }, "title"] },
        }, "required": ["default"] });
        assert_eq!(first_refused(&schema), None);
        assert_eq!(plain_schema(&schema), schema);
    }
}
