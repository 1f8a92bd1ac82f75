//! From seconds to pixels: rows, ticks, the parts of a span that fall into a row.

/// Width of the whole picture in pixels.
pub(super) const WIDTH: f64 = 1280.0;
/// Where the time line begins; the names of the two sides stand before it.
pub(super) const LEFT: f64 = 76.0;
/// Where it ends.
pub(super) const RIGHT: f64 = WIDTH - 28.0;

/// A stretch of time that is drawn as one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Row {
    /// Returns the horizontal place of a moment; outside the row it is the row's edge.
    pub(super) fn x(self, at: f64) -> f64 {
        let share = ((at - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        LEFT + share * (RIGHT - LEFT)
    }

    /// Says whether a moment is drawn in this row; a border belongs to the row it begins.
    pub(super) fn holds(self, at: f64) -> bool {
        at >= self.from && at < self.to
    }

    /// Returns the part of a span that lies in this row.
    pub(super) fn clip(self, from: f64, to: f64) -> Option<(f64, f64)> {
        let (from, to) = (from.max(self.from), to.min(self.to));
        (from < to).then_some((from, to))
    }

    /// Returns the moments that get a tick, and whether the tick gets a label.
    pub(super) fn ticks(self) -> Vec<(f64, Tick)> {
        let length = self.to - self.from;
        let (small, large) = STEPS.iter().copied().find(|(_, large)| length / large <= 13.0).unwrap_or((5.0, 10.0));
        let ratio = (large / small).round() as i64;
        let first = (self.from / small).ceil() as i64;
        let last = (self.to / small + 1e-6).floor() as i64;
        (first..=last).map(|n| (n as f64 * small, if n % ratio == 0 { Tick::Labelled } else { Tick::Small })).collect()
    }
}

/// Two sizes of tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tick {
    Labelled,
    Small,
}

/// Distances of small and labelled ticks, in seconds.
const STEPS: [(f64, f64); 4] = [(0.2, 1.0), (0.5, 2.0), (1.0, 5.0), (5.0, 10.0)];

/// Cuts a call into rows: one up to 45 s, half-minute rows up to four minutes, whole minutes beyond.
pub(super) fn rows(length: f64) -> Vec<Row> {
    let row = match length {
        l if l <= 10.0 => 10.0,
        l if l <= 45.0 => (l / 5.0).ceil() * 5.0,
        l if l <= 240.0 => 30.0,
        _ => 60.0,
    };
    // A hair over a border, such as the last rounded sample, is no reason for another row.
    let count = ((length - 0.05) / row).ceil().max(1.0) as u32;
    (0..count).map(|n| Row { from: f64::from(n) * row, to: f64::from(n + 1) * row }).collect()
}

/// Writes a moment for an axis: `7 s`, `1:05`.
pub(super) fn moment(seconds: f64, whole: f64) -> String {
    let rounded = seconds.round() as i64;
    if whole <= 60.0 { format!("{rounded} s") } else { format!("{}:{:02}", rounded / 60, rounded % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_any_length_has_readable_rows() {
        for (length, count, row) in
            [(0.0, 1, 10.0), (7.0, 1, 10.0), (22.0, 1, 25.0), (45.0, 1, 45.0), (90.01, 3, 30.0), (600.0, 10, 60.0)]
        {
            let rows = rows(length);
            assert_eq!((rows.len(), rows[0].to - rows[0].from), (count, row), "{length} s");
            for row in rows {
                let labels = row.ticks().iter().filter(|(_, tick)| *tick == Tick::Labelled).count();
                assert!((6..=14).contains(&labels), "{labels} labels for {length} s");
            }
        }
    }

    #[test]
    fn spans_are_cut_at_the_borders_of_a_row() {
        let row = Row { from: 30.0, to: 60.0 };
        assert_eq!(row.clip(20.0, 40.0), Some((30.0, 40.0)));
        assert_eq!(row.clip(10.0, 30.0), None);
        assert_eq!((row.x(30.0), row.x(60.0), row.x(99.0)), (LEFT, RIGHT, RIGHT));
        assert!(row.holds(30.0) && !row.holds(60.0));
    }

    #[test]
    fn moments_are_short() {
        assert_eq!((moment(7.0, 22.0), moment(65.0, 300.0)), ("7 s".to_owned(), "1:05".to_owned()));
    }
}
