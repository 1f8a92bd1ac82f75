//! `timeline.svg`: a picture of who spoke when, readable in any browser, by day and by night.
//!
//! A [`Sketch`](sketch::Sketch) says what there is to see, in seconds; [`page::render`] draws it. A call of up to 45 s
//! is one row; a longer one is broken into rows like a line of text, so that labels stay readable.

pub(crate) mod page;
mod row;
mod scale;
pub(crate) mod sketch;
mod text;
mod wave;
