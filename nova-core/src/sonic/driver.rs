//! The one loop that joins a call, its links and the clock.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Sleep;

use super::clock::Clock;
use super::conversation::{AudioPolicy, Input, Output, Verdict};
use super::event::{Event, ToolCall, TurnId};
use super::flight::recorder::Recorded;
use super::keeper::{End, Keeper, News};
use super::links::Links;
use super::queue::{Mail, Signal};
use super::reviewer::Reviewer;
use super::snapshot::Snapshot;
use super::stats::Stats;
use super::tool::{Tool, ToolResult};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::ToolUseId;
use crate::transport::Transport;
use crate::usage::Usage;

/// A piece of the application's audio, or the end of it for now: in one queue, so that the end comes last.
#[derive(Debug)]
pub(super) enum Piece {
    Sound { pcm: Bytes, policy: AudioPolicy, at: Duration },
    End,
}

/// A command of the application's that wants an answer.
#[derive(Debug)]
pub(super) enum Command {
    /// An input that the call may refuse.
    Input(Input, oneshot::Sender<Result<()>>),
    /// How the call stands.
    Snapshot(oneshot::Sender<Snapshot>),
    /// What it has used.
    Usage(oneshot::Sender<Usage>),
    /// What waits in it.
    Stats(oneshot::Sender<Stats>),
    /// Give it up here, so that another process can go on from where it is.
    Park(oneshot::Sender<Snapshot>),
}

/// Everything the loop owns.
pub(super) struct Driver {
    pub(super) call: Recorded,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) tools: Vec<Tool>,
    pub(super) reviewer: Option<Reviewer>,
    pub(super) mail: Arc<Mail>,
    pub(super) keeper: Option<Keeper>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) audio: mpsc::Receiver<Piece>,
    pub(super) connected: Option<oneshot::Sender<Result<()>>>,
    pub(super) course: Course,
    pub(super) clock: Clock,
}

/// What has become of the call in this process.
pub(super) enum Course {
    /// No session was accepted yet.
    Dialing,
    Connected,
    /// The application has said that it is over.
    Finishing,
    /// It was given up as it is here.
    Parked(Box<Snapshot>),
}

/// Says that nothing more comes, however the loop ends.
struct CloseMail(Arc<Mail>);

impl Drop for CloseMail {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Whether the application may still hand over audio.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AudioSource {
    Open,
    /// Nothing new is taken; what waits is still sent.
    Draining,
    Dry,
}

impl Driver {
    /// Runs the call to its end, and its log to the disk.
    pub(super) async fn run(mut self) {
        let _close = CloseMail(Arc::clone(&self.mail));
        let end = self.steer().await;
        if let Some(keeper) = self.keeper.take() {
            keeper.end(end).await;
        }
        self.call.end_log().await;
    }

    /// Returns what becomes of what is kept of the call.
    async fn steer(&mut self) -> End {
        let mut work = Work {
            links: Links::new(self.clock),
            running: JoinSet::new(),
            reviews: JoinSet::new(),
            handles: BTreeMap::new(),
        };
        let mut source = AudioSource::Open;
        let sleep = tokio::time::sleep_until(self.clock.moment(Duration::ZERO));
        tokio::pin!(sleep);
        let mut wake = None;
        loop {
            // Nothing new when nothing came in, as when a tool that was stopped has gone: the old time stands.
            if let Some(until) = self.perform(&mut work) {
                wake = until;
            }
            if self.call.is_over() {
                return self.end();
            }
            arm(sleep.as_mut(), self.clock, wake);
            let input = tokio::select! {
                input = poll_fn(|cx| work.links.poll(cx)) => Some(input),
                Some(command) = self.commands.recv() => self.command(command),
                news = news(self.keeper.as_mut()) => match news {
                    News::Saved(revision) => Some(Input::Saved { revision }),
                    News::Lost(error) => Some(Input::Park { error: Some(error) }),
                },
                piece = self.audio.recv(), if source != AudioSource::Dry && self.call.audio_room() > 0 => match piece {
                    Some(Piece::Sound { pcm, policy, at }) => Some(Input::Audio { pcm, policy, at }),
                    Some(Piece::End) => Some(Input::EndAudio),
                    None => {
                        // A finish that was said before the last sender went is among the signals.
                        if self.signals(&mut source) == Reader::Gone {
                            return self.abandoned();
                        }
                        let said = source != AudioSource::Open;
                        source = AudioSource::Dry;
                        Some(if said || self.keeper.is_none() { Input::Finish } else { self.park() })
                    }
                },
                Some(done) = work.running.join_next(), if !work.running.is_empty() => done.ok().map(|(id, result)| {
                    work.handles.remove(&id);
                    Input::ToolDone { id, result }
                }),
                Some(done) = work.reviews.join_next(), if !work.reviews.is_empty() => {
                    // A review that panicked has not decided: its deadline does.
                    done.ok().map(|(id, verdict)| Input::Reviewed { id, verdict })
                }
                () = self.mail.signalled() => None,
                () = sleep.as_mut(), if wake.is_some() => Some(Input::Tick),
            };
            // Before anything else: what was heard of an answer decides what an interruption of it means.
            if self.signals(&mut source) == Reader::Gone {
                return self.abandoned();
            }
            if let Some(input) = input {
                self.input(input);
            }
        }
    }

