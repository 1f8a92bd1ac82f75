//! A trace of each call, through the [`opentelemetry`](https://docs.rs/opentelemetry) API.
//!
//! ```text
//!   invoke_agent                      the call, from its beginning to its end
//!    ├─ chat {model}                  a turn, from the end of the user's speech to the end of the answer
//!    │   ╎ first_text  first_audio  first_audible  interrupted
//!    │   └─ execute_tool {tool}       a tool, from its call to its result
//!    ├─ bedrock_nova.reconnect        a loss, until another session is there
//!    │   ╎ attempt …
//!    ╎ connected  renewed  interrupted  budget  input_dropped  history_trimmed  gap
//! ```
//!
//! Every span has explicit times, from the moments of the events: a trace made from a recording is the same. Those of a
//! turn and of its tools are made when the turn has ended, and handed on when the next one is seen, since the service
//! counts the last tokens of an answer behind its end.
//!
//! | span | kind | attributes |
//! |---|---|---|
//! | `invoke_agent` | internal | `gen_ai.operation.name` `.provider.name` `.request.model` `.conversation.id` `.usage.input_tokens` `.usage.output_tokens`, `bedrock_nova.close.reason` `.cost.dollars`, `error.type` |
//! | `chat {model}` | client | the same of `gen_ai` for this turn, `gen_ai.output.type` `.response.time_to_first_chunk`, `bedrock_nova.turn` `.turn.end`, `error.type` |
//! | `execute_tool {tool}` | internal | `gen_ai.operation.name` `.conversation.id` `.tool.name` `.tool.call.id` `.tool.type`, `bedrock_nova.tool.outcome`, `error.type` |
//! | `bedrock_nova.reconnect` | internal | `gen_ai.conversation.id`, `bedrock_nova.attempts`, `error.type` |
//!
//! What begins with `gen_ai` is of the OpenTelemetry semantic conventions, release 1.41.0; they are in development.
//! Which turn tokens belong to is told by when they are counted; where two turns cross, that is a guess, and the
//! call's sum is not.
//!
//! `error.type` is the error's code for a call and a reconnect, and the word of [`TurnEnd`] and [`ToolOutcome`] for
//! turns and tools that ended badly. A loss that was recovered from is no error of the call.

mod names;
mod scribe;
mod turns;

use std::time::{Duration, SystemTime};

use opentelemetry::global::{self, BoxedSpan, BoxedTracer};
use opentelemetry::trace::Span;
use opentelemetry::{Context, KeyValue};

use self::scribe::Scribe;
use self::turns::{Done, End, Turn, Turns};
use super::at_work::AtWork;
use super::words;
use crate::error::Error;
use crate::ids::{CallId, ToolUseId};
use crate::model::ModelId;
use crate::sonic::event::{CloseReason, Event, Latency, Stamped, ToolCall, ToolOutcome, Transcript, TurnEnd, TurnId};
use crate::sonic::wire::{Role, Tokens};
use crate::usage::Money;

/// The trace of one call: begun when the call is, shown every event, dropped with it.
///
/// A call that is dropped without [`Event::Closed`] ends where it was last seen, and so does whatever was open in it.
#[derive(Debug)]
#[must_use = "the trace ends with it"]
pub struct CallSpans {
    scribe: Scribe,
    state: State,
    /// Time since the call began, as of the last event.
    last: Duration,
    call: BoxedSpan,
    /// The call's span, as a parent.
    inside: Context,
    turns: Turns,
    /// The turn that ended last, while no other was seen.
    told: Option<Told>,
    tools: AtWork<Running>,
    away: Option<Away>,
    tokens: Tokens,
    cost: Option<Money>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Over,
}

/// A turn that has ended, and whose last count of tokens may still come.
#[derive(Debug)]
struct Told {
    id: TurnId,
    span: BoxedSpan,
    inside: Context,
    ended: Duration,
    tokens: Tokens,
}

/// A tool at work.
#[derive(Debug)]
struct Running {
    turn: TurnId,
    name: String,
    began: Duration,
    /// The turn's span, once that has ended.
    inside: Option<Context>,
}

/// A call without a session.
#[derive(Debug)]
struct Away {
    span: BoxedSpan,
    attempts: u32,
}

