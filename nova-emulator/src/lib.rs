//! A local Amazon Bedrock for Nova Sonic: the real order rules, scripted conversations, spoken answers, faults on demand.

pub mod breach;
pub mod engine;
pub mod faults;
pub(crate) mod gate;
pub mod judge;
pub mod ledger;
pub(crate) mod limits;
pub mod model;
pub mod scenario;
pub mod speech;
pub mod switches;

pub use breach::{Breach, Rule};
pub use engine::{Engine, Exception, ExceptionKind, Input, Output, Settings, Strictness};
pub use faults::{Fault, FaultKind, Trigger, WireFault};
pub use ledger::Ledger;
pub use scenario::Scenario;
pub use speech::clips;
pub use switches::Switches;

// The wire around the engine: kept by whoever keeps `server/`.
#[cfg(feature = "server")]
pub mod emulator;
#[cfg(feature = "server")]
pub mod frame;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod sigv4;
#[cfg(feature = "server")]
pub mod tls;

#[cfg(feature = "server")]
pub use emulator::Emulator;
