//! What stands in a redacted log instead of words and numbers: as long, of the same shape, and of no meaning.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use serde_json::{Map, Number, Value};

/// Writes something else of the same shape: bytes, spaces and punctuation of a text stay, its letters and digits do not.
#[derive(Debug)]
pub(super) enum Ink {
    /// Every letter is the same: for what is only compared.
    Crosses,
    /// Letters by chance, for what the call reads: it finds out what was spoken by comparing an announced sentence with
    /// its repeat. So two texts that begin alike also do so afterwards, sentence by sentence, and nothing else is kept.
    /// The key is this process's own chance and is written nowhere.
    Chance(RandomState),
}

impl Ink {
    /// Writes something else than a text.
    pub(super) fn text(&self, text: &str) -> String {
        let mut pen = self.pen();
        text.chars().map(|c| pen.write(c)).collect()
    }

    /// Begins a text that comes in pieces.
    pub(super) fn pen(&self) -> Pen {
        match self {
            Ink::Crosses => Pen::Crosses,
            Ink::Chance(key) => Pen::Chance { key: key.clone(), sentence: Box::new(key.build_hasher()) },
        }
    }

    /// Writes something else than a JSON value; what is in it keeps its order, kind and length.
    pub(super) fn json(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => Value::Number(ones(number)),
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(values) => values.iter().map(|value| self.json(value)).collect(),
            Value::Object(members) => Value::Object(self.members(members)),
        }
    }

    /// A member's name may be somebody's too: a number takes its place, in the same order.
    fn members(&self, members: &Map<String, Value>) -> Map<String, Value> {
        members.iter().enumerate().map(|(n, (name, value))| (numbered(n, name.len()), self.json(value))).collect()
    }
}

/// Writes one text.
#[derive(Debug)]
pub(super) enum Pen {
    Crosses,
    Chance { key: RandomState, sentence: Box<std::hash::DefaultHasher> },
}

impl Pen {
    pub(super) fn write(&mut self, c: char) -> char {
        if !c.is_alphanumeric() {
            if ends_sentence(c)
                && let Pen::Chance { key, sentence } = self
            {
                **sentence = key.build_hasher();
            }
            return if stays(c) { c } else { sign(c.len_utf8()) };
        }
        match self {
            Pen::Crosses => letter(c.len_utf8(), CROSS),
            Pen::Chance { sentence, .. } => {
                let before = sentence.finish();
                // The two versions of a sentence may differ in capitals.
                c.to_lowercase().for_each(|lower| sentence.write_u32(lower.into()));
                match c.is_ascii() {
                    true => shuffled(c, before),
                    false => letter(c.len_utf8(), sentence.finish()),
                }
            }
        }
    }
}

/// The chance that writes an `x`.
const CROSS: u64 = 23;

/// An ASCII letter or digit for another one; after the same beginning, two different ones stay different.
fn shuffled(c: char, chance: u64) -> char {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    /// What has no divisor in common with 36: such a factor gives each letter another one.
    const FACTORS: [u64; 12] = [1, 5, 7, 11, 13, 17, 19, 23, 25, 29, 31, 35];
    let lower = c.to_ascii_lowercase() as u8;
    let at = ALPHABET.iter().position(|letter| *letter == lower).unwrap_or_default() as u64;
    let factor = FACTORS[(chance / 36 % 12) as usize];
    let written = char::from(ALPHABET[((at * factor + chance) % 36) as usize]);
    if c.is_ascii_uppercase() { written.to_ascii_uppercase() } else { written }
}

/// A letter of that many bytes.
fn letter(bytes: usize, chance: u64) -> char {
    let (first, letters) = match bytes {
        1 => ('a', 26),
        2 => ('а', 32),
        3 => ('一', 4_096),
        _ => ('\u{20000}', 4_096),
    };
    char::from_u32(first as u32 + (chance % letters) as u32).unwrap_or(first)
}

/// A sign of that many bytes, neither letter nor digit: an emoji says something too.
fn sign(bytes: usize) -> char {
    match bytes {
        1 => '*',
        2 => '¤',
        3 => '□',
        _ => '🟦',
    }
}

