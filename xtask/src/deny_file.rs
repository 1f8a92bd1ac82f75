//! Reading the few lists of `deny.toml` that the built-in check needs, without a TOML library to compile first.

/// Returns the licences that `[licenses] allow` lists.
pub(crate) fn allowed_licences(deny_toml: &str) -> Vec<String> {
    list(deny_toml, "licenses", "allow").iter().filter_map(|line| quoted(line)).collect()
}

/// Returns the crates that `[bans] deny` lists without a version: name and version of those with one are left to cargo-deny.
pub(crate) fn banned_crates(deny_toml: &str) -> Vec<String> {
    list(deny_toml, "bans", "deny")
        .iter()
        .filter_map(|line| quoted(line.split_once("crate =")?.1))
        .filter(|name| !name.contains([':', '@']))
        .collect()
}

/// Returns the lines of a list that is written one item a line, comments removed.
fn list<'a>(text: &'a str, section: &str, key: &str) -> Vec<&'a str> {
    text.lines()
        .map(str::trim)
        .skip_while(|line| *line != format!("[{section}]"))
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .skip_while(|line| *line != format!("{key} = ["))
        .skip(1)
        .take_while(|line| *line != "]")
        .filter(|line| !line.starts_with('#'))
        .collect()
}

fn quoted(line: &str) -> Option<String> {
    let (text, _) = line.split_once('"')?.1.split_once('"')?;
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"
[licenses]
allow = [
    # why
    "MIT", # "not this"
    "Apache-2.0",
]

[bans]
wildcards = "deny"
deny = [
    { crate = "openssl", reason = "C" },
    { crate = "hyper:<1", reason = "old" },
]
[sources]
allow = [
    "other",
]
"#;

    #[test]
    fn lists_are_read_from_their_own_section() {
        assert_eq!(allowed_licences(SAMPLE), ["MIT", "Apache-2.0"]);
        assert_eq!(banned_crates(SAMPLE), ["openssl"]);
        assert_eq!(allowed_licences("[licenses]\n[sources]\nallow = [\n\"MIT\",\n]"), Vec::<String>::new());
    }

    #[test]
    fn the_projects_own_file_is_readable() {
        let file = include_str!("../../deny.toml");
        assert!(allowed_licences(file).contains(&"Apache-2.0".to_owned()));
        assert!(banned_crates(file).contains(&"openssl".to_owned()));
    }
}
