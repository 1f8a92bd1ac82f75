//! `demo`: a spoken conversation through the real wire, with nobody but this program at both ends.

use std::path::PathBuf;

use bedrock_nova::sonic::Conversation;
use bedrock_nova_emulator::{Scenario, clips};
use clap::Args;

use crate::call::stop::Stop;
use crate::flight::options::Record;
use crate::record::folder::Folder;
use crate::record::transcript::{About, Peer};
use crate::report::Problem;
use crate::run::{self, Run};
use crate::sound::clip::Clip;
use crate::sound::player::Player;
use crate::verbs::emulate::inside;

/// Recorded questions in, spoken answers out, over HTTP/2 with TLS and signed frames, to an emulator inside.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Folder for the sound, the transcript, the events and the picture
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// Plays the answers aloud, with aplay, paplay, ffplay or sox
    #[arg(long)]
    play: bool,
    #[command(flatten)]
    record: Record,
}

/// The recorded user's questions, in the order of the scenario `small_talk`.
const QUESTIONS: [&str; 3] = ["who", "what", "bye"];

/// The rate that recordings are sent at.
const RATE: u32 = 16_000;

/// Holds the demonstration.
///
/// # Errors
/// The folder cannot be written, or something of ours is broken.
pub(crate) async fn run(args: Demo) -> Result<(), Problem> {
    let stop = Stop::listen()?;
    let folder = Folder::prepare(&args.out)?;
    args.record.check()?;
    let player = args.play.then(Player::find).transpose()?;
    println!("{BANNER}");
    let emulator = inside(Scenario::small_talk()).await?;
    let (model, voice) = run::choose(None, None)?;
    let about = About {
        title: "bedrock-nova demo".to_owned(),
        model: model.to_string(),
        voice: voice.to_string(),
        target: "local emulator".to_owned(),
        peer: Peer::Emulator,
    };
    let builder = Conversation::builder()
        .model(model)
        .voice(voice)
        .system("You are a friendly voice. Answer in one or two sentences.")
        .region("us-east-1")
        .endpoint_url(emulator.tls_url())
        .ca_bundle(emulator.ca_file())
        .credentials(emulator.access_key(), emulator.secret_key(), None);
    let builder = args.record.apply(builder);
    let outcome = run::run(Run { about, folder, clips: questions()?, builder, player, stop }).await;
    emulator.shutdown().await;
    outcome
}

fn questions() -> Result<Vec<Clip>, Problem> {
    let question = |name: &str| {
        let clip = clips::question(name).ok_or_else(|| {
            Problem::new("bug", format!("The recorded question {name:?} is missing; please report it."))
        })?;
        Ok(Clip::new(&format!("question \"{name}\""), RATE, clip.at(RATE).pcm))
    };
    QUESTIONS.iter().map(|name| question(name)).collect()
}

const BANNER: &str = "\
*** LOCAL EMULATOR: nobody is listening. What is heard and what is answered here is scripted.   ***
*** The road is real: the AWS SDK, TLS, HTTP/2, signed event-stream frames, paced audio.        ***
";
