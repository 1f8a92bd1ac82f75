//! What an application holds.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::builder::Builder;
use super::clock::Clock;
use super::config::AudioEnd;
use super::conversation::{AudioPolicy, Input};
use super::driver::{Command, Piece};
use super::entry::Entry;
use super::event::{Event, Stamped, TurnId};
use super::log::View;
use super::queue::{Cursor, Mail, Part, Signal};
use super::readers::{Ending, ReadFrom, SharedConversation};
use super::snapshot::Snapshot;
use super::stats::Stats;
use crate::audio::SampleRate;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::ToolUseId;
use crate::usage::{BudgetLevel, BudgetMeasure, Usage};

/// Audio is handed to the driver in pieces of at most this length, so that one long buffer is not one long wait.
const PIECE: Duration = Duration::from_millis(100);

/// A call with Nova Sonic.
///
/// Send audio or text, and read events until there are no more. Reading is what drives playback: the clock of an
/// answer starts when its audio is taken. Dropping the conversation drops the call at once; [`finish`](Self::finish)
/// lets the answer under way come to its end.
///
/// ```no_run
/// use bedrock_nova::sonic::{Conversation, Event, Voice};
///
/// # async fn run(question: &[u8]) -> bedrock_nova::Result<()> {
/// let mut talk = Conversation::builder()
///     .system("Answer in two or three sentences.")
///     .voice(Voice::Tiffany)
///     .connect()
///     .await?;
/// talk.send_audio(question).await?;
/// while let Some(event) = talk.next().await {
///     match event {
///         Event::Transcript(line) => println!("{:?}: {}", line.role, line.text),
///         Event::Audio(audio) => { /* play audio.pcm */ }
///         Event::TurnEnded { .. } => talk.finish(),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Conversation {
    sender: Sender,
    events: Events,
}

impl Conversation {
    /// Begins to describe a conversation.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Begins to describe how a call goes on that another process had, in whatever language. Everything that the snapshot
    /// does not hold is to be given again: the handlers of tools, and the transport with its credentials.
    ///
    /// The sessions of the old process are given up. The history is told to a new one, a question without an answer is
    /// asked again in words, an answer that had begun to sound ends as lost, and a tool of which nobody knows how far it
    /// came is not run again, unless it is [idempotent](super::Effect::Idempotent).
    pub fn resume(snapshot: Snapshot) -> Builder {
        Builder::resume(snapshot)
    }

    pub(super) fn new(sender: Sender, events: Events) -> Self {
        Conversation { sender, events }
    }

    /// Sends audio of any length; see [`Sender::send_audio`].
    pub async fn send_audio(&self, pcm: impl AsRef<[u8]>) -> Result<()> {
        self.sender.send_audio(pcm).await
    }

    /// Sends live audio without waiting; see [`Sender::try_send_audio`].
    pub fn try_send_audio(&self, pcm: impl AsRef<[u8]>) -> Result<()> {
        self.sender.try_send_audio(pcm)
    }

    /// Says that the microphone is off for now; see [`Sender::end_audio`].
    pub async fn end_audio(&self) -> Result<()> {
        self.sender.end_audio().await
    }

    /// Sends typed text; see [`Sender::send_text`].
    pub async fn send_text(&self, text: impl Into<String>) -> Result<()> {
        self.sender.send_text(text).await
    }

    /// Makes the assistant speak without being spoken to; see [`Sender::greet`].
    pub async fn greet(&self, instruction: impl Into<String>) -> Result<()> {
        self.sender.greet(instruction).await
    }

    /// Answers a tool call that has no handler; see [`Sender::answer_tool`].
    pub async fn answer_tool(&self, id: &ToolUseId, result: std::result::Result<Value, String>) -> Result<()> {
        self.sender.answer_tool(id, result).await
    }

    /// Stops the answer that is being given; see [`Sender::interrupt`].
    pub fn interrupt(&self) {
        self.sender.interrupt();
    }

    /// Says how much of an answer has been played; see [`Sender::played`].
    pub fn played(&self, turn: TurnId, position: Duration) {
        self.sender.played(turn, position);
    }

    /// Returns the call as it is now; see [`Sender::snapshot`].
    pub async fn snapshot(&self) -> Result<Snapshot> {
        self.sender.snapshot().await
    }

    /// Returns what the call has used; see [`Sender::usage`].
    pub async fn usage(&self) -> Result<Usage> {
        self.sender.usage().await
    }

