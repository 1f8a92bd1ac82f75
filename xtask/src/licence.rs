//! Reading SPDX licence expressions as crates write them.

/// Says whether an expression can be met with licences that `allowed` accepts.
///
/// `OR` (or the old `/`) needs one side, `AND` both and binds tighter; `X WITH Y` is asked for as one licence.
/// An expression that cannot be read is met by nothing.
pub(crate) fn is_met(expression: &str, allowed: impl Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    reader.either() == Some(true) && reader.words.is_empty()
}

struct Reader<'a, F> {
    words: &'a [&'a str],
    allowed: F,
}

impl<'a, F: Fn(&str) -> bool> Reader<'a, F> {
    fn either(&mut self) -> Option<bool> {
        let mut met = self.both()?;
        while self.takes("OR") {
            met |= self.both()?;
        }
        Some(met)
    }

    fn both(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.takes("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.takes("(") {
            let met = self.either()?;
            return self.takes(")").then_some(met);
        }
        let licence = self.name()?;
        if self.takes("WITH") {
            let exception = self.name()?;
            return Some((self.allowed)(&format!("{licence} WITH {exception}")));
        }
        Some((self.allowed)(licence))
    }

    fn name(&mut self) -> Option<&'a str> {
        let (&name, rest) = self.words.split_first()?;
        if matches!(name, "AND" | "OR" | "WITH" | "(" | ")") {
            return None;
        }
        self.words = rest;
        Some(name)
    }

    fn takes(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((&first, rest)) if first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(expression: &str) -> bool {
        is_met(expression, |name| ["MIT", "Apache-2.0", "Unicode-3.0"].contains(&name))
    }

    #[test]
    fn one_side_of_or_is_enough() {
        for expression in ["MIT", "GPL-3.0 OR MIT", "Unlicense/MIT", "Apache-2.0 / MIT", "MIT OR A OR B"] {
            assert!(met(expression), "{expression}");
        }
        assert!(!met("GPL-3.0 OR LGPL-2.1-or-later"));
    }

    #[test]
    fn and_needs_both_and_binds_tighter() {
        assert!(met("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!met("Apache-2.0 AND ISC"));
        assert!(met("MIT OR Apache-2.0 AND ISC"));
        assert!(!met("(MIT OR Apache-2.0) AND ISC"));
    }

    #[test]
    fn an_exception_is_a_licence_of_its_own() {
        assert!(!met("Apache-2.0 WITH LLVM-exception"));
        assert!(met("Apache-2.0 WITH LLVM-exception OR MIT"));
    }

    #[test]
    fn the_unreadable_is_refused() {
        for expression in ["", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT MIT", "MIT WITH", "AND"] {
            assert!(!met(expression), "{expression}");
        }
    }
}
