//! One call from the first recording to the last answer.

use std::io::Write;
use std::time::Duration;

use bedrock_nova::sonic::{Conversation, Event, Events, Sender, Stamped};
use tokio::time::Instant;

use super::feed::{Fed, Feed};
use super::floor::{Floor, Outcome};
use super::stop::Stop;
use crate::record::recorder::{RATE, Recorder};
use crate::record::story::Opening;
use crate::report::Problem;
use crate::screen::Screen;
use crate::sound::clip::Clip;
use crate::sound::player::Player;

/// How often the files follow the time.
const TICK: Duration = Duration::from_millis(100);
/// How long the end of a call may take. The library closes sooner; this guards against a defect of its.
const CLOSING: Duration = Duration::from_secs(60);
/// How long the end may take when the person at the terminal has asked for it.
const CLOSING_NOW: Duration = Duration::from_secs(2);

/// One recording, at the rate it is sent with and at the rate it is written down with.
#[derive(Clone, Debug)]
pub(crate) struct Utterance {
    clip: Clip,
    on_tape: Clip,
}

impl Utterance {
    /// Prepares a recording, which must have the call's input rate.
    pub(crate) fn new(clip: Clip) -> Self {
        Utterance { on_tape: clip.at_rate(RATE), clip }
    }
}

/// Everything around a call.
pub(crate) struct Desk<W> {
    /// Where the call is written down.
    pub(crate) recorder: Recorder,
    /// Where it is shown.
    pub(crate) screen: Screen<W>,
    /// Where it is played, if anywhere.
    pub(crate) player: Option<Player>,
    /// Whether somebody wants to stop.
    pub(crate) stop: Stop,
}

/// How a call went.
#[derive(Debug)]
pub(crate) struct Ending {
    /// What became of each recording that was sent, by name.
    pub(crate) outcomes: Vec<(String, Outcome)>,
    /// Why it is over.
    pub(crate) why: Why,
}

/// Why a call is over.
#[derive(Debug)]
pub(crate) enum Why {
    /// Everything was sent and answered.
    Finished,
    /// The person at the terminal wanted it.
    Stopped,
    /// It failed, or the service ended it.
    Failed(Problem),
}

/// Sends recordings one after the other, each after the answer to the one before, and closes the call.
///
/// # Errors
/// A file of the run cannot be written any further; the call is dropped.
pub(crate) async fn hold<W: Write>(
    talk: Conversation,
    utterances: &[Utterance],
    desk: &mut Desk<W>,
) -> Result<Ending, Problem> {
    let (sender, events) = talk.split();
    let mut line = Line { sender, events, desk, closed: None };
    let mut outcomes = Vec::new();
    let mut why = Why::Finished;
    for utterance in utterances {
        match line.one(utterance).await? {
            Step::Done(outcome) => outcomes.push((utterance.clip.name().to_owned(), outcome)),
            Step::Stopped => {
                why = Why::Stopped;
                break;
            }
            Step::Over => break,
        }
    }
    let why = line.close(why).await?;
    Ok(Ending { outcomes, why })
}

/// The call while it is open.
struct Line<'a, W> {
    sender: Sender,
    events: Events,
    desk: &'a mut Desk<W>,
    closed: Option<Event>,
}

enum Step {
    Done(Outcome),
    Stopped,
    Over,
}

impl<W: Write> Line<'_, W> {
    /// Sends one recording and hears its answer.
    async fn one(&mut self, utterance: &Utterance) -> Result<Step, Problem> {
        let name = utterance.clip.name();
        let length = utterance.clip.duration().as_secs_f64();
        self.desk.screen.note(self.sender.elapsed(), &format!("sending {name} ({length:.1} s)"));
        let mut feed = Feed::start(self.sender.clone(), utterance.clip.clone());
        let mut floor = Floor::default();
        let mut clock = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                stamped = self.events.next_stamped() => match stamped {
                    Some(stamped) => {
                        floor.hear(&stamped);
                        self.hear(stamped)?;
                    }
                    None => return Ok(Step::Over),
                },
                Some(fed) = feed.next() => match fed {
                    Fed::Piece { at, samples } => self.say(utterance, at, samples.start, samples.end),
                    Fed::Done => floor.spoken(self.sender.elapsed()),
                    Fed::Refused => {}
                },
                _ = clock.tick() => {
                    let now = self.sender.elapsed();
                    self.desk.recorder.tick(now)?;
                    if let Some(outcome) = floor.outcome(now, self.desk.recorder.silent_at()) {
                        return Ok(Step::Done(outcome));
                    }
                }
                () = self.desk.stop.asked() => return Ok(Step::Stopped),
            }
        }
    }

    fn say(&mut self, utterance: &Utterance, at: Duration, from: usize, to: usize) {
        let scale = |n: usize| n * RATE as usize / utterance.clip.rate() as usize;
        let tape = utterance.on_tape.samples();
        let piece = &tape[scale(from).min(tape.len())..scale(to).min(tape.len())];
        let opening = if from == 0 { Opening::Begun } else { Opening::Continued };
        self.desk.recorder.say(utterance.clip.name(), at, piece, opening);
    }

    fn hear(&mut self, stamped: Stamped) -> Result<(), Problem> {
        self.desk.recorder.hear(&stamped)?;
        self.desk.screen.hear(&stamped);
        match (&stamped.event, &mut self.desk.player) {
            (Event::Audio(audio), Some(player)) => player.play(audio.pcm.clone()),
            (Event::Interrupted { .. }, Some(player)) => player.flush(),
            _ => {}
        }
        if matches!(stamped.event, Event::Closed { .. }) {
            self.closed = Some(stamped.event);
        }
        Ok(())
    }

    /// Ends the call in order; at a Ctrl-C the files are whole before anybody waits for the service.
    async fn close(mut self, why: Why) -> Result<Why, Problem> {
        self.sender.finish();
        let mut until = Instant::now() + CLOSING;
        let mut why = why;
        if matches!(why, Why::Stopped) {
            until = self.hush()?;
        }
        let mut clock = tokio::time::interval(TICK);
        // Past the last event, too: a flight log is whole only then.
        loop {
            tokio::select! {
                stamped = self.events.next_stamped() => match stamped {
                    Some(stamped) => self.hear(stamped)?,
                    None => break,
                },
                _ = clock.tick() => self.desk.recorder.tick(self.sender.elapsed())?,
                () = self.desk.stop.asked(), if !matches!(why, Why::Stopped) => {
                    why = Why::Stopped;
                    until = self.hush()?;
                }
                () = tokio::time::sleep_until(until) => break,
            }
        }
        self.desk.recorder.finish(self.sender.elapsed())?;
        Ok(match (why, self.closed) {
            (Why::Stopped, _) => Why::Stopped,
            (_, Some(Event::Closed { error: Some(error), .. })) => Why::Failed(error.into()),
            (why, Some(_)) => why,
            (_, None) => Why::Failed(
                Problem::new("close-timeout", "The call did not close within 60 s of its last word.")
                    .hint("The files are whole; please report it."),
            ),
        })
    }

    fn hush(&mut self) -> Result<Instant, Problem> {
        let now = self.sender.elapsed();
        self.desk.screen.note(now, "stopping; Ctrl-C again ends at once");
        self.sender.interrupt();
        if let Some(player) = &mut self.desk.player {
            player.flush();
        }
        self.desk.recorder.hush(now);
        self.desk.recorder.finish(now)?;
        Ok(Instant::now() + CLOSING_NOW)
    }
}
