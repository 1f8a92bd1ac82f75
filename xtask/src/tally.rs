//! Counting tests from what the runners print, so that only what really ran is counted.

use std::fmt;
use std::ops::AddAssign;

/// How many tests ran, by outcome. Ignored and filtered tests did not run and are in neither number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Reads a closing line of libtest, `test result: ok. 3 passed; 0 failed; 1 ignored; …`; `None` for any other line.
    pub(crate) fn from_libtest(line: &str) -> Option<Tally> {
        let (_, counts) = line.trim_start().strip_prefix("test result: ")?.split_once(". ")?;
        Some(Tally { passed: count(counts, "passed")?, failed: count(counts, "failed")? })
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The plain closing line.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn count(counts: &str, name: &str) -> Option<u64> {
    counts.split(';').find_map(|part| part.trim().strip_suffix(name)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_closing_lines_and_nothing_else() {
        let printed = "\
running 2 tests
test a ... ok
test result: ok. 2 passed; 0 failed; 5 ignored; 0 measured; 3 filtered out; finished in 0.00s
   Doc-tests x
test result: FAILED. 40 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s
a test that prints 9 passed, 9 failed
test result: whatever";
        let mut sum = Tally::default();
        for tally in printed.lines().filter_map(Tally::from_libtest) {
            sum += tally;
        }
        assert_eq!(sum, Tally { passed: 42, failed: 2 });
        assert_eq!(sum.to_string(), "42 passed, 2 failed");
    }
}