impl CallSpans {
    /// Begins the trace of a call with the global tracer provider, under whatever span is current here.
    ///
    /// `origin` is when the call began: the zero of its events.
    pub fn new(call: &CallId, model: &ModelId, origin: SystemTime) -> Self {
        CallSpans::with_tracer(global::tracer_with_scope(names::scope()), call, model, origin)
    }

    /// Begins the trace of a call with another tracer, under whatever span is current here.
    pub fn with_tracer(tracer: BoxedTracer, call: &CallId, model: &ModelId, origin: SystemTime) -> Self {
        let scribe = Scribe { tracer, call: call.clone(), model: model.clone(), origin };
        let around = Context::current();
        let call = scribe.call(&around);
        CallSpans {
            scribe,
            state: State::Open,
            last: Duration::ZERO,
            inside: scribe::inside(&around, &call),
            call,
            turns: Turns::default(),
            told: None,
            tools: AtWork::default(),
            away: None,
            tokens: Tokens::default(),
            cost: None,
        }
    }

    /// Takes in the call's next event; after [`Event::Closed`] nothing is told any more.
    pub fn observe(&mut self, stamped: &Stamped) {
        if self.state == State::Over {
            return;
        }
        self.last = self.last.max(stamped.at);
        match &stamped.event {
            Event::UserSpeechEnded { .. } => self.turns.speech_ended(self.last),
            Event::Transcript(line) => self.line(line),
            Event::Audio(audio) => self.sound(audio.turn),
            Event::Interrupted { turn, heard, .. } => self.interrupted(*turn, *heard),
            Event::ToolCall(call) => self.tool_called(call),
            Event::ToolDone { id, name, outcome } => self.tool_done(id, name, *outcome),
            Event::TurnEnded { turn, end, latency } => self.turn_ended(*turn, *end, latency),
            Event::Usage { total, cost, .. } => self.used(*total, *cost),
            Event::Reconnecting { reason, attempt } => self.lost(reason, *attempt),
            Event::Closed { reason, error, .. } => self.closed(*reason, error.as_ref()),
            other => self.happened(other),
        }
    }

    // ---- the call

    /// Notes what has no length.
    fn happened(&mut self, event: &Event) {
        let (name, about) = match event {
            Event::Connected { request_id } => {
                self.back();
                (names::CONNECTED, request_id_of(request_id).collect())
            }
            Event::Renewed { session, request_id, reason, replayed, lost } => {
                self.back();
                let about = [
                    KeyValue::new(names::REASON, words::renewed(*reason)),
                    names::count(names::SESSION, u64::from(*session)),
                    KeyValue::new(names::REPLAYED, replayed.as_secs_f64()),
                    KeyValue::new(names::LOST, lost.as_secs_f64()),
                ];
                (names::RENEWED, about.into_iter().chain(request_id_of(request_id)).collect())
            }
            Event::Budget { scope, measure, level } => {
                let scope = KeyValue::new(names::SCOPE, words::scope(*scope));
                let measure = KeyValue::new(names::MEASURE, words::measure(*measure));
                (names::BUDGET, vec![scope, measure, KeyValue::new(names::LEVEL, words::level(*level))])
            }
            Event::HistoryTrimmed { lines, .. } => {
                (names::HISTORY_TRIMMED, vec![names::count(names::LINES, *lines as u64)])
            }
            Event::InputDropped { duration, why } => {
                let why = KeyValue::new(names::REASON, words::dropped(*why));
                (names::INPUT_DROPPED, vec![why, KeyValue::new(names::DURATION, duration.as_secs_f64())])
            }
            Event::Gap { events, .. } => (names::GAP, vec![names::count(names::EVENTS, *events)]),
            _ => return,
        };
        self.scribe.note(&mut self.call, name, self.last, about);
    }

    fn lost(&mut self, reason: &Error, attempt: u32) {
        let (scribe, inside, last) = (&self.scribe, &self.inside, self.last);
        let away = self.away.get_or_insert_with(|| Away { span: scribe.reconnect(inside, last), attempts: 0 });
        away.attempts += 1;
        let code = KeyValue::new(names::ERROR_TYPE, reason.code().to_owned());
        let about = vec![names::count(names::ATTEMPT, u64::from(attempt)), code];
        scribe.note(&mut away.span, names::ATTEMPT, last, about);
    }