    fn now(&self) -> Duration {
        self.clock.now()
    }

    /// A call that was never connected here has not ended here either: another process may do better.
    fn end(&mut self) -> End {
        match std::mem::replace(&mut self.course, Course::Connected) {
            Course::Parked(snapshot) => End::Release(Some(snapshot)),
            Course::Dialing => End::Release(None),
            Course::Connected | Course::Finishing => End::Remove,
        }
    }

    /// The call was dropped, and nobody has said that it is over: a client may have hung up, or a process may be on its way
    /// out. Another one may go on.
    fn abandoned(&self) -> End {
        match self.course {
            Course::Connected => End::Release(Some(Box::new(self.call.snapshot()))),
            Course::Finishing => End::Remove,
            Course::Dialing | Course::Parked(_) => End::Release(None),
        }
    }

    /// Carries a command out, or returns the input that does.
    fn command(&mut self, command: Command) -> Option<Input> {
        // An application that no longer waits for an answer does not want it.
        match command {
            Command::Input(input, answer) => {
                let _ = answer.send(self.call.handle(self.now(), input));
                None
            }
            Command::Snapshot(answer) => {
                let _ = answer.send(self.call.snapshot());
                None
            }
            Command::Usage(answer) => {
                let _ = answer.send(self.call.usage());
                None
            }
            Command::Stats(answer) => {
                // Time goes on until this moment.
                self.input(Input::Tick);
                let _ = answer.send(Stats {
                    call: self.call.stats(),
                    audio_pieces_waiting: self.audio.len(),
                    audio_pieces_bound: self.audio.max_capacity(),
                    log: self.mail.stats(),
                });
                None
            }
            Command::Park(answer) => {
                let park = self.park();
                if let Course::Parked(snapshot) = &self.course {
                    let _ = answer.send(Snapshot::clone(snapshot));
                }
                Some(park)
            }
        }
    }

    /// Writes the call down for another process; returns the input that ends it in this one.
    fn park(&mut self) -> Input {
        // Time goes on until this moment.
        self.input(Input::Tick);
        self.course = Course::Parked(Box::new(self.call.snapshot()));
        Input::Park { error: None }
    }

    /// Hands an input over that nobody waits for; a refusal of it is nobody's loss but worth a trace.
    fn input(&mut self, input: Input) {
        let now = self.now();
        if let Err(error) = self.call.handle(now, input) {
            tracing::debug!(kind = %error.kind(), code = error.code(), "an input was refused");
        }
    }

    fn signals(&mut self, source: &mut AudioSource) -> Reader {
        while let Some(signal) = self.mail.take_signal() {
            match signal {
                Signal::Taken { turn, duration } => self.input(Input::Taken { turn, duration }),
                Signal::Played { turn, position } => self.input(Input::Played { turn, position }),
                Signal::Interrupt => self.input(Input::Interrupt),
                Signal::Finish => {
                    // What was handed over before is still sent: the end of the queue is the end of the input.
                    self.audio.close();
                    if matches!(self.course, Course::Connected) {
                        self.course = Course::Finishing;
                    }
                    if *source == AudioSource::Open {
                        *source = AudioSource::Draining;
                    }
                }
                Signal::ReaderGone => return Reader::Gone,
            }
        }
        Reader::Here
    }

