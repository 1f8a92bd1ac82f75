//! Sentences that quote the results of tools: `{field}` or `{tool.field}`.

use serde_json::Value;

/// Fills a sentence in from results, given as `(tool, result)` in the order of the calls; `None` where a quoted field is
/// missing or is no plain value.
pub(crate) fn fill(sentence: &str, results: &[(String, Value)]) -> Option<String> {
    let mut filled = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, quoted)) = rest.split_once('{') {
        let (field, after) = quoted.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&quote(field.trim(), results)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

fn quote(field: &str, results: &[(String, Value)]) -> Option<String> {
    let anywhere = results.iter().find_map(|(_, result)| plain(result.get(field)?));
    anywhere.or_else(|| {
        let (tool, member) = field.split_once('.')?;
        results.iter().find_map(|(name, result)| (name == tool).then(|| plain(result.get(member)?))?)
    })
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_quoted_and_a_missing_one_is_noticed() {
        let results =
            [("sky".to_owned(), json!({"sky": "blue"})), ("clock".to_owned(), json!({"hour": 7, "zone": {"a": 1}}))];
        assert_eq!(fill("{sky} at {clock.hour}, {hour}.", &results).as_deref(), Some("blue at 7, 7."));
        assert_eq!(fill("Plain.", &results).as_deref(), Some("Plain."));
        assert_eq!(fill("{minute}", &results), None);
        assert_eq!(fill("{zone}", &results), None);
        assert_eq!(fill("{open", &results), None);
    }
}
