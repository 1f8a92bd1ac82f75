//! The page to talk in, at `/`, and beside it the element `<nova-voice>` for other pages.

use bedrock_nova_page::{File, files, find};
use bytes::Bytes;

use crate::answer::{Answer, Failure};
use crate::route::Method;

/// The paths of the page's files, `/` first.
pub fn paths() -> impl Iterator<Item = &'static str> {
    files().iter().map(|file| file.path)
}

/// Answers with a file of the page, or with 304 where the client's `If-None-Match` says that it has it, and with 405 anything
/// but `GET` and `HEAD`; 404 where the page has no such file. Nothing of it is secret, so nobody is asked who they are.
#[must_use]
pub fn answer(method: &str, path: &str, if_none_match: Option<&str>) -> Answer {
    let Some(file) = find(path) else { return Failure::no_such_route().answer() };
    if !matches!(method, "GET" | "HEAD") {
        return Failure::method([Method::Get]).answer();
    }
    let is_known = if_none_match.is_some_and(|tags| file.is_known(tags));
    let mut answer = if is_known { unchanged() } else { whole(file) };
    answer.headers.push(("etag", file.etag.to_owned()));
    answer.headers.extend(file.headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
    answer
}

fn whole(file: &'static File) -> Answer {
    Answer::of(200, file.content_type, Bytes::from_static(file.body))
}

fn unchanged() -> Answer {
    Answer { status: 304, headers: Vec::new(), body: Bytes::new() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn every_file_is_sent_once_and_then_said_to_be_the_same() {
        for path in paths() {
            let first = answer("GET", path, None);
            assert!(first.status == 200 && !first.body.is_empty(), "{path}");
            let tag = first.headers.iter().find(|(name, _)| *name == "etag").unwrap().1.clone();
            let again = answer("HEAD", path, Some(&tag));
            assert!(again.status == 304 && again.body.is_empty(), "{path}");
            assert_eq!(answer("GET", path, Some("\"old\"")), first, "{path}");
            assert_eq!(answer("POST", path, None).status, 405, "{path}");
        }
        assert_eq!(answer("GET", "/session/start", None).status, 404);
    }
}
