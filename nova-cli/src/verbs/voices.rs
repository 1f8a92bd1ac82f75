//! `voices`: who can speak.

use bedrock_nova::model::{Catalogue, Gender, Model, ModelId, Reach};
use clap::Args;
use serde_json::json;

use super::models::print;
use crate::report::Problem;
use crate::screen::Look;
use crate::table::Table;

/// Lists the voices of a speech model.
#[derive(Args, Clone, Debug)]
pub(crate) struct Voices {
    /// The model's id; the newest one without it
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// Prints JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Prints the voices of one model.
///
/// # Errors
/// The catalogue does not know the model.
pub(crate) fn run(args: &Voices) -> Result<(), Problem> {
    let catalogue = Catalogue::built_in();
    let model = known(catalogue, args.model.as_deref())?;
    if args.json {
        let document = json!({"model": model.id(), "dated": catalogue.dated(), "voices": model.voices()});
        return print(&format!("{document:#}\n"));
    }
    let mut table = Table::new(["voice", "sounds", "accent", "speaks"]);
    for voice in model.voices() {
        let sounds = match voice.gender {
            Gender::Feminine => "feminine",
            Gender::Masculine => "masculine",
            _ => "-",
        };
        let speaks = match voice.reach {
            Reach::Polyglot => "every language of the model".to_owned(),
            _ => voice.locales.join(", "),
        };
        table.row([voice.id.to_string(), sounds.to_owned(), voice.locales.join(", "), speaks]);
    }
    let look = Look::of_stdout();
    print(&format!("{} ({}), as of {}\n\n{}", model.facts().name, model.id(), catalogue.dated(), table.render(look)))
}

/// Looks a model up; without an id it is the newest one.
fn known(catalogue: &Catalogue, id: Option<&str>) -> Result<Model, Problem> {
    let model = catalogue.model(&id.map(ModelId::from).unwrap_or_default());
    if model.is_known() {
        return Ok(model);
    }
    Err(Problem::usage("unknown-model", format!("The catalogue does not know the model {}.", model.id()))
        .hint("`bedrock-nova models` lists those it knows."))
}
