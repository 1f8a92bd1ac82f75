//! The figures as people read them, and what they are held against.

use std::fmt;
use std::time::Duration;

use crate::clock::Place;
use crate::histogram::Histogram;
use crate::phase::{Client, Row};
use crate::tally::Tally;

/// What a figure was held against, and whether it held.
pub(crate) struct Verdict {
    outcome: Outcome,
    sentence: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Pass,
    Fail,
}

impl Verdict {
    fn new(holds: bool, sentence: String) -> Self {
        Verdict { outcome: if holds { Outcome::Pass } else { Outcome::Fail }, sentence }
    }

    pub(crate) fn is_pass(&self) -> bool {
        self.outcome == Outcome::Pass
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_pass() { "PASS" } else { "FAIL" };
        write!(f, "{word}  {}", self.sentence)
    }
}

/// The lines above the table; `place` is where this process runs.
pub(crate) fn head(place: Place) -> String {
    format!(
        "This process on {place}, the peer on another; per call 50 chunks up and 50 pieces down a second.\n\
         Milliseconds, p50 / p99 / longest. late: due -> out of the frames at the other side; way: handed over -> there.\n\n\
         {:<8} {:>5}  {:>22}  {:>22}  {:>22}  {:>22}  {:>7}  {:>8}  {:>7}  {:>9}  {:>12}  {:>7}",
        "client",
        "calls",
        "up late",
        "up way",
        "down late",
        "down way",
        "cpu",
        "cpu/call",
        "peer",
        "waited",
        "lost up/down",
        "silence"
    )
}

/// One line of the table.
pub(crate) fn line(row: &Row) -> String {
    let name = match row.client {
        Client::Library => "library",
        Client::BareSdk => "bare SDK",
    };
    let percent = |used: Duration| used.as_secs_f64() / row.seconds.as_secs_f64() * 100.0;
    let cpu = percent(row.ours.cpu);
    format!(
        "{name:<8} {:>5}  {:>22}  {:>22}  {:>22}  {:>22}  {:>7}  {:>8}  {:>7}  {:>9}  {:>12}  {:>7}",
        row.calls,
        three(&row.up.late),
        three(&row.up.way),
        three(&row.down.late),
        three(&row.down.way),
        format!("{cpu:.1} %"),
        format!("{:.2} %", cpu / f64::from(row.calls)),
        format!("{:.0} %", percent(row.theirs.cpu)),
        format!("{:.0}/{:.0} %", percent(row.ours.waited), percent(row.theirs.waited)),
        format!("{}/{}", lost(row, &row.up), lost(row, &row.down)),
        row.up.silence,
    )
}

/// Says so when other programs had the cores: the figures then tell more about those.
pub(crate) fn caution(rows: &[Row]) -> Option<String> {
    let busy = rows.iter().any(|row| row.ours.waited.max(row.theirs.waited) > row.seconds.mul_f64(BUSY));
    busy.then(|| {
        "NOTE  Other programs had the cores (see waited), and these figures are theirs too: measure on an idle machine, or as \
         root with `chrt -f 10` in front."
            .to_owned()
    })
}

/// Audio is not late.
pub(crate) fn lateness(row: &Row) -> Verdict {
    let (up, down) = (row.up.late.quantile(P99), row.down.late.quantile(P99));
    let (lost_up, lost_down) = (lost(row, &row.up), lost(row, &row.down));
    let holds = up.max(down) <= LATE && lost_up == 0 && lost_down == 0;
    Verdict::new(
        holds,
        format!(
            "{} calls: at p99 audio is {} ms late up and {} ms down (limit {} ms); lost {lost_up} up, {lost_down} down (limit 0)",
            row.calls,
            millis(up),
            millis(down),
            LATE.as_millis(),
        ),
    )
}

/// The library adds little to the bare SDK.
pub(crate) fn latency(row: &Row, bare: &Row) -> Verdict {
    let (up, down) = (row.up.way.quantile(P99), row.down.way.quantile(P99));
    let added = |ours: Duration, theirs: &Histogram| (ours.as_secs_f64() - theirs.quantile(P99).as_secs_f64()) * 1000.0;
    Verdict::new(
        up.max(down) <= WAY,
        format!(
            "{} calls: at p99 the whole way takes {} ms up and {} ms down (limit {} ms); {:+.2} and {:+.2} ms against the bare SDK",
            row.calls,
            millis(up),
            millis(down),
            WAY.as_millis(),
            added(up, &bare.up.way),
            added(down, &bare.down.way),
        ),
    )
}

/// Counts the pieces that are missing: seen as holes, or never come at all (two beats at the edges are forgiven).
fn lost(row: &Row, tally: &Tally) -> u64 {
    let beats = (row.seconds.as_secs_f64() * 50.0) - 2.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few million at most")]
    let expected = (beats * f64::from(row.calls)).max(0.0) as u64;
    tally.missing.max(expected.saturating_sub(tally.late.count()))
}

fn three(histogram: &Histogram) -> String {
    let parts = [histogram.quantile(0.5), histogram.quantile(P99), histogram.longest()];
    parts.map(millis).join(" / ")
}

fn millis(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

const P99: f64 = 0.99;
/// Share of the time that a process may wait for its core; on an idle machine it is nearly nothing.
const BUSY: f64 = 0.02;
/// The bound: no audio late by more than this at p99 with 200 calls.
const LATE: Duration = Duration::from_millis(40);
/// The bound: added latency each way at 100 calls. The whole way is more than what we add, so this is the stricter reading.
const WAY: Duration = Duration::from_millis(2);
