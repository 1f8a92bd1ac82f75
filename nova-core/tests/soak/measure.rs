//! The measuring: what this process holds, row by row, and the judgement over all rows.

use std::fs;
use std::time::{Duration, Instant};

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    at: u64,
    resident: u64,
    descriptors: usize,
    tasks: usize,
}

/// All measurements of a run, printed as they come.
pub struct Sheet {
    rows: Vec<Row>,
}

impl Sheet {
    /// Begins a table whose first column counts `what`.
    pub fn new(what: &str) -> Sheet {
        println!("{what:>8}  resident KiB  descriptors  tasks");
        Sheet { rows: Vec::new() }
    }

    /// Measures now. Must be called inside the runtime whose tasks are counted.
    pub fn row(&mut self, at: u64) {
        let row = Row { at, resident: resident(), descriptors: descriptors(), tasks: tasks() };
        println!("{:>8}  {:>12}  {:>11}  {:>5}", row.at, row.resident / 1024, row.descriptors, row.tasks);
        self.rows.push(row);
    }

    /// Measures once what was left has ended: when nothing is above the first row any more, or at the deadline. The
    /// first row waits until nothing has changed for a while.
    pub async fn settle(&mut self, at: u64) {
        let deadline = Instant::now() + SETTLED;
        let mut seen = (tasks(), descriptors(), Instant::now());
        while Instant::now() < deadline {
            let quiet = match self.rows.first() {
                Some(first) => tasks() <= first.tasks && descriptors() <= first.descriptors,
                None => seen.2.elapsed() > QUIET,
            };
            if quiet {
                break;
            }
            if (tasks(), descriptors()) != (seen.0, seen.1) {
                seen = (tasks(), descriptors(), Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.row(at);
    }

    /// Judges memory alone.
    pub fn judge_memory(&self) {
        let quarter = self.rows.len() / 4;
        assert!(quarter > 0, "four rows at least");
        let peak = |rows: &[Row]| rows.iter().map(|row| row.resident).max().unwrap_or(0);
        let (early, late) = (peak(&self.rows[quarter..2 * quarter]), peak(&self.rows[3 * quarter..]));
        let grown = (late as f64 / early as f64 - 1.0) * 100.0;
        println!("memory: {} KiB in the second quarter, {} KiB in the last: {grown:+.1} %", early / 1024, late / 1024);
        assert!(grown < 10.0, "memory grows by {grown:.1} %");
    }

    /// Judges everything: memory by its quarters, descriptors and tasks by the first row.
    pub fn judge(&self) {
        let (first, last) = (self.rows[0], self.rows[self.rows.len() - 1]);
        assert!(
            last.descriptors <= first.descriptors,
            "descriptors: {} and then {}",
            first.descriptors,
            last.descriptors
        );
        assert!(last.tasks <= first.tasks, "tasks: {} and then {}", first.tasks, last.tasks);
        self.judge_memory();
    }
}

/// Returns how many tasks of the runtime live.
pub fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * PAGE
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Bytes of a page, as `statm` counts (x86-64 and most others).
const PAGE: u64 = 4_096;

/// How long what was left may take to end.
const SETTLED: Duration = Duration::from_secs(30);

/// After this long without a change nothing is about to end: longer than the client waits for a peer's end.
const QUIET: Duration = Duration::from_secs(6);
