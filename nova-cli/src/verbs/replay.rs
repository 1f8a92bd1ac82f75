//! `replay`: a flight log through today's code.

use std::path::PathBuf;

use bedrock_nova::sonic::conversation::Output;
use bedrock_nova::sonic::flight::{Difference, Rerun, Step, Words};
use clap::Args;
use serde_json::Value;

use super::models::print;
use crate::flight::file::{Line, Lines};
use crate::flight::outline::Outline;
use crate::report::Problem;

/// Feeds the inputs of a recorded call to this version, and compares what it does with what was recorded.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// A flight log, as `--record` and `--record-in-full` write it
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Letters of an output that are printed; the opening of a session holds its whole history.
const SHOWN: usize = 4_000;

/// Plays the log.
///
/// # Errors
/// Something differs: exit code 1. The file cannot be read as a flight log: exit code 2.
pub(crate) fn run(args: &Replay) -> Result<(), Problem> {
    let mut lines = Lines::open(&args.file)?;
    let Some(Line::Whole(first) | Line::Cut(first)) = lines.next()? else {
        let sentence = format!("{} is empty (0 bytes).", args.file.display());
        return Err(Problem::usage("flight-log", sentence));
    };
    let mut rerun = Rerun::begin(&first).map_err(|error| bad(args, &error))?;
    print(&heading(&rerun))?;
    let mut outline = Outline::default();
    let end = play(args, &mut rerun, &mut lines, &mut outline)?;
    let number = rerun.number();
    let note = match end {
        End::Differs(difference) => return differs(&difference),
        End::Whole => String::new(),
        End::Cut => format!("Line {number} is cut: the program was stopped as it wrote. Played up to there.\n"),
        End::Open => format!("The log ends at line {number} without its last line: the program was stopped.\n"),
        End::Missing(sentence) => format!("Line {number}: {sentence} Played up to there.\n"),
    };
    let tally = rerun.tally();
    print(&format!("\n{outline}\n{note}same: {} inputs, {} outputs\n", tally.inputs, tally.outputs))
}

/// How far a log could be played.
enum End {
    Whole,
    Cut,
    Open,
    Missing(String),
    Differs(Box<Difference>),
}

fn play(args: &Replay, rerun: &mut Rerun, lines: &mut Lines, outline: &mut Outline) -> Result<End, Problem> {
    while let Some(line) = lines.next()? {
        let step = match line {
            Line::Whole(line) => rerun.line(&line).map_err(|error| bad(args, &error))?,
            Line::Cut(line) => match rerun.line(&line) {
                Ok(step) => step,
                Err(_) => return Ok(End::Cut),
            },
        };
        match step {
            Step::Output(output) => {
                if let Some(line) = outline.output(rerun.now(), &output) {
                    print(&format!("{line}\n"))?;
                }
            }
            Step::Refused => outline.refused(),
            Step::Differs(difference) => return Ok(End::Differs(difference)),
            Step::Missing(missing) => {
                let (inputs, outputs) = (missing.inputs, missing.outputs);
                return Ok(End::Missing(format!(
                    "the disk was too slow, {inputs} inputs and {outputs} outputs are missing."
                )));
            }
            Step::End => return Ok(End::Whole),
            _ => {}
        }
    }
    Ok(End::Open)
}

fn heading(rerun: &Rerun) -> String {
    let words = match rerun.words() {
        Words::InFull => "in full",
        _ => "without its words",
    };
    format!("Recorded {words} by {}, played by {}.\n\n", rerun.version(), env!("CARGO_PKG_VERSION"))
}

fn differs(difference: &Difference) -> Result<(), Problem> {
    let (line, at) = (difference.line, difference.at.as_secs_f64());
    let (place, was, is) = difference.place();
    let text = |value: Option<&Value>| value.map_or("nothing".to_owned(), |value| short(&value.to_string()));
    print(&format!(
        "\nLine {line}, {at:.3} s: the first difference{}{place}\n  recorded  {}\n  now       {}\n\n  recorded  {}\n  now       {}\n{}\n",
        if place.is_empty() { "" } else { ", in " },
        text(was),
        text(is),
        debug(&difference.expected),
        debug(&difference.got),
        whole(difference),
    ))?;
    Err(Problem::new(
        "differs",
        format!("This version does something else from line {line} on, {at:.3} s into the call."),
    )
    .hint("Was the change meant? If not, the log is its test."))
}

/// Both outputs whole, unless the place was the whole of them.
fn whole(difference: &Difference) -> String {
    if difference.place().0.is_empty() {
        return String::new();
    }
    let json = |value: &Value| short(&value.to_string());
    format!("\n  recorded  {}\n  now       {}\n", json(&difference.expected), json(&difference.got))
}

fn debug(value: &Value) -> String {
    match serde_json::from_value::<Output>(value.clone()) {
        Ok(output) => format!("{output:?}"),
        Err(_) if value.is_null() => "nothing".to_owned(),
        Err(_) => short(&value.to_string()),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

fn bad(args: &Replay, error: &bedrock_nova::Error) -> Problem {
    let problem = Problem::usage(error.code(), format!("{}: {}", args.file.display(), error.message()));
    match error.hint() {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
