//! The whole picture: headline, rows, legend, and colours for day and night.

use std::fmt::Write;

use super::row;
use super::scale::{self, RIGHT, WIDTH};
use super::sketch::Sketch;
use super::text::{escape, width};

/// Draws a sketch as an SVG document that stands alone: no script, no font, no reference to anywhere.
pub(crate) fn render(sketch: &Sketch) -> String {
    let mut body = String::new();
    let mut y = header(&mut body, sketch);
    for stretch in scale::rows(sketch.length) {
        let (drawing, height) = row::draw(sketch, stretch, y);
        body.push_str(&drawing);
        y += height + ROW_GAP;
    }
    y = legend(&mut body, y);
    let title = escape(&sketch.title);
    let facts = escape(&sketch.facts.join(", "));
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0}" role="img" aria-label="{title}"><title>{title}</title><desc>{facts}</desc><style>{STYLE}</style><rect class="page" width="{WIDTH}" height="{y:.0}"/>{body}</svg>
"#
    )
}

fn header(out: &mut String, sketch: &Sketch) -> f64 {
    let _ = write!(out, r#"<text class="title" x="20" y="38">{}</text>"#, escape(&sketch.title));
    let _ = write!(out, r#"<text class="facts" x="20" y="60">{}</text>"#, escape(&sketch.facts.join("  ·  ")));
    if let Some(badge) = &sketch.badge {
        let wide = width(badge, 13.5) + 20.0;
        let _ = write!(
            out,
            r#"<rect class="badge" x="{:.1}" y="20" width="{wide:.1}" height="24" rx="12"/><text class="badge-text" x="{:.1}" y="36">{}</text>"#,
            RIGHT - wide,
            RIGHT - wide / 2.0,
            escape(badge)
        );
    }
    80.0
}

fn legend(out: &mut String, top: f64) -> f64 {
    let y = top + 12.0;
    let mut x = scale::LEFT;
    for (drawing, label) in LEGEND {
        let _ = write!(
            out,
            r#"<g class="legend" transform="translate({x:.1} {y:.1})">{drawing}<text x="30" y="4">{label}</text></g>"#
        );
        x += 30.0 + width(label, 11.0) + 26.0;
    }
    y + 24.0
}

/// Room between two rows.
const ROW_GAP: f64 = 20.0;

/// A sample of each sign and what it means.
const LEGEND: [(&str, &str); 5] = [
    (
        r#"<path class="wave user" d="M0 0L4 -4L9 -7L14 -3L19 -6L24 0L19 6L14 3L9 7L4 4Z"/>"#,
        "what you sent, when it was sent",
    ),
    (
        r#"<path class="wave nova" d="M0 0L4 -4L9 -7L14 -3L19 -6L24 0L19 6L14 3L9 7L4 4Z"/>"#,
        "what the loudspeaker played",
    ),
    (
        r#"<g class="wait"><line x1="0" x2="24" y1="0" y2="0"/><line x1="0" x2="0" y1="-4" y2="4"/><path d="M24 0l-6 -4v8z"/></g>"#,
        "from your last word to the first sound",
    ),
    (
        r#"<g class="tool"><line x1="0" x2="24" y1="0" y2="0"/><line x1="0" x2="0" y1="-4" y2="4"/><path d="M24 0l-6 -4v8z"/></g>"#,
        "a tool at work",
    ),
    (r#"<g class="mark cut"><line x1="12" x2="12" y1="-8" y2="8"/></g>"#, "answer cut off"),
];

const STYLE: &str = "\
svg{--page:#fcfbf9;--ink:#1f2430;--soft:#69707d;--grid:#e4e1db;--even:#f1eee8;--odd:#e9eef5;\
--user:#2563c9;--nova:#c8571b;--wait:#7a4fc4;--tool:#12805c;--cut:#c4213c;--badge:#fbe7b5;--badge-ink:#5c4300;\
font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}\
@media(prefers-color-scheme:dark){svg{--page:#14171c;--ink:#e9e7e2;--soft:#9aa1ad;--grid:#2a2f38;--even:#1d222a;\
--odd:#1f2937;--user:#79a8ff;--nova:#ff9e66;--wait:#b796ff;--tool:#4cc79a;--cut:#ff6b81;--badge:#4a3a0c;\
--badge-ink:#ffe3a0}}\
.page{fill:var(--page)}text{fill:var(--ink);font-size:12px}\
.title{font-size:21px;font-weight:650}.facts{fill:var(--soft);font-size:13px}\
.badge{fill:var(--badge)}.badge-text{fill:var(--badge-ink);text-anchor:middle;font-weight:600}\
.turn.even{fill:var(--even)}.turn.odd{fill:var(--odd)}.turn-label{fill:var(--soft);font-size:11px;font-weight:600}\
.tick{fill:var(--soft);font-size:11px;text-anchor:middle}.grid{stroke:var(--grid)}.axis{stroke:var(--soft)}\
.who{font-size:14px;font-weight:650}.zero{stroke-width:1;opacity:.35}\
text.user,.words.user text{fill:var(--user)}text.nova,.words.nova text{fill:var(--nova)}\
line.user{stroke:var(--user)}line.nova{stroke:var(--nova)}\
.wave.user{fill:var(--user)}.wave.nova{fill:var(--nova)}\
.wait line,.tool line{stroke-width:1.6}.wait text,.tool text,.mark text,.legend text{font-size:11px}\
.wait line{stroke:var(--wait)}.wait path,.wait text{fill:var(--wait)}\
.tool line{stroke:var(--tool)}.tool path,.tool text{fill:var(--tool)}\
.mark line{stroke:var(--soft);stroke-dasharray:3 3}.mark text{fill:var(--soft)}\
.mark.cut line{stroke:var(--cut);stroke-width:1.6;stroke-dasharray:none}.mark.cut text{fill:var(--cut)}\
.mark.trouble line{stroke:var(--cut)}.mark.trouble text{fill:var(--cut)}\
.legend text{fill:var(--soft)}";

#[cfg(test)]
mod tests {
    use super::super::sketch::{Caption, Mark, MarkKind, Span, TurnBand};
    use super::*;
    use crate::record::envelope::Envelope;
    use crate::record::tape::Channel;

    fn speech(length: f64, on: impl Fn(f64) -> bool) -> Envelope {
        let mut envelope = Envelope::default();
        for n in 0..(length * 1000.0) as u32 {
            let at = f64::from(n) / 1000.0;
            let syllable = (at * 4.2 * std::f64::consts::PI).sin().abs() * (0.4 + 0.6 * (at * 1.3).cos().abs());
            let sample = if on(at) { syllable * 20_000.0 } else { 0.0 };
            envelope.push(sample as i16, 1000);
        }
        envelope
    }

    fn sketch(length: f64) -> Sketch {
        let mut sketch = Sketch {
            title: "A call <of> many turns".to_owned(),
            facts: vec!["amazon.nova-2-5-sonic".to_owned(), "voice tiffany".to_owned(), "4 turns".to_owned()],
            badge: Some("local emulator, scripted transcripts".to_owned()),
            length,
            user: speech(length, |at| at % 8.0 < 2.0),
            nova: speech(length, |at| (2.9..7.0).contains(&(at % 8.0))),
            ..Sketch::default()
        };
        sketch.marks.push(Mark { at: 0.02, kind: MarkKind::Link, label: "connected".to_owned() });
        for n in 0..(length / 8.0) as u32 {
            let at = f64::from(n) * 8.0;
            sketch.turns.push(TurnBand { from: at, to: at + 7.4, label: format!("turn {} · answered", n + 1) });
            let question = "What is the weather like in Oslo today, and do I need a coat?".to_owned();
            sketch.captions.push(Caption { who: Channel::User, at, text: question });
            let answer = "In Oslo it is four degrees and it rains now and then. Take a coat, and perhaps an umbrella \
                          too, since the wind comes from the sea.";
            sketch.captions.push(Caption { who: Channel::Nova, at: at + 2.9, text: answer.to_owned() });
            sketch.waits.push(Span { from: at + 2.0, to: at + 2.8, label: "0.80 s".to_owned() });
            if n % 2 == 1 {
                sketch.tools.push(Span { from: at + 2.3, to: at + 2.6, label: "get_weather".to_owned() });
                sketch.marks.push(Mark { at: at + 7.0, kind: MarkKind::Cut, label: "interrupted".to_owned() });
                sketch.tools.push(Span { from: at + 2.7, to: at + 2.9, label: "get_time".to_owned() });
            }
        }
        sketch.marks.push(Mark { at: length - 0.05, kind: MarkKind::Link, label: "closed: finished".to_owned() });
        sketch
    }

    #[test]
    fn pictures_of_every_length_are_whole() {
        for (length, turns) in [(10.0, 1), (24.0, 3), (100.0, 12), (600.0, 75)] {
            let svg = render(&sketch(length));
            if let Some(folder) = std::env::var_os("BEDROCK_NOVA_SVG_DIR") {
                let path = std::path::Path::new(&folder).join(format!("sample-{length}.svg"));
                assert!(std::fs::write(path, &svg).is_ok());
            }
            assert!(svg.contains("A call &lt;of&gt; many turns") && !svg.contains("<of>"));
            assert!(svg.matches("class=\"turn-label\"").count() >= turns);
            assert_eq!(svg.matches("<g").count(), svg.matches("</g>").count());
            assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "numbers are numbers");
            assert!(svg.len() < 700_000, "{} bytes for {length} s", svg.len());
        }
    }

    #[test]
    fn an_empty_call_has_a_picture_too() {
        let svg = render(&Sketch { title: "nothing".to_owned(), ..Sketch::default() });
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }
}
