//! `serve`: the voice API over HTTP, on Amazon Bedrock or on an emulator inside.

use std::io::{ErrorKind, Write};

use bedrock_nova::transport::Bedrock;
use bedrock_nova_emulator::Emulator;
use bedrock_nova_server::settings::{Endpoint, LogLevel};
use bedrock_nova_server::{DeskBuilder, Settings, router};
use clap::Args;
use tokio::net::TcpListener;

use crate::report::Problem;
use crate::tools;
use crate::verbs::emulate;

/// Sessions, audio and text over HTTP, server-sent events and WebSockets, until Ctrl-C or SIGTERM. All settings are
/// environment variables (`docs/API.md` lists them); what is said here goes first.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Starts a local Bedrock inside this program: no account, no cost; as BEDROCK_NOVA_ENDPOINT=emulator
    #[arg(long)]
    emulator: bool,
    /// What the emulator hears and answers: a shipped name, or a file [default: $EMULATOR_SCENARIO, else small_talk]
    #[arg(long, value_name = "NAME|FILE", requires = "emulator")]
    scenario: Option<String>,
    /// Address to listen at [default: $HOST, else 127.0.0.1]
    #[arg(long, value_name = "ADDR")]
    host: Option<String>,
    /// Port; 0 takes any free one [default: $PORT, else 8000]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

/// What a server logs unless `BEDROCK_NOVA_LOG` says otherwise: `LOG_LEVEL` of its own parts. A wrong one is told when the
/// settings are read.
pub(crate) fn usual_log() -> Option<String> {
    let level = match Settings::from_environment().ok()?.log_level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warning => "warn",
        LogLevel::Error => "error",
    };
    Some(format!("bedrock_nova={level},bedrock_nova_server={level}"))
}

/// Serves until the process is told to end.
///
/// # Errors
/// A setting cannot be read, the port is taken, the emulator does not start, or the store is not there.
pub(crate) async fn run(args: Serve) -> Result<(), Problem> {
    let mut settings =
        Settings::from_environment().map_err(|error| Problem::usage(error.code(), error.message().to_owned()))?;
    if args.emulator {
        settings.endpoint = Endpoint::Emulator;
    }
    settings.scenario = args.scenario.unwrap_or(settings.scenario);
    settings.host = args.host.unwrap_or(settings.host);
    settings.port = args.port.unwrap_or(settings.port);

    let listener = listen(&settings).await?;
    let emulator = match settings.endpoint {
        Endpoint::Emulator => Some(emulate::inside_at(emulate::scenario(&settings.scenario)?, settings.pace).await?),
        _ => None,
    };
    let transport = transport(&settings, emulator.as_ref()).await?;
    let desk = settings.desk(settings.pool().await?).transport(transport);
    let desk = tools::all().into_iter().fold(desk, DeskBuilder::tool).build();
    let app = router::app(&desk, &settings.cors_origins);
    let greeting = greeting(&settings, &listener);
    // Signals are listened for before anybody is told that it is there.
    let serving = router::serve(listener, app, desk, settings.drain);
    let (served, ()) = futures::future::join(serving, async { say(&greeting) }).await;
    if let Some(emulator) = emulator {
        emulator.shutdown().await;
    }
    served.map_err(|error| Problem::new("signals", format!("Ctrl-C cannot be listened for: {error}.")))
}

async fn listen(settings: &Settings) -> Result<TcpListener, Problem> {
    let (host, port) = (settings.host.as_str(), settings.port);
    TcpListener::bind((host, port)).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Problem::new("port-taken", format!("{host}:{port} is in use by another program."))
            .hint("Choose another port with --port or PORT; 0 takes any that is free."),
        _ => Problem::new("listen", format!("{host}:{port} cannot be listened on: {error}."))
            .hint("Choose an address of this machine with --host or HOST."),
    })
}

/// The way to the service that all calls share.
async fn transport(settings: &Settings, emulator: Option<&Emulator>) -> Result<Bedrock, Problem> {
    let builder = Bedrock::builder();
    let builder = match (emulator, &settings.endpoint) {
        (Some(emulator), _) => builder
            .region(REGION)
            .endpoint_url(emulator.tls_url())
            .ca_bundle(emulator.ca_file())
            .credentials(emulator.access_key(), emulator.secret_key(), None),
        (None, Endpoint::At(address)) => builder.endpoint_url(address),
        (None, _) => builder,
    };
    Ok(builder.build().await?)
}

/// Returns what says where it is.
fn greeting(settings: &Settings, listener: &TcpListener) -> String {
    let banner = if settings.endpoint == Endpoint::Emulator { BANNER } else { "" };
    let address = listener.local_addr().map_or_else(|_| settings.host.clone(), |address| address.to_string());
    format!(
        "{banner}Talk at http://{address}/ in a browser; the voice API is there too, its routes at http://{address}/docs.\n\
         Calls go to {}; there may be {} of them. Ctrl-C ends it.",
        settings.endpoint_name(),
        settings.sessions
    )
}

/// That nobody reads it must not end it.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The emulator is in every region.
const REGION: &str = "us-east-1";

const BANNER: &str = "\
*** EMULATOR: this server talks to a local emulator, not to AWS.                                ***
*** What it \"hears\" and answers is scripted. For Amazon Nova Sonic leave --emulator out.        ***

";
