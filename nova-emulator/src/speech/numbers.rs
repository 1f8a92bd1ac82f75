//! English numbers as words, so that a sentence with a number can be joined from recorded pieces.

/// The words of a sentence as they are spoken, without case and punctuation; numbers from −99 to 99 become words.
pub(super) fn spoken_words(sentence: &str) -> Vec<String> {
    sentence.split_whitespace().flat_map(word).collect()
}

fn word(token: &str) -> Vec<String> {
    let token = token.trim_matches(|c: char| matches!(c, '.' | ',' | '!' | '?' | ';' | ':'));
    match token.parse::<f64>() {
        Ok(number) if number.abs() < 100.0 => number_words(token),
        _ => vec![token.to_lowercase()],
    }
}

fn number_words(token: &str) -> Vec<String> {
    let mut words = Vec::new();
    let digits = token.trim_start_matches(['-', '+']);
    if token.starts_with('-') {
        words.push("minus");
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: usize = whole.parse().unwrap_or(0);
    match (whole / 10, whole % 10) {
        (0 | 1, _) => words.push(SMALL[whole % 20]),
        (tens, 0) => words.push(TENS[tens % 10]),
        (tens, ones) => words.extend([TENS[tens % 10], SMALL[ones]]),
    }
    if !fraction.is_empty() {
        words.push("point");
        words.extend(fraction.bytes().map(|digit| SMALL[usize::from(digit.wrapping_sub(b'0')) % 10]));
    }
    words.into_iter().map(str::to_owned).collect()
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spoken() {
        let spoken = |text: &str| spoken_words(text).join(" ");
        assert_eq!(spoken("It is 11 degrees."), "it is eleven degrees");
        assert_eq!(spoken("-21.5,"), "minus twenty one point five");
        assert_eq!(spoken("0 30 99 100"), "zero thirty ninety nine 100");
    }
}