    /// Does what the call wants done; returns when it next wants to be woken, if it says.
    #[allow(clippy::option_option, reason = "it may say nothing new, and it may say that it wants no waking")]
    fn perform(&mut self, work: &mut Work) -> Option<Option<Duration>> {
        while let Some(output) = self.call.poll() {
            match output {
                Output::Open { link, target, opening } => work.links.open(link, self.transport.open(target, opening)),
                Output::Send { link, payload } => work.links.send(link, payload),
                Output::Finish { link } => work.links.finish(link),
                Output::Abort { link } => work.links.abort(link),
                Output::RunTool(call) => work.run_tool(&self.tools, call),
                Output::CancelTool { id } => work.cancel_tool(&id),
                Output::Review { id, turn, text } => work.review(self.reviewer.as_ref(), id, turn, text),
                Output::Save { revision } => {
                    if let Some(keeper) = &self.keeper {
                        keeper.save(revision, self.call.snapshot());
                    }
                }
                Output::Flush { turn } => self.mail.flush(turn),
                Output::Event(event) => {
                    self.tell_connect(&event.event);
                    self.mail.push(event);
                }
                Output::Wait { until } => return Some(until),
            }
        }
        None
    }

    /// Answers the caller of `connect`, once.
    fn tell_connect(&mut self, event: &Event) {
        let result = match event {
            Event::Connected { .. } | Event::Renewed { .. } => {
                if matches!(self.course, Course::Dialing) {
                    self.course = Course::Connected;
                }
                Ok(())
            }
            Event::Closed { error, .. } => Err(error
                .clone()
                .unwrap_or_else(|| Error::new(ErrorKind::Closed, "The call was closed before it was connected."))),
            _ => return,
        };
        if let Some(connected) = self.connected.take() {
            // A caller that gave up dropped the handle too; the loop ends by that.
            let _ = connected.send(result);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Reader {
    Here,
    Gone,
}

/// What goes on beside the call.
struct Work {
    links: Links,
    running: JoinSet<(ToolUseId, ToolResult)>,
    reviews: JoinSet<(u64, Verdict)>,
    handles: BTreeMap<ToolUseId, AbortHandle>,
}

impl Work {
    /// Runs a tool that was registered with a handler; the application answers the others.
    #[allow(clippy::disallowed_methods, reason = "the driver is where tasks are started")]
    fn run_tool(&mut self, tools: &[Tool], call: ToolCall) {
        let Some(tool) = tools.iter().find(|tool| tool.name() == call.name) else { return };
        let run = tool.run(call.arguments);
        let id = call.id.clone();
        let handle = self.running.spawn(async move { (id, run.await) });
        self.handles.insert(call.id, handle);
    }

    #[allow(clippy::disallowed_methods, reason = "the driver is where tasks are started")]
    fn review(&mut self, reviewer: Option<&Reviewer>, id: u64, turn: TurnId, text: String) {
        if let Some(look) = reviewer.map(|reviewer| reviewer.look(turn, text)) {
            self.reviews.spawn(async move { (id, look.await) });
        }
    }

    fn cancel_tool(&mut self, id: &ToolUseId) {
        if let Some(handle) = self.handles.remove(id) {
            handle.abort();
        }
    }
}

/// Waits for the keeper's news, if there is one.
async fn news(keeper: Option<&mut Keeper>) -> News {
    match keeper {
        Some(keeper) => keeper.news().await,
        None => std::future::pending().await,
    }
}

/// Sets the timer, unless it stands right already: most inputs do not change the next deadline.
fn arm(sleep: std::pin::Pin<&mut Sleep>, clock: Clock, wake: Option<Duration>) {
    if let Some(wake) = wake {
        let deadline = clock.moment(wake);
        if sleep.deadline() != deadline {
            sleep.reset(deadline);
        }
    }
}
