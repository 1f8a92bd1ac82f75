//! What is still to be done to the line, in order.

use std::{collections::VecDeque, num::NonZeroUsize, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use tokio::time::{Instant, sleep_until};

use super::{
    exchange::{Connection, Gone, Order},
    failure::Failure,
    heads::{self, RequestId},
    line::Line,
};

/// One thing to do to the line.
pub(crate) enum Step {
    /// Send these headers, unless others are sent.
    Open(Response<()>),
    /// Send these bytes.
    Send(Bytes),
    /// End the answer in order.
    Finish,
    /// Do nothing for this long.
    Stall(Duration),
    /// Reset the stream.
    Reset(u32),
    /// Let the connection take no more requests.
    GoAway,
    /// Close the connection.
    Drop,
}

/// The steps that wait, and the line on which they are done.
///
/// It holds at most [`Outbox::ROOM`] bytes and what one input makes the engine say; while it is full, its owner neither
/// reads nor lets time pass for the engine.
pub(crate) struct Outbox {
    line: Line,
    connection: Connection,
    request_id: RequestId,
    split: Option<NonZeroUsize>,
    steps: VecDeque<Step>,
    waiting: usize,
    resume: Option<Instant>,
}

impl Outbox {
    /// Ten seconds of 24 kHz answer on the wire (SDK page §2.5).
    pub(crate) const ROOM: usize = 1024 * 1024;

    pub(crate) fn new(line: Line, connection: Connection, split: Option<NonZeroUsize>) -> Self {
        Self {
            line,
            connection,
            request_id: RequestId::random(),
            split,
            steps: VecDeque::new(),
            waiting: 0,
            resume: None,
        }
    }

    /// Adds a step behind the others.
    pub(crate) fn push(&mut self, step: Step) {
        match &step {
            Step::Send(bytes) => self.waiting += bytes.len(),
            // A reset throws away what HTTP/2 still holds, and a fault at an event should not eat the events before it.
            Step::Reset(_) | Step::Drop => self.steps.push_back(Step::Stall(FLUSH)),
            _ => {}
        }
        self.steps.push_back(step);
    }

    /// Answers with status 200, unless an answer has begun.
    pub(crate) fn accept(&mut self) {
        if self.is_held() {
            self.push(Step::Open(heads::accepted(&self.request_id)));
        }
    }

    /// Answers with an HTTP error (restJson1); only while the headers are unsent.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        let body = failure.body();
        self.push(Step::Open(heads::error(failure, body.len(), &self.request_id)));
        self.push(Step::Send(body.into()));
        self.push(Step::Finish);
    }

    /// Answers with a text; only while the headers are unsent.
    pub(crate) fn text(&mut self, status: StatusCode, text: String) {
        self.push(Step::Open(heads::text(status, text.len())));
        self.push(Step::Send(text.into()));
        self.push(Step::Finish);
    }

    pub(crate) fn has_room(&self) -> bool {
        self.waiting < Self::ROOM
    }

    /// Whether a stall is going on or next, in which the uplink is not read either.
    pub(crate) fn is_stalled(&self) -> bool {
        matches!(self.steps.front(), Some(Step::Stall(_)))
    }

    /// Whether bytes wait for the client to take others.
    pub(crate) fn is_sending(&self) -> bool {
        matches!(self.steps.front(), Some(Step::Send(_)))
    }

    /// Whether nothing is left to do and nothing more can be sent.
    pub(crate) fn is_over(&self) -> bool {
        self.line.is_over()
    }

    /// Whether the headers are unsent and will be after every step that waits.
    pub(crate) fn is_held(&self) -> bool {
        self.line.is_held() && !self.steps.iter().any(|step| matches!(step, Step::Open(_)))
    }

    /// Does the next step, or a part of it; waits for one, or for the client to vanish. Safe to cancel.
    pub(crate) async fn work(&mut self) -> Result<(), Gone> {
        let Some(step) = self.steps.front_mut() else {
            self.line.gone().await;
            return Err(Gone);
        };
        match step {
            Step::Send(bytes) => {
                let wanted = self.split.map_or(bytes.len(), |split| bytes.len().min(split.get()));
                let length = self.line.capacity(wanted).await?;
                self.line.send(bytes.split_to(length))?;
                self.waiting -= length;
                if !bytes.is_empty() {
                    return Ok(());
                }
            }
            Step::Stall(length) => {
                let resume = *self.resume.get_or_insert_with(|| Instant::now() + *length);
                sleep_until(resume).await;
                self.resume = None;
            }
            Step::Open(head) => self.line.open(std::mem::take(head))?,
            Step::Finish => self.line.finish()?,
            Step::Reset(code) => self.line.reset(*code),
            Step::GoAway => self.connection.give(Order::GoAway).await,
            Step::Drop => {
                self.connection.give(Order::Drop).await;
                self.line = Line::Over;
            }
        }
        self.steps.pop_front();
        Ok(())
    }
}

const FLUSH: Duration = Duration::from_millis(10);
