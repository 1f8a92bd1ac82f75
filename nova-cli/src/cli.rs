//! The command line: which verb, with which options.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::Problem;
use crate::verbs::{demo, emulate, models, probe, replay, serve, talk, voices};

/// Talk to Amazon Nova Sonic, or to a local emulator of it. Unofficial; not affiliated with Amazon.
#[derive(Parser, Debug)]
#[command(name = "bedrock-nova", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Holds a spoken conversation with an emulator inside this program: no account, no network, no cost
    Demo(demo::Demo),
    /// Says recordings to Nova Sonic, one turn each, and writes down the conversation
    Talk(talk::Talk),
    /// Plays the flight log of a call through this version and finds the first difference
    Replay(replay::Replay),
    /// Runs a local Bedrock that clients of any language can call
    Emulate(emulate::Emulate),
    /// Serves the voice API over HTTP, for pages and apps
    Serve(serve::Serve),
    /// Lists the voices of a model
    Voices(voices::Voices),
    /// Lists the speech models
    Models(models::Models),
    /// Asks a service the open questions about its protocol and writes the traces down
    Probe(probe::Probe),
}

/// Runs the command that the process was started with.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let usual = match &cli.verb {
        Verb::Serve(_) => serve::usual_log(),
        _ => None,
    };
    start_logging(usual);
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(cli.verb));
            // Whatever still runs behind the command (a name look-up, say) must not hold up its end.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Problem::new("runtime", format!("The program could not start its threads: {error}."))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.print(),
    }
}

async fn run(verb: Verb) -> Result<(), Problem> {
    match verb {
        Verb::Demo(args) => demo::run(args).await,
        Verb::Talk(args) => talk::run(args).await,
        Verb::Replay(args) => replay::run(&args),
        Verb::Emulate(args) => emulate::run(args).await,
        Verb::Serve(args) => serve::run(args).await,
        Verb::Voices(args) => voices::run(&args),
        Verb::Models(args) => models::run(&args),
        Verb::Probe(args) => probe::run(args).await,
    }
}

/// Logs go to standard error. `BEDROCK_NOVA_LOG` asks for them: `debug`, `bedrock_nova=trace` and so on; without it there
/// are those that are usual for the verb.
fn start_logging(usual: Option<String>) {
    let Some(wanted) = std::env::var("BEDROCK_NOVA_LOG").ok().or(usual) else { return };
    match tracing_subscriber::EnvFilter::try_new(&wanted) {
        Ok(filter) => {
            let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
            log.with_ansi(std::io::stderr().is_terminal()).init();
        }
        Err(error) => eprintln!("BEDROCK_NOVA_LOG={wanted:?} is not understood ({error}); nothing is logged."),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