fn stays(c: char) -> bool {
    c.is_ascii() || c.is_whitespace() || "¿¡«»。！？、…“”„‘’–—".contains(c)
}

fn ends_sentence(c: char) -> bool {
    ".!?\n。！？…".contains(c)
}

/// Names the `n`th member, in as many bytes as its name had if they suffice; names sort as their numbers do.
fn numbered(n: usize, bytes: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut name = "z".repeat(n / 35);
    name.push(DIGITS[n % 35] as char);
    while name.len() < bytes {
        name.push('x');
    }
    name
}

/// A number of the same length: ones. Its exponent stays.
fn ones(number: &Number) -> Number {
    let text = number.to_string();
    let (digits, exponent) = text.split_at(text.find('e').unwrap_or(text.len()));
    let plain: String = digits.chars().map(|c| if c.is_ascii_digit() { '1' } else { c }).collect();
    (plain + exponent).parse().unwrap_or_else(|_| Number::from(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::json;

    use super::*;

    fn chance() -> Ink {
        Ink::Chance(RandomState::new())
    }

    const TEXTS: [&str; 6] =
        ["It is 21 degrees. Take a hat!", "Grüß Gott, ¿qué tal?", "天気は晴れです。", "👋 ok", "", " \n{\"a\": 1}"];

    #[test]
    fn only_the_shape_of_a_text_is_left() {
        for text in TEXTS {
            let other = chance().text(text);
            assert_eq!(other.len(), text.len(), "{text} {other}");
            let crossed = Ink::Crosses.text(text);
            assert_eq!(Ink::Crosses.text(&other), crossed, "what is compared is the same either way");
            assert!(!crossed.chars().any(|c| c.is_ascii_digit() && text.contains("21")), "{crossed}");
        }
        assert_eq!(Ink::Crosses.text("It is 21 degrees. Ötzi 👋"), "xx xx xx xxxxxxx. чxxx 🟦");
        assert_ne!(chance().text("the same words"), chance().text("the same words"), "each log has its own chance");
        let ink = chance();
        let letters: std::collections::BTreeSet<String> = ('a'..='z').map(|c| ink.text(&c.to_string())).collect();
        assert_eq!(letters.len(), 26, "different letters stay different");
    }

    #[test]
    fn sentences_that_begin_alike_still_do_and_others_do_not() {
        let ink = chance();
        let both = ink.text("It is sunny in Oslo. Take a hat.");
        assert_eq!(both, format!("{} {}", ink.text("It is sunny in Oslo."), ink.text("Take a hat.")));
        assert!(both.starts_with(&ink.text("It is su")));
        assert_ne!(ink.text("It is sunny in Oslo.")[15..], ink.text("It was sunny in Oslo.")[16..]);
        let mut pen = ink.pen();
        let pieces: String =
            ["It is su", "nny in Oslo."].iter().flat_map(|text| text.chars()).map(|c| pen.write(c)).collect();
        assert_eq!(pieces, ink.text("It is sunny in Oslo."));
    }

    #[test]
    fn json_keeps_its_shape_and_length() {
        let value = json!({ "name": "Ada", "born": 1815, "ok": true, "more": [null, -1.5, { "x": 0.25 }], "e": 1e30 });
        let (other, crossed) = (chance().json(&value), Ink::Crosses.json(&value));
        assert_eq!(other.to_string().len(), value.to_string().len());
        assert_eq!(Ink::Crosses.json(&other), crossed);
        assert_eq!(Ink::Crosses.json(&crossed), crossed);
        for word in ["name", "Ada", "1815", "more", "0.25"] {
            assert!(!other.to_string().contains(word) && !crossed.to_string().contains(word), "{word}: {other}");
        }
    }

    #[test]
    fn many_members_keep_their_order() {
        let names: Vec<String> = (0..200).map(|n| numbered(n, n % 5)).collect();
        assert!(names.is_sorted());
        assert_eq!((names[0].as_str(), names[3].as_str(), names[36].as_str()), ("0", "3xx", "z1"));
    }
}
