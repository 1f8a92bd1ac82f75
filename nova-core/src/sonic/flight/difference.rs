//! Where two outputs part.

use std::time::Duration;

use serde_json::Value;

/// The first output that today's code gives otherwise than the log has it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// The line of the log, from 1.
    pub line: u64,
    /// When, since the call began.
    pub at: Duration,
    /// What the log has, as it stands there; null where the call now gives more than the log has.
    pub expected: Value,
    /// What the call gives now, in the same form; null where it gives nothing.
    pub got: Value,
}

// A log in full holds what was said.
impl std::fmt::Debug for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Difference")
            .field("line", &self.line)
            .field("at", &self.at)
            .field("place", &self.place().0)
            .finish_non_exhaustive()
    }
}

impl Difference {
    /// Returns the first place where they part, as a JSON pointer, with what stands there on either side; the pointer
    /// is empty where they have nothing in common.
    #[must_use]
    pub fn place(&self) -> (String, Option<&Value>, Option<&Value>) {
        let mut pointer = String::new();
        let (expected, got) = descend(&mut pointer, Some(&self.expected), Some(&self.got));
        (pointer, expected, got)
    }
}

fn descend<'a>(
    pointer: &mut String,
    expected: Option<&'a Value>,
    got: Option<&'a Value>,
) -> (Option<&'a Value>, Option<&'a Value>) {
    let step = match (expected, got) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let mut names = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name)));
            // Another kind of output has other members: the kind is what matters.
            let kind =
                ["out", "type"].iter().find(|kind| a.get(**kind) != b.get(**kind)).map(|kind| (*kind).to_owned());
            let name = kind.or_else(|| names.find(|name| a.get(*name) != b.get(*name)).cloned());
            name.map(|name| (a.get(&name), b.get(&name), name))
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            let at = (0..a.len().max(b.len())).find(|at| a.get(*at) != b.get(*at));
            at.map(|at| (a.get(at), b.get(at), at.to_string()))
        }
        _ => None,
    };
    match step {
        Some((expected, got, name)) => {
            pointer.push('/');
            pointer.push_str(&name);
            descend(pointer, expected, got)
        }
        None => (expected, got),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(expected: Value, got: Value) -> (String, Option<Value>, Option<Value>) {
        let difference = Difference { line: 1, at: Duration::ZERO, expected, got };
        let (pointer, expected, got) = difference.place();
        (pointer, expected.cloned(), got.cloned())
    }

    #[test]
    fn the_first_place_is_named() {
        let log = json!({ "out": "open", "link": 1, "opening": ["a", "b"] });
        let now = json!({ "out": "open", "link": 1, "opening": ["a", "c"] });
        assert_eq!(place(log.clone(), now), ("/opening/1".to_owned(), Some(json!("b")), Some(json!("c"))));
        let longer = json!({ "out": "open", "link": 1, "opening": ["a", "b", "c"] });
        assert_eq!(place(log.clone(), longer), ("/opening/2".to_owned(), None, Some(json!("c"))));
        let other = json!({ "out": "abort", "link": 2 });
        assert_eq!(place(log.clone(), other), ("/out".to_owned(), Some(json!("open")), Some(json!("abort"))));
        assert_eq!(place(log.clone(), Value::Null), (String::new(), Some(log), Some(Value::Null)));
    }
}