    /// There is a session again.
    fn back(&mut self) {
        if let Some(Away { mut span, attempts }) = self.away.take() {
            span.set_attribute(names::count(names::ATTEMPTS, u64::from(attempts)));
            self.scribe.end(&mut span, self.last);
        }
    }

    fn used(&mut self, total: Tokens, cost: Option<Money>) {
        let more = total.since(self.tokens);
        (self.tokens, self.cost) = (total, cost);
        match (&mut self.told, self.turns.current()) {
            (Some(told), _) => told.tokens += more,
            (None, Some(turn)) => turn.tokens += more,
            (None, None) => {}
        }
    }

    fn closed(&mut self, reason: CloseReason, error: Option<&Error>) {
        let word = words::closed(reason);
        let code = error.map_or(word, Error::code);
        match reason {
            CloseReason::Failed | CloseReason::PeerEnded => {
                if let Some(away) = &mut self.away {
                    scribe::failed(&mut away.span, code.to_owned());
                }
                scribe::failed(&mut self.call, code.to_owned());
            }
            // What was owed was delivered, or the call was to end: how the stream ended is no failure of the call.
            _ => {}
        }
        self.over(word, words::UNKNOWN);
    }

    /// Ends the call, and whatever is still open in it.
    fn over(&mut self, reason: &'static str, left: &'static str) {
        self.state = State::Over;
        while let Some((id, turn)) = self.turns.take_any() {
            self.turn_over(id, turn, &Latency::default(), End::Well(left));
        }
        self.settle();
        while let Some((id, running)) = self.tools.take_any() {
            self.tool_over(id, running, End::Well(left));
        }
        self.back();
        let cost = self.cost.map(|cost| KeyValue::new(names::COST, dollars(cost)));
        self.call.set_attributes(names::usage(self.tokens).into_iter().flatten().chain(cost));
        self.call.set_attribute(KeyValue::new(names::CLOSE_REASON, reason));
        self.scribe.end(&mut self.call, self.last);
    }

    // ---- turns

    fn line(&mut self, line: &Transcript) {
        let last = self.last;
        if let Some(turn) = self.turn(line.turn)
            && line.role == Role::Assistant
        {
            turn.text_came(last);
        }
    }

    fn sound(&mut self, turn: TurnId) {
        let last = self.last;
        if let Some(turn) = self.turn(turn) {
            turn.sound_came(last);
        }
    }

    fn interrupted(&mut self, turn: TurnId, heard: Duration) {
        let last = self.last;
        if let Some(open) = self.turn(turn) {
            open.cut = Some((last, heard));
            return;
        }
        // The answer was given to its end and still being played: that is behind the end of the turn's span.
        let about = vec![names::count(names::TURN, turn), KeyValue::new(names::HEARD, heard.as_secs_f64())];
        self.scribe.note(&mut self.call, names::INTERRUPTED, last, about);
    }

    /// Notes an event of a turn; none if the turn is over.
    fn turn(&mut self, id: TurnId) -> Option<&mut Turn> {
        self.turns.seen(id, self.last)?;
        self.settle();
        while let Some((missed, turn)) = self.turns.missed() {
            self.turn_over(missed, turn, &Latency::default(), End::Well(words::UNKNOWN));
            self.settle();
        }
        self.turns.open(id)
    }

    fn turn_ended(&mut self, id: TurnId, end: TurnEnd, latency: &Latency) {
        let word = words::turn_end(end);
        let end = match end {
            TurnEnd::Answered | TurnEnd::Interrupted | TurnEnd::Closed => End::Well(word),
            TurnEnd::NoAnswer | TurnEnd::Lost | TurnEnd::Filtered => End::Badly(word),
        };
        if self.turn(id).is_some()
            && let Some(turn) = self.turns.end(id)
        {
            self.turn_over(id, turn, latency, end);
        }
    }