    /// Returns what waits in the call; see [`Sender::stats`].
    pub async fn stats(&self) -> Result<Stats> {
        self.sender.stats().await
    }

    /// Gives the call up in this process; see [`Sender::park`].
    pub async fn park(&self) -> Result<Snapshot> {
        self.sender.park().await
    }

    /// Says that there will be no more input; see [`Sender::finish`].
    pub fn finish(&self) {
        self.sender.finish();
    }

    /// Returns the next event, or `None` after [`Event::Closed`]. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.next().await
    }

    /// Returns the next event with its place in the call.
    pub async fn next_stamped(&mut self) -> Option<Stamped> {
        self.events.next_stamped().await
    }

    /// Returns the time since the call began, on the clock of [`Stamped::at`].
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.sender.elapsed()
    }

    /// Splits the conversation, so that one task can speak while another listens.
    #[must_use]
    pub fn split(self) -> (Sender, Events) {
        (self.sender, self.events)
    }

    /// Lets several readers have the events of this conversation, each for itself; see [`SharedConversation`].
    ///
    /// What was not read yet is there for all of them.
    #[must_use]
    pub fn share(self) -> SharedConversation {
        SharedConversation::new(self.sender, self.events)
    }

    /// Ends the call in order and waits for the end; events that were not read are discarded.
    ///
    /// # Errors
    /// The failure that ended the call, or `Timeout` when the service did not close its side in time.
    pub async fn close(mut self) -> Result<()> {
        self.finish();
        while let Some(event) = self.next().await {
            if let Event::Closed { reason, error, unsent } = event {
                return Ending { reason, error, unsent }.in_order();
            }
        }
        Ok(())
    }
}

impl Stream for Conversation {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        Pin::new(&mut self.events).poll_next(cx)
    }
}

/// The speaking half of a conversation. Clones speak in the same call; when the last one is gone, the call finishes
/// as by [`finish`](Self::finish); one that is [kept](Builder::keep) is parked instead, as by [`park`](Self::park).
#[derive(Clone)]
pub struct Sender {
    mail: Arc<Mail>,
    commands: mpsc::Sender<Command>,
    audio: mpsc::Sender<Piece>,
    /// Whose turn it is to hand over audio that waits: first come, first served.
    line: Arc<Mutex<()>>,
    clock: Clock,
    rate: SampleRate,
    audio_end: AudioEnd,
}

impl Sender {
    pub(super) fn new(
        mail: Arc<Mail>,
        commands: mpsc::Sender<Command>,
        audio: mpsc::Sender<Piece>,
        clock: Clock,
        rate: SampleRate,
        audio_end: AudioEnd,
    ) -> Self {
        Sender { mail, commands, audio, line: Arc::default(), clock, rate, audio_end }
    }

    /// Sends audio: 16-bit little-endian PCM, mono, at the conversation's input rate, in buffers of any length.
    ///
    /// It waits as long as the call has enough audio to say: a whole file goes out in real time and nothing of it is
    /// lost. Several at once take turns, one whole buffer after the other, in the order in which they were first polled.
    /// Dropping the future in the middle leaves out what was not taken yet.
    ///
    /// # Errors
    /// `Closed` when the call is over or finishing.
    pub async fn send_audio(&self, pcm: impl AsRef<[u8]>) -> Result<()> {
        let _turn = self.line.lock().await;
        for pcm in self.pieces(pcm.as_ref()) {
            let piece = Piece::Sound { pcm, policy: AudioPolicy::Wait, at: self.elapsed() };
            self.audio.send(piece).await.map_err(|_| closed())?;
        }
        Ok(())
    }

