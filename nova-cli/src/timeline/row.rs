//! One row of the picture, from top to bottom: time, turns, the user's words and voice, the waiting and the tools
//! between them, the assistant's voice, flags, and the assistant's words.

use std::fmt::Write;

use super::scale::{RIGHT, Row, Tick, moment};
use super::sketch::{Caption, Mark, MarkKind, Sketch, Span};
use super::text::{escape, shorten, width, wrap};
use super::wave;
use crate::record::tape::Channel;

/// Draws a row whose upper edge is at `top`; returns the drawing and its height.
pub(super) fn draw(sketch: &Sketch, row: Row, top: f64) -> (String, f64) {
    let words = [caption_blocks(sketch, row, Channel::User), caption_blocks(sketch, row, Channel::Nova)];
    let lines = |blocks: &[Block<'_>]| blocks.iter().map(|block| block.lines.len()).max().unwrap_or(0) as f64;
    let user_words = top + AXIS + TURN_LABELS;
    let user_wave = user_words + lines(&words[0]) * LINE + 6.0;
    let between = user_wave + WAVE;
    let nova_wave = between + BETWEEN;
    let flags = place_flags(sketch, row);
    let flags_foot = nova_wave + WAVE;
    let nova_words = flags_foot + flags.iter().map(|flag| flag.lane + 1).max().unwrap_or(0) as f64 * FLAG + 4.0;
    let bottom = nova_words + lines(&words[1]) * LINE + 8.0;

    let mut out = String::new();
    turns(&mut out, sketch, row, top + AXIS, bottom);
    axis(&mut out, row, top, bottom, sketch.length);
    let user = (Channel::User, user_wave + WAVE / 2.0);
    let nova = (Channel::Nova, nova_wave + WAVE / 2.0);
    for (who, middle) in [user, nova] {
        voice(&mut out, sketch, row, who, middle);
    }
    draw_flags(&mut out, &flags, user_wave, flags_foot);
    captions(&mut out, &words[0], user_words);
    captions(&mut out, &words[1], nova_words);
    spans(&mut out, &sketch.waits, row, between + 11.0, "wait");
    spans(&mut out, &sketch.tools, row, between + 30.0, "tool");
    (out, bottom - top)
}

fn turns(out: &mut String, sketch: &Sketch, row: Row, top: f64, bottom: f64) {
    for (n, turn) in sketch.turns.iter().enumerate() {
        let Some((from, to)) = row.clip(turn.from, turn.to) else { continue };
        let (x, right) = (row.x(from), row.x(to));
        let shade = if n % 2 == 0 { "even" } else { "odd" };
        let (width, height) = (right - x, bottom - top);
        let _ = write!(
            out,
            r#"<rect class="turn {shade}" x="{x:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" rx="5"/>"#
        );
        if width > 14.0 {
            let label = escape(&shorten(&turn.label, SMALL, width - 12.0));
            let _ = write!(out, r#"<text class="turn-label" x="{:.1}" y="{:.1}">{label}</text>"#, x + 6.0, top + 13.0);
        }
    }
}

fn axis(out: &mut String, row: Row, top: f64, bottom: f64, whole: f64) {
    let line = top + AXIS;
    for (at, tick) in row.ticks() {
        let x = row.x(at);
        match tick {
            Tick::Labelled => {
                let _ = write!(
                    out,
                    r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="{line:.1}" y2="{bottom:.1}"/><text class="tick" x="{x:.1}" y="{:.1}">{}</text>"#,
                    line - 7.0,
                    moment(at, whole)
                );
            }
            Tick::Small => {
                let _ = write!(
                    out,
                    r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="{:.1}" y2="{line:.1}"/>"#,
                    line - 4.0
                );
            }
        }
    }
    let (left, right) = (row.x(row.from), RIGHT);
    let _ = write!(out, r#"<line class="axis" x1="{left:.1}" x2="{right:.1}" y1="{line:.1}" y2="{line:.1}"/>"#);
}

fn voice(out: &mut String, sketch: &Sketch, row: Row, who: Channel, middle: f64) {
    let (envelope, class, name) = match who {
        Channel::User => (&sketch.user, "user", "You"),
        Channel::Nova => (&sketch.nova, "nova", "Nova"),
    };
    let _ = write!(
        out,
        r#"<text class="who {class}" x="20" y="{:.1}">{name}</text><line class="zero {class}" x1="{:.1}" x2="{RIGHT:.1}" y1="{middle:.1}" y2="{middle:.1}"/>"#,
        middle + 5.0,
        row.x(row.from)
    );
    let path = wave::path(envelope, row, middle, WAVE / 2.0 - 3.0, envelope.loudest());
    if !path.is_empty() {
        let _ = write!(out, r#"<path class="wave {class}" d="{path}"/>"#);
    }
}

/// A caption that has found its place.
struct Block<'a> {
    caption: &'a Caption,
    x: f64,
    lines: Vec<String>,
}

/// Lays out one side's captions of a row; each has the room up to the next one, and keeps to its turn if it can.
fn caption_blocks(sketch: &Sketch, row: Row, who: Channel) -> Vec<Block<'_>> {
    let own: Vec<&Caption> = sketch.captions.iter().filter(|c| c.who == who && row.holds(c.at)).collect();
    let mut blocks = Vec::with_capacity(own.len());
    for (n, caption) in own.iter().enumerate() {
        let x = row.x(caption.at).min(RIGHT - NARROWEST);
        let next = own.get(n + 1).map_or(RIGHT, |next| row.x(next.at).min(RIGHT - NARROWEST)) - 10.0;
        let turn = sketch.turns.iter().find(|turn| caption.at >= turn.from && caption.at < turn.to);
        let end = turn.map_or(next, |turn| next.min(row.x(turn.to).max(x + NARROWEST)));
        let lines = wrap(&caption.text, TEXT, (end - x).min(WIDEST), LINES);
        if end - x >= width("…", TEXT) {
            blocks.push(Block { caption, x, lines });
        }
    }
    blocks
}

fn captions(out: &mut String, blocks: &[Block<'_>], top: f64) {
    for block in blocks {
        let class = if block.caption.who == Channel::User { "user" } else { "nova" };
        let full = escape(&block.caption.text);
        let _ = write!(out, r#"<g class="words {class}"><title>{full}</title>"#);
        for (n, line) in block.lines.iter().enumerate() {
            let y = top + n as f64 * LINE + 12.0;
            let _ = write!(out, r#"<text x="{:.1}" y="{y:.1}">{}</text>"#, block.x, escape(line));
        }
        out.push_str("</g>");
    }
}

/// Draws arrows with a label behind them, a little lower where the label before is in the way.
fn spans(out: &mut String, spans: &[Span], row: Row, y: f64, class: &str) {
    let mut taken = f64::MIN;
    for span in spans {
        let Some((from, to)) = row.clip(span.from, span.to) else { continue };
        let (x, end) = (row.x(from), row.x(to));
        let y = if x < taken { y + 9.0 } else { y };
        let _ = write!(
            out,
            r#"<g class="{class}"><title>{}</title><line x1="{x:.1}" x2="{end:.1}" y1="{y:.1}" y2="{y:.1}"/>"#,
            escape(&span.label)
        );
        let _ = write!(out, r#"<line x1="{x:.1}" x2="{x:.1}" y1="{:.1}" y2="{:.1}"/>"#, y - 4.0, y + 4.0);
        if row.holds(span.to) {
            let room = width(&span.label, SMALL) + 5.0;
            // Near the right edge the label stands before the arrow.
            let words_x = if end + room > RIGHT { x - room } else { end + 5.0 };
            let label = escape(&span.label);
            let _ = write!(
                out,
                r#"<path d="M{end:.1} {y:.1}l-6 -4v8z"/><text x="{words_x:.1}" y="{:.1}">{label}</text>"#,
                y + 4.0
            );
            taken = end.max(words_x + room) + 5.0;
        }
        out.push_str("</g>");
    }
}

/// A flag that has found its place: the line at `x`, its words from `words_x` on in a lane below the voice.
struct Flag<'a> {
    mark: &'a Mark,
    x: f64,
    words_x: f64,
    lane: usize,
}

/// Gives each flag of a row the first lane in which its words run into no others.
fn place_flags(sketch: &Sketch, row: Row) -> Vec<Flag<'_>> {
    let mut taken: Vec<f64> = Vec::new();
    let mut flags = Vec::new();
    for mark in sketch.marks.iter().filter(|mark| row.holds(mark.at)) {
        let x = row.x(mark.at);
        let room = width(&mark.label, SMALL) + 4.0;
        // Near the right edge the words stand before the line.
        let words_x = if x + room > RIGHT { x - room } else { x + 4.0 };
        let lane = taken.iter().position(|end| words_x >= *end).unwrap_or(taken.len());
        taken.resize(taken.len().max(lane + 1), 0.0);
        taken[lane] = words_x + room + 4.0;
        flags.push(Flag { mark, x, words_x, lane });
    }
    flags
}

fn draw_flags(out: &mut String, flags: &[Flag<'_>], top: f64, foot: f64) {
    for flag in flags {
        let class = match flag.mark.kind {
            MarkKind::Link => "link",
            MarkKind::Cut => "cut",
            MarkKind::Trouble => "trouble",
        };
        let (x, words_x, label) = (flag.x, flag.words_x, escape(&flag.mark.label));
        let base = foot + flag.lane as f64 * FLAG + 11.0;
        let _ = write!(
            out,
            r#"<g class="mark {class}"><line x1="{x:.1}" x2="{x:.1}" y1="{top:.1}" y2="{base:.1}"/><text x="{words_x:.1}" y="{base:.1}">{label}</text></g>"#
        );
    }
}

/// Height of the axis with its labels.
const AXIS: f64 = 24.0;
/// Height of the line of turn labels.
const TURN_LABELS: f64 = 22.0;
/// Height of a voice.
const WAVE: f64 = 54.0;
/// Height of the room between the voices: arrows and tools.
const BETWEEN: f64 = 46.0;
/// Height of one line of flags' words.
const FLAG: f64 = 14.0;
/// Distance of two lines of words.
const LINE: f64 = 15.0;
/// Font size of captions; the style sheet says the same.
const TEXT: f64 = 12.0;
/// Font size of labels; the style sheet says the same.
const SMALL: f64 = 11.0;
/// A caption has no more lines than this; the whole text is in its tooltip.
const LINES: usize = 5;
/// A caption is never wider than this: long lines are hard to read.
const WIDEST: f64 = 420.0;
/// What a caption gets even at the very end of a row or in a short turn.
const NARROWEST: f64 = 150.0;
