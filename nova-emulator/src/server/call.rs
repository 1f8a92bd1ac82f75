//! One stream: the loop that joins its engine, its wire and the clock.

use std::{
    future::{Future, pending},
    ops::ControlFlow,
    pin::pin,
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use tokio::{
    select,
    time::{Instant, sleep_until},
};
use tracing::debug;

use super::{
    admission::Admitted,
    exchange::{Gone, Uplink},
    failure::Failure,
    inbound::{Arrival, Inbound},
    outbound::{self, Outbound},
    outbox::{Outbox, Step},
    registry::Ticket,
    report::Ended,
};
use crate::{Engine, Input, Output, Strictness, WireFault};

/// A session under way.
pub(crate) struct Call {
    ticket: Ticket,
    /// `None` once the client has ended its half.
    uplink: Option<Uplink>,
    inbound: Inbound,
    outbound: Outbound,
    outbox: Outbox,
    strictness: Strictness,
    started: Instant,
    /// When the client last took something.
    progress: Instant,
    /// Set as soon as the engine has said its last word, even if that waits in the outbox.
    ended: Option<Ended>,
}

impl Call {
    pub(crate) fn new(ticket: Ticket, uplink: Uplink, outbox: Outbox, admitted: Admitted) -> Self {
        let Admitted { chain, session, .. } = admitted;
        let (inbound, outbound) = (Inbound::new(chain), Outbound::new(session.switches.padding));
        let (strictness, now) = (session.strictness, Instant::now());
        {
            let mut entry = ticket.entry();
            entry.report.signature = inbound.signature();
            entry.engine = Some(Engine::new(session));
        }
        let uplink = Some(uplink);
        Self { ticket, uplink, inbound, outbound, outbox, strictness, started: now, progress: now, ended: None }
    }

    /// Runs until both halves are over, the client is gone, or `stopped` resolves.
    pub(crate) async fn run(mut self, stopped: impl Future<Output = ()>) {
        let mut stopped = pin!(stopped);
        self.tell(Input::Tick);
        while !self.outbox.is_over() {
            let wake = self.wake();
            let unread = self.outbox.is_sending().then(|| self.progress + UNREAD);
            let flow = select! {
                worked = self.outbox.work() => self.worked(worked),
                piece = next(&mut self.uplink), if self.ended.is_some() || self.may_read() => self.take(piece),
                () = at(wake), if self.may_tell() => self.tick(),
                () = at(unread) => self.stop(Ended::Unread),
                () = &mut stopped => self.stop(Ended::Stopped),
            };
            if flow.is_break() {
                break;
            }
        }
        if !matches!(self.ended, Some(Ended::Gone | Ended::Unread | Ended::Stopped)) {
            self.linger(stopped).await;
        }
        debug!(ended = ?self.ended, "stream over");
        self.ticket.entry().report.ended = self.ended;
    }

    /// Waits behind our end for the client's: its manner counts (reference §1.9a), and what is not read of a request makes
    /// TCP throw away what the client has not read of the answer.
    async fn linger(&mut self, mut stopped: impl Future<Output = ()> + Unpin) {
        let deadline = Instant::now() + LINGER;
        while self.uplink.is_some() {
            let flow = select! {
                piece = next(&mut self.uplink) => self.take(piece),
                () = sleep_until(deadline) => return,
                () = &mut stopped => return,
            };
            if flow.is_break() {
                return;
            }
        }
    }

    fn may_tell(&self) -> bool {
        self.ended.is_none() && self.outbox.has_room()
    }

    fn may_read(&self) -> bool {
        self.may_tell() && !self.outbox.is_stalled()
    }

    fn wake(&self) -> Option<Instant> {
        let wake = self.ticket.entry().engine.as_ref().and_then(Engine::wake);
        wake.map(|wake| self.started + wake)
    }

    fn worked(&mut self, worked: Result<(), Gone>) -> ControlFlow<()> {
        self.progress = Instant::now();
        if worked.is_err() {
            return self.gone();
        }
        self.perform();
        ControlFlow::Continue(())
    }

    fn take(&mut self, piece: Option<Result<Bytes, Gone>>) -> ControlFlow<()> {
        match piece {
            Some(Err(Gone)) => return self.gone(),
            Some(Ok(piece)) if self.listens() => {
                self.inbound.push(&piece);
                self.read();
            }
            Some(Ok(_)) => {}
            None => self.input_over(),
        }
        ControlFlow::Continue(())
    }

    /// Whether what the client says still matters: behind our own end only the manner of its end does.
    fn listens(&self) -> bool {
        matches!(self.ended, None | Some(Ended::InOrder))
    }

    fn read(&mut self) {
        while self.listens() {
            let arrival = self.inbound.next_arrival();
            self.ticket.entry().report.signature = self.inbound.signature();
            match arrival {
                Ok(None) => break,
                Ok(Some(Arrival::End)) => self.tell(Input::InputEnded),
                Ok(Some(Arrival::Payload(payload))) if self.ended.is_none() => {
                    self.ticket.entry().report.events_in += 1;
                    self.tell(Input::Payload(&payload));
                }
                Ok(Some(Arrival::Payload(_))) => {}
                Err(failure) => {
                    self.fail(&failure);
                    break;
                }
            }
        }
    }

    fn input_over(&mut self) {
        self.uplink = None;
        if !self.listens() {
            return;
        }
        match self.inbound.close(self.strictness) {
            Ok(closing) => {
                self.ticket.entry().report.closing = Some(closing);
                if !self.inbound.has_ended() {
                    self.tell(Input::InputEnded);
                }
            }
            Err(failure) => self.fail(&failure),
        }
    }

    fn tell(&mut self, input: Input<'_>) {
        let now = self.started.elapsed();
        if let Some(engine) = &mut self.ticket.entry().engine {
            engine.handle(now, input);
        }
        self.perform();
    }

    fn tick(&mut self) -> ControlFlow<()> {
        self.tell(Input::Tick);
        ControlFlow::Continue(())
    }

    /// Takes what the engine wants done over into the outbox, as long as that has room.
    fn perform(&mut self) {
        while self.may_tell() {
            let output = self.ticket.entry().engine.as_mut().and_then(Engine::poll);
            let Some(output) = output else { break };
            self.put(output);
        }
    }

    fn put(&mut self, output: Output) {
        match output {
            Output::Accept => self.outbox.accept(),
            Output::Event(payload) => {
                self.ticket.entry().report.events_out += 1;
                let frame = self.outbound.chunk(&payload);
                self.send(frame);
            }
            Output::Exception(exception) => self.fail(&Failure::from(exception)),
            Output::End => self.end(Ended::InOrder),
            Output::Wire(fault) => self.do_wrong(fault),
        }
    }

    fn do_wrong(&mut self, fault: WireFault) {
        match fault {
            WireFault::CutFrame(payload) => {
                let frame = self.outbound.chunk(&payload);
                self.send(outbound::cut(&frame));
                self.end(Ended::Fault);
            }
            WireFault::BadCrc(payload) => {
                let frame = self.outbound.chunk(&payload);
                self.send(outbound::spoil(&frame));
            }
            WireFault::UnknownEventType => self.send(outbound::unknown_event_type()),
            WireFault::ErrorMessage { code, message } => {
                self.send(outbound::error(&code, &message));
                self.end(Ended::Fault);
            }
            WireFault::Stall(length) => self.outbox.push(Step::Stall(length)),
            WireFault::GoAway => self.outbox.push(Step::GoAway),
            WireFault::ResetStream(code) => self.last(Step::Reset(code)),
            WireFault::DropTcp => self.last(Step::Drop),
            WireFault::HttpStatus(status) if self.outbox.is_held() => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                self.outbox.text(status, format!("{status}\n"));
                self.ended = Some(Ended::Fault);
            }
            // Too late for a status.
            WireFault::HttpStatus(_) => self.last(Step::Reset(h2::Reason::INTERNAL_ERROR.into())),
        }
    }

    fn send(&mut self, frame: Bytes) {
        self.outbox.accept();
        self.outbox.push(Step::Send(frame));
    }

    fn end(&mut self, ended: Ended) {
        self.outbox.accept();
        self.outbox.push(Step::Finish);
        self.ended = Some(ended);
    }

    /// Does what leaves no half of the stream open.
    fn last(&mut self, step: Step) {
        self.outbox.push(step);
        self.uplink = None;
        self.ended = Some(Ended::Fault);
    }

    fn fail(&mut self, failure: &Failure) {
        if self.ended.is_none() && self.outbox.is_held() {
            self.outbox.fail(failure);
            self.ended = Some(Ended::Refused { status: failure.status.as_u16(), name: failure.name.clone() });
        } else if self.ended.is_none() {
            self.send(outbound::failure(failure));
            self.end(Ended::Failed { name: failure.name.clone() });
        }
    }

    fn gone(&mut self) -> ControlFlow<()> {
        self.uplink = None;
        if self.listens() {
            self.tell(Input::Gone);
        }
        if !self.outbox.is_over() {
            self.ended = Some(Ended::Gone);
        }
        ControlFlow::Break(())
    }

    fn stop(&mut self, why: Ended) -> ControlFlow<()> {
        self.ended = Some(why);
        ControlFlow::Break(())
    }
}

/// Does what waits in an outbox without an engine, and reads the client's half to its end.
pub(crate) async fn finish(mut outbox: Outbox, uplink: Uplink, stopped: impl Future<Output = ()>) {
    let (mut stopped, deadline) = (pin!(stopped), Instant::now() + LINGER);
    let mut uplink = Some(uplink);
    while !(outbox.is_over() && uplink.is_none()) {
        select! {
            worked = outbox.work() => if worked.is_err() { return },
            piece = next(&mut uplink) => if !matches!(piece, Some(Ok(_))) { uplink = None },
            () = sleep_until(deadline) => return,
            () = &mut stopped => return,
        }
    }
}

async fn next(uplink: &mut Option<Uplink>) -> Option<Result<Bytes, Gone>> {
    match uplink {
        Some(uplink) => uplink.next().await,
        None => pending().await,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// How long a client may leave an answer unread.
const UNREAD: Duration = Duration::from_secs(60);
/// How long a client may take to end its half behind ours.
const LINGER: Duration = Duration::from_secs(5);
