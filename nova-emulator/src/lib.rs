//! A local Amazon Bedrock for Nova Sonic: the real order rules, scripted conversations, spoken answers, faults on demand.

pub mod breach;
pub mod engine;
pub mod faults;
pub mod judge;
pub mod ledger;
pub(crate) mod limits;
pub mod model;
pub mod scenario;

pub mod switches;

pub use breach::{Breach, Rule};
pub use engine::{Engine, Exception, ExceptionKind, Input, Output, Settings, Strictness};
pub use faults::{Fault, FaultKind, Trigger, WireFault};
pub use ledger::Ledger;
pub use scenario::Scenario;
pub use switches::Switches;

#[cfg(feature = "server")]
pub mod frame;
#[cfg(feature = "server")]
pub mod sigv4;
