//! A tool with the code that runs it.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use serde_json::Value;

use crate::sonic::session::ToolSpec;
use crate::transport::BoxFuture;

/// What a tool returns: any JSON value, or a sentence for the model that says why not.
pub(super) type ToolResult = Result<Value, String>;

type Handler = Arc<dyn Fn(Value) -> BoxFuture<ToolResult> + Send + Sync>;

/// A function that the model may call during a conversation.
#[derive(Clone)]
pub struct Tool {
    pub(super) spec: ToolSpec,
    handler: Handler,
}

impl Tool {
    /// Makes a tool from a name (letters, digits, `_` and `-`), a description for the model, a JSON Schema of its
    /// arguments and an async function.
    ///
    /// The function gets the arguments as a JSON object and returns any JSON value; an error's text goes to the model,
    /// which usually apologises. It has the time of [`Timeouts::tool`](super::Timeouts::tool).
    pub fn new<F, R, E>(name: impl Into<String>, description: impl Into<String>, schema: Value, run: F) -> Self
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, E>> + Send + 'static,
        E: fmt::Display,
    {
        Tool {
            spec: ToolSpec::new(name, description, schema),
            handler: Arc::new(move |arguments| {
                let run = run(arguments);
                Box::pin(async move { run.await.map_err(|error| error.to_string()) })
            }),
        }
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
        f.debug_struct("Tool").field("name", &self.spec.name).finish_non_exhaustive()
    }
}
