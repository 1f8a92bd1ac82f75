//! What `demo` and `talk` have in common: connect, hold the call, write it down, sum it up.

use std::path::Path;
use std::time::Duration;

use bedrock_nova::model::{Catalogue, ModelId, Voice};
use bedrock_nova::sonic::{Builder, SampleRate};

use crate::call::floor::Outcome;
use crate::call::hold::{self, Desk, Ending, Utterance, Why};
use crate::call::stop::Stop;
use crate::record::folder::{EVENTS, Folder, SOUND, TIMELINE, TRANSCRIPT};
use crate::record::recorder::Recorder;
use crate::record::transcript::About;
use crate::report::Problem;
use crate::screen::Screen;
use crate::sound::clip::Clip;
use crate::sound::player::Player;

/// How long a connection may take. The library gives up sooner, each step by itself; this guards against a defect.
const CONNECT: Duration = Duration::from_secs(20);

/// How long the process outlives its call. The service may end its side first, and then our own last frame is still on
/// its way when the call is over; a process that ends there looks like a broken connection to the service.
const PARTING: Duration = Duration::from_millis(150);

/// A run that is ready to start.
pub(crate) struct Run {
    /// What is known of it.
    pub(crate) about: About,
    /// Where its files go.
    pub(crate) folder: Folder,
    /// The recordings, all at one rate that the service takes.
    pub(crate) clips: Vec<Clip>,
    /// The conversation to open, but for rates and deadlines.
    pub(crate) builder: Builder,
    /// Where answers are played, if anywhere.
    pub(crate) player: Option<Player>,
    /// Whether somebody wants to stop.
    pub(crate) stop: Stop,
}

/// Picks the model that was asked for: on the command line, else by `BEDROCK_MODEL_ID`, else the library's default;
/// and checks that it has the voice.
///
/// # Errors
/// The model has no such voice.
pub(crate) fn choose(model: Option<&str>, voice: Option<&str>) -> Result<(ModelId, Voice), Problem> {
    let from_environment = || std::env::var("BEDROCK_MODEL_ID").ok().filter(|id| !id.is_empty());
    let model = model.map(str::to_owned).or_else(from_environment).map(ModelId::from).unwrap_or_default();
    let voice = voice.map(Voice::from).unwrap_or_default();
    let check = Catalogue::built_in().model(&model).check_voice(&voice);
    check.map_err(|error| {
        let hint = format!("{} `bedrock-nova voices --model {model}` lists them.", error.hint().unwrap_or_default());
        Problem::usage(error.code(), error.message()).hint(hint.trim())
    })?;
    Ok((model, voice))
}

/// Says in words where a call goes: to this endpoint, else to the one that the environment names, else to Amazon.
/// The order is the library's.
pub(crate) fn target(endpoint: Option<&str>) -> String {
    let named = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
    let environment = || {
        ["BEDROCK_NOVA_ENDPOINT", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"].into_iter().find_map(named)
    };
    endpoint.map(str::to_owned).or_else(environment).unwrap_or_else(|| "Amazon Bedrock".to_owned())
}

/// Holds the call of a run and prints what came of it.
///
/// # Errors
/// The connection, the call or the files failed; Ctrl-C; a recording that got no answer.
pub(crate) async fn run(run: Run) -> Result<(), Problem> {
    let Run { about, folder, clips, builder, player, stop } = run;
    let rate = clips.first().map_or(16_000, Clip::rate);
    let utterances: Vec<Utterance> = clips.into_iter().map(Utterance::new).collect();
    let builder = builder.input_rate(SampleRate::try_from(rate)?).output_rate(SampleRate::Hz24000);
    let talk = tokio::select! {
        talk = tokio::time::timeout(CONNECT, builder.connect()) => talk.map_err(|_| slow())??,
        () = stop.asked() => return Err(Problem::interrupted("Stopped before the call was connected.")),
    };
    // Only a call that exists replaces the files of the one before.
    let mut desk = Desk { recorder: Recorder::create(&folder, about)?, screen: Screen::stdout(), player, stop };
    desk.screen.note(talk.elapsed(), "connected");
    let ending = hold::hold(talk, &utterances, &mut desk).await?;
    if let Some(player) = desk.player.take()
        && let missed @ 1.. = player.finish().await
    {
        desk.screen.say(&format!("warning: {missed} pieces of the answers could not be played"));
    }
    sum_up(&mut desk, folder.path());
    tokio::time::sleep(PARTING).await;
    verdict(ending)
}

fn sum_up(desk: &mut Desk<std::io::Stdout>, folder: &Path) {
    let story = desk.recorder.story();
    let mut waits: Vec<Duration> = story.turns.iter().filter_map(|turn| turn.end?.2.first_audio).collect();
    waits.sort();
    let mut lines = vec![String::new()];
    if let (Some(least), Some(most)) = (waits.first(), waits.last()) {
        let [least, middle, most] = [*least, waits[waits.len() / 2], *most].map(|time| time.as_secs_f64());
        lines.push(format!(
            "First sound after the last word: median {middle:.2} s, {least:.2} to {most:.2} s, {} turns.",
            waits.len()
        ));
    }
    if desk.recorder.lost() > Duration::ZERO {
        lines.push(format!("warning: {:.1} s of answers found no room.", desk.recorder.lost().as_secs_f64()));
    }
    let shown = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    lines.push(format!("Files in {}:", shown.display()));
    for (name, what) in [
        (SOUND, "stereo on one time line: left you, right the answers"),
        (TRANSCRIPT, "who said what, and when"),
        (EVENTS, "every event"),
        (TIMELINE, "a picture of it all; open it in a browser"),
    ] {
        lines.push(format!("  {name:<17} {what}"));
    }
    desk.screen.say(&lines.join("\n"));
}

fn verdict(ending: Ending) -> Result<(), Problem> {
    match ending.why {
        Why::Failed(problem) => return Err(problem),
        Why::Stopped => return Err(Problem::interrupted("Stopped by Ctrl-C; the files are whole.")),
        Why::Finished => {}
    }
    let mut poor = ending.outcomes.iter().filter(|(_, outcome)| *outcome != Outcome::Answered);
    let Some((name, outcome)) = poor.next() else { return Ok(()) };
    let more = match poor.count() {
        0 => String::new(),
        n => format!(" ({n} more went the same way)"),
    };
    Err(match outcome {
        Outcome::Unnoticed => Problem::new("unnoticed", format!("Nobody noticed any speech in {name}{more}."))
            .hint("Is there speech in it, loud enough and at the right speed? Listen to the left channel of the run."),
        _ => Problem::new("no-answer", format!("{name} got no answer{more}."))
            .hint("Try again; the events of the run say what came instead."),
    })
}

fn slow() -> Problem {
    let sentence = format!("Nobody accepted the call within {} s.", CONNECT.as_secs());
    Problem::new("connect-timeout", sentence)
        .hint("Check the endpoint, the region and the network between here and there.")
}
