//! `emulate`: a local Bedrock in the foreground, for clients of any language.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bedrock_nova_emulator::emulator::{Builder, StartError};
use bedrock_nova_emulator::server::{Ended, SessionReport, Signature};
use bedrock_nova_emulator::sigv4::Credentials;
use bedrock_nova_emulator::{Emulator, Scenario, Strictness, Switches};
use clap::Args;

use crate::announce::{Announcement, Form};
use crate::call::stop::Stop;
use crate::report::Problem;

/// Serves HTTP/2 and HTTP/1.1, with TLS on one port and without on another, until Ctrl-C.
#[derive(Args, Debug)]
pub(crate) struct Emulate {
    /// Address without TLS; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8471")]
    h2c: SocketAddr,
    /// Address with TLS; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8472")]
    tls: SocketAddr,
    /// Folder for ca.pem and the other test certificates; a temporary one without it
    #[arg(long, value_name = "DIR")]
    cert_dir: Option<PathBuf>,
    /// Further host name or address in the certificate, besides localhost, 127.0.0.1 and ::1
    #[arg(long, value_name = "NAME")]
    san: Vec<String>,
    /// Access key that is let in
    #[arg(long, value_name = "K", requires = "secret_key")]
    access_key: Option<String>,
    /// Secret to that key
    #[arg(long, value_name = "S", requires = "access_key")]
    secret_key: Option<String>,
    /// Scenario file, or the name of a shipped one: small_talk, tools, long_answer, silence, german
    #[arg(long, value_name = "FILE|NAME", default_value = "small_talk")]
    scenario: String,
    /// How many times faster than real time answers are sent
    #[arg(long, value_name = "X", default_value_t = PACE, value_parser = positive)]
    pace: f64,
    /// Scale of every limit in wall time: 60 makes eight minutes eight seconds
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = positive)]
    clock: f64,
    /// Refuses what clients in the field do wrong instead of writing it down
    #[arg(long)]
    strict: bool,
    /// Position of a doubtful behaviour, such as headers=at-once; `--switch list` lists them
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    switches: Vec<String>,
    /// How it says where clients find it
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    announce: Form,
    /// Ends when standard input closes, as after Ctrl-C: a program that is killed then leaves no emulator behind
    #[arg(long)]
    until_stdin_closes: bool,
}

/// How many times faster than real time answers are sent, unless somebody says otherwise.
const PACE: f64 = 4.0;

/// How often the streams are looked at for news.
const LOOK: Duration = Duration::from_millis(100);

/// Starts an emulator inside this program, on free ports of the loopback interface.
///
/// # Errors
/// It cannot listen, or cannot write its certificates.
pub(crate) async fn inside(scenario: Scenario) -> Result<Emulator, Problem> {
    inside_at(scenario, PACE).await
}

/// The same at another pace.
///
/// # Errors
/// As [`inside`].
pub(crate) async fn inside_at(scenario: Scenario, pace: f64) -> Result<Emulator, Problem> {
    Emulator::builder().scenario(scenario).pace(pace).start().await.map_err(|error| not_started(&error))
}

/// Serves until Ctrl-C, or until standard input closes where that was asked for.
///
/// # Errors
/// A port, a file or a switch is not as it was said to be.
pub(crate) async fn run(args: Emulate) -> Result<(), Problem> {
    if args.switches.iter().any(|switch| switch == "list") {
        return super::models::print(&switch_list());
    }
    let mut stop = Stop::listen()?;
    if args.until_stdin_closes {
        stop = stop.or_when_stdin_closes();
    }
    let emulator = builder(&args)?.start().await.map_err(|error| not_started(&error))?;
    say(Announcement::of(&emulator, &args.scenario).print(args.announce));
    let mut news = News::default();
    let mut clock = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = clock.tick() => news.tell(&emulator.sessions()),
            () = stop.asked() => break,
        }
    }
    let sessions = emulator.sessions();
    emulator.shutdown().await;
    news.tell(&sessions);
    say(format_args!("\n{}", summary(&sessions)));
    Ok(())
}

/// Prints a line. That nobody reads it any more, because who started this program is gone, must not end it in a panic.
fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn builder(args: &Emulate) -> Result<Builder, Problem> {
    let mut switches = Switches::default();
    for switch in &args.switches {
        switches.set(switch).map_err(|error| {
            Problem::usage("switch", format!("--switch {switch}: {error}."))
                .hint("`bedrock-nova emulate --switch list` shows all of them.")
        })?;
    }
    let strictness = if args.strict { Strictness::Strict } else { Strictness::Tolerant };
    let mut builder = Emulator::builder()
        .h2c(args.h2c)
        .tls(args.tls)
        .scenario(scenario(&args.scenario)?)
        .switches(switches)
        .pace(args.pace)
        .clock(args.clock)
        .strictness(strictness);
    if let Some(folder) = &args.cert_dir {
        builder = builder.cert_dir(folder);
    }
    for name in &args.san {
        builder = builder.san(name);
    }
    if let (Some(key), Some(secret)) = (&args.access_key, &args.secret_key) {
        builder = builder.credentials(Credentials::new(key, secret));
    }
    Ok(builder)
}

