//! One raw stream: what an experiment sends and hears, every wait with an end, everything kept in a trace.

use std::time::Duration;

pub(super) use bedrock_nova::transport::Failure;
use bedrock_nova::transport::recording::{Recording, Side, What};
use bedrock_nova::transport::{Link, Target, Transport};
use bytes::Bytes;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::wire;

/// Length of one piece of audio, as AWS's samples send it (reference §4.5).
const PIECE: Duration = Duration::from_millis(32);
/// How long one payload may wait for room on the way up.
const SENDING: Duration = Duration::from_secs(5);
/// How long an end in order may take.
const CLOSING: Duration = Duration::from_secs(2);

/// What came of opening a stream.
pub(super) enum Opened {
    /// It was accepted.
    Stream(Stream),
    /// It was refused.
    Refused(Failure),
    /// Nothing came within the time.
    Nothing,
}

/// An open stream with its trace.
pub(super) struct Stream {
    link: Box<dyn Link>,
    trace: Recording,
    origin: Instant,
    over: Option<Over>,
}

/// How a stream ended.
#[derive(Clone, Debug)]
pub(super) enum Over {
    /// The service ended it in order.
    Ended,
    /// The service refused something, or the road broke.
    Failed(Failure),
}

/// Why listening stopped.
#[derive(Debug)]
pub(super) enum Heard {
    /// The event that was waited for.
    Found(Value),
    /// The stream is over.
    Over(Over),
    /// The time is up.
    TimeUp,
}

/// What goes up while an experiment listens.
pub(super) enum Sound<'a> {
    /// Nothing at all.
    None,
    /// These samples in real time, then silence.
    Speech(&'a [i16]),
}

impl Sound<'_> {
    /// Silence in real time.
    pub(super) const SILENCE: Sound<'static> = Sound::Speech(&[]);
}

/// Opens a stream with its first payloads; the trace holds them too.
pub(super) async fn open(
    transport: &dyn Transport,
    model: &str,
    opening: &[Bytes],
    wait: Duration,
) -> (Opened, Recording) {
    let origin = Instant::now();
    let mut trace = Recording::default();
    for payload in opening {
        trace.push(Duration::ZERO, Side::Client, What::Payload(payload.clone()));
    }
    let target = Target { model: model.to_owned(), region: None };
    match timeout(wait, transport.open(target, opening.to_vec())).await {
        Ok(Ok(opened)) => {
            trace.push(origin.elapsed(), Side::Service, What::Accepted { request_id: opened.request_id });
            let stream = Stream { link: opened.link, trace: trace.clone(), origin, over: None };
            (Opened::Stream(stream), trace)
        }
        Ok(Err(failure)) => {
            trace.push(origin.elapsed(), Side::Service, What::Failure(failure.clone()));
            (Opened::Refused(failure), trace)
        }
        Err(_) => (Opened::Nothing, trace),
    }
}

impl Stream {
    /// Sends payloads. A stream that is dead for sending says why when it is listened to.
    pub(super) async fn send(&mut self, payloads: impl IntoIterator<Item = Bytes>) {
        for payload in payloads {
            let ready = std::future::poll_fn(|cx| self.link.poll_ready(cx));
            if !matches!(timeout(SENDING, ready).await, Ok(Ok(()))) {
                return;
            }
            self.trace.push(self.origin.elapsed(), Side::Client, What::Payload(payload.clone()));
            self.link.send(payload);
        }
    }

    /// Listens until an event is the one that is wanted, the stream is over or the time is up; meanwhile the sound
    /// goes up in real time.
    pub(super) async fn listen(
        &mut self,
        sound: Sound<'_>,
        most: Duration,
        mut wanted: impl FnMut(&str, &Value) -> bool,
    ) -> Heard {
        let begin = Instant::now();
        let step = (wire::RATE as usize) * PIECE.as_millis() as usize / 1000;
        let mut speech = match &sound {
            Sound::None => [].chunks(step),
            Sound::Speech(samples) => samples.chunks(step),
        };
        let mut due = begin;
        while begin.elapsed() < most && self.over.is_none() {
            if matches!(sound, Sound::Speech(_)) {
                let mut piece = speech.next().unwrap_or_default().to_vec();
                piece.resize(step, 0);
                self.send([wire::audio(&piece)]).await;
            }
            due += PIECE;
            while let Ok(Some(event)) = timeout_at(due, self.receive()).await {
                if let Some((name, body)) = named(&event)
                    && wanted(name, body)
                {
                    return Heard::Found(event);
                }
            }
            // A stream that has just ended answers at once for ever.
            tokio::time::sleep_until(due.min(begin + most)).await;
        }
        self.over.clone().map_or(Heard::TimeUp, Heard::Over)
    }

    /// Returns how the stream ended, if it has.
    pub(super) fn over(&self) -> Option<&Over> {
        self.over.as_ref()
    }

    /// Returns the time since the stream was asked for.
    pub(super) fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Ends the stream and returns its trace.
    pub(super) async fn close(mut self) -> Recording {
        if self.over.is_none() {
            self.link.finish();
            self.trace.push(self.origin.elapsed(), Side::Client, What::End);
            let until = Instant::now() + CLOSING;
            while let Ok(Some(_)) = timeout_at(until, self.receive()).await {}
        }
        self.trace
    }

    /// Receives one event; `None` when the stream is over. Dropping the future loses nothing.
    async fn receive(&mut self) -> Option<Value> {
        if self.over.is_some() {
            return None;
        }
        let received = std::future::poll_fn(|cx| self.link.poll_receive(cx)).await;
        let at = self.origin.elapsed();
        match received {
            Some(Ok(payload)) => {
                let event = serde_json::from_slice(&payload).unwrap_or(Value::Null);
                self.trace.push(at, Side::Service, What::Payload(payload));
                Some(event)
            }
            Some(Err(failure)) => {
                self.trace.push(at, Side::Service, What::Failure(failure.clone()));
                self.over = Some(Over::Failed(failure));
                None
            }
            None => {
                self.trace.push(at, Side::Service, What::End);
                self.over = Some(Over::Ended);
                None
            }
        }
    }
}

/// Takes an event out of its envelope.
pub(super) fn named(event: &Value) -> Option<(&str, &Value)> {
    let (name, body) = event.get("event")?.as_object()?.iter().next()?;
    Some((name, body))
}
