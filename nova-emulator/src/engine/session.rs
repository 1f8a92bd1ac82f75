//! The engine itself: input to the judge, its meaning to ear and stage, and one list of things that are due.

use std::{fmt, time::Duration};

use super::{
    Exception, ExceptionKind, Input, InputAudio, Output, Settings,
    clocks::Clocks,
    ear::Ear,
    ids::Ids,
    outlet::{Moment, Outlet},
    stage::{Manner, Stage},
    trouble::Trouble,
};
use crate::{
    breach::Breach,
    gate::is_quiet,
    judge::{Accepted, Judge, Refusal, Sensitivity, event_name},
    ledger::{Ending, Ledger},
    limits::Limits,
    model::{Generation, Model},
    scenario::Script,
    switches::{BoundaryEvents, IdleSilence, ModelV1, PromptEnd, Switches, Toggle, Verdict},
};

/// One session of the local Bedrock, without IO: payloads and time in, payloads and time out.
///
/// After [`new`](Self::new) and after every [`handle`](Self::handle), take all outputs with [`poll`](Self::poll), then ask
/// [`wake`](Self::wake) when to come back.
pub struct Engine {
    switches: Switches,
    generation: Generation,
    now: Duration,
    judge: Judge,
    clocks: Clocks,
    sensitivity: Sensitivity,
    ear: Option<Ear>,
    stage: Stage,
    outlet: Outlet,
    early_usage: EarlyUsage,
    input: InputState,
    input_audio: InputAudio,
}

/// Whether the usage event is still to come that precedes all speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EarlyUsage {
    Wanted,
    Prompted,
    Done,
}

/// How far the client's closing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InputState {
    Open,
    PromptEnded,
    SessionEnded,
}

/// What can be due, in the order in which it happens at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Alarm {
    Headers,
    Fault,
    Ear,
    Stage,
    Limit(Refusal),
}

impl Engine {
    /// Starts a session; time zero is the moment the connection opened. A refusal of the opening is there to be polled at once.
    pub fn new(settings: Settings) -> Self {
        let settings = settings.checked();
        let switches = settings.effective_switches();
        let model = Model::find(&settings.model);
        let generation = model.map_or(Generation::V25, |model| model.generation);
        let limits = Limits::new(generation, &switches, settings.clock);
        let mut ids = Ids::new(settings.session_seed);
        let stage_ids = Ids::new(settings.session_seed.wrapping_mul(0x2545_F491_4F6C_DD1D).wrapping_add(1));
        let request_id = ids.next();
        let faults = settings.faults.iter().chain(&settings.scenario.faults).cloned().collect();
        let manner = Manner {
            boundaries: boundaries(&switches, generation),
            switches: switches.clone(),
            voice: settings.voice,
            pace: settings.pace,
            final_delay: limits.final_delay,
        };
        let mut engine = Self {
            generation,
            now: Duration::ZERO,
            judge: Judge::new(generation, switches.clone(), settings.strictness, limits),
            clocks: Clocks::new(limits, generation),
            sensitivity: Sensitivity::default(),
            ear: None,
            stage: Stage::new(manner, Script::new(settings.scenario), stage_ids),
            outlet: Outlet::new(switches.clone(), Trouble::new(faults, settings.clock), ids),
            early_usage: if switches.early_usage == Toggle::On { EarlyUsage::Wanted } else { EarlyUsage::Done },
            input: InputState::Open,
            input_audio: settings.input_audio,
            switches,
        };
        match model_refusal(model, &engine.switches, &request_id) {
            Some(exception) => engine.outlet.fail(exception),
            None => engine.outlet.open(),
        }
        engine
    }

    /// Takes one input in; `now` is the real time since the connection opened. A time that goes back is taken as no time passed.
    pub fn handle(&mut self, now: Duration, input: Input<'_>) {
        self.now = self.now.max(now);
        self.advance();
        match input {
            Input::Payload(payload) => self.payload(payload),
            Input::InputEnded => self.input_ended(),
            Input::Gone => self.gone(),
            Input::Tick => {}
        }
        self.advance();
    }

    /// Gives the next thing to do, or `None` until the next input or [`wake`](Self::wake).
    pub fn poll(&mut self) -> Option<Output> {
        self.outlet.poll()
    }

    /// The time (in the caller's clock) at which [`Input::Tick`] is wanted; `None` when the session is over.
    pub fn wake(&self) -> Option<Duration> {
        (!self.outlet.is_over()).then(|| self.next().0)
    }

