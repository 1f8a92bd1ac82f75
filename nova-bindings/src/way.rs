//! A way to the service, made when the first call needs it.

use std::sync::Arc;

use bedrock_nova::Result;
use bedrock_nova::transport::bedrock::Builder;
use bedrock_nova::transport::{Bedrock, Transport};
use tokio::sync::OnceCell;

/// Connections and credentials, shared by calls.
#[derive(Debug)]
pub struct Way {
    builder: Builder,
    made: OnceCell<Bedrock>,
}

impl Way {
    /// Describes a way; nothing is opened yet.
    pub fn new(builder: Builder) -> Arc<Way> {
        Arc::new(Way { builder, made: OnceCell::new() })
    }

    /// Returns the transport.
    ///
    /// # Errors
    /// As the builder's `build`.
    pub async fn transport(&self) -> Result<Arc<dyn Transport>> {
        let made = self.made.get_or_try_init(|| self.builder.clone().build()).await?;
        Ok(Arc::new(made.clone()))
    }

    /// Counts the connections that are open and take streams.
    pub fn connections(&self) -> usize {
        self.made.get().map_or(0, Bedrock::connections)
    }

    /// Returns the region, once the first call has needed it.
    pub fn region(&self) -> Option<String> {
        self.made.get().and_then(|made| made.region().map(str::to_owned))
    }
}
