//! Writes the spans of one call: what all of them say, and when.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use opentelemetry::global::{BoxedSpan, BoxedTracer};
use opentelemetry::trace::{Span, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};

use super::names;
use super::turns::{Done, End};
use crate::ids::CallId;
use crate::model::ModelId;
use crate::sonic::event::TurnId;

#[derive(Debug)]
pub(super) struct Scribe {
    pub(super) tracer: BoxedTracer,
    pub(super) call: CallId,
    pub(super) model: ModelId,
    /// When the call began.
    pub(super) origin: SystemTime,
}

impl Scribe {
    /// Begins the span of the call.
    pub(super) fn call(&self, parent: &Context) -> BoxedSpan {
        let span = self.span(names::INVOKE_AGENT, SpanKind::Internal, names::INVOKE_AGENT);
        self.begin(span, parent, Duration::ZERO, self.of_the_model())
    }

    /// Begins the span of a turn.
    pub(super) fn turn(&self, parent: &Context, turn: TurnId, began: Duration) -> BoxedSpan {
        let span = self.span(format!("{} {}", names::CHAT, self.model), SpanKind::Client, names::CHAT);
        let [provider, model] = self.of_the_model();
        let speech = KeyValue::new(names::OUTPUT_TYPE, "speech");
        self.begin(span, parent, began, [provider, model, speech, names::count(names::TURN, turn)])
    }

    /// Writes the span of a tool that came to an end.
    pub(super) fn tool(&self, parent: &Context, tool: Done) {
        let Done { id, name, began, ended, end } = tool;
        let span = self.span(format!("{} {name}", names::EXECUTE_TOOL), SpanKind::Internal, names::EXECUTE_TOOL);
        let about = [
            KeyValue::new(names::TOOL_NAME, name),
            KeyValue::new(names::TOOL_CALL, id.to_string()),
            KeyValue::new(names::TOOL_TYPE, "function"),
        ];
        let mut span = self.begin(span, parent, began, about);
        finish(&mut span, names::OUTCOME, end);
        self.end(&mut span, ended);
    }

    /// Begins the span of a call without a session.
    pub(super) fn reconnect(&self, parent: &Context, began: Duration) -> BoxedSpan {
        self.begin(SpanBuilder::from_name(names::RECONNECT).with_kind(SpanKind::Internal), parent, began, [])
    }

    /// Notes a moment.
    pub(super) fn note(&self, span: &mut BoxedSpan, name: &'static str, at: Duration, about: Vec<KeyValue>) {
        span.add_event_with_timestamp(name, self.time(at), about);
    }

    pub(super) fn end(&self, span: &mut BoxedSpan, at: Duration) {
        span.end_with_timestamp(self.time(at));
    }

    fn span(&self, name: impl Into<Cow<'static, str>>, kind: SpanKind, operation: &'static str) -> SpanBuilder {
        let operation = KeyValue::new(names::OPERATION, operation);
        SpanBuilder::from_name(name).with_kind(kind).with_attributes([operation])
    }

    /// What is known from the beginning is told then, since a sampler decides by it.
    fn begin<const N: usize>(
        &self,
        span: SpanBuilder,
        parent: &Context,
        at: Duration,
        about: [KeyValue; N],
    ) -> BoxedSpan {
        let mut attributes = span.attributes.clone().unwrap_or_default();
        attributes.push(KeyValue::new(names::CONVERSATION, self.call.to_string()));
        attributes.extend(about);
        let span = span.with_attributes(attributes).with_start_time(self.time(at));
        self.tracer.build_with_context(span, parent)
    }

    fn of_the_model(&self) -> [KeyValue; 2] {
        [KeyValue::new(names::PROVIDER, names::BEDROCK), KeyValue::new(names::MODEL, self.model.to_string())]
    }

    fn time(&self, at: Duration) -> SystemTime {
        self.origin.checked_add(at).unwrap_or(self.origin)
    }
}

/// Says how something ended.
pub(super) fn finish(span: &mut BoxedSpan, attribute: &'static str, end: End) {
    span.set_attribute(KeyValue::new(attribute, end.word()));
    if let End::Badly(word) = end {
        failed(span, word.to_owned());
    }
}

/// Says that something ended in an error. Its sentence stays here: it may quote what was said.
pub(super) fn failed(span: &mut BoxedSpan, code: String) {
    span.set_attribute(KeyValue::new(names::ERROR_TYPE, code));
    span.set_status(Status::error(""));
}

/// Returns a span as the parent of others.
pub(super) fn inside(around: &Context, span: &BoxedSpan) -> Context {
    around.with_remote_span_context(span.span_context().clone())
}
