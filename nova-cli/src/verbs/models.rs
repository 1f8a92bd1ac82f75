//! `models`: what can be talked to.

use std::io::Write;

use bedrock_nova::model::{Catalogue, Model, ModelId};
use clap::Args;
use serde_json::json;

use crate::report::Problem;
use crate::screen::Look;
use crate::table::Table;

/// Lists the speech models that this version knows.
#[derive(Args, Clone, Debug)]
pub(crate) struct Models {
    /// Prints JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Prints the catalogue.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn run(args: &Models) -> Result<(), Problem> {
    let catalogue = Catalogue::built_in();
    if args.json {
        let models: Vec<_> = catalogue.speech().map(|model| json!(model.facts())).collect();
        let document = json!({"dated": catalogue.dated(), "speech": models});
        return print(&format!("{document:#}\n"));
    }
    let mut table = Table::new(["model", "name", "languages", "voices", "session", "$ per M speech in/out", "remarks"]);
    for model in catalogue.speech() {
        table.row([
            model.id().to_string(),
            model.facts().name.clone(),
            model.facts().languages.len().to_string(),
            model.voices().len().to_string(),
            format!("{} min", model.limits().session_seconds / 60),
            price(&model),
            remarks(&model),
        ]);
    }
    print(&format!("Speech models as of {}\n\n{}", catalogue.dated(), table.render(Look::of_stdout())))
}

/// Writes to standard output; a reader that went away (`| head`) is no failure.
pub(super) fn print(text: &str) -> Result<(), Problem> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Problem::new("stdout", format!("Standard output cannot be written: {error}.")))
        }
        _ => Ok(()),
    }
}

/// Pico-dollars per token are micro-dollars per million tokens.
fn price(model: &Model) -> String {
    let dollars = |pico: Option<u64>| {
        pico.map_or_else(|| "?".to_owned(), |pico| format!("{}.{:02}", pico / 1_000_000, pico % 1_000_000 / 10_000))
    };
    let prices = model.prices();
    format!("{} / {}", dollars(prices.speech_in), dollars(prices.speech_out))
}

fn remarks(model: &Model) -> String {
    let mut remarks = Vec::new();
    if *model.id() == ModelId::default() {
        remarks.push("default".to_owned());
    }
    if let Some(date) = &model.facts().end_of_life {
        remarks.push(format!("end of life {date}"));
    }
    if let Some(id) = model.replacement() {
        remarks.push(format!("use {id}"));
    }
    remarks.join(", ")
}
