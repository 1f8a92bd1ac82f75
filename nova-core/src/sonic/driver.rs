//! The one loop that joins a call, its links and the clock.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, Sleep};

use super::conversation::{AudioPolicy, Input, Output, Verdict};
use super::event::{Event, ToolCall, TurnId};
use super::flight::recorder::Recorded;
use super::links::Links;
use super::queue::{Mail, Signal};
use super::reviewer::Reviewer;
use super::tool::{Tool, ToolResult};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::ToolUseId;
use crate::transport::Transport;

/// A piece of the application's audio.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) pcm: Bytes,
    pub(super) policy: AudioPolicy,
    pub(super) at: Duration,
}

/// A command of the application's that wants an answer.
#[derive(Debug)]
pub(super) enum Command {
    Text(String),
    Greet(String),
    ToolDone { id: ToolUseId, result: std::result::Result<Value, String> },
}

pub(super) type Asked = (Command, oneshot::Sender<Result<()>>);

/// Everything the loop owns.
pub(super) struct Driver {
    pub(super) call: Recorded,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) tools: Vec<Tool>,
    pub(super) reviewer: Option<Reviewer>,
    pub(super) mail: Arc<Mail>,
    pub(super) commands: mpsc::Receiver<Asked>,
    pub(super) audio: mpsc::Receiver<Piece>,
    pub(super) connected: Option<oneshot::Sender<Result<()>>>,
    pub(super) origin: Instant,
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
        self.steer().await;
        self.call.end_log().await;
    }

    async fn steer(&mut self) {
        let mut work = Work {
            links: Links::new(self.origin),
            running: JoinSet::new(),
            reviews: JoinSet::new(),
            handles: BTreeMap::new(),
        };
        let mut source = AudioSource::Open;
        let sleep = tokio::time::sleep_until(self.origin);
        tokio::pin!(sleep);
        let mut wake = None;
        loop {
            // Nothing new when nothing came in, as when a tool that was stopped has gone: the old time stands.
            if let Some(until) = self.perform(&mut work) {
                wake = until;
            }
            if self.call.is_over() {
                return;
            }
            arm(sleep.as_mut(), self.origin, wake);
            let input = tokio::select! {
                input = poll_fn(|cx| work.links.poll(cx)) => Some(input),
                Some((command, answer)) = self.commands.recv() => {
                    let result = self.call.handle(self.now(), command.into());
                    // An application that no longer waits for the answer does not want it.
                    let _ = answer.send(result);
                    None
                }
                piece = self.audio.recv(), if source != AudioSource::Dry && self.call.audio_room() > 0 => match piece {
                    Some(Piece { pcm, policy, at }) => Some(Input::Audio { pcm, policy, at }),
                    None => {
                        source = AudioSource::Dry;
                        Some(Input::Finish)
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
                return;
            }
            if let Some(input) = input {
                self.input(input);
            }
        }
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
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
            Event::Connected { .. } => Ok(()),
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

impl From<Command> for Input {
    fn from(command: Command) -> Self {
        match command {
            Command::Text(text) => Input::Text { text },
            Command::Greet(text) => Input::Greet { text },
            Command::ToolDone { id, result } => Input::ToolDone { id, result },
        }
    }
}

/// Sets the timer, unless it stands right already: most inputs do not change the next deadline.
fn arm(sleep: std::pin::Pin<&mut Sleep>, origin: Instant, wake: Option<Duration>) {
    if let Some(wake) = wake {
        let deadline = origin + wake;
        if sleep.deadline() != deadline {
            sleep.reset(deadline);
        }
    }
}
