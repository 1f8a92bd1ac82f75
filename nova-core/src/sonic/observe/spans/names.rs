//! The names that a trace is made of.
//!
//! Those that begin with `gen_ai`, `error` and `aws` are of the OpenTelemetry semantic conventions, release 1.41.0: for
//! generative AI client spans, agent spans and tool execution (all in development), and for recording errors. What they
//! have no name for begins with `bedrock_nova`: the prefix `gen_ai` is theirs to fill.

use opentelemetry::{InstrumentationScope, KeyValue};

use crate::sonic::wire::Tokens;

/// A call, as the conventions see it: an agent at work, in this process.
pub(super) const INVOKE_AGENT: &str = "invoke_agent";
/// A turn: one request to the model, and its answer.
pub(super) const CHAT: &str = "chat";
/// A tool at work.
pub(super) const EXECUTE_TOOL: &str = "execute_tool";
/// A call without a session, after a loss.
pub(super) const RECONNECT: &str = "bedrock_nova.reconnect";

pub(super) const OPERATION: &str = "gen_ai.operation.name";
pub(super) const PROVIDER: &str = "gen_ai.provider.name";
pub(super) const BEDROCK: &str = "aws.bedrock";
pub(super) const MODEL: &str = "gen_ai.request.model";
pub(super) const CONVERSATION: &str = "gen_ai.conversation.id";
pub(super) const OUTPUT_TYPE: &str = "gen_ai.output.type";
pub(super) const FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
pub(super) const TOOL_NAME: &str = "gen_ai.tool.name";
pub(super) const TOOL_CALL: &str = "gen_ai.tool.call.id";
pub(super) const TOOL_TYPE: &str = "gen_ai.tool.type";
pub(super) const ERROR_TYPE: &str = "error.type";
pub(super) const REQUEST_ID: &str = "aws.request_id";
const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";

pub(super) const CLOSE_REASON: &str = "bedrock_nova.close.reason";
pub(super) const COST: &str = "bedrock_nova.cost.dollars";
pub(super) const TURN: &str = "bedrock_nova.turn";
pub(super) const TURN_END: &str = "bedrock_nova.turn.end";
pub(super) const OUTCOME: &str = "bedrock_nova.tool.outcome";
pub(super) const ATTEMPT: &str = "bedrock_nova.attempt";
pub(super) const ATTEMPTS: &str = "bedrock_nova.attempts";
pub(super) const SESSION: &str = "bedrock_nova.session";
pub(super) const REASON: &str = "bedrock_nova.reason";
pub(super) const DURATION: &str = "bedrock_nova.duration.seconds";
pub(super) const HEARD: &str = "bedrock_nova.heard.seconds";
pub(super) const REPLAYED: &str = "bedrock_nova.replayed.seconds";
pub(super) const LOST: &str = "bedrock_nova.lost.seconds";
pub(super) const SCOPE: &str = "bedrock_nova.budget.scope";
pub(super) const MEASURE: &str = "bedrock_nova.budget.measure";
pub(super) const LEVEL: &str = "bedrock_nova.budget.level";
pub(super) const LINES: &str = "bedrock_nova.lines";
pub(super) const EVENTS: &str = "bedrock_nova.events";

/// What happens in a turn.
pub(super) const FIRST_TEXT: &str = "bedrock_nova.first_text";
pub(super) const FIRST_AUDIO: &str = "bedrock_nova.first_audio";
pub(super) const FIRST_AUDIBLE: &str = "bedrock_nova.first_audible";
pub(super) const INTERRUPTED: &str = "bedrock_nova.interrupted";

/// What happens in a call.
pub(super) const CONNECTED: &str = "bedrock_nova.connected";
pub(super) const RENEWED: &str = "bedrock_nova.renewed";
pub(super) const BUDGET: &str = "bedrock_nova.budget";
pub(super) const HISTORY_TRIMMED: &str = "bedrock_nova.history_trimmed";
pub(super) const INPUT_DROPPED: &str = "bedrock_nova.input_dropped";
pub(super) const GAP: &str = "bedrock_nova.gap";

/// Returns who says it, in which version, by which conventions.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("bedrock-nova")
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url("https://opentelemetry.io/schemas/1.41.0")
        .build()
}

/// Returns a count; the conventions count in signed numbers.
pub(super) fn count(name: &'static str, count: u64) -> KeyValue {
    KeyValue::new(name, i64::try_from(count).unwrap_or(i64::MAX))
}

/// Returns what was used; nothing where nothing was told.
pub(super) fn usage(tokens: Tokens) -> Option<[KeyValue; 2]> {
    let Tokens { speech_in, text_in, speech_out, text_out } = tokens;
    let told = tokens != Tokens::default();
    told.then(|| {
        [
            count(INPUT_TOKENS, speech_in.saturating_add(text_in)),
            count(OUTPUT_TOKENS, speech_out.saturating_add(text_out)),
        ]
    })
}