    /// Sends live audio without waiting: all of the buffer, or nothing of it.
    ///
    /// Of live audio that cannot be sent, the last 30 s are kept; what is older is given up and reported by
    /// [`Event::InputDropped`](super::Event::InputDropped): nobody wants to hear it so late. It does not queue up behind
    /// [`send_audio`](Self::send_audio): a call has live audio or recorded audio at a time.
    ///
    /// # Errors
    /// `Limit` when the way up is blocked and the buffer was not taken; `Closed` when the call is over or finishing.
    pub fn try_send_audio(&self, pcm: impl AsRef<[u8]>) -> Result<()> {
        let at = self.elapsed();
        let pieces: Vec<Bytes> = self.pieces(pcm.as_ref()).collect();
        let permits = self.audio.try_reserve_many(pieces.len()).map_err(|error| match error {
            mpsc::error::TrySendError::Closed(()) => closed(),
            mpsc::error::TrySendError::Full(()) => {
                Error::new(ErrorKind::Limit, "The way up is blocked: this audio was not taken.")
                    .with_code("audio-queue-full")
                    .with_hint("Drop it and go on with the next buffer, or use send_audio, which waits.")
            }
        })?;
        for (permit, pcm) in permits.zip(pieces) {
            permit.send(Piece::Sound { pcm, policy: AudioPolicy::Live, at });
        }
        Ok(())
    }

    /// Says that the microphone is off until there is more audio. What was handed over is still sent, also what still waits
    /// in [`send_audio`](Self::send_audio), then the service is
    /// told the end of the audio block (`contentEnd`), and no silence is sent in place of what nobody says. The next audio
    /// opens another block. Typed text, a tool's result and 40 s without any input open one for a tenth of a second.
    ///
    /// Without it the call sends silence, in which the service finds the end of an utterance. Whether it also finds it at
    /// the end of a block is not documented, and reports differ (reference §6.2): so first let the user's last
    /// words be followed by two seconds of silence, or do not say this at all, if they are to be answered. It is kept by
    /// this process alone: a call that is resumed sends silence until it is said again.
    ///
    /// # Errors
    /// `Closed` when the call is over or finishing.
    pub async fn end_audio(&self) -> Result<()> {
        let _turn = self.line.lock().await;
        self.audio.send(Piece::End).await.map_err(|_| closed())
    }

    /// Sends typed text, which the model answers aloud; it is said between pieces of audio.
    ///
    /// # Errors
    /// `Invalid` when the model does not answer text, `Limit` when too many texts wait, `Closed` when the call is over.
    pub async fn send_text(&self, text: impl Into<String>) -> Result<()> {
        self.ask(Input::Text { text: text.into() }).await
    }

    /// Makes the assistant speak without being spoken to: it answers this text, which stays out of the transcript.
    ///
    /// The text is an instruction or a cue and not what will be said: the model answers it as part of the talk. "Say
    /// these words" was refused when somebody measured it, a plain "hi" gave a clean greeting (reference §6.4). To speak
    /// first, [`Builder::greet`] is enough. What the models do (reference §6.4):
    ///
    /// - The second generation answers typed text once it has had 68 ms of audio, which every session of a call has
    ///   before its first text.
    /// - v2.5 is reported once to ignore a text that comes after an answer, and to mark that answer as interrupted; so
    ///   greet at the beginning of a call. A turn that this leaves without an answer ends with
    ///   [`TurnEnd::NoAnswer`](super::TurnEnd::NoAnswer).
    /// - v1 starts to speak for audible speech only; it is refused here. Play it a short clip of somebody saying hello.
    ///
    /// Like any typed text it cuts an answer that is being given.
    ///
    /// # Errors
    /// `Invalid` when the model does not answer text, `Limit` when too many texts wait, `Closed` when the call is over.
    pub async fn greet(&self, instruction: impl Into<String>) -> Result<()> {
        self.ask(Input::Greet { text: instruction.into() }).await
    }

    /// Answers a tool call that has no handler, with any JSON value or a sentence that says why not.
    ///
    /// # Errors
    /// `Misuse` when no such call waits for a result: it was answered already, or its time is over.
    pub async fn answer_tool(&self, id: &ToolUseId, result: std::result::Result<Value, String>) -> Result<()> {
        self.ask(Input::ToolDone { id: id.clone(), result }).await
    }

    /// Stops the answer that is being given: nothing more of it is delivered. The service has no such command and
    /// may go on generating for a moment; that is dropped.
    pub fn interrupt(&self) {
        self.mail.signal(Signal::Interrupt);
    }

    /// Says how much of an answer has come out of the loudspeaker by now, from the beginning of the answer
    /// ([`Audio::offset`](super::Audio::offset) counts the same way).
    ///
    /// Without it the call takes audio for played in real time from the moment it is read, which is right within some
    /// hundred milliseconds for most players. It decides what an interrupted answer was: its
    /// [`Transcript`](super::Transcript) and what later sessions are told of it. An application that plays much later,
    /// or not in real time at all, should say so as often as it likes; the last word counts, and time goes on from
    /// there. A position before the last one or beyond what was read is bent to that; an answer that was interrupted,
    /// or that nobody knows, is not played and changes nothing. In a [shared](Conversation::share) call without a player
    /// it also says that the audio was read: every piece of the answer that begins before the position.
    pub fn played(&self, turn: TurnId, position: Duration) {
        self.mail.played(turn, position);
    }