/// Finds a scenario by its name or in a file.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) fn scenario(wanted: &str) -> Result<Scenario, Problem> {
    if let Some(scenario) = Scenario::named(wanted) {
        return Ok(scenario);
    }
    if !Path::new(wanted).is_file() {
        let names = Scenario::SHIPPED.join(", ");
        return Err(Problem::usage("missing-file", format!("There is no scenario {wanted:?}, neither file nor name."))
            .hint(format!("The shipped ones are {names}.")));
    }
    Scenario::load(wanted)
        .map_err(|error| Problem::usage("scenario", format!("{wanted}: {error}.")).hint("Mend the file and try again."))
}

fn not_started(error: &StartError) -> Problem {
    match error {
        StartError::PortTaken(address) => {
            Problem::new("port-taken", format!("{address} is in use by another program."))
                .hint("Choose another port with --h2c or --tls; port 0 takes any that is free.")
        }
        StartError::Listen { address, source } => {
            Problem::new("listen", format!("{address} cannot be listened on: {source}."))
                .hint("Choose an address of this machine with --h2c or --tls, such as 127.0.0.1:0.")
        }
        StartError::Tls(error) => Problem::new("certificates", format!("The emulator {error}."))
            .hint("Choose a writable folder with --cert-dir, and host names with --san."),
        other => Problem::new("emulator", format!("The emulator could not start: {other}.")),
    }
}

/// What has been told of each stream.
#[derive(Default)]
struct News {
    told: BTreeMap<u64, Told>,
}

#[derive(Default)]
struct Told {
    breaches: usize,
    over: bool,
}

impl News {
    /// Prints what is new: a stream that began, a rule that was broken, a stream that ended.
    fn tell(&mut self, sessions: &[SessionReport]) {
        for session in sessions {
            let number = session.number;
            let told = self.told.entry(number).or_insert_with(|| {
                say(format_args!("stream {number}: {} over {:?}", plain(&session.model), session.protocol));
                Told::default()
            });
            for breach in session.breaches.iter().skip(told.breaches) {
                let at = breach.at.as_secs_f64();
                say(format_args!("stream {number}: BREACH {:?} at {at:.2} s: {}", breach.rule, plain(&breach.detail)));
            }
            told.breaches = session.breaches.len();
            if let (Some(ended), false) = (&session.ended, told.over) {
                told.over = true;
                say(format_args!("stream {number}: {}", ending(session, ended)));
            }
        }
        // Reports that the emulator has forgotten need no memory here either.
        if let Some(oldest) = sessions.first() {
            self.told = self.told.split_off(&oldest.number);
        }
    }
}

fn ending(session: &SessionReport, ended: &Ended) -> String {
    let how = match ended {
        Ended::InOrder => "ended in order".to_owned(),
        Ended::Refused { status, name } => format!("refused with {status} {name}"),
        Ended::Failed { name } => format!("failed with {name}"),
        Ended::Fault => "ended by a fault".to_owned(),
        Ended::Gone => "the client went away".to_owned(),
        Ended::Unread => "ended: the client read nothing".to_owned(),
        Ended::Stopped => "stopped with the emulator".to_owned(),
        other => format!("{other:?}"),
    };
    let signatures = match session.signature {
        Signature::Verified => "signatures verified",
        Signature::Unchecked => "signatures not checked",
        Signature::Refused => "request signature refused",
        Signature::Broken => "signature chain broken",
        _ => "signatures unknown",
    };
    let (turns, spoken) = (session.ledger.turns, session.ledger.utterances.len());
    format!(
        "{how}; {signatures}; {spoken} utterances, {turns} turns, {} events in, {} out",
        session.events_in, session.events_out
    )
}

fn summary(sessions: &[SessionReport]) -> String {
    let count = |keep: &dyn Fn(&&SessionReport) -> bool| sessions.iter().filter(keep).count();
    let verified = count(&|session| session.signature == Signature::Verified);
    let in_order = count(&|session| session.ended == Some(Ended::InOrder));
    let turns: u64 = sessions.iter().map(|session| session.ledger.turns).sum();
    let breaches: usize = sessions.iter().map(|session| session.breaches.len()).sum();
    format!(
        "{} streams, {verified} with verified signatures, {in_order} ended in order, {turns} turns, {breaches} breaches.",
        sessions.len()
    )
}

fn switch_list() -> String {
    let mut out = String::new();
    for row in Switches::catalogue() {
        let positions: Vec<String> =
            row.positions.iter().map(|p| if *p == row.default { format!("[{p}]") } else { (*p).to_owned() }).collect();
        out.push_str(&format!("{}={}\n    {}\n", row.name, positions.join("|"), row.about));
    }
    out
}

/// A client's words cannot command the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("a number greater than 0 is needed".to_owned()),
    }
}
