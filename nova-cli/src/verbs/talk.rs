//! `talk`: recordings to Nova Sonic, one turn each.

use std::path::PathBuf;

use bedrock_nova::sonic::{Builder, Conversation};
use bedrock_nova_emulator::{Emulator, Scenario};
use clap::Args;

use crate::call::stop::Stop;
use crate::flight::options::Record;
use crate::record::folder::Folder;
use crate::record::transcript::{About, Peer};
use crate::report::Problem;
use crate::run::{self, Run};
use crate::sound::clip::Clip;
use crate::sound::player::Player;
use crate::sound::wav;
use crate::verbs::emulate::inside;

/// Says recordings in real time; the next one begins when the answer to the one before is over.
#[derive(Args, Debug)]
pub(crate) struct Talk {
    /// WAV files with 8, 16, 24 or 32-bit integer samples, one for each turn
    #[arg(required = true, value_name = "FILE.wav")]
    files: Vec<PathBuf>,
    /// Talks to an emulator inside this program instead of Amazon
    #[arg(long, conflicts_with_all = ["endpoint", "ca_bundle", "region", "profile"])]
    emulator: bool,
    /// Talks to this address instead of Amazon's: https://…, or http://… without TLS
    #[arg(long, value_name = "URL")]
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
    /// Model id; otherwise BEDROCK_MODEL_ID or the newest (see `bedrock-nova models`)
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// Voice that answers (see `bedrock-nova voices`)
    #[arg(long, value_name = "NAME")]
    voice: Option<String>,
    /// System prompt: who the assistant is and how it should speak
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Folder for the sound, the transcript, the events and the picture
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// Plays the answers aloud, with aplay, paplay, ffplay or sox
    #[arg(long)]
    play: bool,
    #[command(flatten)]
    record: Record,
}

/// Holds the conversation.
///
/// # Errors
/// Everything that a person can get wrong is found before the first byte is sent, if it can be.
pub(crate) async fn run(args: Talk) -> Result<(), Problem> {
    let stop = Stop::listen()?;
    let (model, voice) = run::choose(args.model.as_deref(), args.voice.as_deref())?;
    let clips = read_all(&args.files)?;
    check_ca(&args)?;
    let folder = Folder::prepare(&args.out)?;
    args.record.check()?;
    let player = args.play.then(Player::find).transpose()?;
    if let Some(player) = &player {
        println!("Answers are played with {}.", player.name());
    }
    let emulator = if args.emulator { Some(inside(Scenario::small_talk()).await?) } else { None };
    let about = About {
        title: title(&clips),
        model: model.to_string(),
        voice: voice.to_string(),
        target: if args.emulator { "local emulator".to_owned() } else { run::target(args.endpoint.as_deref()) },
        peer: if args.emulator { Peer::Emulator } else { Peer::Service },
    };
    println!("Calling {} ({}, voice {}).", about.target, about.model, about.voice);
    let builder = aim(Conversation::builder().model(model).voice(voice), &args, emulator.as_ref());
    let builder = args.record.apply(builder);
    let outcome = run::run(Run { about, folder, clips, builder, player, stop }).await;
    if let Some(emulator) = emulator {
        emulator.shutdown().await;
    }
    outcome
}

/// Reads all recordings before anything is sent, and brings them to one rate.
fn read_all(files: &[PathBuf]) -> Result<Vec<Clip>, Problem> {
    let mut clips: Vec<Clip> = Vec::with_capacity(files.len());
    for file in files {
        let recording = wav::read(file)?;
        if let Some(changes) = recording.changes {
            println!("{}: {changes}.", file.display());
        }
        let rate = clips.first().map_or(recording.clip.rate(), Clip::rate);
        if recording.clip.rate() != rate {
            println!(
                "{}: {} Hz resampled to {rate} Hz, the rate of the first file.",
                file.display(),
                recording.clip.rate()
            );
        }
        clips.push(recording.clip.at_rate(rate));
    }
    Ok(clips)
}

/// A certificate file that is not there is found before the network is.
fn check_ca(args: &Talk) -> Result<(), Problem> {
    match &args.ca_bundle {
        Some(path) if !path.is_file() => {
            Err(Problem::usage("missing-file", format!("There is no file {}.", path.display()))
                .hint("--ca-bundle wants the PEM file with the certificate authority of the endpoint."))
        }
        _ => Ok(()),
    }
}

fn title(clips: &[Clip]) -> String {
    match clips {
        [first, more @ ..] if !more.is_empty() => format!("{} and {} more", first.name(), more.len()),
        _ => clips.first().map(Clip::name).unwrap_or_default().to_owned(),
    }
}

fn aim(mut builder: Builder, args: &Talk, emulator: Option<&Emulator>) -> Builder {
    if let Some(system) = &args.system {
        builder = builder.system(system);
    }
    if let Some(emulator) = emulator {
        return builder.region("us-east-1").endpoint_url(emulator.tls_url()).ca_bundle(emulator.ca_file()).credentials(
            emulator.access_key(),
            emulator.secret_key(),
            None,
        );
    }
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
    builder
}
