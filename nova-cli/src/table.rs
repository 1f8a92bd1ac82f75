//! Tables whose columns stand under each other.

use crate::screen::{Ink, Look};

/// Rows of cells below a line of headings.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins a table with its headings.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Table { rows: vec![headings.map(str::to_owned).to_vec()] }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Writes the table, headings in bold where there is ink; no spaces at the ends of lines.
    pub(crate) fn render(&self, look: Look) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for (n, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            let line = line.trim_end();
            match (n, look.ink) {
                (0, Ink::Colour) => out.push_str(&format!("\x1b[1m{line}\x1b[0m\n")),
                _ => out.push_str(&format!("{line}\n")),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Paper;

    #[test]
    fn columns_stand_under_each_other() {
        let mut table = Table::new(["voice", "locale"]);
        table.row(["amy".to_owned(), "en-GB".to_owned()]);
        table.row(["lorenzo".to_owned(), String::new()]);
        let text = table.render(Look { ink: Ink::Plain, paper: Paper::Growing });
        assert_eq!(text, "voice    locale\namy      en-GB\nlorenzo\n");
    }
}
