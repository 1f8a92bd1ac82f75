//! A tool with the code that runs it.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use serde_json::Value;

use crate::sonic::contract::{Effect, Filler, OfferedTool, OnInterrupt, RunBy};
use crate::sonic::session::ToolSpec;
use crate::transport::BoxFuture;

/// What a tool returns: any JSON value, or a sentence for the model that says why not.
pub(super) type ToolResult = Result<Value, String>;

type Handler = Arc<dyn Fn(Value) -> BoxFuture<ToolResult> + Send + Sync>;

/// A function that the model may call during a conversation, with its [contract](super::Contract).
#[derive(Clone)]
#[must_use = "a tool does nothing until a builder has it"]
pub struct Tool {
    pub(super) offer: OfferedTool,
    handler: Handler,
}

impl Tool {
    /// Makes a tool from a name (letters, digits, `_` and `-`), a description for the model, a JSON Schema of its
    /// arguments and an async function.
    ///
    /// The function gets the arguments as a JSON object and returns any JSON value; an error's text goes to the model,
    /// which usually apologises. A future whose result nobody waits for any more is dropped.
    pub fn new<F, R, E>(name: impl Into<String>, description: impl Into<String>, schema: Value, run: F) -> Self
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, E>> + Send + 'static,
        E: fmt::Display,
    {
        Tool::of(ToolSpec::new(name, description, schema), run)
    }

    /// Makes a tool from a whole offer, its contract included, and the function that runs it.
    ///
    /// The offer comes from elsewhere, a file or another language; whoever it said would run it, now the function does.
    pub fn of<F, R, E>(offer: impl Into<OfferedTool>, run: F) -> Self
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, E>> + Send + 'static,
        E: fmt::Display,
    {
        Tool {
            offer: OfferedTool { run_by: RunBy::Handler, ..offer.into() },
            handler: Arc::new(move |arguments| {
                let run = run(arguments);
                Box::pin(async move { run.await.map_err(|error| error.to_string()) })
            }),
        }
    }

    /// Drops the schema keywords that the service is said to refuse; see [`ToolSpec::with_plain_schema`].
    pub fn with_plain_schema(mut self) -> Self {
        self.offer.spec = self.offer.spec.with_plain_schema();
        self
    }

    /// Sets how long a call may take, waiting for its moment included; without it
    /// [`Timeouts::tool`](super::Timeouts::tool).
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.offer.contract.deadline = Some(deadline);
        self
    }

    /// Sets how many calls of this tool run at once; see [`Contract::at_once`](super::Contract::at_once).
    pub fn at_once(mut self, calls: usize) -> Self {
        self.offer.contract.at_once = calls;
        self
    }

    /// Sets what an interruption does to a call; without it, it goes on.
    pub fn on_interrupt(mut self, policy: OnInterrupt) -> Self {
        self.offer.contract.on_interrupt = policy;
        self
    }

    /// Sets how many bytes of a result the model is told; without it, as many as fit one event.
    pub fn result_limit(mut self, bytes: usize) -> Self {
        self.offer.contract.result_limit = Some(bytes);
        self
    }

    /// Says that running it twice does the same as running it once; see [`Effect`].
    pub fn idempotent(mut self) -> Self {
        self.offer.contract.effect = Effect::Idempotent;
        self
    }

    /// Sets what the model is told when a call takes longer than a moment; see [`Filler`].
    pub fn filler(mut self, filler: impl Into<Filler>) -> Self {
        self.offer.contract.filler = Some(filler.into());
        self
    }

    /// Returns the name under which the model asks for it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.offer.spec.name
    }

    /// Runs the tool; a panic in it becomes an error for the model.
    pub(super) fn run(&self, arguments: Value) -> BoxFuture<ToolResult> {
        let handler = Arc::clone(&self.handler);
        Box::pin(async move {
            let run = AssertUnwindSafe(async move { handler(arguments).await });
            run.catch_unwind().await.unwrap_or_else(|_| Err("the tool failed unexpectedly".to_owned()))
        })
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contract = &self.offer.contract;
        f.debug_struct("Tool").field("name", &self.name()).field("contract", contract).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sonic::contract::Contract;

    #[test]
    fn a_tool_of_an_offer_keeps_its_contract_and_is_run_by_its_handler() {
        let spec = ToolSpec::new("weather", "Tells the weather.", serde_json::json!({"type": "object"}));
        let contract = Contract { at_once: 3, result_limit: Some(900), ..Contract::default() };
        let tool =
            Tool::of(OfferedTool::new(spec.clone(), contract.clone()), |_| async { Ok::<_, String>(Value::Null) });

        assert_eq!(tool.offer, OfferedTool { spec, contract, run_by: RunBy::Handler });
        assert_eq!(tool.run(Value::Null).now_or_never(), Some(Ok(Value::Null)));
    }
}
