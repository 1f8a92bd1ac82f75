//! `probe`: the open questions of the protocol, asked of a real service.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::transport::bedrock::Bedrock;
use clap::Args;
use futures::StreamExt;
use serde_json::json;

use crate::call::stop::Stop;
use crate::probe::{Answer, Lab, QUESTIONS, Question};
use crate::record::folder::Folder;
use crate::report::Problem;
use crate::run;
use crate::screen::Look;
use crate::table::Table;

/// Makes small experiments, each on a session of its own, and writes the answers and redacted traces down.
///
/// It costs money: some forty sessions of a few seconds, a few of them with speech.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("target").required(true).multiple(true))]
pub(crate) struct Probe {
    /// Asks Amazon Bedrock, with the credentials and the region of the environment
    #[arg(long, group = "target")]
    aws: bool,
    /// Asks this address instead: https://…, or http://… without TLS
    #[arg(long, value_name = "URL", group = "target")]
    endpoint: Option<String>,
    /// Trusts the certificates in this PEM file
    #[arg(long, value_name = "FILE")]
    ca_bundle: Option<PathBuf>,
    /// AWS region; otherwise AWS_REGION or the profile says
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Model id; otherwise BEDROCK_MODEL_ID or the newest
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// Asks only these questions, such as 1a,7b,12
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    only: Vec<String>,
    /// Longest wait for a service that gives up idle sessions, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 310)]
    patience: u64,
    /// Folder for answers.json and the traces
    #[arg(long, value_name = "DIR", default_value = "out/probe")]
    out: PathBuf,
}

/// How many experiments run at once: few enough for any account's quota.
const AT_ONCE: usize = 3;

/// Runs the experiments and prints a table of the answers.
///
/// # Errors
/// The target cannot be reached, or a file cannot be written; a question without an answer is an answer.
pub(crate) async fn run(args: Probe) -> Result<(), Problem> {
    let stop = Stop::listen()?;
    let (model, _) = run::choose(args.model.as_deref(), None)?;
    let questions = pick(&args.only)?;
    let folder = Folder::prepare(&args.out)?;
    let lab = Lab {
        transport: Arc::new(transport(&args).await?),
        model: model.to_string(),
        patience: Duration::from_secs(args.patience),
        traces: folder.file("traces"),
    };
    lab.prepare()?;
    println!("Asking {} about {} questions.", run::target(args.endpoint.as_deref()), questions.len());
    let answers = tokio::select! {
        answers = ask(&lab, &questions) => answers,
        () = stop.asked() => return Err(Problem::interrupted("Stopped; the traces so far are in the folder.")),
    };
    if let Some(reason) = why_nothing_was_asked(&answers) {
        return Err(Problem::new("nothing-asked", format!("Nothing could be asked: {reason}"))
            .hint("`bedrock-nova talk` with the same target says what to do about it."));
    }
    print!("{}", table(&answers));
    let found: Vec<_> =
        answers.iter().map(|(q, answer)| json!({"question": q.id, "asks": q.asks, "answer": answer.0})).collect();
    let document = json!({"model": lab.model, "target": run::target(args.endpoint.as_deref()), "answers": found});
    folder.replace("answers.json", format!("{document:#}\n").as_bytes())?;
    println!("\nAnswers and redacted traces are in {}.", folder.path().display());
    Ok(())
}

/// The reason of the first answer, if no question at all reached the target.
fn why_nothing_was_asked(answers: &[(Question, Answer)]) -> Option<&str> {
    let reasons: Option<Vec<&str>> = answers.iter().map(|(_, answer)| answer.0.strip_prefix("not asked: ")).collect();
    reasons?.first().copied()
}

async fn ask(lab: &Lab, questions: &[Question]) -> Vec<(Question, Answer)> {
    let mut order = questions.to_vec();
    // Slow ones first: the quick ones are done beside them.
    order.sort_by_key(|question| !question.is_slow());
    let asked = order.into_iter().map(|question| async move {
        let answer = question.ask(lab).await;
        println!("  {:<4} {}", question.id, answer.0);
        (question, answer)
    });
    let mut answers: Vec<_> = futures::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    let place = |id: &str| QUESTIONS.iter().position(|question| question.id == id);
    answers.sort_by_key(|(question, _)| place(question.id));
    answers
}

fn pick(only: &[String]) -> Result<Vec<Question>, Problem> {
    if only.is_empty() {
        return Ok(QUESTIONS.to_vec());
    }
    let known = || QUESTIONS.map(|question| question.id).join(", ");
    only.iter()
        .map(|id| {
            QUESTIONS.into_iter().find(|question| question.id == id.trim()).ok_or_else(|| {
                Problem::usage("unknown-question", format!("There is no question {id:?}."))
                    .hint(format!("The questions are {}.", known()))
            })
        })
        .collect()
}

async fn transport(args: &Probe) -> Result<Bedrock, Problem> {
    let mut builder = Bedrock::builder();
    if let Some(url) = &args.endpoint {
        builder = builder.endpoint_url(url);
    }
    if let Some(path) = &args.ca_bundle {
        builder = builder.ca_bundle(path);
    }
    if let Some(region) = &args.region {
        builder = builder.region(region);
    }
    if let Some(profile) = &args.profile {
        builder = builder.profile(profile);
    }
    Ok(builder.build().await?)
}

fn table(answers: &[(Question, Answer)]) -> String {
    let mut table = Table::new(["no.", "question", "answer"]);
    for (question, answer) in answers {
        table.row([question.id.to_owned(), question.asks.to_owned(), answer.0.clone()]);
    }
    format!("\n{}", table.render(Look::of_stdout()))
}
