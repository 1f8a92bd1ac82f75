//! A table of ARCHITECTURE.md that is made by a test, between two markers.

/// Holds the table in the page against the one that was just seen; `UPDATE=1` writes it instead.
pub fn hold(name: &str, table: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (begin, end) = (format!("<!-- {name}: made by a test -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("ARCHITECTURE.md has no {begin}"));
    let (written, after) = rest.split_once(&end).unwrap_or_else(|| panic!("ARCHITECTURE.md has no {end}"));
    if written == table {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    }
    let differs = written.lines().zip(table.lines()).find(|(written, seen)| written != seen);
    panic!("the table {name:?} in ARCHITECTURE.md differs from what was seen, run with UPDATE=1: {differs:?}");
}
