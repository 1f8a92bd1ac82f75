//! The page to talk in, at `/`, and beside it the element `<nova-voice>` for other pages.

use bedrock_nova_page::{File, files, find};
use bytes::Bytes;

use crate::answer::Answer;

/// The paths of the page's files, `/` first.
pub fn paths() -> impl Iterator<Item = &'static str> {
    files().iter().map(|file| file.path)
}

/// Answers a `GET` with a file of the page, or with 304 where the client's `If-None-Match` says that it has it; `None` where
/// the page has no such file. Nothing of it is secret, so nobody is asked who they are.
pub fn answer(path: &str, if_none_match: Option<&str>) -> Option<Answer> {
    let file = find(path)?;
    let is_known = if_none_match.is_some_and(|tags| file.is_known(tags));
    let mut answer = if is_known { unchanged() } else { whole(file) };
    answer.headers.push(("etag", file.etag.to_owned()));
    answer.headers.extend(file.headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
    Some(answer)
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
            let first = answer(path, None).unwrap();
            assert!(first.status == 200 && !first.body.is_empty(), "{path}");
            let tag = first.headers.iter().find(|(name, _)| *name == "etag").unwrap().1.clone();
            let again = answer(path, Some(&tag)).unwrap();
            assert!(again.status == 304 && again.body.is_empty(), "{path}");
            assert_eq!(answer(path, Some("\"old\"")), Some(first), "{path}");
        }
        assert_eq!(answer("/session/start", None), None);
    }
}
