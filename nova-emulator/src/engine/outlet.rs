//! The way out: response headers held or released, faults in front of events, and what the session has sent.

use std::{collections::VecDeque, time::Duration};

use serde_json::json;

use super::{Exception, ExceptionKind, Output, events::Event, ids::Ids, trouble::Trouble};
use crate::{
    faults::{FaultKind, WireFault},
    judge::Refusal,
    ledger::{Ending, Ledger},
    switches::{EarlyFault, Headers, Switches, Toggle, Verdict},
};

/// Moments that may release the response headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Request,
    SessionStart,
    SystemClosed,
    AudioOpened,
}

/// Everything between an event and the caller of `poll`.
///
/// What waits here is bounded by the session: events are made when their time has come, and the caller takes them at once.
pub(super) struct Outlet {
    pub(super) ledger: Ledger,
    pub(super) trouble: Trouble,
    ids: Ids,
    switches: Switches,
    headers: HeaderState,
    /// How much later than decided the headers go out.
    lateness: Duration,
    held: VecDeque<Output>,
    out: VecDeque<Output>,
    unknown_field: Toggle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeaderState {
    Held,
    Due(Duration),
    Released,
}

impl Outlet {
    pub(super) fn new(switches: Switches, trouble: Trouble, ids: Ids) -> Self {
        // A client that waits for the headers cannot be told from one that does not unless they take a moment.
        let lateness = if switches.early_audio == Verdict::Refused { EARLY_AUDIO_LATENESS } else { Duration::ZERO };
        Self {
            ledger: Ledger::default(),
            trouble,
            ids,
            unknown_field: switches.unknown_fields,
            switches,
            headers: HeaderState::Held,
            lateness,
            held: VecDeque::new(),
            out: VecDeque::new(),
        }
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    pub(super) fn is_over(&self) -> bool {
        self.ledger.ending.is_some()
    }

    pub(super) fn headers_released(&self) -> bool {
        self.headers == HeaderState::Released
    }

    /// When the headers go out that are already decided.
    pub(super) fn wake(&self) -> Option<Duration> {
        match self.headers {
            HeaderState::Due(at) => Some(at),
            HeaderState::Held | HeaderState::Released => None,
        }
    }

    /// Does what was asked for before the headers.
    pub(super) fn open(&mut self) {
        for fault in self.trouble.at_opening() {
            match fault {
                FaultKind::LateHeaders(time) => self.lateness += time,
                other => self.happen(other, None),
            }
        }
        self.moment(Moment::Request, Duration::ZERO);
    }

    /// Releases the headers if this is the moment for it.
    pub(super) fn moment(&mut self, moment: Moment, now: Duration) {
        let ready = match self.switches.headers {
            Headers::AtOnce => moment == Moment::Request,
            Headers::AfterSessionStart => moment == Moment::SessionStart,
            Headers::AfterSystem => matches!(moment, Moment::SystemClosed | Moment::AudioOpened),
            Headers::AfterAudio => moment == Moment::AudioOpened,
            Headers::Never => false,
        };
        if ready && self.headers == HeaderState::Held && !self.is_over() {
            self.headers = HeaderState::Due(now + self.lateness);
            if self.lateness.is_zero() {
                self.release();
            }
        }
    }

    /// Lets the headers go, and behind them what had to wait.
    pub(super) fn release(&mut self) {
        if self.headers != HeaderState::Released {
            self.headers = HeaderState::Released;
            self.out.push_back(Output::Accept);
            self.out.append(&mut self.held);
        }
    }

    /// Sends an event, with the faults that wait for it.
    pub(super) fn emit(&mut self, mut event: Event) {
        if self.is_over() {
            return;
        }
        let faults = self.trouble.at_output(event.name);
        let mut damage = None;
        for fault in faults {
            match fault {
                FaultKind::CutFrame | FaultKind::BadCrc => damage = Some(fault),
                FaultKind::UnknownField => self.unknown_field = Toggle::On,
                other => self.happen(other, None),
            }
        }
        if self.is_over() {
            return;
        }
        if self.unknown_field == Toggle::On {
            event.body["experimentalField"] = json!({ "version": 1 });
            self.unknown_field = self.switches.unknown_fields;
        }
        match damage {
            Some(damage) => self.happen(damage, Some(&event)),
            None => self.send(&event),
        }
        if event.name == "contentEnd" && self.switches.unknown_events == Toggle::On {
            self.unknown_event();
        }
    }

    /// Lets a fault happen; `event` is the one whose frame is damaged.
    pub(super) fn happen(&mut self, fault: FaultKind, event: Option<&Event>) {
        if self.is_over() {
            return;
        }
        match fault {
            FaultKind::Exception(kind) => {
                let exception = self.sample(kind);
                self.fail(exception);
            }
            FaultKind::Refusal(refusal) => self.refuse(&refusal),
            FaultKind::LateHeaders(_) => {}
            FaultKind::End => self.end(Ending::Fault),
            FaultKind::UnknownEvent => self.unknown_event(),
            FaultKind::UnknownField => self.unknown_field = Toggle::On,
            FaultKind::CutFrame => self.wire(WireFault::CutFrame(event.unwrap_or(&made_up()).payload())),
            FaultKind::BadCrc => self.wire(WireFault::BadCrc(event.unwrap_or(&made_up()).payload())),
            FaultKind::Wire(fault) => self.wire(fault),
        }
    }

    /// Ends the session with a sentence of the catalogue.
    pub(super) fn refuse(&mut self, refusal: &Refusal) {
        let request_id = self.ids.next();
        self.fail(refusal.exception(&request_id));
    }

    /// Ends the session with an error: as HTTP while the headers are unsent, unless the switch says otherwise.
    pub(super) fn fail(&mut self, exception: Exception) {
        if self.is_over() {
            return;
        }
        self.ledger.ending = Some(Ending::Failed(exception.kind.name()));
        if self.switches.headers == Headers::Never {
            return;
        }
        if self.switches.early_fault == EarlyFault::InStream {
            self.release();
        }
        self.out.push_back(Output::Exception(exception));
    }

    /// Ends the stream in order.
    pub(super) fn end(&mut self, ending: Ending) {
        if self.is_over() {
            return;
        }
        self.ledger.ending = Some(ending);
        if self.switches.headers != Headers::Never {
            self.release();
            self.out.push_back(Output::End);
        }
    }

    fn wire(&mut self, fault: WireFault) {
        let last = matches!(
            fault,
            WireFault::CutFrame(_)
                | WireFault::ResetStream(_)
                | WireFault::DropTcp
                | WireFault::ErrorMessage { .. }
                | WireFault::HttpStatus(_)
        );
        // Faults of the connection need no headers; those of a frame wait for them like events.
        let framed = matches!(
            fault,
            WireFault::CutFrame(_)
                | WireFault::BadCrc(_)
                | WireFault::UnknownEventType
                | WireFault::ErrorMessage { .. }
        );
        if last {
            self.ledger.ending = Some(Ending::Fault);
        }
        if framed && last {
            self.release();
        }
        if framed { self.queue(Output::Wire(fault)) } else { self.out.push_back(Output::Wire(fault)) }
    }

    fn unknown_event(&mut self) {
        self.send(&Event { name: "experimentalEvent", body: json!({ "version": 1, "note": "no client knows this" }) });
    }

    fn send(&mut self, event: &Event) {
        self.ledger.events_out += 1;
        self.queue(Output::Event(event.payload()));
    }

    fn queue(&mut self, output: Output) {
        match (self.headers, self.switches.headers) {
            (HeaderState::Released, _) => self.out.push_back(output),
            // Headers that never come leave nowhere to go.
            (_, Headers::Never) => {}
            (HeaderState::Held | HeaderState::Due(_), _) => self.held.push_back(output),
        }
    }

    fn sample(&mut self, kind: ExceptionKind) -> Exception {
        let mut exception = Exception::new(kind, format!("RequestId={} : {}", self.ids.next(), sample_sentence(kind)));
        if matches!(kind, ExceptionKind::ModelError | ExceptionKind::ModelStreamError) {
            exception.original_status = Some(500);
        }
        if kind == ExceptionKind::ModelStreamError {
            exception.original_message = Some("The model failed.".to_owned());
        }
        if kind == ExceptionKind::ModelError {
            exception.resource_name = Some("nova-sonic".to_owned());
        }
        exception
    }
}

/// An event for a frame that is to be damaged where no event is at hand.
fn made_up() -> Event {
    Event { name: "usageEvent", body: json!({ "totalInputTokens": 0, "totalOutputTokens": 0, "totalTokens": 0 }) }
}

fn sample_sentence(kind: ExceptionKind) -> &'static str {
    match kind {
        ExceptionKind::AccessDenied => "You don't have access to the model with the specified model ID.",
        ExceptionKind::ResourceNotFound => "Could not find the specified model.",
        ExceptionKind::Validation => "Invalid input request, please fix your input and try again.",
        ExceptionKind::ServiceQuotaExceeded => "Your request exceeds the service quota of your account.",
        ExceptionKind::Throttling => "Too many requests, please wait before trying again.",
        ExceptionKind::ModelNotReady => "Model is not ready for inference.",
        ExceptionKind::ModelTimeout => "Model has timed out in processing the request",
        ExceptionKind::ModelError => "The request failed due to an error while processing the model.",
        ExceptionKind::ModelStreamError | ExceptionKind::InternalServer => {
            "The system encountered an unexpected error during processing. Try your request again."
        }
        ExceptionKind::ServiceUnavailable => "The service is temporarily unavailable, please try again.",
    }
}

/// Long enough for a client that does not wait, short enough for one that does.
const EARLY_AUDIO_LATENESS: Duration = Duration::from_millis(100);