    /// The deviations tolerated so far.
    pub fn breaches(&self) -> &[Breach] {
        self.judge.breaches()
    }

    /// What was heard, said and billed so far.
    pub fn ledger(&self) -> &Ledger {
        &self.outlet.ledger
    }

    /// Lets everything happen whose time has come, in order.
    fn advance(&mut self) {
        while !self.outlet.is_over() {
            let (due, alarm) = self.next();
            if due > self.now {
                break;
            }
            self.ring(due, alarm);
            self.settle(due);
        }
    }

    /// What is due first. The life of the connection always runs, so there is always something.
    fn next(&self) -> (Duration, Alarm) {
        let (limit, refusal) = self.clocks.next();
        let alarms = [
            (self.outlet.wake(), Alarm::Headers),
            (self.outlet.trouble.wake(), Alarm::Fault),
            (self.ear.as_ref().and_then(Ear::wake), Alarm::Ear),
            (self.stage.wake(), Alarm::Stage),
        ];
        let mut first = (limit, Alarm::Limit(refusal));
        for (due, alarm) in alarms.into_iter().rev() {
            if let Some(due) = due.filter(|due| *due <= first.0) {
                first = (due, alarm);
            }
        }
        first
    }

    fn ring(&mut self, due: Duration, alarm: Alarm) {
        match alarm {
            Alarm::Headers => self.outlet.release(),
            Alarm::Fault => {
                for fault in self.outlet.trouble.at_time(due) {
                    self.outlet.happen(fault, None);
                }
            }
            Alarm::Ear => {
                if let Some(found) = self.ear.as_mut().and_then(Ear::notice) {
                    self.stage.found(due, found, &mut self.outlet);
                }
            }
            Alarm::Stage => self.stage.act(due, &mut self.outlet),
            Alarm::Limit(Refusal::SilenceCut) if self.ear.as_ref().is_some_and(Ear::in_speech) => {
                self.clocks.heard(due);
            }
            Alarm::Limit(refusal) => self.outlet.refuse(&refusal),
        }
    }

    /// Draws the conclusions of what just happened.
    fn settle(&mut self, now: Duration) {
        for call in self.stage.take_calls() {
            self.judge.tool_called(&call);
        }
        if self.early_usage == EarlyUsage::Prompted && self.outlet.headers_released() {
            self.early_usage = EarlyUsage::Done;
            self.stage.usage(&mut self.outlet);
        }
        if self.ear.as_ref().is_some_and(Ear::in_speech) && self.input == InputState::Open {
            self.clocks.heard(now);
        }
        let heard_out = !self.ear.as_ref().is_some_and(Ear::is_busy);
        let closing = self.input != InputState::Open && heard_out;
        if closing && self.stage.is_finished(&mut self.outlet) && self.input == InputState::SessionEnded {
            self.outlet.end(Ending::Orderly);
        }
    }

    fn payload(&mut self, payload: &[u8]) {
        if self.outlet.is_over() {
            return;
        }
        for fault in self.outlet.trouble.at_input(|| event_name(payload)) {
            self.outlet.happen(fault, None);
        }
        if self.outlet.is_over() {
            return;
        }
        match self.judge.payload(self.now, payload).and_then(|accepted| self.act_on(accepted)) {
            Ok(()) => {
                self.outlet.ledger.events_in += 1;
                self.settle(self.now);
            }
            Err(refusal) => self.outlet.refuse(&refusal),
        }
    }

