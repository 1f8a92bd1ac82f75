//! Counting tests from what the runners print, so that only what really ran is counted.

use std::fmt;
use std::ops::AddAssign;

/// How many tests ran, by outcome. Ignored and filtered tests did not run and are in no number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Those that found something missing and said so.
    pub(crate) skipped: u64,
}

impl Tally {
    /// Reads the closing line of pytest, `==== 2 failed, 12 passed, 1 skipped in 3.41s ====`, with or without its frame;
    /// `None` for any other line. What broke before or after its test counts as failed.
    pub(crate) fn from_pytest(line: &str) -> Option<Tally> {
        let (counts, time) = line.trim().trim_matches('=').trim().rsplit_once(" in ")?;
        // From a minute on it is said twice: `75.02s (0:01:15)`.
        let seconds = time.split_once(" (").map_or(time, |(seconds, _)| seconds);
        seconds.strip_suffix('s')?.parse::<f64>().ok()?;
        let mut tally = Tally::default();
        for part in counts.split(", ") {
            let (count, what) = part.split_once(' ')?;
            match (count.parse::<u64>().ok()?, what) {
                (count, "passed" | "xpassed") => tally.passed += count,
                (count, "failed" | "error" | "errors") => tally.failed += count,
                (count, "skipped") => tally.skipped += count,
                (_, "deselected" | "xfailed" | "warning" | "warnings" | "rerun") => {}
                _ => return None,
            }
        }
        Some(tally)
    }

    /// Reads one of the closing lines of Node's runner, `ℹ pass 12`; `None` for any other line, the sum of all among them.
    pub(crate) fn from_node(line: &str) -> Option<Tally> {
        let (what, count) = line.strip_prefix("ℹ ")?.split_once(' ')?;
        let count = count.parse().ok()?;
        match what {
            "pass" => Some(Tally { passed: count, ..Tally::default() }),
            // Cancelled is what did not end in time.
            "fail" | "cancelled" => Some(Tally { failed: count, ..Tally::default() }),
            "skipped" | "todo" => Some(Tally { skipped: count, ..Tally::default() }),
            _ => None,
        }
    }

    /// Reads a closing line of libtest, `test result: ok. 3 passed; 0 failed; 1 ignored; …`; `None` for any other line.
    pub(crate) fn from_libtest(line: &str) -> Option<Tally> {
        let (_, counts) = line.trim_start().strip_prefix("test result: ")?.split_once(". ")?;
        Some(Tally { passed: count(counts, "passed")?, failed: count(counts, "failed")?, skipped: 0 })
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// The plain closing line.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(f, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

fn count(counts: &str, name: &str) -> Option<u64> {
    counts.split(';').find_map(|part| part.trim().strip_suffix(name)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_pytest_are_read_with_and_without_frame() {
        for (line, passed, failed, skipped) in [
            ("============ 12 passed, 1 skipped in 3.41s ============", 12, 0, 1),
            ("== 2 failed, 40 passed, 1 error, 3 deselected, 7 warnings in 75.02s (0:01:15) ==", 40, 3, 0),
            ("3 passed in 0.01s", 3, 0, 0),
            ("1 passed, 1 xpassed, 1 xfailed in 0.01s", 2, 0, 0),
            ("====== 5 deselected in 0.10s ======", 0, 0, 0),
            ("2 errors in 0.05s", 0, 2, 0),
        ] {
            assert_eq!(Tally::from_pytest(line), Some(Tally { passed, failed, skipped }), "{line}");
        }
        for line in [
            "no tests ran in 0.01s",
            "test_it.py::test_one PASSED",
            "3 passed",
            "all 3 passed in 0.01s",
            "E   3 passed in a hurry",
            "",
        ] {
            assert_eq!(Tally::from_pytest(line), None, "{line}");
        }
    }

    #[test]
    fn closing_lines_of_node_are_added_up() {
        let printed = "\
✔ a call (12.5ms)
  ℹ pass 90
ℹ tests 9
ℹ suites 0
ℹ pass 5
ℹ fail 1
ℹ cancelled 1
ℹ skipped 2
ℹ todo 0
ℹ duration_ms 1204.5";
        let mut sum = Tally::default();
        for tally in printed.lines().filter_map(Tally::from_node) {
            sum += tally;
        }
        assert_eq!(sum, Tally { passed: 5, failed: 2, skipped: 2 });
    }

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
        assert_eq!(sum, Tally { passed: 42, failed: 2, skipped: 0 });
        assert_eq!(sum.to_string(), "42 passed, 2 failed");
        sum += Tally { skipped: 3, ..Tally::default() };
        assert_eq!(sum.to_string(), "42 passed, 2 failed, 3 skipped");
    }
}
