//! The page of the voice API, as files that any server serves: what `npm run build` has made of `web/src`.
//!
//! A server asks [`find`] with the path of a request, sends the file's headers with it, and answers 304 without a body where
//! the request's `If-None-Match` holds the file's etag ([`File::is_known`]). Who uses the Rust or the Python package needs
//! no Node for that.

use std::sync::LazyLock;

/// One file of the page.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct File {
    /// Where it is served, from `/` on.
    pub path: &'static str,
    /// Its media type, with the character set.
    pub content_type: &'static str,
    /// Made of its content; with its quotation marks.
    pub etag: &'static str,
    /// What else goes with it: what a browser may load and keep.
    pub headers: &'static [(&'static str, &'static str)],
    /// Its content.
    pub body: &'static [u8],
}

impl File {
    /// Says whether a request that sent this `If-None-Match` has the file already.
    pub fn is_known(&self, if_none_match: &str) -> bool {
        if_none_match
            .split(',')
            .map(|tag| tag.trim().trim_start_matches("W/"))
            .any(|tag| tag == self.etag || tag == "*")
    }
}

/// Finds the file that is served at a path; none if there is no such file.
pub fn find(path: &str) -> Option<&'static File> {
    files().iter().find(|file| file.path == path)
}

/// All files, the page itself first.
pub fn files() -> &'static [File] {
    &FILES
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Nothing comes from elsewhere, nothing stands inside the page, and nobody else frames it. Names have no version, so a
/// browser asks each time, and is told that nothing changed.
const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
         media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("cache-control", "no-cache"),
    ("permissions-policy", "microphone=(self)"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    vec![
        file("/", HTML, include_bytes!("../dist/index.html")),
        file("/nova-voice.js", SCRIPT, include_bytes!("../dist/nova-voice.js")),
        file("/page.js", SCRIPT, include_bytes!("../dist/page.js")),
        file("/capture.worklet.js", SCRIPT, include_bytes!("../dist/capture.worklet.js")),
        file("/playback.worklet.js", SCRIPT, include_bytes!("../dist/playback.worklet.js")),
        file("/page.css", STYLE, include_bytes!("../dist/page.css")),
        file("/icon.svg", "image/svg+xml", include_bytes!("../dist/icon.svg")),
        file("/question.wav", "audio/wav", include_bytes!("../dist/question.wav")),
    ]
});

fn file(path: &'static str, content_type: &'static str, body: &'static [u8]) -> File {
    // Made once and kept for as long as the process lives.
    let etag = Box::leak(format!("\"{:016x}\"", digest(body)).into_boxed_str());
    File { path, content_type, etag, headers: HEADERS, body }
}

/// FNV-1a: it need tell two builds apart, and withstand nobody.
fn digest(body: &[u8]) -> u64 {
    body.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::HashSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_that_is_built_is_served_and_nothing_else() {
        let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
        let built: HashSet<String> = std::fs::read_dir(dist)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| format!("/{}", entry.file_name().into_string().unwrap()).replace("/index.html", "/"))
            .collect();
        assert_eq!(built, files().iter().map(|file| file.path.to_owned()).collect());
    }

    #[test]
    fn a_file_is_known_by_its_etag() {
        let page = find("/").unwrap();
        assert!(page.etag.starts_with('"') && page.etag.ends_with('"'));
        assert!(page.is_known(page.etag) && page.is_known("*"));
        assert!(page.is_known(&format!("\"other\", W/{}", page.etag)), "a proxy may weaken it");
        assert!(!page.is_known("") && !page.is_known("\"other\""));
        assert_eq!(files().iter().map(|file| file.etag).collect::<HashSet<_>>().len(), files().len());
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for path in ["", "/index.html", "/types/nova-voice.d.ts", "/../Cargo.toml", "//"] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn nothing_stands_inside_the_page_that_its_policy_forbids() {
        let html = std::str::from_utf8(find("/").unwrap().body).unwrap();
        for forbidden in ["<style", "style=", "onclick", "javascript:", "http:", "https:"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        assert!(!html.split("<script").skip(1).any(|script| !script.starts_with(" type=\"module\" src=")));
    }
}
