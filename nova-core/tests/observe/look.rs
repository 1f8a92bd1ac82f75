//! What the two observers have made of some events, as lines that a person can read.

use std::time::{Duration, SystemTime};

use bedrock_nova::ids::CallId;
use bedrock_nova::sonic::observe::{CallMetrics, CallSpans};
use bedrock_nova::sonic::{ModelId, Stamped};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

/// A moment long ago, when every call of these tests begins.
pub fn origin() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
}

pub fn model() -> ModelId {
    ModelId::new("m")
}

/// Runs something with a recorder of its own.
pub fn recorded(run: impl FnOnce(&Snapshotter)) {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || run(&snapshots));
}

/// Returns what was recorded since the last look, one line for each metric: `name{label=value} value`, without the
/// prefix and the model that they have in common.
pub fn lines(snapshots: &Snapshotter) -> Vec<String> {
    let line = |key: &metrics::Key, value: &DebugValue| {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = key.name().strip_prefix("bedrock_nova_").expect("every name has the prefix");
        let labels = labels.join(" ").trim_start_matches("model=m").trim().to_owned();
        let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
        match value {
            DebugValue::Counter(count) => format!("{name}{labels} {count}"),
            DebugValue::Gauge(level) => format!("{name}{labels} {level}"),
            DebugValue::Histogram(values) => {
                let values: Vec<_> = values.iter().map(|value| format!("{value:.3}")).collect();
                format!("{name}{labels} {}", values.join(" "))
            }
        }
    };
    let snapshot = snapshots.snapshot().into_vec();
    snapshot.iter().map(|(key, _, _, value)| line(key.key(), value)).collect()
}

/// Returns the numbers of one call that was dropped after its last event.
pub fn numbers(events: &[Stamped]) -> Vec<String> {
    let mut seen = Vec::new();
    recorded(|snapshots| {
        let mut call = CallMetrics::opened(&model());
        events.iter().for_each(|event| call.observe(event));
        drop(call);
        seen = lines(snapshots);
    });
    seen
}

/// Spans kept in memory, as long as this is.
pub struct Traces {
    provider: SdkTracerProvider,
    exporter: InMemorySpanExporter,
}

impl Traces {
    pub fn new() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        Traces { provider, exporter }
    }

    pub fn provider(&self) -> SdkTracerProvider {
        self.provider.clone()
    }

    pub fn tracer(&self) -> BoxedTracer {
        BoxedTracer::new(Box::new(self.provider.tracer("test")))
    }

    /// Begins the trace of a call.
    pub fn call(&self) -> CallSpans {
        CallSpans::with_tracer(self.tracer(), &CallId::from("c-1"), &model(), origin())
    }

    /// The spans that have ended.
    pub fn ended(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }
}

/// Returns the spans of one call that was dropped after its last event.
pub fn spans(events: &[Stamped]) -> Vec<SpanData> {
    let traces = Traces::new();
    let mut call = traces.call();
    events.iter().for_each(|event| call.observe(event));
    drop(call);
    traces.ended()
}

/// Draws spans as a tree: `name from–to ms attribute=value …`, and below it its moments and its children, each by time.
///
/// What all spans have in common is left out; `look_for` says which attributes are drawn.
pub fn tree(spans: &[SpanData], look_for: &[&str]) -> Vec<String> {
    let mut drawn = Vec::new();
    let roots = spans.iter().filter(|span| spans.iter().all(|other| !is_under(span, other)));
    roots.for_each(|root| draw(root, spans, look_for, 0, &mut drawn));
    drawn
}

fn draw(span: &SpanData, spans: &[SpanData], look_for: &[&str], depth: usize, drawn: &mut Vec<String>) {
    let error = if span.status == Status::Unset { "" } else { " failed" };
    let attributes = attributes(&span.attributes, look_for);
    let indent = "  ".repeat(depth);
    drawn.push(format!("{indent}{} {}–{}{error}{attributes}", span.name, at(span.start_time), at(span.end_time)));
    for event in span.events.iter() {
        let attributes = self::attributes(&event.attributes, look_for);
        drawn.push(format!("{indent}· {} {}{attributes}", event.name, at(event.timestamp)));
    }
    let mut children: Vec<_> = spans.iter().filter(|child| is_under(child, span)).collect();
    children.sort_by_key(|child| child.start_time);
    children.into_iter().for_each(|child| draw(child, spans, look_for, depth + 1, drawn));
}

fn is_under(span: &SpanData, other: &SpanData) -> bool {
    span.parent_span_id == other.span_context.span_id()
}

fn attributes(attributes: &[opentelemetry::KeyValue], look_for: &[&str]) -> String {
    let wanted = attributes.iter().filter(|attribute| look_for.contains(&attribute.key.as_str()));
    wanted.map(|attribute| format!(" {}={}", attribute.key, attribute.value)).collect()
}

/// Milliseconds since the call began.
fn at(time: SystemTime) -> u128 {
    time.duration_since(origin()).expect("nothing is before the call").as_millis()
}

/// Returns an attribute of a span.
pub fn attribute(span: &SpanData, key: &str) -> Option<String> {
    span.attributes.iter().find(|attribute| attribute.key.as_str() == key).map(|found| found.value.to_string())
}