    fn act_on(&mut self, accepted: Accepted) -> Result<(), Refusal> {
        let now = self.now;
        self.clocks.touched(now);
        match accepted {
            Accepted::SessionStarted(sensitivity) => {
                self.sensitivity = sensitivity;
                self.outlet.moment(Moment::SessionStart, now);
            }
            Accepted::Prompted(prompt) => {
                self.input = InputState::Open;
                self.stage.prompted(prompt, &mut self.outlet);
                if self.early_usage == EarlyUsage::Wanted {
                    self.early_usage = EarlyUsage::Prompted;
                }
            }
            Accepted::SystemClosed(bytes) => {
                self.stage.noted(bytes);
                self.outlet.moment(Moment::SystemClosed, now);
            }
            Accepted::TextNoted(bytes) => self.stage.noted(bytes),
            Accepted::AudioOpened { rate, ear } => {
                if self.switches.early_audio == Verdict::Refused && !self.outlet.headers_released() {
                    return Err(Refusal::HistoryLate);
                }
                self.outlet.moment(Moment::AudioOpened, now);
                self.outlet.ledger.audio_rate_in = rate;
                self.ear = Some(Ear::new(rate, ear, self.sensitivity, &self.switches).after(self.ear.take()));
                self.clocks.heard(now);
            }
            Accepted::Audio(chunk) => self.audio(&chunk),
            Accepted::AudioClosed => {
                if self.switches.audio_end_commits == Toggle::On {
                    self.cut_utterance();
                }
            }
            Accepted::InteractiveProgress => self.clocks.fed(now),
            Accepted::Typed(text) => self.typed(text),
            Accepted::ToolAnswered { id, result } => {
                self.clocks.fed(now);
                self.clocks.heard(now);
                self.stage.tool_answered(now, id, result, &mut self.outlet);
            }
            Accepted::PromptEnded => self.prompt_ended(),
            Accepted::SessionEnded => {
                self.input = InputState::SessionEnded;
                self.clocks.input_over();
            }
            Accepted::Nothing => {}
        }
        Ok(())
    }

    fn audio(&mut self, chunk: &[u8]) {
        let Some(ear) = self.ear.as_mut() else { return };
        let ledger = &mut self.outlet.ledger;
        ledger.audio_samples_in += ear.hear(self.now, chunk);
        if self.input_audio == InputAudio::Kept {
            let room = InputAudio::BOUND - ledger.audio_in.len();
            ledger.audio_in.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        if ear.in_speech() {
            self.clocks.heard(self.now);
        }
        if self.switches.idle_silence == IdleSilence::Counts || !is_quiet(chunk) {
            self.clocks.fed(self.now);
        }
    }

    /// v1 never answers text; v2 and v2.5 do once the AUDIO block has taken some audio (reference §6.4).
    fn typed(&mut self, text: String) {
        self.clocks.fed(self.now);
        self.clocks.heard(self.now);
        if !self.generation.is_first() && self.ear.as_ref().is_some_and(Ear::is_primed) {
            self.stage.typed(self.now, &text, &mut self.outlet);
        } else {
            self.stage.noted(text.len());
        }
        self.outlet.ledger.typed.push(text);
    }

    fn prompt_ended(&mut self) {
        if self.switches.prompt_end == PromptEnd::FlushesPending {
            self.cut_utterance();
        }
        self.input = InputState::PromptEnded;
        self.clocks.input_over();
        self.stage.prompt_ended();
    }

    fn cut_utterance(&mut self) {
        if let Some(ear) = self.ear.as_mut() {
            ear.cut(self.now);
        }
    }

    /// The end of the input ends everything that was still to come: no events, no error (reference §1.7, V12).
    fn input_ended(&mut self) {
        if self.outlet.is_over() {
            return;
        }
        match self.judge.input_ended(self.now) {
            Ok(()) => self.outlet.end(Ending::Orderly),
            Err(refusal) => self.outlet.refuse(&refusal),
        }
    }

    fn gone(&mut self) {
        match self.outlet.ledger.ending {
            None => self.outlet.ledger.ending = Some(Ending::Gone),
            Some(Ending::Orderly) => self.judge.abrupt_close(self.now),
            Some(_) => {}
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("now", &self.now).field("ledger", self.ledger()).finish_non_exhaustive()
    }
}

fn boundaries(switches: &Switches, generation: Generation) -> Toggle {
    match switches.boundary_events {
        BoundaryEvents::ByModel if generation.is_first() => Toggle::Off,
        BoundaryEvents::ByModel | BoundaryEvents::On => Toggle::On,
        BoundaryEvents::Off => Toggle::Off,
    }
}

/// A model that is unknown or past its end of life is refused before anything is read.
fn model_refusal(model: Option<Model>, switches: &Switches, request_id: &str) -> Option<Exception> {
    let (kind, sentence) = match model {
        None => (ExceptionKind::Validation, "The provided model identifier is invalid."),
        Some(model) if model.generation.is_first() && switches.model_v1 == ModelV1::Retired => (
            ExceptionKind::ResourceNotFound,
            "This model version has reached the end of its life. Please refer to the AWS documentation for more details.",
        ),
        Some(_) => return None,
    };
    Some(Exception::new(kind, format!("RequestId={request_id} : {sentence}")))
}