    /// Writes a turn, and the tools that ended in it.
    fn turn_over(&mut self, id: TurnId, turn: Turn, latency: &Latency, end: End) {
        self.settle();
        let began = turn.began(latency, self.last);
        let mut span = self.scribe.turn(&self.inside, id, began);
        let came = turn.came(latency, began);
        for (name, at, about) in moments(&turn, came) {
            self.scribe.note(&mut span, name, at, about);
        }
        // Nobody waits for an answer that nobody asked for.
        if latency.first_text.or(latency.first_audio).is_some()
            && let Some(first) = came.into_iter().flatten().min()
        {
            span.set_attribute(KeyValue::new(names::FIRST_CHUNK, first.saturating_sub(began).as_secs_f64()));
        }
        scribe::finish(&mut span, names::TURN_END, end);
        let inside = scribe::inside(&self.inside, &span);
        for tool in turn.tools {
            self.scribe.tool(&inside, tool);
        }
        for running in self.tools.iter_mut().filter(|running| running.turn == id) {
            running.inside = Some(inside.clone());
        }
        self.told = Some(Told { id, span, inside, ended: self.last, tokens: turn.tokens });
    }

    /// Hands on the turn that ended last: no more tokens will be counted for it.
    fn settle(&mut self) {
        if let Some(Told { mut span, ended, tokens, .. }) = self.told.take() {
            span.set_attributes(names::usage(tokens).into_iter().flatten());
            self.scribe.end(&mut span, ended);
        }
    }

    // ---- tools

    fn tool_called(&mut self, call: &ToolCall) {
        let last = self.last;
        if let Some(turn) = self.turn(call.turn) {
            turn.tool_called(last);
        }
        // A call out of an answer that was cut belongs to that one.
        let inside = self.told_as(call.turn);
        let running = Running { turn: call.turn, name: call.name.clone(), began: last, inside };
        if let Some((missed, running)) = self.tools.begin(call.id.clone(), running) {
            self.tool_over(missed, running, End::Well(words::UNKNOWN));
        }
    }

    fn tool_done(&mut self, id: &ToolUseId, name: &str, outcome: ToolOutcome) {
        let word = words::outcome(outcome);
        let end = match outcome {
            ToolOutcome::Answered | ToolOutcome::Shortened | ToolOutcome::Cancelled => End::Well(word),
            _ => End::Badly(word),
        };
        let running = self.tools.end(id).unwrap_or_else(|| self.never_ran(words::tool(name, outcome)));
        self.tool_over(id.clone(), running, end);
    }

    /// A tool that was refused: nobody says in which turn, but it was asked for just now.
    fn never_ran(&self, name: &str) -> Running {
        let turn = self.turns.current_id();
        Running { turn, name: name.to_owned(), began: self.last, inside: self.told_as(turn) }
    }

    /// Returns the span of a turn as a parent, if it is the one that ended last.
    fn told_as(&self, turn: TurnId) -> Option<Context> {
        self.told.as_ref().filter(|told| told.id == turn).map(|told| told.inside.clone())
    }

    /// Writes a tool under its turn; while that is open, it waits for it.
    fn tool_over(&mut self, id: ToolUseId, running: Running, end: End) {
        let Running { turn, name, began, inside } = running;
        let done = Done { id, name, began, ended: self.last, end };
        let over = match self.turns.open(turn) {
            Some(turn) => turn.keep(done),
            None => Some(done),
        };
        if let Some(done) = over {
            self.scribe.tool(inside.as_ref().unwrap_or(&self.inside), done);
        }
    }
}

impl Drop for CallSpans {
    fn drop(&mut self) {
        if self.state == State::Open {
            self.over(words::DROPPED, words::DROPPED);
        }
    }
}

/// Returns what happened in a turn, in order of time.
fn moments(turn: &Turn, came: [Option<Duration>; 3]) -> Vec<(&'static str, Duration, Vec<KeyValue>)> {
    let first = [names::FIRST_TEXT, names::FIRST_AUDIO, names::FIRST_AUDIBLE].into_iter().zip(came);
    let first = first.filter_map(|(name, at)| Some((name, at?, Vec::new())));
    let heard = |heard: Duration| vec![KeyValue::new(names::HEARD, heard.as_secs_f64())];
    let cut = turn.cut.map(|(at, position)| (names::INTERRUPTED, at, heard(position)));
    let mut moments: Vec<_> = first.chain(cut).collect();
    moments.sort_by_key(|(_, at, _)| *at);
    moments
}

fn request_id_of(id: &Option<String>) -> impl Iterator<Item = KeyValue> + use<> {
    id.clone().map(|id| KeyValue::new(names::REQUEST_ID, id)).into_iter()
}

/// Attributes know no exact amounts.
fn dollars(cost: Money) -> f64 {
    cost.pico_dollars() as f64 / 1e12
}
