//! Words in a picture: escaping, and how wide they will be without asking a font.

/// Escapes text for XML and drops what XML forbids.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// Guesses how wide text is at a font size, rather too wide than too narrow: fonts differ from reader to reader.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| advance(c) * size).sum()
}

fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.34,
        'f' | 't' | 'r' | '(' | ')' | '-' => 0.42,
        'm' | 'w' | 'M' | 'W' | '—' | '…' => 0.95,
        c if c as u32 >= 0x1100 => 1.05,
        c if c.is_uppercase() => 0.72,
        _ => 0.6,
    }
}

/// Breaks text at spaces into at most `lines` lines no wider than `room`; what does not fit ends in an ellipsis.
pub(super) fn wrap(text: &str, size: f64, room: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let joined = out.last().map(|line| format!("{line} {word}"));
        match joined {
            Some(joined) if width(&joined, size) <= room => {
                out.pop();
                out.push(joined);
            }
            // No room for this word at all: the last line says that there is more.
            Some(joined) if out.len() == lines => {
                out.pop();
                out.push(shorten(&format!("{joined}…"), size, room));
                return out;
            }
            _ => out.push(shorten(word, size, room)),
        }
    }
    out
}

/// Cuts text to a width, with an ellipsis where something is missing.
pub(super) fn shorten(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = width("…", size);
    for c in text.chars() {
        used += advance(c) * size;
        if used > room {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_safe_in_xml() {
        assert_eq!(escape("a<b> & \"c\"\u{0}\u{1b}\nd"), "a&lt;b&gt; &amp; &quot;c&quot; d");
    }

    #[test]
    fn lines_keep_to_their_room() {
        let text = "The quick brown fox jumps over the lazy dog and then does it all over again";
        for room in [60.0, 120.0, 300.0] {
            let lines = wrap(text, 12.0, room, 2);
            assert!(lines.len() <= 2);
            assert!(lines.iter().all(|line| width(line, 12.0) <= room + 1.0), "{lines:?} in {room}");
        }
        assert_eq!(wrap("short", 12.0, 200.0, 2), ["short"]);
        assert!(wrap(text, 12.0, 60.0, 2)[1].ends_with('…'));
        assert!(wrap("", 12.0, 60.0, 2).is_empty());
    }

    #[test]
    fn wide_scripts_are_wide() {
        assert!(width("東京", 10.0) > width("to", 10.0) * 1.5);
    }
}