    /// Says that there will be no more input. What was handed over is still sent, the answers that are owed are still
    /// delivered, then the events end with [`Event::Closed`](super::Event::Closed).
    pub fn finish(&self) {
        self.mail.signal(Signal::Finish);
    }

    /// Returns the time since the call began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.clock.now()
    }

    /// Returns what a client means that says `audioEnd`.
    pub(super) fn audio_end(&self) -> AudioEnd {
        self.audio_end
    }

    /// Returns the rate of the audio that goes in.
    #[must_use]
    pub fn input_rate(&self) -> SampleRate {
        self.rate
    }

    /// Returns the call as it is now, for [`Conversation::resume`]; see [`Snapshot`].
    ///
    /// # Errors
    /// `Closed` when the call is over.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        self.tell(Command::Snapshot).await
    }

    /// Returns what the call has used so far, over all of its sessions and processes.
    ///
    /// # Errors
    /// `Closed` when the call is over; its last [`Event::Usage`](super::Event::Usage) says how much it was.
    pub async fn usage(&self) -> Result<Usage> {
        self.tell(Command::Usage).await
    }

    /// Returns what waits in the call at this moment, and what was given up: where a call that lags has its lag.
    ///
    /// # Errors
    /// `Closed` when the call is over.
    pub async fn stats(&self) -> Result<Stats> {
        self.tell(Command::Stats).await
    }

    /// Gives the call up in this process, at once, and returns it as it was: another process goes on with it. It ends
    /// with [`CloseReason::Parked`](super::CloseReason::Parked); tools that run are stopped. If it is [kept](super::Builder::keep), what is kept
    /// stays, and may be claimed.
    ///
    /// # Errors
    /// `Closed` when the call is over.
    pub async fn park(&self) -> Result<Snapshot> {
        self.tell(Command::Park).await
    }

    /// Says that a bound of the owner's budget was reached.
    pub(super) async fn owner_budget(&self, measure: BudgetMeasure, level: BudgetLevel) -> Result<()> {
        self.ask(Input::OwnerBudget { measure, level }).await
    }

    async fn ask(&self, input: Input) -> Result<()> {
        self.tell(|answer| Command::Input(input, answer)).await?
    }

    async fn tell<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())
    }

    /// The one copy on the way up.
    fn pieces(&self, pcm: &[u8]) -> impl Iterator<Item = Bytes> + use<> {
        let most = self.rate.samples(PIECE) * 2;
        let mut rest = Bytes::copy_from_slice(pcm);
        std::iter::from_fn(move || (!rest.is_empty()).then(|| rest.split_to(most.min(rest.len()))))
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("rate", &self.rate).finish_non_exhaustive()
    }
}

/// The listening half of a conversation. Dropping it drops the call.
pub struct Events {
    mail: Arc<Mail>,
    cursor: Cursor,
}

impl Events {
    pub(super) fn new(mail: Arc<Mail>) -> Self {
        let cursor = mail.read(ReadFrom::Oldest, View::Everything, Part::Player);
        Events { mail, cursor }
    }

    /// Returns the next event, or `None` after [`Event::Closed`]. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        self.next_stamped().await.map(|stamped| stamped.event)
    }

    /// Returns the next event with its place in the call.
    pub async fn next_stamped(&mut self) -> Option<Stamped> {
        std::future::poll_fn(|cx| self.poll_stamped(cx)).await
    }

    fn poll_stamped(&mut self, cx: &mut Context<'_>) -> Poll<Option<Stamped>> {
        self.mail.poll_next(&mut self.cursor, cx).map(|entry| entry.map(Entry::into_stamped))
    }

    pub(super) fn mail(&self) -> &Mail {
        &self.mail
    }

    pub(super) fn drop_call(&self) {
        self.mail.signal(Signal::ReaderGone);
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll_stamped(cx).map(|stamped| stamped.map(|stamped| stamped.event))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.drop_call();
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "The call is over, or finishing: it takes no more input.")
}
