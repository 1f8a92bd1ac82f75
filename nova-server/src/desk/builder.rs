//! What a desk is to be.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::sonic::observe::prometheus;
use bedrock_nova::sonic::{Config, ConversationPool, Tool};
use bedrock_nova::transport::Transport;
use tokio::sync::watch;

use super::{Desk, Inner};
use crate::access::Owners;
use crate::limits::RateLimit;
use crate::register::Register;
use crate::tickets::Tickets;

/// A minute of audio at 24 kHz, and its base64.
pub(crate) const LARGEST_BODY: usize = 4 << 20;
/// As long as an answer that is owed may take, and a little.
const CLOSE: Duration = Duration::from_secs(10);

/// Describes a desk; [`build`](Self::build) makes it.
#[must_use = "nothing happens until build"]
pub struct DeskBuilder {
    inner: Inner,
    numbers: Option<Arc<dyn Fn() -> String + Send + Sync>>,
}

impl DeskBuilder {
    pub(super) fn new(pool: ConversationPool) -> Self {
        let inner = Inner {
            pool,
            transport: None,
            tools: Vec::new(),
            defaults: Config::default(),
            owners: Owners::everybody(),
            tickets: Tickets::default(),
            rate: None,
            largest_body: LARGEST_BODY,
            endpoint: "aws".to_owned(),
            close: CLOSE,
            numbers: Arc::new(prometheus::text),
            register: Register::new(),
            audience: watch::Sender::new(0),
        };
        DeskBuilder { inner, numbers: None }
    }

    /// Sets the way to the service that all calls share; without it each makes its own, from the environment.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.inner.transport = Some(Arc::new(transport));
        self
    }

    /// The same for a transport that is shared already.
    pub fn shared_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.inner.transport = Some(transport);
        self
    }

    /// Gives every call a tool of the server's own.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.inner.tools.push(tool);
        self
    }

    /// Sets what a call is where a client says nothing.
    pub fn defaults(mut self, defaults: Config) -> Self {
        self.inner.defaults = defaults;
        self
    }

    /// Sets whose requests there are; everybody's without it.
    pub fn owners(mut self, owners: Owners) -> Self {
        self.inner.owners = owners;
        self
    }

    /// Sets how tickets are signed, and how long they are good.
    pub fn tickets(mut self, tickets: Tickets) -> Self {
        self.inner.tickets = tickets;
        self
    }

    /// Sets how often one client may ask; as often as it likes without it.
    pub fn rate(mut self, rate: RateLimit) -> Self {
        self.inner.rate = Some(rate);
        self
    }

    /// Sets how large a body may be, in bytes; 4 MiB without it.
    pub fn largest_body(mut self, bytes: usize) -> Self {
        self.inner.largest_body = bytes;
        self
    }

    /// Sets what `/health` calls the service: `aws` (so it is without it), `emulator`, or an address.
    pub fn endpoint(mut self, name: impl Into<String>) -> Self {
        self.inner.endpoint = name.into();
        self
    }

    /// Sets how long the orderly end of a call may take; 10 s without it.
    pub fn close(mut self, deadline: Duration) -> Self {
        self.inner.close = deadline;
        self
    }

    /// Sets where the text of `/metrics` comes from, for an application with a recorder of its own; without it the desk
    /// [records](prometheus::record) by itself.
    pub fn numbers(mut self, text: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.numbers = Some(Arc::new(text));
        self
    }

    /// Makes the desk. Inside a tokio runtime, as the pool was.
    #[must_use]
    pub fn build(self) -> Desk {
        let DeskBuilder { mut inner, numbers } = self;
        match numbers {
            Some(text) => inner.numbers = text,
            None => prometheus::record(),
        }
        Desk { inner: Arc::new(inner) }
    }
}

impl fmt::Debug for DeskBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeskBuilder").field("endpoint", &self.inner.endpoint).finish_non_exhaustive()
    }
}
